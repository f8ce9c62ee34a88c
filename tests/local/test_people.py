"""The sandbox people: what whoever tries the provider on a laptop may expect of them."""

import pytest

from chalicelib.people import claims
from local.people import PEOPLE


@pytest.mark.clause("OIDCC-5.1")
@pytest.mark.parametrize("person", PEOPLE.values(), ids=lambda person: person.username)
def test_oidcc_5_1_each_has_every_standard_claim_that_is_advertised(person):
    """What claims_supported lists can be asked for, and is there."""
    assert claims.asked_for(person.claims, tuple(claims.SCOPES)) == person.claims
    assert set(person.claims) == claims.NAMES
