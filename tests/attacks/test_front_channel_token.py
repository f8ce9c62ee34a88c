"""An access token that passed through a browser is used by who found it there: it reads for some minutes, and no more."""

import json

from chalicelib.storage.token_values import read
from tests.actors import Fintech


def front(client, scope="openid accounts payments"):
    """A front-channel access token, and whoever found it: with no certificate and no key."""
    back = client.agreed(response_type="code id_token token", scope=scope).fragment
    return back, Fintech(client.bank, "thief", "none", None, "", None)


def allowed(decision):
    return decision["policyDocument"]["Statement"][0]["Effect"] == "Allow"


def test_it_has_no_scope_that_writes(fapi1_read_write_loa3_client):
    """W5: only holder-of-key tokens write, and a browser holds no key."""
    back, thief = front(fapi1_read_write_loa3_client)
    assert back["scope"] == "openid accounts"
    assert fapi1_read_write_loa3_client.introspect(back["access_token"]).json()["scope"] == "openid accounts"
    assert allowed(thief.accounts(back["access_token"]))


def test_it_pays_nothing(fapi1_read_write_loa3_client, monkeypatch):
    """At the route that writes it is refused, with or without the client's certificate."""
    back, thief = front(fapi1_read_write_loa3_client)
    rules = json.dumps({"POST /payments": {"scope": "payments"}})
    monkeypatch.setattr(
        fapi1_read_write_loa3_client.bank.aws,
        "settings",
        fapi1_read_write_loa3_client.bank.settings._replace(resource_rules=rules),
    )
    for who in (thief, fapi1_read_write_loa3_client):
        headers = who.presenting(back["access_token"], "POST", "/payments")
        decision = fapi1_read_write_loa3_client.bank.authorize(
            "POST", "/payments", headers=headers, certificate=who.certificate
        )
        assert not allowed(decision)
        assert decision["context"]["error"] == "invalid_token"  # bound to nothing, and this route writes


def test_it_gets_nothing_else(fapi1_read_write_loa3_client):
    """It is no code and no refresh token, and ends within minutes, by what the client's own token does not."""
    back, thief = front(fapi1_read_write_loa3_client)
    assert fapi1_read_write_loa3_client.refresh(back["access_token"]).error == "invalid_grant"
    assert fapi1_read_write_loa3_client.redeem(back["access_token"]).error == "invalid_grant"
    fapi1_read_write_loa3_client.bank.now += int(back["expires_in"])
    assert not allowed(thief.accounts(back["access_token"]))


def test_it_dies_with_its_consent(fapi1_read_write_loa3_client):
    """Revoking the refresh token ends the grant, and with it what went through the browser."""
    back, thief = front(fapi1_read_write_loa3_client)
    tokens = fapi1_read_write_loa3_client.redeem(back["code"]).json()
    assert allowed(thief.accounts(back["access_token"]))
    assert fapi1_read_write_loa3_client.revoke(tokens["refresh_token"]).status == 200
    assert not allowed(thief.accounts(back["access_token"]))
    assert not allowed(fapi1_read_write_loa3_client.accounts(tokens["access_token"]))


def test_it_dies_with_a_code_that_comes_twice(fapi1_read_write_loa3_client):
    """Whoever stole the fragment has the code as well, and betrays itself by using it."""
    back, thief = front(fapi1_read_write_loa3_client)
    assert fapi1_read_write_loa3_client.redeem(back["code"]).status == 200
    assert (
        thief.with_(client_id="read-write", auth="private_key_jwt", key=fapi1_read_write_loa3_client.key, alg="PS256")
        .redeem(back["code"])
        .error
    )
    fapi1_read_write_loa3_client.redeem(back["code"])
    assert not allowed(thief.accounts(back["access_token"]))


def test_a_code_can_not_be_redeemed_once_the_token_beside_it_was_revoked_with_its_grant(fapi1_read_write_loa3_client):
    """The grant that the token is of is over, and is not begun anew."""
    back, _ = front(fapi1_read_write_loa3_client)
    bank = fapi1_read_write_loa3_client.bank
    bank.aws.grants.revoke(read(back["access_token"]).grant, now=bank.now)
    assert fapi1_read_write_loa3_client.redeem(back["code"]).error == "invalid_grant"


def test_it_is_revoked_alone_and_the_clients_own_token_lives_on(fapi1_read_write_loa3_client):
    """A client that suspects the browser ends what went through it, and keeps what did not."""
    back, thief = front(fapi1_read_write_loa3_client)
    tokens = fapi1_read_write_loa3_client.redeem(back["code"]).json()
    assert fapi1_read_write_loa3_client.revoke(back["access_token"]).status == 200
    assert not allowed(thief.accounts(back["access_token"]))
    assert allowed(fapi1_read_write_loa3_client.accounts(tokens["access_token"]))
