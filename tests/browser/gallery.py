"""Makes the pictures in docs/screenshots of those that the walks have left in target/screenshots: a desktop, and a telephone beside it."""

import base64
import os
import pathlib

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
TAKEN = ROOT / "target/screenshots"
SHOWN = ROOT / "docs/screenshots"

# Which page is shown on the desktop, and which on the telephone.
PICTURES = {
    "home": ("home-desktop-light", "sign-in-phone-dark"),
    "contacts": ("contacts-desktop-light", "contacts-phone-dark"),
    "networks": ("matrix-linked-desktop-light", "matrix-emoji-phone-dark"),
    "admin": ("admin-desktop-light", "admin-new-code-phone-light"),
}

STYLE = """body { margin: 0; padding: 10px; display: inline-flex; gap: 18px; align-items: flex-start; background: transparent; }
div { overflow: hidden; border-radius: 10px; border: 1px solid #9fb0ba; height: 470px; background: #fff; }
img { display: block; width: 100%; }
div.desktop { width: 752px; } div.phone { width: 229px; }"""


def source(name):
    return "data:image/png;base64," + base64.b64encode((TAKEN / f"{name}.png").read_bytes()).decode()


SHOWN.mkdir(parents=True, exist_ok=True)
with sync_playwright() as playwright:
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = playwright.chromium.launch(executable_path=os.environ["CHRYSALIS_BROWSER"], args=arguments)
    page = browser.new_page(viewport={"width": 1100, "height": 500})
    for name, (desktop, phone) in PICTURES.items():
        page.set_content(
            f"<style>{STYLE}</style><div class=desktop><img src='{source(desktop)}'></div><div class=phone><img src='{source(phone)}'></div>"
        )
        page.locator("img").last.evaluate("picture => picture.decode()")
        page.locator("body").screenshot(path=SHOWN / f"{name}.png", omit_background=True)
        print(f"{SHOWN / name}.png: {(SHOWN / f'{name}.png').stat().st_size // 1000} kB")
    browser.close()
