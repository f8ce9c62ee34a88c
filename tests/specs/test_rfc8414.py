"""RFC 8414, Authorization Server Metadata: what is told is what is done.

Each list is held against every value that is registered for it: those that work are those that are told, and no other.
"""

import json
from base64 import b64encode
from urllib.parse import urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import OKPAlgorithm
from jwt.api_jws import PyJWS

import app
from chalicelib import server_metadata
from chalicelib.errors import InvalidClientMetadata
from chalicelib.profiles import PROFILES
from chalicelib.settings import Settings, SettingsError, variable
from tests.actors import ASSERTION_TYPE, ISSUER, MTLS, Browser, certificate, der, ec_key, ed_key, jwk, rsa_key
from tests.conftest import STANDARD
from tests.each import each

PATH = "/.well-known/oauth-authorization-server"
PAGES = {"/login", "/consent", "/passkey", "/grants", "/security"}
WELL_KNOWN = {PATH, "/.well-known/openid-configuration", "/.well-known/oauth-protected-resource", "/jwks"}

ENDPOINTS = {
    "authorization_endpoint": "GET",
    "token_endpoint": "POST",
    "pushed_authorization_request_endpoint": "POST",
    "userinfo_endpoint": "GET",
    "introspection_endpoint": "POST",
    "revocation_endpoint": "POST",
}
METHODS = ("none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt")
METHODS += ("tls_client_auth", "self_signed_tls_client_auth")
RESPONSE_TYPES = ("code", "token", "id_token", "none", "code id_token", "code token", "id_token token")
RESPONSE_TYPES += ("code id_token token",)
RESPONSE_MODES = ("query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt")
URN = "urn:ietf:params:oauth:grant-type:"
GRANTS = ("authorization_code", "refresh_token", "client_credentials", "password", "implicit")
GRANTS += tuple(URN + name for name in ("device_code", "jwt-bearer", "saml2-bearer", "token-exchange"))
GRANTS += ("urn:openid:params:grant-type:ciba",)
SCOPES = ("openid", "profile", "email", "phone", "address", "accounts", "payments")

KEYS = {
    "RS": rsa_key("fintech"),
    "PS": rsa_key("fintech"),
    "HS": b"a secret of sixty-four characters, which the longest of these needs",
    "none": None,
    "Ed": ed_key("metadata"),
}
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1, "ES256K": ec.SECP256K1}
ALGS = ("none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", *CURVES)
ALGS += ("EdDSA", "Ed25519")

JWS = PyJWS()
JWS.register_algorithm("Ed25519", OKPAlgorithm())  # RFC 9864: the newer name of the same


def key_of(alg):
    if alg in CURVES:
        return ec_key("metadata") if alg == "ES256" else ec.generate_private_key(CURVES[alg]())
    return next(key for kind, key in KEYS.items() if alg.startswith(kind))


def public_of(key):
    """The public key as a client registers it, whatever kind it is."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return jwt.get_algorithm_by_name("ES256").to_jwk(key.public_key(), as_dict=True) | {"kid": "k1", "use": "sig"}
    return jwk(key)


def signed(token, alg, key):
    """A JWS with the same header and claims, by another algorithm."""
    header = jwt.get_unverified_header(token) | {"alg": alg}
    claims = jwt.decode_complete(token, options={"verify_signature": False})["payload"]
    return JWS.encode(json.dumps(claims).encode(), key, algorithm=alg, headers=header)


def client_of(bank, fintech, client_id, **changes):
    """A client that is known by its assertion, registered so."""
    standard = {
        "client_id": client_id,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [jwk(rsa_key("fintech"))]},
    }
    bank.register(**STANDARD | standard | changes)
    return fintech.with_(client_id=client_id)


def pushes(client, **changes):
    """The answer to a pushed request, signed where the client's profile has it so."""
    (profile,) = [one for name, one in PROFILES.items() if client.client_id.endswith(f"-{name}")]
    if not profile.signed_requests_only:
        return client.push(**changes)
    return client.post("/par", request=client.request_object(**changes))


def registers(bank, **changes):
    """Whether a client can register so."""
    try:
        bank.register(**STANDARD | {"client_id": "hopeful"} | changes)
    except InvalidClientMetadata:
        return False
    return True


def working(values, works):
    """Those of the values that work."""
    return {value for value in values if works(value)}


# 2: the members, one by one.


@pytest.mark.clause("RFC8414-2")
def test_2_issuer_is_an_https_url_without_query_or_fragment(bank):
    """issuer: REQUIRED."""
    assert bank.metadata()["issuer"] == ISSUER
    assert f"https://{urlsplit(ISSUER).netloc}" == ISSUER


@pytest.mark.clause("RFC8414-2")
@pytest.mark.parametrize("name", ["issuer", "mtls_url", "resource_url"])
@pytest.mark.parametrize(
    "value",
    [
        "http://login.bank.example",
        "login.bank.example",
        "https://",
        "https://login.bank.example/",
        "https://login.bank.example/path",
        "https://login.bank.example?query",
        "https://login.bank.example#fragment",
        "https://user@login.bank.example",
    ],
)
def test_2_an_issuer_of_another_form_can_not_be_configured(bank, name, value):
    """issuer: a URL that uses the https scheme and has no query or fragment; so do the hosts beside it."""
    given = {
        variable(field): disclosed for field, disclosed in bank.settings._asdict().items() if disclosed is not None
    }
    assert Settings.read(given) == bank.settings
    with pytest.raises(SettingsError, match=rf"{variable(name)} must be https"):
        Settings.read(given | {variable(name): value})


@pytest.mark.clause("RFC8414-2")
def test_2_each_advertised_endpoint_exists_and_no_other_does(bank):
    """The endpoints' URLs: https, on our host; none that is there is left out."""
    metadata = bank.metadata()
    disclosed = {name for name in metadata if name.endswith("_endpoint")}
    assert disclosed == ENDPOINTS.keys()
    paths = {name: urlsplit(metadata[name]).path for name in disclosed}
    assert {name: ISSUER + path for name, path in paths.items()} == {name: metadata[name] for name in disclosed}
    assert set(app.app.routes) == set(paths.values()) | WELL_KNOWN | PAGES
    for name, path in paths.items():
        assert bank.send(ENDPOINTS[name], path).status not in (404, 405, 500)


@pytest.mark.clause("RFC8414-2")
def test_2_each_alias_is_the_same_endpoint_on_the_host_for_certificates(bank):
    """mtls_endpoint_aliases (RFC 8705 5): of each endpoint but the one for browsers."""
    metadata = bank.metadata()
    aliases = metadata["mtls_endpoint_aliases"]
    assert aliases.keys() == ENDPOINTS.keys() - {"authorization_endpoint"}
    assert {name: url.replace(MTLS, ISSUER) for name, url in aliases.items()} == {n: metadata[n] for n in aliases}


@pytest.mark.clause("RFC8414-2")
def test_2_jwks_uri_has_the_keys_that_verify_what_is_signed(bank, fintech):
    """jwks_uri: https; it holds the signing keys, each with its kid and use, and nothing private."""
    metadata = bank.metadata()
    assert metadata["jwks_uri"] == f"{ISSUER}/jwks"
    keys = bank.jwks()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert {key["use"] for key in keys} <= {"sig", "enc"}
    assert not [key for key in keys if {"d", "p", "q", "k"} & key.keys()]
    assert bank.verified(fintech.tokens()["id_token"], "fintech")


@pytest.mark.clause("RFC8414-2")
def test_2_scopes_supported(bank, fintech):
    """Each scope that is told can be asked for; one that is not is refused, though a client registered it."""
    client = client_of(bank, fintech, "any-scope", scope=" ".join(SCOPES))
    assert working(SCOPES, lambda scope: client.push(scope=scope).status == 201) == set(
        bank.metadata()["scopes_supported"]
    )


@pytest.fixture
def of_each_profile(bank, fintech):
    """A client of each profile."""
    return [client_of(bank, fintech, f"of-{profile}", profile=profile, scope="openid") for profile in PROFILES]


@pytest.mark.clause("RFC8414-2")
def test_2_response_types_supported(bank, of_each_profile):
    """REQUIRED. Each response_type that is told is taken from some client; any other is refused."""

    def works(response_type):
        modes = (None, "jwt")
        request_parameters = [
            {"scope": "openid", "response_type": response_type, "response_mode": mode} for mode in modes
        ]
        return any(pushes(client, **one).status == 201 for client in of_each_profile for one in request_parameters)

    assert working(RESPONSE_TYPES, works) == set(bank.metadata()["response_types_supported"])


@pytest.mark.clause("RFC8414-2")
def test_2_response_modes_supported(bank, of_each_profile):
    """Each response_mode that is told brings a response to some client of ours; no client gets another."""

    def answered(client, **request_parameters):
        pushed = pushes(client, scope="openid", **request_parameters)
        if pushed.status != 201:
            return False
        back = Browser(bank).login(client.client_id, pushed.json()["request_uri"])
        disclosed = back.posted if not back.leads_on else back.fragment if "#" in back.location else back.parameters
        return bool(disclosed.keys() & {"code", "response"})

    def works(mode):
        types = ("code", "code id_token")
        weak = [client for client in of_each_profile if not client.client_id.endswith("read-write")]  # alice reaches 2
        return any(answered(client, response_type=one, response_mode=mode) for client in weak for one in types)

    assert working(RESPONSE_MODES, works) == set(bank.metadata()["response_modes_supported"])


@pytest.mark.clause("RFC8414-2")
def test_2_grant_types_supported(bank, fintech):
    """Each grant type that is told gives a token; any other is unsupported. What implicit gives comes from elsewhere."""
    tokens = fintech.tokens()
    in_front = any("token" in one.split(" ") for one in bank.metadata()["response_types_supported"])

    def works(grant):
        code = fintech.code() if grant == "authorization_code" else None
        answer = fintech.redeem(code, grant_type=grant, refresh_token=tokens["refresh_token"], scope="accounts")
        assert answer.status == 200 or answer.error == "unsupported_grant_type"
        return answer.status == 200 or (grant == "implicit" and in_front)

    assert working(GRANTS, works) == set(bank.metadata()["grant_types_supported"])


@pytest.mark.clause("RFC8414-2")
def test_2_auth_methods_supported(
    bank, fintech, tls_client_auth_client, self_signed_client, client_secret_jwt_client, public_client
):
    """Each way of authenticating that is told works at token, introspection and revocation endpoint; none else registers.

    But that a public client can't introspect.
    """
    metadata = bank.metadata()
    disclosed = set(metadata["token_endpoint_auth_methods_supported"])
    clients = {
        client.auth: client
        for client in (fintech, tls_client_auth_client, self_signed_client, client_secret_jwt_client, public_client)
    }
    assert clients.keys() == disclosed
    for client in clients.values():
        token = client.tokens(scope="openid accounts")["access_token"]
        assert (client.introspect(token).status == 200) is (client.auth != "none")
        assert client.revoke(token).status == 200
    assert set(metadata["revocation_endpoint_auth_methods_supported"]) == disclosed
    assert set(metadata["introspection_endpoint_auth_methods_supported"]) == disclosed - {"none"}
    with_everything = {
        "jwks": {"keys": [jwk(ec_key("self-signed"), x5c=[b64encode(der(certificate("self-signed"))).decode()])]}
    }
    names = {"tls_client_auth": {"tls_client_auth_san_dns": "client.example"}}

    def can_register(method):
        request_parameters = {"token_endpoint_auth_method": method, "grant_types": ["authorization_code"]} | names.get(
            method, {}
        )
        return any(registers(bank, profile=profile, **with_everything | request_parameters) for profile in PROFILES)

    assert working(METHODS, can_register) == disclosed


@pytest.mark.clause("RFC8414-2")
@each("endpoint", ["token", "introspection", "revocation"])
def test_2_auth_signing_alg_values_supported(bank, fintech, client_secret_jwt_client, endpoint):
    """Present where assertions are taken; each algorithm that is told is taken, any other refused; none MUST NOT be told."""
    path = urlsplit(bank.metadata()[f"{endpoint}_endpoint"]).path

    def works(alg):
        if alg.startswith("HS"):  # with the secret that a client was given
            return (
                client_secret_jwt_client.with_(alg=alg).post(path, token="x", grant_type="client_credentials").status
                == 200
            )
        key = key_of(alg)
        registered = public_of(key) if alg[0] in "RPE" else jwk(rsa_key("fintech"))
        try:
            client = client_of(bank, fintech, f"signs-{alg}", jwks={"keys": [registered]})
        except InvalidClientMetadata:
            client = fintech  # a key that can't even be registered
        assertion = signed(client.assertion(), alg, key)
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        answer = client.post(path, token="x", grant_type="client_credentials", **form)
        assert answer.status == 200 or answer.error == "invalid_client"
        return answer.status == 200

    disclosed = set(bank.metadata()[f"{endpoint}_endpoint_auth_signing_alg_values_supported"])
    assert working(ALGS, works) == disclosed
    assert "none" not in disclosed


@pytest.mark.clause("RFC8414-2")
def test_2_code_challenge_methods_supported(bank, fintech):
    """Each PKCE method that is told leads to tokens; any other is refused."""

    def works(method):
        answer = fintech.push(code_challenge_method=method)
        return answer.status == 201 and fintech.redeem(fintech.code(code_challenge_method=method)).status == 200

    assert working(("S256", "plain", "S512", "s256"), works) == set(bank.metadata()["code_challenge_methods_supported"])


@pytest.mark.clause("RFC8414-2")
def test_2_what_is_not_offered_is_not_advertised(bank, fintech):
    """Registration, device and logout endpoints, signed metadata: no member speaks of what is not there."""
    disclosed = bank.metadata()
    for name in ("registration_endpoint", "device_authorization_endpoint", "end_session_endpoint", "signed_metadata"):
        assert name not in disclosed
    assert disclosed["require_request_uri_registration"] is True
    assert fintech.push(request_uri="https://fintech.example/request").error == "invalid_request"
    assert disclosed["require_pushed_authorization_requests"] is False  # of all: FAPI 1.0 has others
    assert (
        Browser(bank).get("/authorize", fintech.request_arguments(client_id="fintech")).page_error == "invalid_request"
    )


# 2: what extensions add.


@pytest.mark.clause("RFC8414-2")
def test_2_request_object_signing_alg_values_supported(bank, fintech):
    """request_parameter_supported: true. Each algorithm that is told is taken of a request object; any other is refused."""
    assert bank.metadata()["request_parameter_supported"] is True

    def works(alg):
        key = key_of(alg)
        registered = public_of(key) if alg[0] in "RPE" else jwk(rsa_key("fintech"))
        changes = {"profile": "fapi2-message-signing", "jwks": {"keys": [jwk(rsa_key("own"), kid="own"), registered]}}
        try:
            client = client_of(bank, fintech, f"requests-{alg}", **changes)
        except InvalidClientMetadata:
            return False
        now = bank.now
        of_a_jwt = {"iss": client.client_id, "aud": ISSUER, "nbf": now, "exp": now + 60}
        request_parameters = client.request_arguments(client_id=client.client_id) | of_a_jwt
        sent = signed(
            jwt.encode(request_parameters, rsa_key("own"), algorithm="PS256", headers={"kid": "k1"}), alg, key
        )
        client = client.with_(key=rsa_key("own"))
        proven = client.assertion(headers={"kid": "own"})
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": proven}
        answer = client.post("/par", request=sent, **form)
        assert answer.status == 201 or answer.error == "invalid_request_object"
        return answer.status == 201

    assert working(ALGS, works) == set(bank.metadata()["request_object_signing_alg_values_supported"])


@pytest.mark.clause("RFC8414-2")
def test_2_dpop_signing_alg_values_supported(bank, dpop_client):
    """Each algorithm that is told is taken of a proof (RFC 9449 5.1); any other is refused."""

    def works(alg):
        key = key_of(alg)
        bare = {"kty": "oct"}
        if alg[0] in "RPE":
            bare = {name: value for name, value in public_of(key).items() if name not in ("kid", "use")}
        proof = signed(dpop_client.proof("POST", "/token", headers={"jwk": bare}), alg, key)
        answer = dpop_client.post("/token", grant_type="client_credentials", proof=proof)
        assert answer.status == 200 or answer.error == "invalid_dpop_proof"
        return answer.status == 200

    assert working(ALGS, works) == set(bank.metadata()["dpop_signing_alg_values_supported"])


@pytest.mark.clause("RFC8414-2")
def test_2_authorization_signing_alg_values_supported(bank, fintech):
    """Each algorithm that is told signs the responses of a client that registered it (JARM 4); none else registers."""

    def works(alg):
        try:
            client = client_of(
                bank, fintech, f"jarm-{alg}", profile="fapi2-message-signing", authorization_signed_response_alg=alg
            )
        except InvalidClientMetadata:
            return False
        response = client.approved(response_mode="jwt").parameters["response"]
        assert jwt.get_unverified_header(response)["alg"] == alg
        return bool(bank.verified(response, client.client_id)["code"])

    assert working(ALGS, works) == set(bank.metadata()["authorization_signing_alg_values_supported"])


@pytest.mark.clause("RFC8414-2")
def test_2_introspection_signing_alg_values_supported(bank, fintech):
    """Each algorithm that is told signs what a client that registered it is told of a token (RFC 9701 7); none else registers."""

    def works(alg):
        try:
            client = client_of(
                bank, fintech, f"told-{alg}", profile="fapi2-message-signing", introspection_signed_response_alg=alg
            )
        except InvalidClientMetadata:
            return False
        answer = client.post("/introspect", token="x", headers=(("Accept", "application/token-introspection+jwt"),))
        assert jwt.get_unverified_header(answer.text)["alg"] == alg
        return bool(bank.verified(answer.text, client.client_id)["token_introspection"])

    assert working(ALGS, works) == set(bank.metadata()["introspection_signing_alg_values_supported"])


# 3: how it is asked for.


@pytest.mark.clause("RFC8414-3")
def test_3_it_stands_at_the_well_known_path_of_the_issuer(bank):
    """The path is formed by inserting /.well-known/oauth-authorization-server between host and path of the issuer."""
    assert urlsplit(ISSUER).path == ""
    assert bank.send("GET", PATH).status == 200


@pytest.mark.clause("RFC8414-3.1")
@each("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_3_1_it_is_requested_by_get(bank, method):
    """The document MUST be queried using GET."""
    answer = bank.send(method, PATH)
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD")


@pytest.mark.clause("RFC8414-3.2")
def test_3_2_it_is_a_json_object_whose_lists_have_members(bank):
    """200, application/json; several values are arrays; claims with zero elements MUST be omitted."""
    answer = bank.send("GET", PATH)
    assert (answer.status, answer.header("content-type")) == (200, "application/json")
    disclosed = answer.json()
    lists = {name: value for name, value in disclosed.items() if name.endswith(("_supported", "_values"))}
    lists = {name: value for name, value in lists.items() if not isinstance(value, bool)}
    assert len(lists) > 15
    for name, value in lists.items():
        assert isinstance(value, list), name
        assert value, name
        assert all(isinstance(one, str) for one in value)
        assert len(set(value)) == len(value)


@pytest.mark.clause("RFC8414-3.2")
def test_3_2_a_deployment_whose_profiles_offer_less_tells_less(bank, monkeypatch):
    """Claims with zero elements MUST be omitted: where nothing is signed, no algorithm is told, nor an empty list."""
    monkeypatch.setattr(server_metadata, "PROFILES", {"only": PROFILES["fapi2-security"]})
    disclosed = bank.metadata()
    assert disclosed["response_modes_supported"] == ["query"]
    assert disclosed["request_parameter_supported"] is False
    assert (
        not {f"{what}_signing_alg_values_supported" for what in ("request_object", "authorization")} & disclosed.keys()
    )
    assert [] not in disclosed.values()


@pytest.mark.clause("RFC8414-3.3")
def test_3_3_the_issuer_is_the_configured_one_whatever_host_the_request_names(bank):
    """issuer MUST be identical to the one into which the well-known string was inserted."""
    hosts = (("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"))
    answer = bank.send("GET", PATH, headers=hosts, query={"issuer": "https://evil.example"})
    assert answer.json() == bank.metadata()
    assert answer.json()["issuer"] == ISSUER
    assert "evil" not in answer.text


@pytest.mark.fault("4i")
@pytest.mark.clause("RFC9110-9.3.2")
@each("path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"])
def test_3_1_head_is_answered_as_get_without_the_body(bank, path):
    """Monitors and caches ask by HEAD; what GET serves, HEAD describes."""
    head, get = bank.send("HEAD", path).unnamed, bank.send("GET", path).unnamed
    assert (head.status, head.headers, head.text) == (200, get.headers, "")
    assert get.text
