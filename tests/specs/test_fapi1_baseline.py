"""FAPI 1.0 Part 1 (Baseline), which began as the Read-Only profile: clients, and what the token endpoint gives them.

R1 to R16 are the lines of that profile.
"""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.authorization import code_challenge
from chalicelib.client_registration import register
from chalicelib.clients import client_secret
from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri, InvalidRequest
from chalicelib.profiles import PROFILES
from tests.actors import ASSERTION_TYPE, NOW, VERIFIER, Browser, Fintech, certificate, ec_key, jwk, rsa_key, secret_of
from tests.conftest import BASELINE
from tests.each import each

PROFILE = PROFILES["fapi1-baseline"]


def refused(answer, error="invalid_client", status=None):
    expected = (status or (401 if error == "invalid_client" else 400), error)
    assert (answer.status, answer.error) == expected, answer.text
    return not {"access_token", "refresh_token", "id_token", "request_uri"} & answer.json().keys()


@pytest.fixture(params=["fapi1_bearer_client", "client_secret_jwt_client", "public_client"])
def each_kind(request):
    """A confidential client by a key, one by a secret, and a public one."""
    return request.getfixturevalue(request.param)


# 5.2.2-1: confidential and public clients (R1).


@pytest.mark.clause("FAPI1-BASE-5.2.2-2")
@pytest.mark.clause("FAPI1-BASE-5.2.2-1")
def test_5_2_2_1_confidential_and_public_clients_log_people_in(each_kind):
    """The authorization server supports confidential clients, and may support public ones; here it does."""
    tokens = each_kind.tokens(scope="openid accounts")
    assert tokens["token_type"] == "Bearer"
    assert each_kind.userinfo(tokens["access_token"]).status == 200
    assert each_kind.accounts(tokens["access_token"])["context"]["client_id"] == each_kind.client_id
    assert each_kind.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.clause("FAPI1-BASE-5.2.2-1")
def test_5_2_2_1_a_public_client_lives_shorter(bank, public_client, fapi1_bearer_client):
    """Whose word is all there is gets shorter tokens and consents than who proves itself."""
    assert PROFILE.public_access_token_lifetime < PROFILE.access_token_lifetime
    assert PROFILE.public_consent_lifetime < PROFILE.consent_lifetime
    fapi1_bearer_client = fapi1_bearer_client.with_(certificate=certificate("fapi1-bearer"))
    public, confidential = public_client.tokens(), fapi1_bearer_client.tokens()
    assert public["expires_in"] == PROFILE.public_access_token_lifetime
    assert confidential["expires_in"] == PROFILE.access_token_lifetime
    bank.now += PROFILE.public_access_token_lifetime
    assert public_client.userinfo(public["access_token"]).status == 401
    assert fapi1_bearer_client.userinfo(confidential["access_token"]).status == 200
    bank.now = NOW + PROFILE.public_consent_lifetime
    assert refused(public_client.refresh(public["refresh_token"]), "invalid_grant")
    assert fapi1_bearer_client.refresh(confidential["refresh_token"]).status == 200


@pytest.mark.clause("FAPI1-BASE-5.2.2-1")
def test_5_2_2_1_a_public_clients_bound_token_lives_no_longer(public_dpop_client):
    """A key that an app holds makes no confidential client of it."""
    assert public_dpop_client.tokens()["expires_in"] == PROFILE.public_access_token_lifetime


@pytest.mark.clause("RFC6749-3.2.1")
@each("tried", ["assertion", "a confidential client's", "client_secret", "basic"])
def test_5_2_2_1_who_tries_to_prove_something_and_fails_is_not_taken_for_public(
    public_client, fapi1_bearer_client, tried
):
    """A failed authentication is a failure, and never falls back on a client_id alone."""
    form, headers = {}, ()
    if tried == "assertion":
        sent = public_client.with_(key=rsa_key("nobody"), alg="PS256").assertion()
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": sent}
    elif tried == "a confidential client's":
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": fapi1_bearer_client.assertion()}
    elif tried == "client_secret":
        form = {"client_secret": "secret"}
    else:
        headers = (("Authorization", "Basic YXBwOg=="),)
    assert refused(public_client.post("/par", headers=headers, **public_client.request_arguments(**form)))


@pytest.mark.clause("RFC6749-3.2.1")
@pytest.mark.parametrize("client", ["fapi1_bearer_client", "client_secret_jwt_client", "tls_client_auth_client"])
def test_5_2_2_1_a_confidential_client_is_not_known_by_its_name(request, client):
    """Its client_id alone, with or without a stranger's certificate, is no authentication."""
    one = request.getfixturevalue(client).with_(auth="none")
    for shown in (None, certificate("stranger")):
        assert refused(one.post("/par", certificate=shown, **one.request_arguments()))
        assert refused(one.post("/token", certificate=shown, grant_type="client_credentials"))
        assert refused(one.introspect("x", certificate=shown))
        assert refused(one.revoke("x", certificate=shown))


@pytest.mark.clause("RFC6749-4.4")
def test_5_2_2_1_a_public_client_has_no_token_of_its_own(bank, public_client):
    """The client credentials grant is for confidential clients alone, at registration and at the token endpoint."""
    assert refused(public_client.post("/token", grant_type="client_credentials"), "unauthorized_client")
    public = {**BASELINE, "client_id": "x", "token_endpoint_auth_method": "none", "scope": "openid"}
    for grants in (["authorization_code", "client_credentials"], ["client_credentials"], []):
        with pytest.raises((InvalidClientMetadata, InvalidRedirectUri)):
            bank.register(**public | {"grant_types": grants})


@pytest.mark.clause("RFC7662-2.1")
def test_5_2_2_1_a_public_client_asks_about_no_token(public_client):
    """Introspection needs authorization, which a name is not: not even about its own token."""
    token = public_client.tokens()["access_token"]
    assert refused(public_client.introspect(token))


# 5.2.2-3: the client's secret.


@pytest.mark.clause("FAPI1-BASE-5.2.2-3")
@pytest.mark.clause("RFC7518-3.2")
def test_5_2_2_3_a_secret_has_the_entropy_of_the_longest_hash(bank):
    """The secret is made here, of 512 random bits, so that its text is long enough for HS256, HS384 and HS512."""
    request_parameters = []

    def rng(octets):
        request_parameters.append(octets)
        return bytes(range(octets))

    given = {**BASELINE, "client_id": "entropic", "token_endpoint_auth_method": "client_secret_jwt"}
    client, secret = register(given, bank.aws, rng)
    assert request_parameters == [64]
    assert len(secret.encode()) >= 64
    assert client.client_secret
    assert secret not in client.client_secret


@pytest.mark.clause("FAPI1-BASE-5.2.2-3")
def test_5_2_2_3_a_secret_is_told_once_and_kept_until_a_new_one_is_requested(bank):
    """Registering again keeps it and can't tell it; another one can be made, and the first is good no longer."""
    given = {**BASELINE, "client_id": "renewed", "token_endpoint_auth_method": "client_secret_jwt"}
    _, first = register(given, bank.aws, lambda octets: b"1" * octets)
    client = Fintech(bank, "renewed", "client_secret_jwt", first, "HS256", None)
    _, again = register(given, bank.aws, lambda octets: b"2" * octets)
    assert again is None
    assert client.push().status == 201
    _, second = register(given, bank.aws, lambda octets: b"2" * octets, new_secret=True)
    assert second not in (None, first)
    assert refused(client.push())
    assert client.with_(key=second).push().status == 201


@pytest.mark.clause("FAPI1-BASE-5.2.2-3")
@each("secret", ["", "short", "x" * 86, None, 5])
def test_5_2_2_3_nobody_brings_a_secret_of_their_own(bank, secret):
    """A secret that somebody thought of is refused, and nothing is registered."""
    given = {**BASELINE, "client_id": "own-secret", "token_endpoint_auth_method": "client_secret_jwt"}
    with pytest.raises(InvalidClientMetadata, match="client_secret"):
        bank.register(**given, client_secret=secret)
    assert bank.aws.clients.find("own-secret", now=NOW) is None


@pytest.mark.clause("FAPI1-BASE-5.2.2-3")
def test_5_2_2_3_a_secret_is_sealed_for_its_client_alone(bank, client_secret_jwt_client):
    """What is stored opens for its own client: copied to another one's record it authenticates nobody; the fault is ours."""
    stored = bank.aws.clients.find("client-secret-jwt", now=NOW)
    assert bank.aws.kms.unseal(stored.client_secret, {"client": "client-secret-jwt"}).decode() == secret_of(
        "client-secret-jwt"
    )
    assert client_secret_jwt_client.push().status == 201
    bank.aws.clients.put(replace(stored, client_id="copied"))
    assert client_secret_jwt_client.with_(client_id="copied").push().status == 500


@pytest.mark.clause("FAPI1-BASE-5.2.2-3")
def test_5_2_2_3_a_secret_is_unsealed_once_a_minute(bank):
    """A warm function asks KMS again only after a minute, and at once for another secret."""
    request_parameters = []

    def unseal(sealed, context):
        request_parameters.append((sealed, context))
        return sealed.encode()

    secrets = client_secret.ClientSecrets(unseal)
    client = replace(bank.aws.clients.find("client-secret-jwt", now=NOW), client_secret="one")
    assert [secrets.of(client, now=NOW + late) for late in (0, 59)] == [b"one", b"one"]
    assert request_parameters == [("one", {"client": "client-secret-jwt"})]
    assert secrets.of(client, now=NOW + 60) == b"one"
    assert secrets.of(replace(client, client_secret="two"), now=NOW + 60) == b"two"
    assert secrets.of(replace(client, client_id="other"), now=NOW + 60) == b"one"
    assert len(request_parameters) == 4
    assert secrets.of(replace(client, client_secret=None), now=NOW) is None


# 5.2.2-4: how a confidential client authenticates (R2).


@pytest.mark.clause("FAPI1-BASE-5.2.2-4")
@each("alg", PROFILE.client_secret_algs)
def test_5_2_2_4_a_client_authenticates_by_a_mac_with_its_secret(client_secret_jwt_client, alg):
    """client_secret_jwt, by each algorithm that its secret is long enough for."""
    assert client_secret_jwt_client.with_(alg=alg).push().status == 201


@pytest.mark.clause("FAPI1-BASE-5.2.2-4")
@each("method", ["client_secret_basic", "client_secret_post", "", None])
def test_5_2_2_4_a_plain_secret_is_no_way(bank, method):
    """Methods that send the secret itself can't be registered."""
    with pytest.raises(InvalidClientMetadata):
        bank.register(**BASELINE, client_id="plain", token_endpoint_auth_method=method)


@pytest.mark.clause("FAPI1-BASE-5.2.2-4")
@pytest.mark.clause("FAPI1-ADV-5.2.2-14")
@pytest.mark.clause("FAPI1-ADV-5.2.2-16")
@pytest.mark.parametrize("method", ["client_secret_jwt", "none"])
@pytest.mark.parametrize("profile", ["fapi1-advanced", "fapi2-security", "fapi2-message-signing"])
def test_5_2_2_4_where_the_profile_has_no_such_method_nobody_has_it(
    bank, public_client, client_secret_jwt_client, profile, method
):
    """Advanced and FAPI 2.0 know neither: at registration, nor where a record says so all the same."""
    given = {**BASELINE, "profile": profile, "tls_client_certificate_bound_access_tokens": True}
    given |= {"grant_types": ["authorization_code"], "token_endpoint_auth_method": method}
    with pytest.raises(InvalidClientMetadata, match="token_endpoint_auth_method"):
        bank.register(**given, client_id="unknown-way")
    one = client_secret_jwt_client if method == "client_secret_jwt" else public_client
    stored = bank.aws.clients.find(one.client_id, now=NOW)
    bank.aws.clients.put(replace(stored, client_id=f"moved-{profile}-{method}", profile=profile))
    assert refused(one.with_(client_id=f"moved-{profile}-{method}").push())


# 5.2.2-5, 5.2.2-6: sizes of keys (R3, R4).


@pytest.mark.clause("FAPI1-BASE-5.2.2-5")
@pytest.mark.clause("FAPI1-BASE-5.2.2-6")
def test_5_2_2_5_and_6_small_keys_are_not_registered_and_curves_are_those_of_the_algorithms(bank):
    """RSA keys have 2048 bits or more. 160 bits are enough of a curve, and the curve of ES256 has 256."""
    given = {**BASELINE, "client_id": "small", "token_endpoint_auth_method": "private_key_jwt"}
    small = jwk(rsa_key("small", 1024))
    p192 = {"kty": "EC", "crv": "P-192", "x": "AAAA", "y": "AAAA", "kid": "k1"}
    for key in (small, p192):
        with pytest.raises(InvalidClientMetadata):
            bank.register(**given, jwks={"keys": [key]})
    assert bank.register(**given, jwks={"keys": [jwk(ec_key("fapi1-bearer"))]})


@pytest.mark.clause("FAPI1-BASE-5.2.2-5")
@pytest.mark.clause("FAPI1-BASE-5.2.2-6")
@each(
    ("key", "taken"),
    [(rsa_key("small", 1024), False), (rsa_key("fapi1-bearer"), True), (ec.generate_private_key(ec.SECP192R1()), True)],
)
def test_5_2_2_5_and_6_so_it_is_with_the_keys_of_certificates(bank, tls_client_auth_client, key, taken):
    """At each use: the certificate that authenticates has a key of the size that is asked for."""
    given = {**BASELINE, "client_id": "certified", "token_endpoint_auth_method": "tls_client_auth"}
    bank.register(**given, tls_client_auth_subject_dn="CN=certified,O=Fintech\\, Inc.,C=DE")
    client = tls_client_auth_client.with_(client_id="certified", certificate=certificate("certified", key=key))
    assert client.push().status == 201 if taken else refused(client.push())


# 5.2.2-7: PKCE (R5).


@pytest.mark.clause("FAPI1-BASE-5.2.2-7")
@each(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
        {"code_challenge": "short"},
    ],
)
def test_5_2_2_7_pkce_by_s256_is_required(each_kind, changes):
    """A request without a challenge by S256 is refused."""
    assert refused(each_kind.push(**changes), "invalid_request")


@pytest.mark.clause("FAPI1-BASE-5.2.2-7")
@pytest.mark.parametrize("changes", [{"code_challenge": None, "code_challenge_method": None}, {"code_challenge": None}])
def test_5_2_2_7_a_request_by_value_needs_it_too(fapi1_baseline_client, changes):
    """Baseline asks for a challenge of each request, whichever way it comes."""
    answer = Browser(fapi1_baseline_client.bank).get("/authorize", fapi1_baseline_client.direct(**changes))
    assert answer.parameters["error"] == "invalid_request"


@pytest.mark.clause("FAPI1-BASE-5.2.2-7")
@pytest.mark.clause("RFC9700-2.1.1")
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("pushed", [True, False])
def test_5_2_2_7_of_a_public_client_it_is_required_whatever_the_profile(profile, pushed):
    """The Read and Write draft, say, leaves it to confidential clients; a public one has nothing else."""
    with pytest.raises(InvalidRequest, match="code_challenge"):
        code_challenge.challenged({}, profile, pushed=pushed, public=True)


@pytest.mark.clause("FAPI1-ADV-5.2.2")
@pytest.mark.clause("FAPI1-ADV-5.2.2-18")
def test_5_2_2_7_where_a_profile_asks_for_it_in_pushed_requests_it_does_so_there_alone():
    """Advanced requires PKCE of a request that is pushed, and takes back Baseline's demand of others."""
    profile = PROFILES["fapi1-advanced"]
    assert code_challenge.challenged({}, profile, pushed=False, public=False) is None
    with pytest.raises(InvalidRequest, match="code_challenge"):
        code_challenge.challenged({}, profile, pushed=True, public=False)


@pytest.mark.clause("FAPI1-BASE-5.2.2-7")
@each("verifier", [None, "", VERIFIER + "x", "a" * 43])
def test_5_2_2_7_a_code_is_not_redeemed_without_its_verifier(each_kind, verifier):
    """Least of all by a public client, of whom the verifier is the only proof."""
    assert refused(each_kind.redeem(each_kind.code(scope="openid accounts"), code_verifier=verifier), "invalid_grant")


# 5.2.2-8, 5.2.2-20: redirect URIs (R6 to R8).


@pytest.mark.clause("FAPI1-BASE-5.2.2-8")
@pytest.mark.clause("FAPI1-BASE-5.2.2-20")
@each("uri", ["http://127.0.0.1/cb", "http://localhost:8080/cb", "com.example.app:/cb", "app://cb"])
def test_5_2_2_20_a_native_app_too_has_https_alone(bank, uri):
    """RFC 8252's loopback and private-use addresses are not https, which Baseline demands; a claimed https one is."""
    given = {**BASELINE, "client_id": "native", "token_endpoint_auth_method": "none", "scope": "openid"}
    given |= {"grant_types": ["authorization_code"]}
    with pytest.raises(InvalidRedirectUri):
        bank.register(**given | {"redirect_uris": [uri]})
    assert bank.register(**given | {"redirect_uris": ["https://app.fintech.example/cb"]})


# 5.2.2-13 to 5.2.2-16: what the token endpoint gives (R11 to R13).


@pytest.mark.clause("FAPI1-BASE-5.2.2-13")
def test_5_2_2_13_a_code_is_used_once(each_kind):
    """A code that comes again is refused, and what it gave is revoked."""
    code = each_kind.code(scope="openid accounts")
    given = each_kind.redeem(code).json()
    assert refused(each_kind.redeem(code), "invalid_grant")
    assert each_kind.userinfo(given["access_token"]).status == 401
    assert refused(each_kind.refresh(given["refresh_token"]), "invalid_grant")


@pytest.mark.clause("FAPI1-BASE-5.2.2-14")
def test_5_2_2_14_the_answer_is_that_of_rfc_6749(each_kind):
    """access_token, token_type, expires_in, refresh_token and scope, as JSON that nobody keeps."""
    answer = each_kind.redeem(each_kind.code(scope="openid accounts"))
    assert answer.header("cache-control") == "no-store"
    given = answer.json()
    assert set(given) == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token"}
    assert (given["token_type"], given["expires_in"]) == ("Bearer", PROFILE.public_access_token_lifetime)


@pytest.mark.clause("FAPI1-BASE-5.2.2-15")
def test_5_2_2_15_the_response_always_has_the_scope(each_kind):
    """The list of granted scopes comes with each access token, changed or not."""
    given = each_kind.tokens(scope="accounts openid")
    assert given["scope"] == "accounts openid"
    assert each_kind.refresh(given["refresh_token"]).json()["scope"] == "accounts openid"


@pytest.mark.clause("FAPI1-BASE-5.2.2-16")
def test_5_2_2_16_tokens_can_not_be_guessed(each_kind):
    """Each has 256 random bits, and no part of one is another's but the key of their consent."""
    first, second = each_kind.tokens(scope="openid accounts"), each_kind.tokens(scope="openid accounts")
    secrets = [given[kind].partition(".")[0] for given in (first, second) for kind in ("access_token", "refresh_token")]
    assert len(set(secrets)) == 4
    assert all(len(part) == 43 for secret in secrets for part in secret.split("~"))


@pytest.mark.clause("FAPI1-BASE-5.2.2-19")
@pytest.mark.parametrize("client", ["fapi1_bearer_client", "client_secret_jwt_client"])
def test_5_2_2_19_identifiers_that_differ_are_an_invalid_client(request, client):
    """A client_id beside an assertion of another client is refused as invalid_client."""
    one = request.getfixturevalue(client)
    for path, form in (
        ("/par", one.request_arguments()),
        ("/token", {"grant_type": "client_credentials"}),
        ("/revoke", {"token": "x"}),
    ):
        assert refused(one.post(path, **form | {"client_id": "public"}))
        assert refused(one.post(path, **form | {"client_id": "tls-client-auth"}))


@pytest.mark.clause("FAPI1-BASE-5.2.2-21")
def test_5_2_2_21_a_token_that_is_bound_to_nothing_lives_under_ten_minutes(each_kind):
    """Access tokens that are not bound to their sender end within ten minutes, each of them."""
    given = each_kind.tokens(scope="openid accounts")
    assert given["expires_in"] < 600
    assert each_kind.refresh(given["refresh_token"]).json()["expires_in"] < 600
    if each_kind.auth != "none":
        assert each_kind.post("/token", grant_type="client_credentials").json()["expires_in"] < 600
    bound = each_kind.with_(certificate=certificate("fapi1-bearer"))
    if each_kind.auth != "none":
        disclosed = each_kind.introspect(given["access_token"]).json()
        assert disclosed["active"]
        assert disclosed["token_type"] == "Bearer"
        assert "cnf" not in disclosed
        assert bound.post("/token", grant_type="client_credentials").json()["expires_in"] == 600


# 5.2.2.2 and 5.2.2.3: with and without OpenID Connect.


@pytest.mark.clause("FAPI1-BASE-5.2.2.2-1")
def test_5_2_2_2_1_a_request_for_openid_needs_a_nonce(each_kind):
    """Where openid is in the scope, the nonce parameter is required."""
    assert refused(each_kind.push(scope="openid", nonce=None), "invalid_request")
    assert each_kind.push(scope="openid", state=None).status == 201


@pytest.mark.clause("FAPI1-BASE-5.2.2.3-1")
def test_5_2_2_3_1_a_request_without_openid_needs_a_state(each_kind):
    """Where openid is not in the scope, the state parameter is required."""
    assert refused(each_kind.push(scope="accounts", state=None), "invalid_request")
    assert each_kind.push(scope="accounts", nonce=None).status == 201


@pytest.mark.clause("FAPI1-BASE-5.2.2.1-6")
def test_5_2_2_1_6_an_id_token_comes_where_openid_was_requested(bank, each_kind):
    """An ID token with the sub of who signed in, and the acr, comes where openid is in the scope, and nowhere else."""
    claims = bank.verified(each_kind.tokens(scope="openid")["id_token"], each_kind.client_id)
    assert claims["sub"]
    assert claims["acr"] == "urn:ducat:loa:2"
    assert "id_token" not in each_kind.tokens(scope="accounts")


@pytest.mark.clause("FAPI1-BASE-5.2.2-17")
def test_5_2_2_17_the_page_shows_what_is_granted_to_whom_and_until_when(bank, fapi1_bearer_client):
    """The details of the grant are shown during authorization."""
    page = Browser(bank).consent_page("fapi1-bearer", fapi1_bearer_client.pushed(scope="openid accounts"))
    for disclosed in ("Fintech", "See your accounts", "fintech.example"):
        assert disclosed in page.text
