"""Every page in every language and both brands, in a real browser: by axe, on a small screen, and by weight."""

from functools import cache
from itertools import cycle, product
from pathlib import Path

import pytest

from chalicelib import language
from chalicelib.pages.frame import Frame, theme_of
from ducat_cdk import themes
from tests.users.accessibility import violations
from tests.users.every_page import every_page

TAGS = tuple(language.names())
KINDS = (
    *(
        "login",
        "login-again",
        "login-remembered",
        "consent",
        "account-access",
        "payment",
        "no-account",
        "on-the-way",
        "grants-sign-in",
    ),
    *("approval", "approval-in-the-app"),
    *(
        "grants",
        "grants-many",
        "grants-none",
        "grants-signed-out",
        "passkey",
        "passkey-make",
        "error-server_error",
        "gateway-THROTTLED",
    ),
    *("security-sign-in", "security-by-code", "security", "security-none"),
    *("security-passkey", "security-app", "security-codes"),
)
"""One page of each template, and of each state of it."""
MAX_BYTES = 15 * 1024
CUT = """[...document.body.querySelectorAll('*')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
    && e.tagName !== 'INPUT').map(e => e.outerHTML)"""


@pytest.fixture(scope="module")
def coral(tmp_path_factory):
    """The compiled theme of the sandbox's second brand."""
    folder = tmp_path_factory.mktemp("coral")
    themes.write(Path("local") / "brands" / "coral", folder)
    return str(folder)


def frame(tag, theme):
    return Frame("Coral Bank" if theme else "Sandbox Bank", tag, TAGS, theme)


@cache
def shown(tag, theme):
    """Each page by its name."""
    return every_page(frame(tag, theme))


def test_axe_finds_nothing_on_any_kind_of_page(browse, coral):
    """The languages, schemes and brands by turns. `make screenshots` has axe look at each page in all of them."""
    found = []
    turns = zip(KINDS, cycle(TAGS), cycle(product((None, coral), ("light", "dark"))), strict=False)
    pages = {scheme: browse(color_scheme=scheme) for scheme in ("light", "dark")}
    for name, tag, (theme, scheme) in turns:
        page = pages[scheme]
        page.set_content(shown(tag, theme)[name].body)
        found += [(name, tag, scheme, one["id"], one["nodes"][0]["html"]) for one in violations(page)]
    assert found == []


def test_axe_would_find_what_can_not_be_read(browse):
    page = browse()
    page.set_content(shown("en", None)["login"].body)
    assert violations(page) == []
    page.set_content("<html lang=xx><title>x</title><main style='color: #777; background: #888'>Too little</main>")
    assert {"color-contrast", "html-lang-valid"} <= {one["id"] for one in violations(page)}


def test_no_language_is_cut_off_on_a_screen_of_320_pixels(browse, coral):
    page = browse(viewport={"width": 320, "height": 640})
    found = []
    for tag in TAGS:
        bodies = [shown(tag, coral)[name].body for name in KINDS if name not in ("login-again", "grants-none")]
        mains = "".join(body[body.index("<header>" if "<header>" in body else "<main>") : -16] for body in bodies)
        page.set_content(bodies[0][: bodies[0].index("<header>")] + mains)
        assert page.locator("main").count() == len(bodies)
        found += [(tag, html) for html in page.evaluate(CUT)]
        found += [(tag, "wide")] if page.evaluate("document.documentElement.scrollWidth") != 320 else []
    assert found == []


def test_a_page_of_arabic_is_written_from_right_to_left(browse):
    page = browse()
    page.set_content(shown("ar", None)["payment"].body)
    where = "e => e.getBoundingClientRect()"
    card, figure, name = (
        page.locator(selector).first.evaluate(where) for selector in (".detail", ".figure", ".choice bdi")
    )
    assert card["right"] - figure["right"] < 40
    assert figure["left"] - card["left"] > 40
    assert page.locator(".choice input").first.evaluate(where)["left"] > name["right"]
    digits = "const r = document.createRange(); const t = e.firstChild; r.setStart(t, 1); r.setEnd(t, 2);"
    first = page.locator(".figure").first.evaluate(f"e => {{ {digits} return r.getBoundingClientRect().left }}")
    assert first - figure["left"] < 5  # The amount itself is read from the left.


def test_no_page_weighs_more_than_15_kilobytes_besides_its_logo(coral):
    heavy = {
        (name, tag, theme): size
        for tag in TAGS
        for theme in (None, coral)
        for name, response in shown(tag, theme).items()
        if (size := len(response.body.replace(theme_of(theme).logo, "").encode())) > MAX_BYTES
    }
    assert heavy == {}


def test_the_style_of_a_theme_is_in_the_policy_of_its_page(browse, sites, coral):
    site = sites[0]
    for name, theme in (("coral", coral), ("plain", None)):
        site.answers["GET", f"/{name}"] = shown("en", theme)["login"]
    page = browse(color_scheme="light")
    colour = "getComputedStyle(document.querySelector('button.yes')).backgroundColor"
    page.goto(f"{site.address}/coral")
    assert page.evaluate(colour) == "rgb(168, 50, 26)"
    assert page.locator("header svg").count() == 1
    assert page.evaluate("getComputedStyle(document.querySelector('header svg')).height") == "36px"
    page.goto(f"{site.address}/plain")
    assert page.evaluate(colour) == "rgb(11, 74, 110)"
    assert page.complaints == []


def test_a_person_changes_the_language_on_the_page(browse, sites, bank):
    site = sites[0]
    site.bank = bank
    page = browse(locale="de-DE")
    page.goto(f"{site.address}/grants")
    page.get_by_role("link", name="Français").click()
    assert page.url == f"{site.address}/grants?language=fr"
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.get_by_role("heading", level=1).inner_text() == "Connectez-vous pour voir vos applications connectées"
    assert page.get_by_role("navigation", name="Langue").get_by_role("link").count() == len(TAGS)
