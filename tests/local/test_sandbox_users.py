"""The sandbox people: what whoever tries the provider on a laptop may expect of them."""

import pytest

from chalicelib import vocabulary, vocabulary_file
from chalicelib.users import claims
from local.sandbox_users import USERS


@pytest.mark.clause("OIDCC-5.1")
@pytest.mark.parametrize("person", USERS.values(), ids=lambda person: person.username)
def test_oidcc_5_1_each_has_every_claim_that_is_advertised(person, monkeypatch):
    """What claims_supported lists can be asked for, and is there; the sandbox's own among them."""
    own = vocabulary_file.load("local/vocabulary.json")
    monkeypatch.setattr(vocabulary, "_current", own)
    scopes = (*claims.SCOPES, *(one.name for one in own.scopes))
    assert claims.disclosed_claims(person.claims, scopes) == person.claims
    assert set(person.claims) == claims.known()
