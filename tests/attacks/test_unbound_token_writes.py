"""A token that writes, in the hands of who holds no key: none is issued, and none would be taken."""

import json
from dataclasses import replace

import pytest

from chalicelib.client_authentication import AuthenticatedClient
from chalicelib.errors import InvalidClientMetadata, InvalidGrant, InvalidRequest, InvalidToken
from chalicelib.grant_types import authorization_code
from chalicelib.keys.thumbprint import thumbprint
from chalicelib.profiles import PROFILES
from chalicelib.resource_server import verified_access_token
from chalicelib.resource_server.policy import ResourcePolicy
from chalicelib.storage.token_values import join, of_grant, with_week
from chalicelib.tokens import sender_constraint
from chalicelib.tokens.sender_constraint import PresentedKeys
from tests.actors import NOW, certificate, jwk, public, rsa_key
from tests.conftest import BASELINE
from tests.each import each

WRITES = "openid payments"
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "12.50"},
    "creditorName": "Shop",
    "creditorAccount": {"iban": "DE02100100109307118603"},
}


def refused(answer, error="invalid_request", status=400):
    assert (answer.status, answer.error) == (status, error), answer.text
    return not {"access_token", "refresh_token", "request_uri"} & answer.json().keys()


def writing(bank, client, client_id, **more):
    """The client's record as no registration would have it: it may write, and nothing binds its tokens."""
    stored = bank.aws.clients.find(client.client_id, now=NOW)
    changed = {"scope": ("openid", "accounts", "payments"), "authorization_details_types": ("payment_initiation",)}
    bank.aws.clients.put(replace(stored, client_id=client_id, **changed | more))
    return client.with_(client_id=client_id)


@pytest.fixture
def unbound(bank, fapi1_bearer_client):
    """A confidential client that may write and registered no constraint."""
    return writing(bank, fapi1_bearer_client, "unbound-key")


@pytest.fixture
def unbound_app(bank, public_client):
    """A public one."""
    return writing(bank, public_client, "unbound-app")


@each("method", ["private_key_jwt", "client_secret_jwt", "none"])
@pytest.mark.parametrize("what", [{"scope": WRITES}, {"authorization_details_types": ["payment_initiation"]}])
def test_a_client_that_writes_registers_what_binds_it(bank, method, what):
    """Where the profile lets a token go unbound, it is one that reads: at registration already."""
    given = {
        **BASELINE,
        "client_id": "writer",
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": method,
    }
    given |= {"jwks": {"keys": [jwk(rsa_key("fapi1-bearer"))]}} | what
    with pytest.raises(InvalidClientMetadata, match="dpop_bound_access_tokens"):
        bank.register(**given)
    assert bank.register(**given, dpop_bound_access_tokens=True)
    authenticated_by_certificate = given | {"tls_client_certificate_bound_access_tokens": True}
    if method == "none":  # its code could be bound to no certificate
        with pytest.raises(InvalidClientMetadata, match="dpop_bound_access_tokens"):
            bank.register(**authenticated_by_certificate)
    else:
        assert bank.register(**authenticated_by_certificate)


@pytest.mark.parametrize(
    "request_parameters", [{"scope": WRITES}, {"scope": "openid", "authorization_details": json.dumps([PAYMENT])}]
)
def test_no_token_that_writes_is_issued_unbound(unbound, request_parameters):
    """The code is refused without a certificate or a proof; with one, the token is bound to it."""
    code = unbound.code(**request_parameters)
    assert refused(unbound.redeem(code))
    bound = unbound.with_(certificate=certificate("unbound-key"))
    given = bound.redeem(code).json()
    assert bound.userinfo(given["access_token"]).status == 200
    assert unbound.userinfo(given["access_token"]).status == 401
    assert bound.introspect(given["access_token"]).json()["cnf"]


@pytest.mark.clause("DPOP-10")
@pytest.mark.parametrize(
    "request_parameters", [{"scope": WRITES}, {"scope": "openid", "authorization_details": json.dumps([PAYMENT])}]
)
def test_a_public_client_that_writes_binds_its_code(bank, unbound_app, public_dpop_client, request_parameters):
    """A request that writes names a key, or proves one; else the code would be of use to whoever has the verifier."""
    assert refused(unbound_app.push(**request_parameters))
    stored = bank.aws.clients.find("public-dpop", now=NOW)
    bank.aws.clients.put(replace(stored, authorization_details_types=("payment_initiation",)))
    assert public_dpop_client.push(**request_parameters).status == 201
    assert refused(
        public_dpop_client.post("/par", proof=None, **public_dpop_client.request_arguments(**request_parameters))
    )
    assert (
        public_dpop_client.post(
            "/par",
            proof=None,
            **public_dpop_client.request_arguments(dpop_jkt=jkt(public_dpop_client), **request_parameters),
        ).status
        == 201
    )


def jkt(client):
    return thumbprint(public(client.proof_key))


def presented(bank, pem):
    return PresentedKeys(bank.aws.client_certificates.sent(pem, now=NOW).provisional())


def test_a_code_that_was_bound_to_nothing_is_not_redeemed_by_a_public_client_that_writes(
    bank, public_client, public_dpop_client
):
    """Though its scope began to write only after it was asked for: bound to a key now, it was not then."""
    code = public_client.code(scope="openid accounts")
    grant, _ = bank.aws.grants.find_code(of_grant(code))
    widened = replace(grant, request=replace(grant.request, scope=("openid", "payments")))
    caller = AuthenticatedClient(bank.aws.clients.find("public", now=NOW), PROFILES["fapi1-baseline"])
    with pytest.raises(InvalidGrant):
        authorization_code._bound(caller, widened, presented(bank, certificate("x")))


@pytest.mark.clause("FAPI1-ADV-5.2.2-5")
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_no_profile_lets_what_writes_go_unbound(bank, profile):
    """The one rule, asked of each profile; where it leaves tokens unbound, they read, and no constraint is registered."""
    client = bank.aws.clients.find("fapi1-bearer", now=NOW)
    with pytest.raises(InvalidRequest):
        sender_constraint.bind(PresentedKeys(), client, profile, writes=True)
    if not profile.unbound_tokens:
        with pytest.raises(InvalidRequest):
            sender_constraint.bind(PresentedKeys(), client, profile, writes=False)
        return
    assert sender_constraint.bind(PresentedKeys(), client, profile, writes=False) == {}
    for name in ("tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens"):
        with pytest.raises(InvalidRequest):
            sender_constraint.bind(PresentedKeys(), replace(client, **{name: True}), profile, writes=False)


def test_a_client_that_registered_a_constraint_always_gets_bound_tokens(bank, fapi1_bearer_client):
    """Though it only reads, and its profile would not ask."""
    stored = bank.aws.clients.find("fapi1-bearer", now=NOW)
    for name, shown in (
        ("tls_client_certificate_bound_access_tokens", "x5t#S256"),
        ("dpop_bound_access_tokens", "jkt"),
    ):
        bank.aws.clients.put(replace(stored, client_id=f"always-{shown}", **{name: True}))
        assert refused(
            fapi1_bearer_client.with_(client_id=f"always-{shown}").redeem(
                fapi1_bearer_client.with_(client_id=f"always-{shown}").code()
            )
        )


def test_an_unbound_refresh_token_never_writes(bank, fapi1_bearer_client):
    """A grant that was bound to nothing gives nothing that writes, should one of its scopes come to write later."""
    with pytest.raises(InvalidGrant):
        sender_constraint.renew(
            {},
            presented(bank, certificate("fapi1-bearer")),
            bank.aws.clients.find("fapi1-bearer", now=NOW),
            PROFILES["fapi1-baseline"],
            authenticated_by_certificate=False,
            writes=True,
        )


# At the resource: should such a token exist all the same.


@pytest.fixture
def forged(bank, fapi1_bearer_client):
    """A function: an unbound token as the store might come to have it."""

    def keep(scope, *details):
        tokens = fapi1_bearer_client.tokens(scope="openid accounts")
        token, grant = bank.aws.tokens.find(tokens["access_token"], now=NOW)
        token_value = with_week(join(bank.aws.new_token_value(), grant.key, grant.bond), token.expires_at)
        bank.aws.tokens.put(token_value, replace(token, scope=scope, authorization_details=details))
        return token_value

    return keep


@pytest.mark.parametrize("scope", [("openid", "accounts", "payments"), ("payments", "openid", "accounts")])
def test_a_token_that_writes_and_is_unbound_opens_nothing(fapi1_bearer_client, forged, scope):
    """Neither our own resource nor the bank's API takes it, whatever they are about; nor is it active."""
    token = forged(scope)
    answer = fapi1_bearer_client.userinfo(token)
    assert (answer.status, answer.error) == (401, "invalid_token")
    assert fapi1_bearer_client.userinfo(token, certificate=certificate("fapi1-bearer")).status == 401
    assert fapi1_bearer_client.accounts(token)["context"]["error"] == "invalid_token"
    assert fapi1_bearer_client.introspect(token).json() == {"active": False}


def test_nor_does_one_by_its_authorization_details(fapi1_bearer_client, forged):
    """A payment is a write, by whichever name it was asked for."""
    token = forged(("openid", "accounts"), PAYMENT)
    assert fapi1_bearer_client.userinfo(token).status == 401
    assert fapi1_bearer_client.accounts(token)["context"]["error"] == "invalid_token"
    assert fapi1_bearer_client.introspect(token).json() == {"active": False}


def test_a_route_that_writes_takes_no_unbound_token(bank, fapi1_bearer_client, forged):
    """By the resource's demand too, whatever the token says of itself."""
    token, _ = bank.aws.tokens.find(forged(("openid", "accounts")), now=NOW)
    for demand in (
        ResourcePolicy((), scope="payments"),
        ResourcePolicy((), authorization_details_type="payment_initiation"),
    ):
        with pytest.raises(InvalidToken):
            verified_access_token._require_harmless(token, demand, None)
    assert verified_access_token._require_harmless(token, ResourcePolicy((), scope="accounts"), None) == token


@pytest.mark.clause("DPOP-7.1")
def test_an_unbound_token_is_no_dpop_token(fapi1_bearer_client, public_dpop_client):
    """Shown with somebody's proof it is refused: it was bound to no key."""
    token = fapi1_bearer_client.tokens(scope="openid accounts")["access_token"]
    assert fapi1_bearer_client.userinfo(token).status == 200
    proving = fapi1_bearer_client.with_(proof_key=public_dpop_client.proof_key)
    assert proving.userinfo(token).error == "invalid_token"
    assert proving.accounts(token)["context"]["error"] == "invalid_token"


def test_a_bound_token_stays_bound_where_unbound_ones_are_taken(bank, fapi1_bearer_client):
    """Of the same client: what was bound by a certificate that it showed is of no use without it."""
    bound = fapi1_bearer_client.with_(certificate=certificate("fapi1-bearer"))
    token = bound.tokens(scope="openid accounts")["access_token"]
    assert bound.userinfo(token).status == 200
    assert fapi1_bearer_client.userinfo(token).status == 401
    assert fapi1_bearer_client.accounts(token)["context"]["error"] == "invalid_token"
