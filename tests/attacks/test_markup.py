"""A name that a client, a person or a bank chose, on a page: it is text, whatever it looks like (OWASP, "XSS prevention")."""

import re

from markupsafe import escape

from chalicelib import language
from chalicelib.pages.render import TEMPLATES, _markup

HOSTILE = (
    *("{client}", "{0}", "{client.__class__.__init__.__globals__}", "{client!r}", "{{", "}}", "{", "{:>9}", "%s", "$x"),
    *("<b>&'\"", "</bdi><script>", "&lt;", "{{ 7 * 7 }}", "{% raw %}", "\u202e\u2066", "\u0660", ""),
)
NAMES = re.compile(r"\{([^{}]*)\}")


def test_no_name_is_read_as_markup_or_as_a_format_in_any_language():
    """Each text with values is what markupsafe makes of it, which reads no value as a format and escapes each."""
    tried = 0
    for tag in language.names():
        of = language.of(tag)
        for text, said in of.texts.items():
            names = NAMES.findall(text)
            if not names or not isinstance(said, str):
                continue
            for n, value in enumerate(HOSTILE):
                values = {name: HOSTILE[n - at] for at, name in enumerate(names)}
                shown = _markup(of, text, **values)
                assert shown == escape(said).format_map(values)
                assert str(escape(value)) in shown
                assert "<" not in shown
                tried += 1
    assert tried > 1000


def test_what_stands_apart_from_the_text_around_it_is_escaped_too():
    for mark in ("bdi", "strong"):
        for value in (*HOSTILE, 5, None):
            assert TEMPLATES.globals[mark](value) == f"<{mark}>{escape(value)}</{mark}>"
    of = language.of("de")
    inside = _markup(of, "Not {user}? Use another user name", user=TEMPLATES.globals["bdi"]("{user}<i>"))
    assert inside == "Nicht <bdi>{user}&lt;i&gt;</bdi>? Anderen Benutzernamen verwenden"
