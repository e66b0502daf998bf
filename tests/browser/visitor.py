"""A person before a browser, who minds what everybody would: nothing on the console, nothing that does not fit, nothing that cannot be
read by a machine that reads aloud.

Where the server is, and where pictures of its pages go, stands in the environment: CHRYSALIS_URL and CHRYSALIS_SCREENSHOTS. Everybody's
password is in CHRYSALIS_PASSWORD.
"""

import contextlib
import os
import pathlib
import re
import time

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

URL = os.environ["CHRYSALIS_URL"].rstrip("/")
PASSWORD = os.environ["CHRYSALIS_PASSWORD"]
SCREENSHOTS = pathlib.Path(os.environ.get("CHRYSALIS_SCREENSHOTS", "target/screenshots"))

# The windows in which each page is looked at; the narrow one is the narrowest telephone that is still about.
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}

# What a browser writes to its console where a page itself is answered with an error: a wrong password, say.
ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")

# Nothing here takes longer on a machine that has much to do.
PATIENCE = 20_000


class Visitor:
    """A browser of one person, with cookies of its own."""

    def __init__(self, browser, url: str = URL, **options):
        self.url = url.rstrip("/")
        self.context = browser.new_context(viewport=DESKTOP, color_scheme="light", locale="en-GB", **options)
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.answers: list[int] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda fault: self.complaints.append(f"error: {fault}"))
        self.page.on("requestfailed", self._miss)

    def _hear(self, message):
        if message.type not in ("error", "warning"):
            return
        answered = ANSWERED.match(message.text)
        if answered:
            self.answers.append(int(answered[1]))
        else:
            self.complaints.append(f"{message.type} on {self.page.url}: {message.text}")

    def _miss(self, request):
        # What a page was about to load when it was left is no fault of it; what it may not load is.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"not loaded on {self.page.url}: {request.url}: {request.failure}")

    # ---- going about ----

    def go(self, path: str, status: int = 200):
        """Goes to a page of the server, which answers with this status."""
        answer = self.page.goto(self.url + path)
        assert answer.status == status, f"{path} is answered with {answer.status}"
        return answer

    def fill(self, label: str, words: str):
        self.page.get_by_label(label, exact=True).fill(words)

    def press(self, name: str):
        """Presses a button or follows a link, of which there is one with exactly this name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        button.or_(link).click()
        self.page.wait_for_load_state()

    def sees(self, *words: str):
        for each in words:
            expect(self.page.locator("main, body").first).to_contain_text(each)

    def sees_not(self, *words: str):
        for each in words:
            expect(self.page.locator("main, body").first).not_to_contain_text(each)

    def is_told(self, words: str):
        """What came of the last form stands above the page, and is told to a machine that reads aloud."""
        expect(self.page.get_by_role("status").or_(self.page.get_by_role("alert")).first).to_contain_text(words)

    def is_at(self, path: str):
        expect(self.page).to_have_url(re.compile("^" + re.escape(self.url + path) + r"($|[?#])"))

    def sign_in(self, account: str, password: str = PASSWORD):
        self.go("/sign-in")
        self.fill("Address", account)
        self.fill("Password", password)
        self.press("Sign in")
        self.is_at("/home")

    def confirm(self, password: str = PASSWORD):
        """Gives the password once more where a page asks for it."""
        if "/confirm" in self.page.url:
            self.fill("Password", password)
            self.press("Go on")

    def until(self, path: str, words: str):
        """Loads a page again until it says this."""
        deadline = time.monotonic() + PATIENCE / 1000
        self.go(path)
        while words not in self.page.locator("body").inner_text():
            assert time.monotonic() < deadline, f"{path} does not say {words!r}"
            self.go(path)

    # ---- looking closely ----

    def look(self, name: str, plain: bool = False):
        """Looks at the page as it is now: in both windows, light and dark. A plain page has but one way to look."""
        schemes = ("light",) if plain else ("light", "dark")
        for window, size in (("phone", PHONE), ("desktop", DESKTOP)):
            self.page.set_viewport_size(size)
            for scheme in schemes:
                self.page.emulate_media(color_scheme=scheme)
                self.fits(f"{name}, {window}, {scheme}")
                if window == "phone" or scheme == "dark":
                    self.is_accessible(f"{name}, {window}, {scheme}", plain)
                self.picture(f"{name}-{window}-{scheme}")
        self.page.emulate_media(color_scheme="light")
        self.has_nothing_to_complain_of()

    def picture(self, name: str):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        # Playwright's own ways to still a page are styles, which our policy forbids.
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="allow", caret="initial")

    def fits(self, where: str):
        wide, window = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{where}: {wide} points wide in a window of {window}"
        cut = self.page.evaluate(
            """() => [...document.querySelectorAll("button, a, h1, h2, label, .pill, td")]
                .filter(each => each.offsetParent && !each.closest(".scroll, .unseen, .who"))
                .filter(each => each.getBoundingClientRect().right > window.innerWidth + 1
                    || each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== "inline")
                .map(each => each.textContent.trim())"""
        )
        assert not cut, f"{where}: cut off: {cut}"

    def is_accessible(self, where: str, plain: bool):
        """Nothing at all to be found, but on a plain page, whose HTML has no landmarks, nothing serious."""
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        found = [each for each in found if not plain or each["impact"] in ("serious", "critical")]
        told = [f"{each['id']} ({each['impact']}): {[node['html'] for node in each['nodes']]}" for each in found]
        assert not told, f"{where}: " + "\n".join(told)

    def has_nothing_to_complain_of(self, answers: tuple[int, ...] = ()):
        """Nothing went wrong but pages that were to be answered with these statuses."""
        assert not self.complaints, "\n".join(self.complaints)
        assert tuple(self.answers) == answers, f"answered with {self.answers}"
        self.answers.clear()


@contextlib.contextmanager
def browsing():
    """A browser, of which each `Visitor` is a person's own."""
    with sync_playwright() as playwright:
        # Chromium's own walls need rights that root must not lend it.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=os.environ["CHRYSALIS_BROWSER"], args=arguments)
        try:
            yield browser
        finally:
            browser.close()
