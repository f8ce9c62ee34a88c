"""FAPI 2.0 Message Signing, and what it is made of: RFC 9101 (JAR), JARM, RFC 9701. One client signs and gets signed answers."""

import json

import jwt
import pytest

from tests.actors import ISSUER, NOW, Browser, certificate, ec_key, jwk, rsa_key
from tests.conftest import STANDARD
from tests.each import each

HOUR = 3600
INTROSPECTION = "application/token-introspection+jwt"


@pytest.fixture
def signing(bank, fintech):
    """A client whose registration says that it signs its requests."""
    return registered(bank, fintech, "signing", require_signed_request_object=True)


@pytest.fixture
def free(bank, fintech):
    """A client of the profile that may sign or not."""
    return registered(bank, fintech, "free")


def registered(bank, fintech, client_id, **more):
    bank.register(
        **STANDARD
        | {
            "client_id": client_id,
            "profile": "fapi2-message-signing",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [jwk(rsa_key("fintech"))]},
        }
        | more
    )
    return fintech.with_(client_id=client_id)


def request_object(client, *, key=None, headers=None, alg="PS256", without=(), **claims):
    """A signed authorization request; a claim given as None is left out."""
    now = client.bank.now
    standard = {"iss": client.client_id, "aud": ISSUER, "exp": now + 300, "nbf": now, "client_id": client.client_id}
    payload = {
        k: v for k, v in (client.request_arguments() | standard | claims).items() if v is not None and k not in without
    }
    return jwt.encode(payload, key or client.key, algorithm=alg, headers={"kid": "k1", **(headers or {})})


def push(client, signed, **beside):
    return client.post("/par", request=signed, **beside)


def refused(answer, error="invalid_request_object"):
    assert (answer.status, answer.json()["error"]) == (400, error), answer.text
    return answer


def pushed(client, signed, **beside):
    answer = push(client, signed, **beside)
    assert answer.status == 201, answer.text
    return answer.json()["request_uri"]


# JAR: what the client signed is what it asked for.


@pytest.mark.clause("FAPI2-MS-ID1-5.3.1-1")
@each("typ", ["oauth-authz-req+jwt", "JWT", "application/oauth-authz-req+jwt", None])
def test_5_3_1_1_a_signed_request_leads_to_tokens(signing, typ):
    """Shall support signed request objects (RFC 9101) at the pushed authorization request endpoint (RFC 9126)."""
    uri = pushed(signing, request_object(signing, headers={"typ": typ}))
    back = Browser(signing.bank).login(signing.client_id, uri)
    assert back.parameters["state"] == "a-state"
    tokens = signing.redeem(back.parameters["code"]).json()
    assert signing.bank.verified(tokens["id_token"], signing.client_id)["nonce"] == "a-nonce"


@pytest.mark.clause("JAR-10.5")
def test_10_5_a_client_that_signs_its_requests_may_not_push_a_plain_one(signing):
    """require_signed_request_object: the server rejects any authorization request of this client that is not signed."""
    refused(signing.push(), "invalid_request")


def test_a_client_that_need_not_sign_may_do_either(free):
    assert free.push().status == 201
    assert push(free, request_object(free)).status == 201


def test_the_security_profile_takes_no_request_object(fintech):
    refused(push(fintech, request_object(fintech)), "request_not_supported")


@pytest.mark.clause("JAR-6.3")
@each("name", ["state", "nonce", "scope", "redirect_uri", "code_challenge", "response_type"])
def test_6_3_what_stands_beside_the_object_is_not_used(free, name):
    """The server MUST only use the parameters in the request object, even if the same is sent beside it."""
    beside = {name: free.request_arguments()[name]}
    answer = push(free, request_object(free, without=(name,)), **beside)
    if name in ("state", "nonce"):
        back = Browser(free.bank).login(free.client_id, answer.json()["request_uri"])
        assert "state" not in back.parameters or name != "state"
        claims = free.bank.verified(free.redeem(back.parameters["code"]).json()["id_token"], free.client_id)
        assert "nonce" not in claims or name != "nonce"
    else:
        assert answer.status == 400


@pytest.mark.clause("JAR-6.3")
def test_6_3_of_two_values_the_signed_one_counts(free):
    """Only the parameters in the request object are used, even where the same one is sent beside it."""
    uri = pushed(free, request_object(free, state="inside"), state="outside")
    assert Browser(free.bank).login(free.client_id, uri).parameters["state"] == "inside"


@pytest.mark.clause("FAPI2-MS-ID1-5.3.1-2")
@each("aud", [ISSUER, [ISSUER], [ISSUER, "https://other.example"]])
def test_5_3_1_2_aud_is_or_contains_the_issuer(signing, aud):
    """Shall require the aud claim in the request object to be, or to be an array containing, the issuer identifier."""
    assert push(signing, request_object(signing, aud=aud)).status == 201


@pytest.mark.clause("FAPI2-MS-ID1-5.3.1-2")
@each("aud", [None, "", [], ISSUER + "/", ISSUER + "/par", ["https://other.example"], {"x": ISSUER}, 1])
def test_5_3_1_2_any_other_aud_is_refused(signing, aud):
    """Shall require the aud claim to be, or to contain, the issuer; an address that only resembles it is another."""
    refused(push(signing, request_object(signing, aud=aud)))


@pytest.mark.clause("FAPI2-MS-ID1-5.3.1-3")
@each("nbf", [NOW, NOW + 8, NOW + 10, NOW - HOUR + 1, NOW - 0.5])
def test_5_3_1_3_nbf_may_be_an_hour_ago_and_a_little_ahead(signing, nbf):
    """Shall require an nbf claim that is no longer than 60 minutes in the past; clocks may differ by 10 seconds."""
    assert push(signing, request_object(signing, nbf=nbf, exp=nbf + HOUR)).status == 201


@pytest.mark.clause("FAPI2-MS-ID1-5.3.1-3")
@each("nbf", [None, NOW + 11, NOW + 61, NOW - HOUR - 11, "now", True, 1e300, [NOW]])
def test_5_3_1_3_without_nbf_or_with_another_it_is_refused(signing, nbf):
    """Shall require an nbf claim no longer than 60 minutes in the past."""
    refused(push(signing, request_object(signing, nbf=nbf, exp=NOW + 5)))


@pytest.mark.clause("FAPI2-MS-ID1-5.3.1-4")
@each("exp", [None, NOW, NOW - HOUR, NOW + HOUR + 1, NOW + 70 * 60, "soon", False, [NOW + 60]])
def test_5_3_1_4_without_exp_past_it_or_over_an_hour_long_it_is_refused(signing, exp):
    """Shall require an exp claim that has a lifetime of no longer than 60 minutes after the nbf claim."""
    refused(push(signing, request_object(signing, exp=exp)))
    assert push(signing, request_object(signing, exp=NOW + HOUR)).status == 201


@pytest.mark.fault("6")
@pytest.mark.clause("JAR-6.1")
@each(
    "about",
    [
        ("its client_id is not that of the client", {"client_id": "rival"}),
        ("its iss is not the client_id", {"iss": "rival"}),
        ("its sub must not be the client_id", {"sub": "signing"}),
        ("its aud is not the issuer", {"aud": "https://another.example"}),
        ("its exp is in the past", {"exp": NOW}),
        ("its exp is missing", {"exp": None}),
        ("its nbf is in the future", {"nbf": NOW + 61}),
        ("its nbf is more than 3600 seconds ago", {"nbf": NOW - HOUR - 11}),
        ("its exp is more than 3600 seconds after its nbf", {"exp": NOW + HOUR + 1}),
        ("its max_age must be a string, a number, an array or an object", {"max_age": True}),
        ("its signature is invalid, or made with another key", {"key": rsa_key("somebody")}),
        ("its typ must be oauth-authz-req+jwt", {"headers": {"typ": "dpop+jwt"}}),
    ],
)
def test_6_1_a_refused_request_object_says_which_claim_is_wrong(signing, about):
    """Thirteen causes had one text; what a client signed is its own. What came encrypted still tells nothing."""
    words, wrong = about
    answer = push(signing, request_object(signing, **wrong))
    assert answer.error == "invalid_request_object"
    assert answer.json()["error_description"].startswith(f"the request object can't be used: {words}")


@pytest.mark.clause("JAR-6.2")
def test_6_2_only_the_clients_own_key_signs_for_it(signing):
    """The signature MUST be validated with a key of the client; else invalid_request_object."""
    refused(push(signing, request_object(signing, key=rsa_key("somebody"))))
    refused(push(signing, request_object(signing, key=ec_key("rival-key"), alg="ES256")))
    whole = request_object(signing)
    head, body, signature = whole.split(".")
    refused(push(signing, f"{head}.{body}.{signature[:-4]}AAAA"))
    refused(push(signing, f"{head}.{body}."))


@pytest.mark.clause("JAR-6.2")
@each("alg", ["none", "RS256", "HS256", "PS512"])
def test_6_2_no_other_algorithm_is_taken(signing, alg):
    """The alg must be acceptable: of this profile PS256, ES256 and EdDSA."""
    key = {"none": "", "HS256": "x" * 32}.get(alg, signing.key)
    payload = signing.request_arguments() | {
        "iss": "signing",
        "aud": ISSUER,
        "exp": NOW + 300,
        "nbf": NOW,
        "client_id": "signing",
    }
    refused(push(signing, jwt.encode(payload, key or None, algorithm=alg, headers={"kid": "k1"})))


@pytest.mark.clause("JAR-6.2")
def test_6_2_an_algorithm_that_was_registered_is_the_only_one(bank, fintech):
    """The signature uses the algorithm that the client registered, if it registered one."""
    client = registered(bank, fintech, "es-only", request_object_signing_alg="ES256")
    refused(push(client, request_object(client)))


@pytest.mark.clause("JAR-4")
@pytest.mark.parametrize("claim", [{"request_uri": "urn:x"}, {"request": "e30.e30."}])
def test_4_an_object_holds_no_other(signing, claim):
    """request and request_uri parameters MUST NOT be included in request objects."""
    refused(push(signing, request_object(signing, **claim)))


@pytest.mark.clause("JAR-4")
@each(
    "claims",
    [{"redirect_uri": ["https://fintech.example/callback"]}, {"state": True}, {"state": 1.5}, {"scope": {"a": 1}}],
)
def test_4_a_claim_of_another_kind_is_refused(signing, claims):
    """A parameter is a text in the request object, as it is on its own."""
    assert push(signing, request_object(signing, **claims)).status == 400


@pytest.mark.clause("JAR-4")
def test_4_numbers_and_objects_stand_for_their_parameters(signing):
    """A parameter's value is a JSON number or object where its own specification has one."""
    uri = pushed(signing, request_object(signing, max_age=60, claims={"id_token": {"email": None}}))
    back = Browser(signing.bank).login(signing.client_id, uri)
    disclosed = signing.bank.verified(signing.redeem(back.parameters["code"]).json()["id_token"], signing.client_id)
    assert disclosed["email"] == "alice@example.com"


@pytest.mark.clause("PAR-3")
@each("claims", [{"client_id": None}, {"client_id": "fintech"}, {"iss": "fintech"}])
def test_par_3_the_object_is_the_callers(signing, claims):
    """The client_id in the request object must be the authenticated client."""
    refused(push(signing, request_object(signing, **claims)))


@pytest.mark.clause("JAR-10.8")
@each("typ", ["dpop+jwt", "at+jwt", "token-introspection+jwt", "client-authentication+jwt", 7])
def test_10_8_another_kind_of_jwt_is_no_request(signing, typ):
    """Cross-JWT confusion: a JWT of another explicit type is refused."""
    refused(push(signing, request_object(signing, headers={"typ": typ})))


@pytest.mark.clause("JAR-10.8")
def test_10_8_a_client_assertion_is_no_request_and_a_request_no_assertion(signing):
    """A sub that is the client would make the object an assertion; so neither passes for the other."""
    refused(push(signing, request_object(signing, sub=signing.client_id)))
    refused(push(signing, signing.assertion(extra=signing.request_arguments(client_id=signing.client_id))))
    posed = signing.post("/par", **signing.request_arguments(), client_assertion=request_object(signing, jti="x"))
    assert posed.status in (400, 401)


def test_what_was_signed_is_checked_as_ever(signing):
    refused(push(signing, request_object(signing, redirect_uri="https://evil.example")), "invalid_request")
    refused(push(signing, request_object(signing, redirect_uri=None)), "invalid_request")
    refused(push(signing, request_object(signing, scope="openid everything")), "invalid_scope")
    refused(push(signing, request_object(signing, code_challenge=None)), "invalid_request")


@each(
    "more",
    [
        {"profile": "fapi2-security", "require_signed_request_object": True},
        {"profile": "fapi2-security", "request_object_signing_alg": "PS256"},
        {"request_object_signing_alg": "RS256"},
        {"authorization_signed_response_alg": "RS256"},
        {"introspection_signed_response_alg": "none"},
        {"profile": "fapi2-security", "authorization_signed_response_alg": "RS256"},
    ],
)
def test_no_client_registers_what_its_profile_has_not(bank, fintech, more):
    from chalicelib.errors import InvalidClientMetadata

    with pytest.raises(InvalidClientMetadata):
        registered(bank, fintech, "impossible", **more)


# JARM: the response is signed.


def response_of(answer, client):
    """The claims of a signed response, and its header; nothing else is in the query."""
    assert answer.location.startswith(client.redirect_uri + "?")
    assert answer.parameters.keys() == {"response"}
    signed = answer.parameters["response"]
    return client.bank.verified(signed, client.client_id), jwt.get_unverified_header(signed)


@pytest.mark.clause("JARM-2.1")
@pytest.mark.clause("FAPI2-MS-ID1-5.4.1-1")
@pytest.mark.clause("JARM-2.3.4")
@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
@each("alg", ["PS256", "ES256", "EdDSA"])
def test_jarm_2_1_the_response_is_one_signed_parameter(bank, fintech, mode, alg):
    """iss, aud and exp, and every response parameter, in one JWT of the registered algorithm (JARM 2.1, 2.3.4)."""
    client = registered(bank, fintech, f"jarm-{alg}", authorization_signed_response_alg=alg)
    disclosed, header = response_of(client.approved(response_mode=mode), client)
    assert disclosed.keys() == {"iss", "aud", "iat", "exp", "code", "state"}
    assert disclosed["state"] == "a-state"
    assert NOW < disclosed["exp"] <= NOW + 600
    assert header["alg"] == alg
    assert header["kid"] in {key["kid"] for key in bank.jwks()["keys"]}
    assert client.redeem(disclosed["code"]).status == 200


@pytest.mark.clause("JARM-2.3.1")
def test_jarm_2_3_1_a_query_that_was_registered_stays(free):
    """The response parameter is added to the query of the redirect URI."""
    uri = "https://fintech.example/callback?dummy1=lorem&dummy2=ipsum"
    answer = free.approved(redirect_uri=uri, response_mode="jwt")
    assert answer.location.startswith(uri + "&response=")


@pytest.mark.clause("JARM-2.1")
def test_jarm_2_1_an_error_is_signed_as_well(free):
    """Error responses are JWTs too: from the pages as from the authorization endpoint itself."""
    page = Browser(free.bank)
    login = page.page(free.client_id, free.pushed(response_mode="jwt"))
    disclosed, _ = response_of(page.submit(login, "cancel"), free)
    assert (disclosed["error"], disclosed["state"]) == ("access_denied", "a-state")
    other = Browser(free.bank)
    refusal = other.submit(other.consent_page(free.client_id, free.pushed(response_mode="jwt")), "cancel")
    assert response_of(refusal, free)[0]["error"] == "access_denied"
    silent = Browser(free.bank).open(free.client_id, free.pushed(response_mode="jwt", prompt="none"))
    assert response_of(silent, free)[0]["error"] == "login_required"


@pytest.mark.clause("JARM-2.3.1")
@each("mode", ["fragment", "fragment.jwt", "form_post", "form_post.jwt", "JWT", "none"])
def test_jarm_2_3_1_a_mode_that_would_leak_a_code_is_refused(free, mode):
    """Codes travel in the query alone; no other response mode is offered, in no other spelling."""
    refused(free.push(response_mode=mode), "invalid_request")


def test_the_security_profile_signs_no_response(fintech):
    refused(fintech.push(response_mode="jwt"), "invalid_request")


def test_a_signed_response_is_for_one_client_alone(free):
    signed = free.approved(response_mode="jwt").parameters["response"]
    with pytest.raises(jwt.InvalidAudienceError):
        free.bank.verified(signed, "fintech")


@pytest.mark.clause("JARM-4")
def test_jarm_4_metadata_name_what_is_offered(bank):
    """authorization_signing_alg_values_supported, and the response modes."""
    metadata = bank.metadata()
    assert metadata["authorization_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "Ed25519"]
    assert {"query", "jwt", "query.jwt"} <= set(metadata["response_modes_supported"])
    assert metadata["request_parameter_supported"] is True
    assert {"PS256", "ES256", "EdDSA"} <= set(metadata["request_object_signing_alg_values_supported"])


# Signed introspection.


@pytest.fixture
def api(bank, resource_server):
    """A protected resource that may have its answers signed."""
    bank.register(
        client_id="signed-api",
        client_name="Accounts API",
        profile="fapi2-message-signing",
        grant_types=[],
        protected_resources=["https://api.bank.example"],
        scope="accounts",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=signed-api,O=Fintech\\, Inc.,C=DE",
        introspection_signed_response_alg="ES256",
    )
    return resource_server.with_(client_id="signed-api", certificate=certificate("signed-api"))


def introspected(api, token, accept=INTROSPECTION):
    form = {"client_id": api.client_id, "token": token}
    return api.bank.send("POST", "/introspect", form=form, headers=(("Accept", accept),), certificate=api.certificate)


@pytest.mark.clause("RFC9701-5")
@pytest.mark.clause("FAPI2-MS-ID1-5.5.1-1")
def test_9701_5_the_answer_is_a_jwt_for_the_caller(api, fintech):
    """typ token-introspection+jwt, iss, aud (the caller), iat, and the answer in token_introspection."""
    token = fintech.tokens()["access_token"]
    answer = introspected(api, token)
    assert answer.status == 200
    assert answer.header("content-type") == INTROSPECTION
    assert answer.header("cache-control") == "no-store"
    header = jwt.get_unverified_header(answer.text)
    assert (header["typ"], header["alg"]) == ("token-introspection+jwt", "ES256")
    disclosed = api.bank.verified(answer.text, api.client_id)
    assert disclosed.keys() == {"iss", "aud", "iat", "token_introspection"}
    assert disclosed["token_introspection"] == introspected(api, token, accept="application/json").json()
    assert disclosed["token_introspection"]["active"] is True


@pytest.mark.clause("RFC9701-5")
def test_9701_5_of_a_token_that_is_not_there_it_says_so_signed(api):
    """An inactive token's answer is signed as well, and says nothing else."""
    disclosed = api.bank.verified(introspected(api, "nothing").text, api.client_id)
    assert disclosed["token_introspection"] == {"active": False}


@pytest.mark.clause("RFC9701-4")
@pytest.mark.parametrize("accept", [INTROSPECTION, f"application/json, {INTROSPECTION.upper()};q=0.9"])
def test_9701_4_it_is_requested_by_the_accept_header(api, accept):
    """The resource server asks for the JWT by Accept: application/token-introspection+jwt."""
    assert introspected(api, "nothing", accept).header("content-type") == INTROSPECTION


@pytest.mark.clause("RFC9701-4")
@each("accept", ["application/json", "*/*", "application/jwt", "token-introspection+jwt"])
def test_9701_4_else_it_is_json(api, accept):
    """Without the JWT's media type in Accept the answer is RFC 7662's JSON."""
    assert json.loads(introspected(api, "nothing", accept).text) == {"active": False}


def test_a_resource_of_the_security_profile_gets_json(resource_server):
    assert introspected(resource_server, "nothing").json() == {"active": False}


@pytest.mark.clause("RFC9701-7")
def test_9701_7_metadata_name_the_algorithms(bank):
    """introspection_signing_alg_values_supported."""
    assert bank.metadata()["introspection_signing_alg_values_supported"] == ["PS256", "ES256", "EdDSA", "Ed25519"]
