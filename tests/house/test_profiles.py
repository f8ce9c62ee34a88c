"""A profile is a value: no code asks which one it is, and what is advertised is computed from what they answer."""

import ast
from typing import get_origin, get_type_hints

import pytest

from chalicelib.profiles import PROFILES, Profile
from chalicelib.server_metadata import document
from tests.house.source import FILES, nodes, text

OUTSIDE = tuple(path for path in FILES if "profiles" not in path.parts)
INSIDE = tuple(path for path in FILES if "profiles" in path.parts and path.name not in ("__init__.py", "profile.py"))
QUESTIONS = Profile._fields
HINTS = get_type_hints(Profile)


def is_a_profile(node):
    """Whether an expression names a profile, or its name."""
    if isinstance(node, ast.Attribute) and node.attr == "name":
        return is_a_profile(node.value)
    return (isinstance(node, ast.Attribute) and node.attr == "profile") or (
        isinstance(node, ast.Name) and node.id in ("profile", "profile_name")
    )


def names_a_profile(node):
    """Whether a node decides by which profile it is. Being there at all (`is None`) may be asked."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        nothing = all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
        return not nothing and any(is_a_profile(side) for side in sides)
    return isinstance(node, ast.Match) and is_a_profile(node.subject)


def test_a_question_of_which_profile_is_noticed():
    for code in ('client.profile == "x"', "profile.name in NAMES", "match profile.name:\n    case _: pass"):
        assert any(names_a_profile(node) for node in ast.walk(ast.parse(code))), code
    for code in ("profile is None", "client is not None and profile.pushed", "acr < profile.least_assurance"):
        assert not any(names_a_profile(node) for node in ast.walk(ast.parse(code))), code


def test_no_code_outside_asks_which_profile_it_is():
    assert not [f"{path}:{node.lineno}" for path in OUTSIDE for node in nodes(path) if names_a_profile(node)]


def test_no_code_outside_names_a_profile():
    constants = {node.id for path in INSIDE for node in nodes(path) if isinstance(node, ast.Name)}
    names = {*PROFILES, *(name for name in constants if name.isupper())}
    assert len(names) >= 2 * len(PROFILES)
    assert not [f"{path}: {name}" for path in OUTSIDE for name in names if name in text(path)]


@pytest.fixture(scope="module")
def request_parameters():
    """Every attribute and every text that stands in the code outside."""
    return {
        node.attr if isinstance(node, ast.Attribute) else node.value
        for path in OUTSIDE
        for node in nodes(path)
        if isinstance(node, ast.Attribute | ast.Constant)
    }


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "name"])
def test_every_question_is_asked_by_some_code(request_parameters, question):
    assert question in request_parameters


def test_no_question_has_a_default():
    with pytest.raises(TypeError) as raised:
        Profile()
    assert all(f"'{name}'" in str(raised.value) for name in QUESTIONS)


NOT_OFFERED = (
    "request_object_signing_algs",
    "request_object_encryption_algs",
    "client_secret_algs",
    "authorization_signing_algs",
    "introspection_signing_algs",
    "public_access_token_lifetime",
    "public_consent_lifetime",
    "session_lifetime",
)
"""Questions to which nothing, or never, is an answer."""


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
class TestEachProfile:
    def test_goes_by_its_own_name(self, profile):
        assert PROFILES[profile.name] is profile

    def test_answers_every_question_in_kind(self, profile):
        for name, hint in HINTS.items():
            answer = getattr(profile, name)
            kind = get_origin(hint) or hint
            assert type(answer) is kind, name
            assert kind is bool or answer or name in NOT_OFFERED, f"{name} is empty"
            if kind is tuple and name != "responses":
                assert all(isinstance(one, str) and one for one in answer), name
                assert len(set(answer)) == len(answer), name

    def test_is_a_value(self, profile):
        assert hash(profile) == hash(profile._replace())
        assert profile._replace() == profile


ADVERTISED = {
    "grant_types": "grant_types_supported",
    "code_challenge_methods": "code_challenge_methods_supported",
    "token_endpoint_auth_methods": "token_endpoint_auth_methods_supported",
}
"""Questions whose answers clients must know, and the metadata (RFC 8414 2, RFC 9126 5) that tells them."""


@pytest.fixture
def stricter(monkeypatch):
    """A function: a profile that answers otherwise is offered, alone or besides. Gives the metadata then."""

    def offer(settings, *, besides, **answers):
        first = next(iter(PROFILES.values()))
        if not besides:
            offered.clear()
        offered["another"] = first._replace(name="another", **answers)
        return document(settings)

    offered = dict(PROFILES)
    monkeypatch.setattr("chalicelib.server_metadata.PROFILES", offered)
    return offer


@pytest.mark.parametrize(("question", "member"), ADVERTISED.items())
def test_what_is_advertised_is_what_some_profile_answers(bank, stricter, question, member):
    before = document(bank.settings)[member]
    assert set(before) == {value for profile in PROFILES.values() for value in getattr(profile, question)}
    assert set(stricter(bank.settings, besides=True, **{question: ("new",)})[member]) == {*before, "new"}
    assert stricter(bank.settings, besides=False, **{question: ("new",)})[member] == ["new"]


@pytest.mark.parametrize("what", ["id_token", "authorization", "introspection"])
def test_a_signature_is_advertised_where_some_profile_answers_so_and_a_key_makes_it(bank, stricter, what):
    question, member = f"{what}_signing_algs", f"{what}_signing_alg_values_supported"
    assert document(bank.settings)[member] == ["PS256", "ES256", "EdDSA", "Ed25519"]
    assert document(bank.settings._replace(eddsa_key=None))[member] == ["PS256", "ES256"]
    assert stricter(bank.settings, besides=False, **{question: ("EdDSA", "new")})[member] == ["EdDSA"]


def test_pushing_is_required_only_where_every_profile_requires_it(bank, stricter):
    member = "require_pushed_authorization_requests"
    assert document(bank.settings)[member] == all(profile.pushed_requests_only for profile in PROFILES.values())
    assert stricter(bank.settings, besides=True, pushed_requests_only=False)[member] is False
    assert stricter(bank.settings, besides=False, pushed_requests_only=True)[member] is True


def test_certificate_bound_tokens_are_advertised_where_some_profile_binds_by_certificate(bank, stricter):
    member = "tls_client_certificate_bound_access_tokens"
    assert stricter(bank.settings, besides=False, sender_constraints=("dpop",))[member] is False
    assert stricter(bank.settings, besides=False, sender_constraints=("dpop", "mtls"))[member] is True
