"""Somebody else has a public client's refresh token. Where no secret and no key stands beside it, each use replaces it.

The one that was replaced is good for a minute more, for a client that lost the answer. What comes later is a theft, and ends all.
"""

from collections import Counter

import pytest

from chalicelib.storage.token_values import matches
from chalicelib.tokens.refresh_token import TOLERANCE
from tests.actors import ec_key, jwk, rsa_key
from tests.conftest import BASELINE, STANDARD


def opens(client, access_token):
    return client.userinfo(access_token).status == 200


def refused(answer, error="invalid_grant"):
    assert (answer.status, answer.error) == (400, error), answer.text
    return not {"access_token", "refresh_token"} & answer.json().keys()


@pytest.fixture
def client(public_client):
    """A public client whose tokens are bound to nothing."""
    return public_client


def a_minute_later(client):
    client.bank.now += TOLERANCE
    return client


@pytest.mark.clause("RFC9700-4.14.2")
def test_each_use_gives_another_one(client):
    """The client goes on with the newest, as often as it likes."""
    refresh_token = client.tokens()["refresh_token"]
    seen = {refresh_token}
    for _ in range(4):
        given = client.refresh(refresh_token).json()
        refresh_token = given["refresh_token"]
        assert refresh_token not in seen
        assert opens(client, given["access_token"])
        seen.add(refresh_token)


@pytest.mark.clause("RFC9700-4.14.2")
def test_a_thief_who_comes_second_ends_what_the_client_has(client):
    """The stolen token was used already: the thief gets nothing, and the whole family dies."""
    first = client.tokens()
    second = client.refresh(first["refresh_token"]).json()
    a_minute_later(client)
    assert refused(client.refresh(first["refresh_token"]))
    assert refused(client.refresh(second["refresh_token"]))
    assert not opens(client, first["access_token"])
    assert not opens(client, second["access_token"])


@pytest.mark.clause("RFC9700-4.14.2")
def test_a_thief_who_comes_first_is_found_out_by_the_client(client):
    """The client comes second, with what was stolen from it, and ends what the thief got."""
    stolen = client.tokens()["refresh_token"]
    thief = client.refresh(stolen).json()
    thief = client.refresh(thief["refresh_token"]).json()
    assert refused(client.refresh(stolen))  # the one before the last is good for no minute
    assert refused(client.refresh(thief["refresh_token"]))
    assert not opens(client, thief["access_token"])


@pytest.mark.fault("3e")
@pytest.mark.clause("RFC9700-4.14.2")
def test_a_client_that_lost_the_answer_comes_again_and_goes_on(client):
    """It was out for good. As often as it likes within a minute, which no use prolongs."""
    lost = client.tokens()["refresh_token"]
    for _ in range(3):
        client.bank.now += 14
        assert client.refresh(lost).status == 200
    client.bank.now += 14
    given = client.refresh(lost).json()
    assert opens(client, given["access_token"])
    client.bank.now += 10
    assert client.refresh(given["refresh_token"]).status == 200
    client.bank.now += TOLERANCE
    assert refused(client.refresh(lost))


@pytest.mark.fault("3e")
def test_no_use_of_the_one_before_prolongs_its_minute(client):
    lost = client.tokens()["refresh_token"]
    assert client.refresh(lost).status == 200
    client.bank.now += TOLERANCE - 1
    assert client.refresh(lost).status == 200
    client.bank.now += 1
    assert refused(client.refresh(lost))


@pytest.mark.fault("3e")
@pytest.mark.clause("RFC9700-4.14.2")
def test_a_thief_within_the_minute_is_found_out_by_the_clients_next_refresh(client):
    """One token beside the newest is good, and no third: what the client got is neither once the thief was answered."""
    stolen = client.tokens()["refresh_token"]
    own = client.refresh(stolen).json()
    thief = client.refresh(stolen).json()
    assert refused(client.refresh(own["refresh_token"]))
    assert refused(client.refresh(thief["refresh_token"]))
    assert not opens(client, thief["access_token"])


@pytest.mark.fault("3e")
@pytest.mark.parametrize("round_", range(2))
def test_of_eight_who_use_it_at_once_all_are_answered_and_one_is_the_newest(client, race, round_):
    """A client's threads are no thieves; whoever comes with another one than the newest, later, is."""
    first = client.tokens()
    answers = race(lambda n: client.refresh(first["refresh_token"]))
    assert Counter(answer.status for answer in answers) == {200: 8}
    _, grant = client.bank.aws.tokens.look_up(first["refresh_token"], now=client.bank.now)
    assert [matches(one.json()["refresh_token"], grant.refresh_hash) for one in answers].count(True) == 1


@pytest.mark.fault("3e")
@pytest.mark.clause("DPOP-5")
def test_what_is_bound_to_a_public_clients_key_is_not_replaced(public_dpop_client):
    """A thief of the token lacks the key, so that a client that loses an answer just comes again."""
    refresh_token = public_dpop_client.tokens()["refresh_token"]
    for _ in range(3):
        public_dpop_client.bank.now += 2 * TOLERANCE
        answer = public_dpop_client.refresh(refresh_token)
        assert answer.status == 200
        assert "refresh_token" not in answer.json()


def test_nobody_ends_a_grant_who_never_held_its_token(client):
    """The key of a consent is no secret: guesses around it are refused, and the grant goes on."""
    refresh_token = client.tokens()["refresh_token"]
    secret, _, key = refresh_token.partition(".")
    family, _, own = secret.partition("~")
    wrong = "A" * 43
    guesses = [
        *(
            f"{wrong}.{key}",
            f".{key}",
            f"~.{key}",
            f"{wrong}~{wrong}.{key}",
            f"{wrong}~{own}.{key}",
            f"{own}~{family}.{key}",
        ),
        *(f"{own}.{key}", f"~{own}.{key}", f"{family}.{key}", f"{family[:-1]}~{own}.{key}", secret, key),
    ]
    for guess in guesses:
        assert refused(client.refresh(guess)), guess
    assert client.refresh(refresh_token).status == 200


def test_a_refused_request_leaves_the_token_as_it_was(client):
    """Only what gives a token uses one up: more scope than was granted, or another client's name, costs nothing."""
    refresh_token = client.tokens(scope="openid")["refresh_token"]
    assert refused(client.refresh(refresh_token, scope="openid accounts"), "invalid_scope")
    assert refused(client.refresh(refresh_token, scope="nothing"), "invalid_scope")
    assert client.refresh(refresh_token).status == 200


def test_another_client_can_not_use_it(public_client, public_dpop_client, rival):
    """By its own name neither a public nor a confidential client can, and the owner goes on."""
    refresh_token = public_client.tokens()["refresh_token"]
    assert refused(public_dpop_client.refresh(refresh_token))
    assert refused(rival.refresh(refresh_token))
    assert public_client.refresh(refresh_token).status == 200


@pytest.mark.clause("DPOP-5")
def test_a_thief_without_the_key_gets_nothing_and_the_owner_goes_on(public_dpop_client):
    """A public client's refresh token is bound to its DPoP key, and stays so: another one, or none, is refused."""
    tokens = public_dpop_client.tokens()
    thief = public_dpop_client.with_(proof_key=ec_key("a thief's key"))
    assert refused(thief.refresh(tokens["refresh_token"]))
    assert refused(public_dpop_client.refresh(tokens["refresh_token"], proof=None), "invalid_request")
    again = public_dpop_client.refresh(tokens["refresh_token"]).json()
    assert again["token_type"] == "DPoP"
    assert refused(thief.refresh(tokens["refresh_token"]))
    assert public_dpop_client.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.fault("2f")
@pytest.mark.clause("RFC7009-2.1")
@pytest.mark.parametrize("which", [0, 1], ids=["the-replaced-one", "the-newest"])
def test_with_any_refresh_token_of_the_family_the_grant_can_be_revoked(public_client, which):
    """RFC 7009 2.1: a client that lost the answer to its refresh holds a replaced one, and wants an end of all of it."""
    first = public_client.tokens()
    second = public_client.refresh(first["refresh_token"]).json()
    assert public_client.revoke((first, second)[which]["refresh_token"]).status == 200
    for tokens in (first, second):
        assert not opens(public_client, tokens["access_token"])
        assert refused(public_client.refresh(tokens["refresh_token"]))


def test_nobody_else_revokes_a_grant_by_a_refresh_token_of_the_family(public_client, fapi1_bearer_client):
    first = public_client.tokens()
    second = public_client.refresh(first["refresh_token"]).json()
    assert fapi1_bearer_client.revoke(first["refresh_token"]).status == 200
    assert opens(public_client, second["access_token"])


def test_a_confidential_clients_stays_and_has_no_second_use(fapi1_bearer_client):
    """Who authenticates keeps one refresh token for as long as the consent lasts."""
    refresh_token = fapi1_bearer_client.tokens()["refresh_token"]
    assert "~" not in refresh_token
    for _ in range(2):
        answer = fapi1_bearer_client.refresh(refresh_token)
        assert answer.status == 200
        assert "refresh_token" not in answer.json()


@pytest.mark.clause("RFC9700-4.14.2")
def test_a_token_that_stays_is_of_no_use_once_its_client_is_public(bank, fapi1_bearer_client):
    """Who authenticated when it was given, and is public since, has nothing left that would show a thief's use."""
    metadata = {
        **BASELINE,
        "client_id": "became-public",
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid accounts",
    }
    keys = {"keys": [jwk(rsa_key("fapi1-bearer"))]}
    bank.register(**metadata, token_endpoint_auth_method="private_key_jwt", jwks=keys)
    client = fapi1_bearer_client.with_(client_id="became-public", scope="openid accounts")
    refresh_token = client.tokens()["refresh_token"]
    assert client.refresh(refresh_token).status == 200
    bank.register(**metadata, token_endpoint_auth_method="none")
    assert refused(client.with_(auth="none", key=None).refresh(refresh_token))


@pytest.mark.clause("RFC8705-7.1")
@pytest.mark.clause("DPOP-5")
@pytest.mark.parametrize("first", ["certificate", "proof"])
def test_what_was_bound_in_one_way_is_not_refreshed_in_another(bank, fintech, first):
    """A grant that was bound to a certificate is not carried on by a key of anybody's choice, nor the other way round."""
    ways = {
        "certificate": {"tls_client_certificate_bound_access_tokens": True},
        "proof": {"tls_client_certificate_bound_access_tokens": False, "dpop_bound_access_tokens": True},
    }
    metadata = {
        **STANDARD,
        "client_id": "changed-its-ways",
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [jwk(rsa_key("fintech"))]},
    }
    clients = {
        "certificate": fintech.with_(client_id="changed-its-ways"),
        "proof": fintech.with_(client_id="changed-its-ways", certificate=None, proof_key=ec_key("another way")),
    }
    bank.register(**metadata | ways[first])
    refresh_token = clients[first].tokens()["refresh_token"]
    (other,) = ways.keys() - {first}
    bank.register(**metadata | ways[other])
    assert refused(clients[other].refresh(refresh_token))
    bank.register(**metadata | ways[first])
    assert clients[first].refresh(refresh_token).status == 200
