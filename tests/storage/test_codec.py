"""Records as text: whatever is written is read back the same."""

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.storage import grant_records, records
from chalicelib.storage.dynamodb.codec import Unreadable, decode, encode
from tests.storage.sample_records import LOGIN, client, flow, session, token, user

KINDS = [
    kind
    for module in (records, grant_records)
    for kind in vars(module).values()
    if is_dataclass(kind) and kind is not grant_records.Bond  # an item of attributes: test_store_bonds.py
]
KINDS = list(dict.fromkeys(KINDS))
SETS = {grant_records.Grant: ("attempts",)}
"""What is an attribute of its own, since JSON has no sets."""

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
PLAIN = {str: TEXT, int: st.integers(0, 10**12), bool: st.booleans(), type(None): st.none(), object: JSON, Any: JSON}


def values(hint):
    """Every value that a field of this type may have."""
    if hint in PLAIN:
        return PLAIN[hint]
    if is_dataclass(hint):
        return made(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([values(one) for one in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is frozenset:
        return st.frozensets(values(get_args(hint)[0]), max_size=3)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in (dict, Mapping):
        return st.dictionaries(TEXT, values(get_args(hint)[1]), max_size=3)
    if get_origin(hint) is list:
        return st.lists(values(get_args(hint)[0]), max_size=2)
    if is_typeddict(hint):
        of = {name: values(one) for name, one in get_type_hints(hint).items()}
        needed = {name: of.pop(name) for name in hint.__required_keys__}
        return st.fixed_dictionaries(needed, optional=of)
    raise AssertionError(f"a record holds {hint}")


def made(kind):
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: values(hints[f.name]) for f in fields(kind)})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_record_is_read_back_as_it_was_written(kind):
    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(made(kind))
    def holds(record):
        beside = {name: getattr(record, name) for name in SETS.get(kind, ())}
        assert decode(kind, encode(record, without=tuple(beside)), **beside) == record

    holds()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_stands_beside_the_text_is_not_in_it_and_is_put_back(kind):
    names = [f.name for f in fields(kind) if f.default is not MISSING or f.type is int]

    @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    @given(made(kind))
    def holds(record):
        beside = {name: getattr(record, name) for name in names}
        text = encode(record, without=tuple(names))
        assert decode(kind, text, **beside) == record

    holds()


def test_an_older_record_gets_the_defaults_of_fields_that_came_later():
    text = encode(user(), without=("claims", "failures"))
    assert (decode(records.User, text).claims, decode(records.User, text).failures) == ({}, 0)


def test_a_member_that_a_later_release_adds_is_ignored_and_one_that_is_missing_is_named():
    one = user()
    text = json.dumps({**json.loads(encode(one)), "later": {"x": 1}})
    assert decode(records.User, text) == one
    with pytest.raises(Unreadable, match="Client: without client_id, client_name, token_endpoint_auth_method"):
        decode(records.Client, '{"profile": "fapi2-security"}')
    for nonsense in ("", "[]", "null", "{"):
        with pytest.raises(Unreadable):
            decode(records.User, nonsense)


def test_a_claim_may_have_the_name_of_a_field():
    strange = user(claims={"login": {"sub": "x"}, "request": ["y"], "scope": ["z"]})
    assert decode(records.User, encode(strange)) == strange


def test_records_within_records_stay_records():
    grant = replace(flow().grant, login=LOGIN, token=token("g"))
    again = decode(grant_records.Grant, encode(grant, without=("attempts",)))
    assert again == grant
    assert isinstance(again.login.amr, tuple)


def test_null_is_as_absent_in_metadata_of_a_client_and_of_another_type_elsewhere():
    """A token whose resources were null was one for all of them, and a session of /security was one of single sign-on."""
    one = client()
    text = json.dumps(json.loads(encode(one)) | {"id_token_signed_response_alg": None, "redirect_uris": None})
    assert decode(records.Client, text) == one
    with pytest.raises(Unreadable, match="Client: of another type: client_name"):
        decode(records.Client, json.dumps(json.loads(encode(one)) | {"client_name": None}))
    absent = {
        "User": (user(), ("claims", "failures", "passkeys", "password")),
        "Session": (session(), ("made_for", "secrets", "passkey")),
        "AccessToken": (token("g"), ("resources", "dpop_nonce_required", "scope")),
        "AuthorizationRequest": (flow().grant.request, ("resource", "prompt", "response_encrypted")),
        "RememberedConsent": (grant_records.RememberedConsent(), ("until", "scope")),
    }
    for kind, (record, names) in absent.items():
        for name in names:
            with pytest.raises(Unreadable, match=f"^{kind}: of another type: {name}$"):
                decode(type(record), json.dumps(json.loads(encode(record)) | {name: None}))


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("accounts", {"name": "Savings", "iban": 5}),
        ("passkeys", {"id": "a", "key": "b", "handle": "c"}),
        ("passkeys", {"id": "a", "key": "b", "handle": None, "created_at": 1}),
        ("passkeys", "a passkey"),
    ],
)
def test_a_member_of_a_list_without_what_it_needs_makes_a_record_unreadable(name, one):
    """An account whose number is no text was a 500 of the consent page."""
    stored = json.loads(encode(user()))
    with pytest.raises(Unreadable, match=f"User: of another type: {name}"):
        decode(records.User, json.dumps(stored | {name: [one]}))
    later = {"name": "Savings", "iban": "DE02100100100006820101", "of_a_later_release": 1}
    assert decode(records.User, json.dumps(stored | {"accounts": [later]})).accounts == (later,)


WRONG = {str: 5, int: "text", bool: "text", tuple: ["x", 1.5], dict: "text", frozenset: "text"}


def of_another_type(hint):
    """A value that no field of this type has."""
    if get_origin(hint) in (Union, types.UnionType):
        hint = get_args(hint)[0]
    if is_dataclass(hint) or is_typeddict(hint) or get_origin(hint) is Mapping:
        return 5
    return WRONG[str if get_origin(hint) is Literal else get_origin(hint) or hint]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_member_of_another_type_makes_a_record_unreadable_and_is_named(kind):
    """It was read, and failed where it was used: a password that is a number ended a sign-in in a 500."""
    stored = {}
    for name, hint in get_type_hints(kind).items():
        with pytest.raises(Unreadable, match=f"{kind.__name__}: of another type: {name}"):
            decode(kind, json.dumps(stored | {name: of_another_type(hint)}))
