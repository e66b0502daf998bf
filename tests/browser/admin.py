"""What those who run the server see and do: Carol does, Dave does not. An account may have one group, and a second has bitten on that
limit.
"""

import re

from playwright.sync_api import expect
from visitor import PASSWORD, Visitor, browsing

OTHER = "another password"


def stays_out(browser):
    dave = Visitor(browser)
    dave.sign_in("dave")
    dave.sees_not("Admin")
    dave.go("/admin", status=403)
    dave.sees("That is for those who run this server.")
    dave.has_nothing_to_complain_of(answers=(403,))
    dave.look("not-for-you")
    # Dave does something that the server minds.
    dave.go("/contacts")
    for name in ("One", "Two"):
        dave.fill("New group", name)
        dave.press("Create group")
    dave.is_told("as many groups as you may have")
    return dave


def overview(carol):
    carol.go("/admin")
    carol.sees("nothing is wrong", "Recent faults", "a limit", "Groups of one account", "groups")
    row = carol.page.get_by_role("row", name=re.compile("^Groups of one account"))
    expect(row).to_contain_text(re.compile(r"reached (once|\d+ times)"))
    for network in ("loopback", "second", "club"):
        expect(carol.page.get_by_role("row", name=re.compile(f"^{network} "))).to_have_count(1)
    # Dave's link has stopped, and what he said in a room of five was not delivered.
    broken = carol.page.get_by_role("row", name=re.compile("^dave@msn.example club stopped"))
    expect(broken).to_contain_text("It is to be linked anew.")
    expect(carol.page.get_by_role("button", name=re.compile("^Try again order"))).to_have_count(2)
    carol.look("admin")
    carol.page.get_by_label("Part of an address or a name").fill("DAVE")
    carol.press("Find")
    carol.sees("1 of")
    expect(carol.page.get_by_role("row")).not_to_have_count(0)


def given_up(carol):
    carol.go("/admin")
    carol.page.get_by_role("button", name=re.compile("^Forget order")).first.click()
    carol.is_told("It is forgotten.")
    expect(carol.page.get_by_role("button", name=re.compile("^Forget order"))).to_have_count(1)
    carol.page.get_by_text("All 1 of loopback", exact=True).click()
    carol.page.get_by_label("I am sure that all that loopback gave up").check()
    carol.look("admin-given-up")
    carol.press("Forget all of loopback")
    carol.is_told("It is forgotten.")
    carol.sees("Nothing was given up within 30 days.")


def codes(carol):
    carol.go("/admin")
    carol.fill("For whom", "the chess club")
    carol.fill("Accounts", "5")
    carol.press("Create code")
    carol.sees("The new invite code")
    carol.go("/admin")
    carol.sees("the chess club", "For 5 more")
    carol.page.get_by_role("button", name="Revoke the code the chess club").click()
    carol.is_told("That code is good no more.")
    carol.sees_not("the chess club")


def accounts(carol, dave):
    carol.go("/admin")
    carol.page.get_by_text("Create an account", exact=True).click()
    carol.fill("Address", "nina")
    carol.fill("Display name", "Nina")
    carol.fill("Password", PASSWORD)
    carol.press("Create account")
    carol.is_told("The account is made.")
    # His link that does not work leads there as well.
    table = carol.page.get_by_role("region", name="Table of accounts")
    table.get_by_role("link", name="dave@msn.example").click()
    carol.look("admin-account")
    carol.fill("New password", OTHER)
    carol.press("Set password")
    carol.is_told("The account has that password now.")
    dave.go("/home")
    dave.is_at("/sign-in")
    dave.sign_in("dave", OTHER)
    carol.page.get_by_label("I am sure that this account").check()
    carol.press("Remove account")
    carol.is_told("The account dave@msn.example is removed.")
    dave.go("/home")
    dave.is_at("/sign-in")
    carol.has_nothing_to_complain_of()


with browsing() as browser:
    dave = stays_out(browser)
    carol = Visitor(browser)
    carol.sign_in("carol")
    overview(carol)
    given_up(carol)
    codes(carol)
    accounts(carol, dave)
print("admin: all is as it should be")
