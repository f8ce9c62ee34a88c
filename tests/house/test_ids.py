"""The ids of this suite's own tests can be read, and `pytest -k "jarm and dpop"` selects what one means."""

import re

import pytest

from tests.ids import pytest_make_parametrize_id

SELECTABLE = re.compile(r"[A-Za-z0-9_./:+-]+")
SPELLED_OUT = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]-){4,}")


def test_each_id_is_of_words_that_can_be_selected(request):
    """No spaces, no reprs of objects, no words spelled out letter by letter, nothing of more than a line."""
    ids = {item.nodeid: item.callspec.id for item in request.session.items if hasattr(item, "callspec")}
    wrong = [
        name
        for name, own in ids.items()
        if not SELECTABLE.fullmatch(own) or len(own) > 130 or (SPELLED_OUT.search(own) and "ui_locales" not in name)
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("a b\n", "a-b", id="text"),
        pytest.param("", "empty", id="empty-text"),
        pytest.param("\x00\ud800", "U+0000-U+D800", id="odd-characters"),
        pytest.param("x" * 50, "x" * 32 + "-50", id="long-text"),
        pytest.param({"aud": None, "exp": [1, "a"]}, "aud-none-exp-1-a", id="members"),
        pytest.param({"kty": "RSA", "n": "AQAB"}, "jwk-RSA", id="jwk"),
        pytest.param(True, "signed_in-true", id="boolean"),
        pytest.param(lambda: None, "signed_in", id="function"),
        pytest.param(object(), None, id="anything-else"),
    ],
)
def test_a_value_is_read_in_its_id(value, expected):
    assert pytest_make_parametrize_id(value, "signed_in") == expected
