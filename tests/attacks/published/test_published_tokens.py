"""Tokens, what they are bound to, and their end: faults that providers published in 2025 and 2026, tried on ours."""

import pytest

from chalicelib.storage.token_values import matches
from tests.actors import ASSERTION_TYPE, certificate, ec_key
from tests.attacks.published.conftest import opens, refused
from tests.conftest import DPOP, STANDARD

pytestmark = pytest.mark.fault("7")


@pytest.mark.published("Keycloak", "issue 38333")
def test_a_proof_by_another_key_opens_nothing(dpop_client):
    """At userinfo a proof was looked at, and neither the token's key nor its hash."""
    token = dpop_client.tokens()["access_token"]
    thief = dpop_client.with_(proof_key=ec_key("published-thief"))
    assert thief.userinfo(token).status == 401
    assert dpop_client.userinfo(token, proof=dpop_client.proof("GET", "/userinfo")).status == 401  # without ath
    other = dpop_client.proof("GET", "/userinfo", access_token="another")
    assert dpop_client.userinfo(token, proof=other).status == 401
    assert thief.accounts(token)["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    assert opens(dpop_client, token)


@pytest.mark.published("Keycloak", "issue 36475")
def test_what_is_bound_to_a_key_is_refreshed_with_it(dpop_client):
    """A refresh token that was bound to a key gave unbound tokens without a proof."""
    token = dpop_client.tokens()["refresh_token"]
    for thief in (dpop_client, dpop_client.with_(proof_key=None)):
        answer = thief.refresh(token, proof=None)
        assert answer.status == 400
        assert "access_token" not in answer.text
    assert dpop_client.refresh(token).json()["token_type"] == "DPoP"


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: two bindings")
def test_a_token_names_what_was_checked_and_nothing_else_opens_it(bank, dpop_client):
    """Two bindings were recorded, one was checked, and the other was written into the token."""
    both = {"tls_client_certificate_bound_access_tokens": True, "client_id": "dpop"}
    keys = bank.aws.clients.find("dpop", now=bank.now).jwks
    bank.register(**DPOP | both, jwks=keys)
    bank.now += 61
    client = dpop_client.with_(certificate=certificate("published-both"))
    token = client.tokens()["access_token"]
    assert opens(client, token)
    for thief in (client.with_(proof_key=None), client.with_(proof_key=ec_key("published-thief"))):
        assert thief.userinfo(token).status == 401
    active = client.introspect(token).json()
    assert set(active["cnf"]) == {"jkt"}


@pytest.mark.published("Duende IdentityServer", "8: resource-side DPoP")
def test_a_bound_token_is_no_bearer_token_anywhere(dpop_client, fintech):
    """After an upgrade the API took DPoP tokens as Bearer tokens, with no proof."""
    token = dpop_client.tokens()["access_token"]
    for scheme in ("Bearer", "bearer", "DPoP"):
        assert dpop_client.userinfo(token, scheme=scheme, proof=None).status == 401
        assert (
            dpop_client.accounts(token, scheme=scheme, proof=None)["policyDocument"]["Statement"][0]["Effect"] == "Deny"
        )
    bound = fintech.tokens()["access_token"]
    for shown in (None, certificate("published-other")):
        assert fintech.userinfo(bound, certificate=shown).status == 401


@pytest.mark.published("Keycloak", "CVE-2026-1035")
@pytest.mark.published("Apache CXF", "CVE-2026-50631")
@pytest.mark.published("Better Auth", "CVE-2026-53517")
def test_parallel_refreshes_make_no_second_family(public_client, race):
    """A refresh token that was good once was read, checked and then replaced: parallel uses forked it."""
    first = public_client.tokens()["refresh_token"]
    answers = race(lambda n: public_client.refresh(first))
    got = [answer.json()["refresh_token"] for answer in answers if answer.status == 200]
    _, grant = public_client.bank.aws.tokens.look_up(first, now=public_client.bank.now)
    newest = [token for token in got if matches(token, grant.refresh_hash)]
    assert len(set(newest)) == 1
    public_client.bank.now += 3600
    old = next((token for token in got if token not in newest), first)
    assert refused(public_client.refresh(old), "invalid_grant")
    assert refused(public_client.refresh(newest[0]), "invalid_grant")  # two have it, so nobody does


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: narrowed scopes")
def test_a_narrowed_record_narrows_what_a_refresh_gives(bank, fintech):
    """A client's scopes were narrowed, and its refresh tokens went on giving the old ones."""
    tokens = fintech.tokens()
    record = bank.aws.clients.find("fintech", now=bank.now)
    bank.register(**STANDARD | {"scope": "openid profile"}, client_id="fintech",
                  token_endpoint_auth_method="private_key_jwt", jwks=record.jwks)  # fmt: skip
    bank.now += 61
    answer = fintech.refresh(tokens["refresh_token"])
    assert answer.status == 400 or "accounts" not in answer.json()["scope"].split()
    if answer.status == 200:
        allowed = fintech.accounts(answer.json()["access_token"])["policyDocument"]["Statement"][0]["Effect"]
        assert allowed == "Deny"


@pytest.mark.published("Zitadel", "CVE-2026-27840")
def test_a_token_is_good_as_a_whole_alone(fintech):
    """A token that was cut short was still a token."""
    tokens = fintech.tokens()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        secret, _, key = token.partition(".")
        for cut in (token[:-1], token[1:], token[:80], token + "A", secret, key, f"{secret}.", f".{key}"):
            assert not opens(fintech, cut)
            assert fintech.introspect(cut).json() == {"active": False}
            assert refused(fintech.refresh(cut), "invalid_grant")
    assert opens(fintech, tokens["access_token"])


@pytest.mark.published("Keycloak", "CVE-2026-8922")
def test_what_is_revoked_is_revoked_at_every_endpoint(fintech, resource_server):
    """One of two revocations was not heard of by introspection."""
    tokens = fintech.tokens()
    assert resource_server.introspect(tokens["access_token"]).json()["active"]
    assert fintech.revoke(tokens["refresh_token"]).status == 200
    for required in (fintech, resource_server):
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert required.introspect(token).json() == {"active": False}
    assert not opens(fintech, tokens["access_token"])
    assert fintech.accounts(tokens["access_token"])["policyDocument"]["Statement"][0]["Effect"] == "Deny"


@pytest.mark.published("Keycloak", "CVE-2026-37979")
def test_a_resource_learns_nothing_of_a_token_that_is_not_for_it(fintech, rival, resource_server):
    """Any client with credentials was told what is in a token for somebody else."""
    tokens = fintech.tokens(scope="openid profile")
    for required in (resource_server, rival):
        for token in (tokens["access_token"], tokens["refresh_token"]):
            assert required.introspect(token).json() == {"active": False}


@pytest.mark.published("Keycloak", "CVE-2026-4630")
def test_nothing_of_a_client_is_reached_by_another_that_knows_its_name(fintech, rival):
    """Who knew the identifier of another server's resource could read and delete it."""
    tokens = fintech.tokens()
    key = tokens["access_token"].partition(".")[2]
    for token in (tokens["access_token"], tokens["refresh_token"], key, f"x.{key}"):
        rival.revoke(token)
    assert opens(fintech, tokens["access_token"])
    assert fintech.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: revocation that failed")
def test_a_revocation_that_failed_is_not_reported_done(fintech, failing):
    """A grant that could not be looked up was told as gone, and the client believed it."""
    tokens = fintech.tokens()
    failing("UpdateItem", "ducat-grants")
    assert fintech.revoke(tokens["refresh_token"]).status >= 500


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: userinfo without its grant")
def test_no_claims_are_disclosed_while_the_grant_can_not_be_read(fintech, failing):
    """Userinfo answered by the token's scope where its grant could not be read."""
    tokens = fintech.tokens()
    failing("BatchGetItem")
    answer = fintech.userinfo(tokens["access_token"])
    assert answer.status >= 500
    assert "sub" not in answer.json()


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: active key past its end")
def test_a_key_past_its_end_signs_nothing(bank, fintech):
    """The active signing key had ended, and signed what nobody could verify."""
    from dataclasses import replace

    for key in bank.aws.signing_keys.all(now=bank.now):
        if key.alg == "PS256":
            bank.aws.signing_keys.put(replace(key, published_until=bank.now))
    bank.aws.signing_keys._cache = ()
    code = fintech.code()
    answer = fintech.redeem(code)
    assert answer.status >= 500
    assert "id_token" not in answer.text


@pytest.mark.published("Better Auth", "CVE-2026-67332")
def test_a_refresh_reaches_no_further_than_what_was_agreed_to(fintech):
    """A client asked at the token endpoint for what the authorization had never covered, and got it."""
    tokens = fintech.tokens(scope="openid profile")
    for scope in ("openid profile accounts", "accounts", "payments"):
        assert refused(fintech.refresh(tokens["refresh_token"], scope=scope), "invalid_scope")
    assert fintech.accounts(tokens["access_token"])["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    code = fintech.code(scope="openid profile")
    assert "accounts" not in fintech.redeem(code, scope="openid accounts").json()["scope"].split()


@pytest.mark.published("node-oidc-provider", "v9.11.2: grant parameters")
def test_a_parameter_of_another_grant_changes_nothing(fintech):
    """Parameters that belong to one grant had an effect on another."""
    tokens = fintech.tokens(scope="openid profile")
    code = fintech.code()
    more = {"code": code, "code_verifier": "x", "assertion": "x", "subject_token": tokens["access_token"]}
    answer = fintech.post("/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"], extra=more)
    assert answer.status == 200
    assert "accounts" not in answer.json()["scope"].split()
    assert fintech.redeem(code).status == 200


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: conditional inserts")
def test_of_parallel_uses_of_an_assertion_one_is_taken(fintech, race):
    """A conditional write told every caller that it had won, and what was good once was good for all."""
    assertion = fintech.assertion()
    answers = race(lambda n: fintech.push(client_assertion=assertion, client_assertion_type=ASSERTION_TYPE))
    assert sorted(answer.status for answer in answers) == [201, *[401] * 7]


@pytest.mark.published("node-oidc-provider", "v9.11.2: replay detection")
def test_of_parallel_uses_of_a_proof_one_is_taken(dpop_client, race):
    """A replay was looked for and then written down, so that parallel uses all passed."""
    token = dpop_client.tokens()["access_token"]
    proof = dpop_client.proof("GET", "/userinfo", access_token=token)
    answers = race(lambda n: dpop_client.userinfo(token, proof=proof))
    assert sorted(answer.status for answer in answers) == [200, *[401] * 7]


@pytest.mark.published("Siemens Mendix OIDC Provider", "CVE-2026-124981")
def test_a_token_is_not_known_by_its_name_alone(fintech, resource_server):
    """Introspection found a token by its identifier, and believed whatever carried it."""
    tokens = fintech.tokens()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        key = token.partition(".")[2]
        for forged in (f"{'A' * 43}.{key}", f".{key}", key, f"{token.partition('.')[0][::-1]}.{key}"):
            for required in (fintech, resource_server):
                assert required.introspect(forged).json() == {"active": False}
            assert not opens(fintech, forged)
