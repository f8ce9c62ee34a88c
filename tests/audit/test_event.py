"""The form of an event, which `ducat audit` and a bank's own systems read."""

import json
import re

from chalicelib.audit.event import WHAT, Actor, Event, as_line, from_json

EVENT = Event(
    "id-1",
    1_800_000_000,
    "grant.approved",
    Actor("person", "p"),
    writer="consent",
    person="p",
    grant="g",
    details={"scope": ["openid"]},
    sealed="c2VhbGVk",
)


def test_a_line_is_read_as_the_event_that_it_was_made_of():
    assert from_json(json.loads(as_line(EVENT))) == EVENT


def test_a_line_of_a_later_release_is_read_without_what_it_adds():
    later = json.loads(as_line(EVENT)) | {
        "v": 2,
        "weather": "fine",
        "actor": {"kind": "person", "id": "p", "hat": "red"},
    }
    assert from_json(later) == EVENT


def test_a_line_is_one_line_and_leaves_out_what_is_empty():
    line = as_line(Event("id-2", 0, "unreadable", Actor("unknown"), key="a\nb"))
    assert line.count("\n") == 1
    assert json.loads(line) == {
        "v": 1,
        "id": "id-2",
        "at": "1970-01-01T00:00:00Z",
        "what": "unreadable",
        "actor": {"kind": "unknown"},
        "key": "a\nb",
    }


def test_each_name_is_an_object_and_what_happened_to_it():
    assert [name for name in WHAT if not re.fullmatch(r"[a-z_]+\.[a-z_]+|unreadable", name)] == []
