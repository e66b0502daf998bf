"""Linking one's own Matrix account on a page, and comparing emoji with another session of it, which agrees at once. Carol's name there is
CHRYSALIS_USER; what emoji the page shows goes into the file CHRYSALIS_EMOJI.
"""

import os
import pathlib

from playwright.sync_api import expect
from visitor import PASSWORD, Visitor, browsing

USER = os.environ["CHRYSALIS_USER"]
THERE = os.environ["CHRYSALIS_USER_PASSWORD"]
EMOJI = pathlib.Path(os.environ["CHRYSALIS_EMOJI"])

# What encryption takes without optimisation, on a machine that does something else beside it.
LONG = 60_000


def link(carol):
    carol.go("/links/matrix")
    carol.confirm(PASSWORD)
    carol.look("matrix-ways")
    way = carol.page.locator("form", has=carol.page.locator("[name=way][value=password]"))
    way.locator("input[type=text]").fill(USER)
    way.locator("input[type=password]").fill(THERE)
    way.get_by_role("button").click(timeout=LONG)
    expect(carol.page.get_by_role("status")).to_contain_text("You are linked.", timeout=LONG)
    carol.sees(USER, "Compare emoji", "Use recovery key")
    # What there is to do is done here, and not by saying something.
    carol.sees_not('say "')
    carol.look("matrix-linked")


def verify(carol):
    carol.press("Compare emoji")
    # Nobody loads the page again: it does so by itself, and shows nothing else meanwhile.
    expect(carol.page.get_by_role("button", name="They match")).to_be_visible(timeout=LONG)
    carol.sees_not("Use recovery key", "Unlink")
    EMOJI.write_text(carol.page.locator("main").inner_text())
    carol.look("matrix-emoji")
    carol.press("They match")
    carol.is_told("said to the other session")
    expect(carol.page.get_by_role("button", name="Use recovery key")).to_be_visible(timeout=LONG)
    carol.look("matrix-verified")


with browsing() as browser:
    carol = Visitor(browser)
    carol.sign_in("carol")
    link(carol)
    verify(carol)
print("verification: all is as it should be")
