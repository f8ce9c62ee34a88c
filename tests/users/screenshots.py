"""Every page in every language, as pictures of a phone and of a desk, light and dark, of both brands: `make screenshots`.

axe looks at each of them by the rules of WCAG 2.2, A and AA.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from chalicelib import language
from chalicelib.pages import render
from chalicelib.pages.frame import Frame
from ducat_cdk import themes
from tests.users.accessibility import violations
from tests.users.conftest import CHROMIUMS
from tests.users.every_page import every_page

FOLDER = Path("build") / "screenshots"
BRAND = Path("local") / "brands" / "coral"
SIZES: dict[str, Any] = {"phone": {"width": 320, "height": 640}, "desk": {"width": 1024, "height": 768}}
LOOKS = (("phone", "light"), ("desk", "dark"))


def main() -> None:
    """Take them. Ends with status 1 and a line without Chromium, or with what axe found."""
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        sys.exit("make screenshots: Chromium is absent (Debian: chromium)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        themes.write(BRAND, Path(folder))
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        brands = {"sandbox": Frame("Sandbox Bank"), "coral": Frame("Coral Bank", theme=folder)}
        count, found = 0, []
        for size, scheme in LOOKS:
            page = browser.new_context(viewport=SIZES[size], color_scheme=scheme).new_page()
            for (brand, frame), tag in product(brands.items(), language.names()):
                shown = Frame(frame.bank_name, tag, tuple(language.names()), frame.theme)
                for name, response in every_page(shown).items():
                    page.set_content(response.body.replace(render.SUBMIT, ""))  # It would leave the page.
                    called = f"{brand}-{tag}-{name}-{size}-{scheme}"
                    page.screenshot(path=FOLDER / f"{called}.png", full_page=True)
                    count += 1
                    found += [f"{called}: {one['id']}" for one in violations(page)]
        browser.close()
    print(f"{count} pictures in {FOLDER}")
    sys.exit("axe found:\n" + "\n".join(found) if found else 0)


if __name__ == "__main__":
    main()
