"""What a scope tells a client about a person."""

import pytest

from chalicelib.users.claims import SCOPES, disclosed_claims

ALICE = {
    "sub": "another",
    "name": "Alice",
    "family_name": "Arnold",
    "email": "alice@example.com",
    "email_verified": True,
    "phone_number": "+43 1 2345",
    "address": {"country": "AT"},
    "iban": "AT02 2050 3021 0102 3600",
}


@pytest.mark.clause("OIDCC-5.4")
@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("profile", {"name", "family_name"}),
        ("email", {"email", "email_verified"}),
        ("phone", {"phone_number"}),
        ("address", {"address"}),
        ("openid", set()),
        ("accounts", set()),
    ],
)
def test_5_4_each_scope_gives_its_own_claims_and_no_other(scope, names):
    """Scope values ask for sets of claims."""
    assert disclosed_claims(ALICE, ("openid", scope)) == {name: ALICE[name] for name in names}


@pytest.mark.clause("OIDCC-5.4")
def test_5_4_several_scopes_add_up():
    """Multiple scope values may be combined."""
    assert disclosed_claims(ALICE, ("email", "phone")).keys() == {"email", "email_verified", "phone_number"}


def test_no_scope_gives_another_sub_or_what_is_no_standard_claim():
    assert disclosed_claims(ALICE, tuple(SCOPES)).keys() == ALICE.keys() - {"sub", "iban"}


@pytest.mark.clause("OIDCC-5.5")
def test_5_5_no_name_that_is_requested_gives_another_sub_or_what_is_no_standard_claim():
    """Claims may be asked for one by one; those that the directory knows besides are told to nobody."""
    assert disclosed_claims(ALICE, (), ("iban", "sub", "name")) == {"name": ALICE["name"]}
