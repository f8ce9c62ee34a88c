"""An access token that passed through a browser is used by who found it there: it reads for some minutes, and no more."""

import json
from dataclasses import replace

from tests.actors import Fintech


def front(client, scope="openid accounts payments"):
    """A front-channel access token, and whoever found it: with no certificate and no key."""
    back = client.agreed(response_type="code id_token token", scope=scope).fragment
    return back, Fintech(client.bank, "thief", "none", None, "", None)


def allowed(decision):
    return decision["policyDocument"]["Statement"][0]["Effect"] == "Allow"


def test_it_has_no_scope_that_writes(reader):
    """W5: only holder-of-key tokens write, and a browser holds no key."""
    back, thief = front(reader)
    assert back["scope"] == "openid accounts"
    assert reader.introspect(back["access_token"]).json()["scope"] == "openid accounts"
    assert allowed(thief.accounts(back["access_token"]))


def test_it_pays_nothing(reader, monkeypatch):
    """At the route that writes it is refused, with or without the client's certificate."""
    back, thief = front(reader)
    rules = json.dumps({"POST /payments": {"scope": "payments"}})
    monkeypatch.setattr(reader.bank.aws, "settings", replace(reader.bank.settings, resource_rules=rules))
    for who in (thief, reader):
        headers = who.presenting(back["access_token"], "POST", "/payments")
        decision = reader.bank.authorize("POST", "/payments", headers=headers, certificate=who.certificate)
        assert not allowed(decision)
        assert decision["context"]["error"] == "invalid_token"  # bound to nothing, and this route writes


def test_it_gets_nothing_else(reader):
    """It is no code and no refresh token, and ends within minutes, by what the client's own token does not."""
    back, thief = front(reader)
    assert reader.refresh(back["access_token"]).error == "invalid_grant"
    assert reader.redeem(back["access_token"]).error == "invalid_grant"
    reader.bank.now += int(back["expires_in"])
    assert not allowed(thief.accounts(back["access_token"]))


def test_it_dies_with_its_consent(reader):
    """Revoking the refresh token ends the grant, and with it what went through the browser."""
    back, thief = front(reader)
    tokens = reader.redeem(back["code"]).json()
    assert allowed(thief.accounts(back["access_token"]))
    assert reader.revoke(tokens["refresh_token"]).status == 200
    assert not allowed(thief.accounts(back["access_token"]))
    assert not allowed(reader.accounts(tokens["access_token"]))


def test_it_dies_with_a_code_that_comes_twice(reader):
    """Whoever stole the fragment has the code as well, and betrays itself by using it."""
    back, thief = front(reader)
    assert reader.redeem(back["code"]).status == 200
    assert (
        thief.with_(client_id="read-write", auth="private_key_jwt", key=reader.key, alg="PS256")
        .redeem(back["code"])
        .error
    )
    reader.redeem(back["code"])
    assert not allowed(thief.accounts(back["access_token"]))


def test_a_code_can_not_be_redeemed_once_the_token_beside_it_was_revoked_with_its_grant(reader):
    """The consent that began with the token is over, and is not begun anew."""
    back, _ = front(reader)
    reader.bank.aws.consents.revoke(back["access_token"].partition(".")[2], now=reader.bank.now)
    assert reader.redeem(back["code"]).error == "invalid_grant"
