"""Being oneself on networks: Matrix through the page of the homeserver on which one signs in there, and by the recovery key; Discord by the
token of a bot, on the page whose address Messenger was given (CHRYSALIS_PAGE). The key and the token stand in CHRYSALIS_RECOVERY_KEY and
CHRYSALIS_BOT_TOKEN.
"""

import os

from playwright.sync_api import expect
from visitor import PASSWORD, Visitor, browsing

PAGE = os.environ["CHRYSALIS_PAGE"]
KEY = os.environ["CHRYSALIS_RECOVERY_KEY"]
TOKEN = os.environ["CHRYSALIS_BOT_TOKEN"]

# What encryption takes without optimisation, on a machine that does something else beside it.
LONG = 60_000


def form(carol, kind: str, value: str):
    return carol.page.locator("form", has=carol.page.locator(f"[name={kind}][value={value}]"))


def matrix(carol):
    carol.go("/links/matrix")
    carol.confirm(PASSWORD)
    way = form(carol, "way", "sso")
    way.locator("input[type=text]").fill("example.org")
    way.get_by_role("button").click()
    # On pages of others, about which nothing is said here.
    carol.page.get_by_label("User").fill("carol")
    carol.page.get_by_role("button", name="Sign in").click()
    carol.page.get_by_role("link", name="Continue").click(timeout=LONG)
    expect(carol.page.get_by_role("status")).to_contain_text("You are linked.", timeout=LONG)
    carol.complaints.clear()
    carol.answers.clear()
    carol.is_at("/links/matrix")
    carol.sees("@carol:example.org", "is not confirmed by another one of yours")
    carol.look("matrix-unconfirmed")


def recover(carol):
    task = form(carol, "task", "recovery")
    task.locator("input[type=password]").fill("EsTx not a key")
    task.get_by_role("button").click(timeout=LONG)
    expect(carol.page.get_by_role("alert")).to_be_visible(timeout=LONG)
    task.locator("input[type=password]").fill(KEY)
    task.get_by_role("button").click(timeout=LONG)
    expect(carol.page.get_by_role("status")).to_contain_text("This session is confirmed", timeout=LONG)
    carol.sees_not("is not confirmed by another one of yours", KEY)
    carol.look("matrix-recovered")


def choose_what_matrix_sees(carol):
    carol.go("/privacy")
    carol.page.get_by_label("On matrix").select_option("nothing")
    carol.press("Save")
    carol.is_told("That is how it is from now on.")
    expect(carol.page.get_by_label("On matrix")).to_have_value("nothing")


def discord(stranger):
    """Nobody signs in for this page: whoever has its address was given it in Messenger."""
    stranger.page.goto(PAGE)
    stranger.sees("Account: carol@msn.example.", "It is not linked to")
    stranger.look("link-page", plain=True)
    way = form(stranger, "way", "token")
    way.locator("input[type=password]").fill("not.a.token")
    way.get_by_role("button").click()
    expect(stranger.page.get_by_role("alert")).to_be_visible(timeout=LONG)
    # The page is answered as what it is: nothing was linked.
    stranger.answers.clear()
    way.locator("input[type=password]").fill(TOKEN)
    way.get_by_role("button").click(timeout=LONG)
    stranger.sees("It is linked to", "carols-bot")
    assert TOKEN not in stranger.page.content()
    stranger.look("link-page-linked", plain=True)


def leave(carol):
    carol.go("/links")
    carol.sees("@carol:example.org", "carols-bot")
    carol.look("links-of-two-networks")
    for network in ("matrix", "discord"):
        carol.go(f"/links/{network}")
        carol.press(f"Unlink {network}")
        carol.is_told("You are linked no more.")


with browsing() as browser:
    carol = Visitor(browser)
    carol.sign_in("carol")
    matrix(carol)
    recover(carol)
    choose_what_matrix_sees(carol)
    discord(Visitor(browser))
    leave(carol)
print("linking: all is as it should be")
