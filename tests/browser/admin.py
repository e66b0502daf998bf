"""What those who run the server see and do: Carol does, Dave does not. An account may have one group, and a second has bitten on that
limit.
"""

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
    carol.look("admin")
    carol.page.get_by_label("Part of an address or a name").fill("DAVE")
    carol.press("Find")
    carol.sees("1 of")
    expect(carol.page.get_by_role("row")).not_to_have_count(0)


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
    carol.press("dave@msn.example")
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
    codes(carol)
    accounts(carol, dave)
print("admin: all is as it should be")
