"""What other sites can have a browser do that is signed in: nothing. `strangers.py` leaves that browser's cookies in CHRYSALIS_STATE;
`strangers.py expired` finds that they are good no more.
"""

import http.server
import os
import sys
import threading

from playwright.sync_api import expect
from visitor import Visitor, browsing

STATE = os.environ["CHRYSALIS_STATE"]


class Site(http.server.BaseHTTPRequestHandler):
    """A site of somebody else: it answers each path with the page that stands under it."""

    pages: dict[str, str] = {}

    def do_GET(self):
        page = self.pages.get(self.path)
        self.send_response(200 if page is not None else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write((page or "").encode())

    def log_message(self, *_):
        pass


def form(to, fields):
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    return f'<form method="post" action="{to}">{inputs}<button>Win a prize</button></form>'


def posts_from_elsewhere(carol, site):
    carol.go("/profile")
    # As if the other site had learned the word that our forms show: where it comes from is enough to refuse it.
    proof = carol.page.locator("input[name=proof]").first.input_value()
    for path, fields in {
        "/profile": {"action": "name", "value": "Mallory was here"},
        "/sign-out": {},
        "/data/delete": {"password": "x", "sure": "yes"},
        "/links/loopback": {"unlink": "yes"},
    }.items():
        for known in (proof, "guessed"):
            Site.pages["/prize"] = form(carol.url + path, {"proof": known, **fields})
            # `localhost` is another site than 127.0.0.1; another port of 127.0.0.1 is the same site, whose cookies are sent.
            for host in ("localhost", "127.0.0.1"):
                carol.page.goto(f"http://{host}:{site}/prize")
                carol.page.get_by_role("button").click()
                carol.page.wait_for_load_state()
                # It is refused, or read as a visit without cookies, which leads to a page that shows what was there.
                expect(carol.page.get_by_role("heading", level=1)).to_be_visible()
                assert carol.page.url.startswith(carol.url), carol.page.url
                expect(carol.page.get_by_role("status")).to_have_count(0)
    carol.sees("Nothing was done")
    carol.answers.clear()
    carol.look("form-from-elsewhere")


def frames(carol, site):
    Site.pages["/frame"] = f'<iframe src="{carol.url}/home" width="600" height="400"></iframe>'
    carol.page.goto(f"http://127.0.0.1:{site}/frame")
    inside = carol.page.frames[1]
    inside.wait_for_load_state()
    assert "Welcome" not in inside.content() and inside.url.startswith("chrome-error:"), inside.url
    assert any("frame-ancestors" in line or "X-Frame-Options" in line for line in carol.complaints), carol.complaints
    carol.complaints.clear()


def hostile():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with browsing() as browser:
        carol = Visitor(browser)
        carol.sign_in("carol")
        posts_from_elsewhere(carol, server.server_port)
        carol.answers.clear()
        frames(carol, server.server_port)
        # She is who she was, and is still signed in.
        carol.go("/profile")
        expect(carol.page.get_by_label("Display name")).to_have_value("Carol")
        # A form that was on the screen while everything was signed out says so.
        carol.go("/privacy")
        another = carol.context.new_page()
        another.goto(f"{carol.url}/home")
        another.get_by_role("button", name="Sign out").click()
        carol.press("Save")
        carol.is_at("/sign-in")
        carol.sign_in("carol")
        carol.has_nothing_to_complain_of()
        carol.context.storage_state(path=STATE)
    server.shutdown()


def expired():
    with browsing() as browser:
        carol = Visitor(browser, storage_state=STATE)
        carol.go("/rooms")
        carol.is_at("/sign-in")
        carol.fill("Address", "carol")
        carol.fill("Password", os.environ["CHRYSALIS_PASSWORD"])
        carol.press("Sign in")
        carol.is_at("/rooms")
        carol.has_nothing_to_complain_of()


expired() if sys.argv[1:] == ["expired"] else hostile()
print("strangers: all is as it should be")
