"""What Messenger opens for its user, by a ticket that opens nothing else, and what the other pages show while Messenger is signed in. The
ticket is Carol's, in CHRYSALIS_TICKET. `messenger.py waiting` is before Messenger has asked for what waits, `messenger.py signed-in` after. The pages for Messenger are read by Internet Explorer 6, so they have to be plain.
"""

import os
import sys

from playwright.sync_api import expect
from visitor import Visitor, browsing

TICKET = os.environ["CHRYSALIS_TICKET"]


def sent_by_messenger(visitor, page):
    """Does what the file does that Messenger has its browser open: it posts the ticket, and says where to go."""
    visitor.page.goto("about:blank")
    visitor.page.set_content(
        f"""<form method="post" action="{visitor.url}/messenger/login">
        <input name="auth"><input name="rru" value="/messenger/{page}"><button>Go</button></form>"""
    )
    visitor.page.locator("[name=auth]").fill(f"t={TICKET}&p=")
    visitor.page.get_by_role("button").click()
    visitor.is_at(f"/messenger/{page}")


def is_plain(visitor):
    """No more than HTML 4, and styles that Internet Explorer 6 has."""
    written = visitor.page.request.get(visitor.page.url).text()
    assert written.startswith("<!DOCTYPE HTML PUBLIC"), written[:80]
    for modern in ("<script", "<section", "<svg", "flex", "grid", "var(", "rem;", "border-radius", "display: inline-block"):
        assert modern not in written, f"{modern} on {visitor.page.url}"


def with_ticket(browser):
    messenger = Visitor(browser)
    messenger.go("/messenger/today")
    messenger.sees_not("Carol")
    messenger.look("today-stranger", plain=True)
    sent_by_messenger(messenger, "today")
    messenger.sees("Carol", "Dave", "The room of five", "club")
    is_plain(messenger)
    messenger.look("today", plain=True)
    for page in ("inbox", "compose", "profile", "password"):
        sent_by_messenger(messenger, page)
        is_plain(messenger)
        messenger.look(f"messenger-{page}", plain=True)
    # A ticket travels in clear: it opens nothing where something can be done without the password.
    for path in ("/home", "/data", "/links", "/admin", "/contacts"):
        messenger.go(path)
        messenger.is_at("/sign-in")
    messenger.has_nothing_to_complain_of()
    stranger = Visitor(browser)
    stranger.go("/messenger/profile", status=403)
    stranger.has_nothing_to_complain_of(answers=(403,))
    stranger.look("messenger-stranger", plain=True)


def while_signed_in(browser):
    carol = Visitor(browser)
    carol.sign_in("carol")
    carol.sees("Messenger is signed in")
    carol.look("home-signed-in")
    carol.go("/profile")
    expect(carol.page.get_by_label("The line under your name")).to_have_value("Gone fishing")
    carol.fill("The line under your name", "Back again")
    carol.press("Save the line")
    carol.is_told("It is changed.")
    carol.look("profile-signed-in")
    carol.go("/sessions")
    carol.sees("MSNP12", "127.0.0.1")
    carol.look("sessions-signed-in")
    carol.press("Sign Messenger out")
    carol.is_told("Messenger is signed out")
    carol.until("/sessions", "Messenger is not signed in.")
    # Its ticket is good no more.
    messenger = Visitor(browser)
    messenger.page.goto("about:blank")
    answer = messenger.page.request.post(f"{messenger.url}/messenger/login", form={"auth": TICKET, "rru": "/messenger/today"})
    assert answer.status == 403, answer.status
    carol.has_nothing_to_complain_of()


with browsing() as browser:
    with_ticket(browser) if sys.argv[1:] == ["waiting"] else while_signed_in(browser)
print("messenger: all is as it should be")
