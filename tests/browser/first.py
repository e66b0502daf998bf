"""Somebody's first minute on a server that lets everybody in: Erin finds it, and makes herself an account."""

from visitor import PASSWORD, Visitor, browsing

with browsing() as browser:
    erin = Visitor(browser)
    erin.go("/")
    erin.press("Create an account")
    erin.fill("Address", "erin")
    erin.fill("Display name", "Erin")
    erin.fill("Password", PASSWORD)
    erin.fill("Password again", PASSWORD)
    erin.press("Create account")
    erin.is_at("/home")
    erin.sees("Welcome, Erin", "erin@msn.example")
    erin.has_nothing_to_complain_of()
print("first: all is as it should be")
