"""What somebody does with an account, from the first look to leaving: Carol's, whom Dave has added and written to, and whom Echo asks
into a room. Echo is on the networks `loopback` and `second`; to `club` people link themselves.
"""

import json

from playwright.sync_api import expect
from visitor import PASSWORD, Visitor, browsing

ECHO = "echo@loopback.msn.example"
NEW = "a better password"

# A picture for the eye: what it shows is drawn by the browser.
DRAWN = """<body style="margin:0;background:linear-gradient(135deg,#0f766e,#86efac);height:100vh;
display:grid;place-items:center;font:bold 120px sans-serif;color:#fff">C</body>"""


def home(carol):
    carol.sees("Messenger is not signed in", "unread message", "Waiting for you", "Dave")
    carol.look("home")


def doctor(carol):
    carol.go("/connect")
    carol.look("connect-signed-in")
    carol.press("Doctor")
    carol.sees("It has not looked yet.")
    carol.look("doctor")
    carol.press("Look now")
    carol.until("/doctor", "Looked at")
    carol.look("doctor-found")


def profile(carol, browser):
    carol.go("/profile")
    carol.look("profile")
    carol.fill("Display name", "Carol of the <Valley>")
    carol.press("Save the name")
    carol.is_told("It is changed.")
    expect(carol.page.get_by_label("Display name")).to_have_value("Carol of the <Valley>")
    painter = browser.new_page(viewport={"width": 400, "height": 300})
    painter.set_content(DRAWN)
    drawn = painter.screenshot(type="jpeg")
    painter.close()
    for wrong in (b"no picture", b"\x89PNG\r\n\x1a\nand no more"):
        carol.page.get_by_label("A picture").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": wrong})
        carol.press("Use this picture")
        carol.is_told("no picture that can be shown")
    carol.page.get_by_label("A picture").set_input_files({"name": "me.jpg", "mimeType": "image/jpeg", "buffer": drawn})
    carol.press("Use this picture")
    carol.is_told("That is your picture now.")
    side = carol.page.get_by_alt_text("Your picture").evaluate("picture => [picture.naturalWidth, picture.naturalHeight]")
    assert side == [96, 96], side
    carol.look("profile-picture")


def contacts(carol):
    carol.go("/contacts")
    carol.sees("Dave has added you")
    carol.look("contacts-asked")
    carol.press("Add Dave")
    carol.is_told("dave@msn.example is on your list now.")
    carol.sees_not("has added you")
    carol.fill("Part of a name, on your networks", "five")
    carol.press("Search")
    carol.sees("The room of five", "room, loopback")
    carol.look("contacts-found")
    carol.fill("Part of a name, on your networks", "nobody at all")
    carol.press("Search")
    carol.sees("Nobody and nothing that you may see")
    carol.fill("Or add by address", "erin")
    carol.press("Add")
    carol.is_told("erin@msn.example is on your list now.")
    carol.fill("Or add by address", "somebody@nowhere.example")
    carol.press("Add")
    expect(carol.page.get_by_role("status").or_(carol.page.get_by_role("alert")).first).to_be_visible()
    carol.fill("New group", "Friends")
    carol.press("Create group")
    carol.is_told("The group is made.")
    carol.page.get_by_label("Name of the group of 0").fill("Old friends")
    carol.press("Rename the group Friends")
    carol.is_told("The group is renamed.")

    carol.page.get_by_role("link", name="Dave", exact=True).click()
    carol.page.get_by_label("Old friends").check()
    carol.press("Save groups")
    expect(carol.page.get_by_label("Old friends")).to_be_checked()
    carol.press("Block")
    carol.sees("no: blocked")
    carol.press("Unblock")
    carol.is_told("sees you from now on")
    carol.look("person")

    # The same person on two networks.
    carol.go(f"/contacts/person?of={ECHO}")
    carol.page.get_by_label("Is the same person as").select_option("echo@second.msn.example")
    carol.press("Make them one contact")
    carol.is_told("is part of this contact now")
    carol.look("person-of-two-networks")
    carol.page.get_by_label("What you say goes to").select_option("second")
    carol.press("Save")
    carol.is_told("What you say goes to second now.")
    carol.press("Separate them again")
    carol.is_told("contacts of their own again")

    carol.go("/contacts")
    carol.look("contacts")
    carol.page.get_by_role("link", name="Erin", exact=True).click()
    carol.press("Remove from contacts")
    carol.is_told("is on your contact list no more")
    carol.go("/contacts")
    carol.sees("Not on your list")
    carol.page.get_by_role("link", name="Erin", exact=True).click()
    carol.press("Forget")
    carol.is_told("on none of your lists")
    carol.go("/contacts/person?of=erin@msn.example", status=404)
    carol.has_nothing_to_complain_of(answers=(404,))


def rooms(carol):
    carol.go("/rooms")
    carol.sees("Invitations", "The room of five")
    carol.look("rooms-asked")
    carol.press("Join The room of five")
    carol.sees("Your rooms (1)")
    carol.page.get_by_label("Show of The room of five").select_option("mentions")
    carol.press("Save what is shown of The room of five")
    carol.is_told("is shown")
    carol.look("rooms")
    carol.press("Leave The room of five")
    carol.sees("Your rooms (0)")


def links(carol):
    carol.go("/links")
    carol.sees("not linked")
    carol.look("links-none")
    carol.press("Link club")
    carol.confirm()
    carol.look("link-ways")
    token = carol.page.locator("form", has=carol.page.locator("[name=way][value=token]"))
    token.get_by_label("Which token").fill("pool-ann-s3cret")
    token.get_by_label("What is the group").fill("Club")
    token.get_by_role("button").click()
    carol.is_told("Echo knows no such token")
    token.get_by_label("Which token").fill("loop-dim-s3cret")
    token.get_by_label("What is the group").fill("Club")
    token.get_by_role("button").click()
    carol.is_told("You are linked.")
    carol.sees("dim@loop", "Echo does not see your status")
    assert "s3cret" not in carol.page.content()
    carol.look("link")
    carol.page.get_by_label("Which lamp is it").fill("open-sesame")
    carol.press("Light a lamp")
    carol.is_told("Echo sees your status now.")
    carol.go("/links")
    carol.look("links")
    # Through a door elsewhere, and back.
    carol.press("Manage club")
    carol.page.get_by_text("Link anew").click()
    door = carol.page.locator("form", has=carol.page.locator("[name=way][value=door]"))
    door.get_by_label("What do you want to be called").fill("late")
    door.get_by_role("button").click()
    carol.is_told("You are linked.")
    carol.is_at("/links/club")
    carol.sees("late@loop", "waiting", "Somebody has to let you in.")
    carol.go("/home")
    carol.sees("club waits.")
    carol.look("home-with-trouble")
    carol.go("/links/club")
    carol.press("Come in")
    carol.is_told("You are in.")
    carol.press("Unlink club")
    carol.is_told("You are linked no more.")


def privacy(carol):
    carol.go("/privacy")
    carol.look("privacy")
    carol.page.get_by_label("Only people whom you allow").check()
    carol.page.get_by_label("People of other networks see what I have read").uncheck()
    carol.fill("Time zone", "Nowhere/Land")
    carol.press("Save")
    carol.is_told("There is no such time zone.")
    carol.page.get_by_label("Only people whom you allow").check()
    carol.page.get_by_label("People of other networks see what I have read").uncheck()
    carol.page.get_by_label("On loopback").select_option("Status alone")
    carol.fill("Time zone", "europe/berlin")
    carol.press("Save")
    carol.is_told("That is how it is from now on.")
    expect(carol.page.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    expect(carol.page.get_by_label("On loopback")).to_have_value("status")
    expect(carol.page.get_by_label("Only people whom you allow")).to_be_checked()
    expect(carol.page.get_by_label("People of other networks see what I have read")).not_to_be_checked()


def sessions(carol, browser):
    phone = Visitor(browser, user_agent="Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36")
    phone.sign_in("carol")
    carol.go("/sessions")
    carol.sees("Chrome on Android", "this one")
    carol.look("sessions")
    carol.press("Sign every other browser out")
    carol.sees_not("Chrome on Android")
    phone.go("/profile")
    phone.is_at("/sign-in")
    phone.sign_in("carol")
    # Another password signs everybody out but whoever changes it.
    carol.go("/password")
    carol.look("password")
    change_password(carol, "wrong", NEW, NEW)
    carol.is_told("That is not right")
    change_password(carol, PASSWORD, NEW, "something else")
    carol.is_told("not typed the same twice")
    change_password(carol, PASSWORD, NEW, NEW)
    carol.is_told("Your password is changed.")
    phone.go("/home")
    phone.is_at("/sign-in")


def change_password(carol, old, new, again):
    carol.fill("Current password", old)
    carol.fill("New password", new)
    carol.fill("New password again", again)
    carol.press("Change password")


def leaving(carol):
    carol.go("/data")
    carol.look("data")
    carol.fill("Password", NEW)
    with carol.page.expect_download() as arriving:
        carol.press("Download")
    whole = json.loads(arriving.value.path().read_text())
    assert whole["profile"]["name"] == "Carol of the <Valley>", whole["profile"]
    assert whole["profile"]["picture"]["media_type"] == "image/png"
    assert {contact["address"] for contact in whole["contacts"]} >= {"dave@msn.example", ECHO}
    carol.fill("Password, to delete your account", NEW)
    carol.press("Delete my account")
    carol.is_at("/data")
    carol.page.get_by_label("I am sure that I want to delete my account").check()
    carol.press("Delete my account")
    carol.sees("Your account is deleted")
    carol.look("deleted")
    carol.go("/home")
    carol.is_at("/sign-in")
    carol.fill("Address", "carol")
    carol.fill("Password", NEW)
    carol.press("Sign in")
    carol.is_told("That is not right")
    carol.has_nothing_to_complain_of(answers=(403,))


with browsing() as browser:
    carol = Visitor(browser)
    carol.sign_in("carol")
    home(carol)
    doctor(carol)
    profile(carol, browser)
    contacts(carol)
    rooms(carol)
    links(carol)
    privacy(carol)
    sessions(carol, browser)
    leaving(carol)
print("life: all is as it should be")
