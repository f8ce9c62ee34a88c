"""What the laptop's bank fetches from the laptop, over real TLS; and what a deployment would not."""

import json

import pytest

from chalicelib.fetch.documents import FetchError
from chalicelib.fetch.https import Https


def test_the_stack_fetches_from_this_machine_by_the_dev_authority(stack):
    fetched = json.loads(stack.provider.documents.get(f"{stack.issuer}/jwks", max_bytes=10_000))
    assert {key.get("alg") for key in fetched["keys"]} >= {"PS256", "ES256"}


def test_a_deployment_does_not(stack):
    with pytest.raises(FetchError, match="it has an address that is not public"):
        Https().get(f"{stack.issuer}/jwks", max_bytes=10_000)


def test_what_it_fetches_is_bounded_all_the_same(stack):
    with pytest.raises(FetchError, match="it answered 404"):
        stack.provider.documents.get(f"{stack.issuer}/nowhere", max_bytes=10_000)
    with pytest.raises(FetchError, match="it is too large"):
        stack.provider.documents.get(f"{stack.issuer}/jwks", max_bytes=100)
