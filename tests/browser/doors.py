"""Coming in: signing up where that is closed, by code and open to everybody; signing in, also by the keyboard alone; and being turned
away. CHRYSALIS_CLOSED, CHRYSALIS_INVITE and CHRYSALIS_OPEN are three servers; Carol has an account on each, and runs the second.
"""

import os

from playwright.sync_api import expect
from visitor import PASSWORD, Visitor, browsing

CLOSED, INVITE, OPEN = (os.environ[f"CHRYSALIS_{name}"] for name in ("CLOSED", "INVITE", "OPEN"))


def closed(browser):
    guest = Visitor(browser, CLOSED)
    guest.go("/")
    guest.sees("Ask whoever runs this server")
    guest.sees_not("Create an account")
    guest.go("/sign-up")
    guest.sees("Accounts are made by whoever runs this server")
    guest.look("sign-up-closed")
    guest.go("/connect")
    guest.sees("Programs that ask for a server")
    guest.look("connect")
    # What somebody wanted to see is what they see once they have signed in.
    guest.go("/contacts")
    guest.is_at("/sign-in")
    guest.look("sign-in")
    guest.fill("Address", "carol")
    guest.fill("Password", "not hers")
    guest.press("Sign in")
    guest.is_told("That is not right")
    guest.has_nothing_to_complain_of(answers=(403,))
    guest.look("sign-in-refused")
    expect(guest.page.get_by_label("Address")).to_have_value("carol")
    guest.fill("Password", PASSWORD)
    guest.press("Sign in")
    guest.is_at("/contacts")
    guest.press("Sign out")
    guest.is_at("/")
    guest.go("/home")
    guest.is_at("/sign-in")


def by_keyboard(browser):
    """Nothing but Tab, Enter and letters; what has the focus can be seen."""
    guest = Visitor(browser, CLOSED)
    guest.go("/sign-in")
    keyboard = guest.page.keyboard
    keyboard.press("Tab")
    expect(guest.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(guest.page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    keyboard.press("Enter")
    keyboard.press("Tab")
    expect(guest.page.get_by_label("Address")).to_be_focused()
    outline = guest.page.get_by_label("Address").evaluate("field => getComputedStyle(field).outlineStyle")
    assert outline == "solid", f"the focus is shown by an outline that is {outline}"
    keyboard.type("carol@msn.example")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    guest.is_at("/home")
    guest.has_nothing_to_complain_of()


def by_code(browser):
    carol = Visitor(browser, INVITE)
    carol.sign_in("carol")
    carol.go("/admin")
    carol.fill("For whom", "Erin")
    carol.press("Create code")
    code = carol.page.locator("#code").inner_text()
    carol.look("admin-new-code")
    carol.go("/admin")
    carol.sees("For 1 more")
    assert code not in carol.page.content(), "a code is shown once"

    erin = Visitor(browser, INVITE)
    erin.go("/sign-up")
    erin.look("sign-up-invite")
    sign_up(erin, "erin", invite="not-a-code")
    erin.is_told("That invite code is not good")
    erin.has_nothing_to_complain_of(answers=(422,))
    sign_up(erin, "erin", invite=code)
    erin.is_at("/home")
    erin.sees("Welcome, Erin", "First steps")
    erin.look("home-first")

    # It makes as many accounts as it says.
    another = Visitor(browser, INVITE)
    another.go("/sign-up")
    sign_up(another, "mallory", invite=code)
    another.is_told("That invite code is not good")
    carol.go("/admin")
    carol.sees_not("For 1 more")


def open_to_all(browser):
    guest = Visitor(browser, OPEN)
    guest.go("/")
    guest.look("front")
    guest.press("Create an account")
    guest.look("sign-up-open")
    sign_up(guest, "erin", password="short")
    guest.is_at("/sign-up")
    assert not guest.page.get_by_label("Password", exact=True).evaluate("field => field.checkValidity()")
    sign_up(guest, "erin", again="something else")
    guest.is_told("not typed the same twice")
    sign_up(guest, "carol")
    guest.is_told("cannot be had")
    guest.has_nothing_to_complain_of(answers=(422, 422))
    guest.look("sign-up-refused")
    sign_up(guest, "erin")
    guest.is_at("/home")
    guest.sees("Welcome, Erin")
    # Who is signed in needs no door.
    guest.go("/sign-up")
    guest.is_at("/home")
    guest.has_nothing_to_complain_of()


def sign_up(guest, name, password=PASSWORD, again=None, invite=None):
    if invite is not None:
        guest.fill("Invite code", invite)
    guest.fill("Address", name)
    guest.fill("Display name", name.capitalize())
    guest.fill("Password", password)
    guest.fill("Password again", password if again is None else again)
    guest.press("Create account")


with browsing() as browser:
    closed(browser)
    by_keyboard(browser)
    by_code(browser)
    open_to_all(browser)
print("doors: all is as it should be")
