"""A page that is kept is the one that would be rendered, and has nothing of whom it was rendered for first."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from markupsafe import Markup

from chalicelib import vocabulary
from chalicelib.pages import prepared, sign_in
from chalicelib.pages.frame import Frame
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.pages.render import rendered, response, time_limit

LIBRARY = ("en", "de", "es", "fr", "pt-BR", "ar")
HOSTILE = (
    "<script>alert(1)</script>",
    "\"' onload='x",
    "{client}{{ 7*7 }}",
    "&lt;",
    "\u202e",
    "a" * 64,
    "key",
    ":csrf:",
)
NOW = 1_900_000_000


@pytest.fixture(autouse=True)
def nothing_kept():
    prepared._parts.cache_clear()
    yield
    prepared._parts.cache_clear()


def given(number: int, **others: Any) -> dict[str, Any]:
    """What one login shows; each number has values of its own."""
    key = f"interaction-{number}-{'k' * 20}"
    frame = Frame("Example <Bank>", "en", LIBRARY, None, f"/login?interaction={key}")
    return {
        "frame": frame,
        "client_name": "Penny Planner",
        "key": key,
        "csrf": f"csrf-{number}",
        "redirect_uri": "https://app.penny.example/callback",
        "limit": time_limit(NOW + 600 + number * 60, frame.language, now=NOW),
        "passkey": Ceremony({"challenge": f"c-{number}</script>"}, f"nonce-{number}"),
        **others,
    }


def anew(monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]) -> Any:
    """The same page, rendered for this one."""

    def page(template, leads, frame, *, key, varying, shown, script):
        values = {**shown, "key": key, "csrf": varying["csrf"], "limit": given["limit"], "passkey": given["passkey"]}
        return response(rendered(template, frame, script, values), leads, frame, script=script)

    with monkeypatch.context() as patch:
        patch.setattr(prepared, "page", page)
        return sign_in.login(**given)


def test_a_kept_page_is_the_one_that_would_be_rendered(monkeypatch):
    """In each language, with and without what a deployment may lack, and whatever names and values look like."""
    tried = 0
    for tag, limited, keyed, linked in product(LIBRARY, (True, False), (True, False), (True, False)):
        of = Frame("Example <Bank>", tag, LIBRARY)
        hostile = HOSTILE[tried % len(HOSTILE)]
        for number in (1, 2):
            one = given(number, client_name=hostile, csrf=f"{number}{hostile}", hint=hostile if linked else None)
            one["frame"] = replace(of, here=one["frame"].here, switched=number == 2, accept=f"{tag};q=0.{number}")
            one["recovery"] = "/security" if linked else None
            one["policy_uri"] = "https://app.penny.example/policy?<x>" if linked else None
            one["redirect_uri"] = one["redirect_uri"] if linked else "com.penny.app:/callback"
            one["limit"] = time_limit(NOW + 600 + number * 60, of.language, now=NOW) if limited else None
            one["passkey"] = one["passkey"] if keyed else None
            assert sign_in.login(**one) == anew(monkeypatch, one), (tag, limited, keyed, linked)
            tried += 1
    assert prepared._parts.cache_info().misses == tried / 2
    assert prepared._parts.cache_info().hits == tried / 2


def test_a_page_that_can_not_be_loaded_again_is_filled_in_too(monkeypatch):
    one = given(1)
    one["frame"] = replace(one["frame"], here="")
    assert sign_in.login(**one) == anew(monkeypatch, one)


def test_a_value_is_where_it_would_be_whatever_it_looks_like(monkeypatch):
    """Also a key that is part of the page's address for another reason, or is in it twice."""
    for key in ("login", "interaction", "l", "=", "csrf", "0", "<", "\ud800", ":key:", "a" * 64):
        for here in (f"/login?interaction={key}", f"/login?interaction={key}&again={key}"):
            one = given(1, key=key, frame=Frame("Example <Bank>", "en", LIBRARY, None, here))
            assert sign_in.login(**one) == anew(monkeypatch, one), (key, here)
    for value in ("", "\ud800", "\x00", "x:limit.time:", f"{'a' * 64}:csrf:"):
        one = given(
            1,
            csrf=value,
            passkey=Ceremony({"challenge": value}, value),
            limit=time_limit(NOW, Frame("").language, now=NOW),
        )
        assert sign_in.login(**one) == anew(monkeypatch, one), value


def test_a_text_is_escaped_also_where_the_same_was_kept_as_markup(monkeypatch):
    """To Python the two are equal, so one would be found by the other."""
    for hint in (Markup("<b>"), "<b>"):
        one = given(1, hint=hint)
        assert sign_in.login(**one) == anew(monkeypatch, one), type(hint)


def test_nothing_of_one_login_is_on_the_page_of_another():
    first, second = (sign_in.login(**given(number)).body for number in (1, 2))
    for text in ("interaction-1", "csrf-1", "c-1&lt;", "nonce-1"):
        assert text in first
        assert text not in second
        assert text.replace("1", "2") in second


def test_what_one_person_typed_is_not_kept():
    """A user name, filled in from the browser's memory or after an attempt, and what was wrong with it."""
    for others in (
        {"username": "alice", "remembered": True},
        {"username": "alice", "problem": "No."},
        {"problem": "No."},
    ):
        assert others["problem"] if "username" not in others else "alice" in sign_in.login(**given(1, **others)).body
    assert prepared._parts.cache_info().currsize == 0
    assert "alice" not in sign_in.login(**given(1)).body


def test_no_text_of_a_page_is_taken_for_the_place_of_a_value():
    """A client's name, or the bank's, may have any text in it: also what a kept page has where a value goes."""
    shown: list[str] = []
    for name in ("Penny", "blank:csrf:", "key", "csrf", f"{'0' * 64}:csrf:"):
        shown.append(sign_in.login(**given(1, client_name=name, csrf="THE-SECRET")).body)
        assert shown[-1].count("THE-SECRET") == 1
    source = prepared.Source("login.html", Frame("x"), None, "", ("key",), (("client_name", str, "x"),), ())
    other = source._replace(shown=(("client_name", str, "y"),))
    assert prepared.mark(source) != prepared.mark(other)
    assert len(prepared.mark(source)) == 64


def test_a_page_is_kept_for_a_banks_own_words_alone():
    before = vocabulary.current()
    try:
        first = sign_in.login(**given(1)).body
        vocabulary.use(before._replace(texts={"en": {"Password": "Secret word"}}))
        second = sign_in.login(**given(1)).body
    finally:
        vocabulary.use(before)
    assert "Secret word" in second
    assert "Secret word" not in first
    assert sign_in.login(**given(1)).body == first


def test_the_pages_that_are_kept_are_bounded():
    for number in range(prepared.MANY + 10):
        sign_in.login(**given(1, client_name=f"Client {number}"))
    assert prepared._parts.cache_info().currsize == prepared.MANY
