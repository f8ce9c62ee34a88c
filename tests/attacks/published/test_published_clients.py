"""Who a client is and what it may register: faults that providers published in 2025 and 2026, tried on ours."""

import json
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri
from tests.actors import ASSERTION_TYPE, certificate, jwk, rsa_key
from tests.attacks.published.conftest import refused, unauthenticated
from tests.conftest import BASELINE, STANDARD

pytestmark = pytest.mark.fault("7")


@pytest.fixture
def register(bank):
    """A function: registers a client that differs from a good one."""

    def of(**changed):
        record = {**STANDARD, "client_id": "published", "token_endpoint_auth_method": "private_key_jwt"}
        keys = {} if "jwks_uri" in changed else {"jwks": {"keys": [jwk(rsa_key("fintech"))]}}
        return bank.register(**record | keys | changed)

    return of


@pytest.mark.published("Keycloak", "CVE-2026-16093")
def test_an_assertion_that_is_not_signed_is_not_one(fintech, client_secret_jwt_client):
    """A forged, unsigned assertion beside a plain secret met the policy that asked for a signed one."""
    head = b64encode(json.dumps({"alg": "PS256"}).encode()).decode().rstrip("=")
    for client in (fintech, client_secret_jwt_client):
        body = b64encode(json.dumps({"sub": client.client_id, "iss": client.client_id}).encode()).decode().rstrip("=")
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": f"{head}.{body}.", "client_secret": "x"}
        assert unauthenticated(client.post("/token", grant_type="client_credentials", **form))
        del form["client_assertion"], form["client_assertion_type"]
        alone = {"client_id": client.client_id, "grant_type": "client_credentials", **form}
        assert unauthenticated(client.bank.send("POST", "/token", form=alone))


@pytest.mark.published("node-oidc-provider", "v9.11.4: Basic credentials")
def test_no_spelling_of_basic_credentials_is_a_client(bank, fintech):
    """Basic credentials that were not quite base64 were decoded all the same."""
    for value in ("fintech:x", "fintech:", ":x"):
        encoded = b64encode(value.encode()).decode()
        for header in (encoded, encoded.rstrip("="), f"{encoded} ", encoded + "!", value):
            sent = (("Authorization", f"Basic {header}"),)
            form = {"grant_type": "client_credentials", "client_id": "fintech"}
            assert unauthenticated(bank.send("POST", "/token", form=form, headers=sent))


@pytest.mark.published("Better Auth", "CVE-2026-53512")
def test_a_refresh_token_is_nothing_without_its_client(each_client):
    """A refresh token was exchanged without the client's authentication."""
    token = each_client.tokens()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    for more in ({}, {"client_id": each_client.client_id}, {"client_id": "public"}):
        answer = each_client.bank.send("POST", "/token", form=form | more)
        assert answer.status in (400, 401), answer.text
        assert "access_token" not in answer.text
    assert each_client.refresh(token).status == 200


@pytest.mark.published("Zitadel", "GHSA-xqxv-4jc2-x56x")
def test_a_refresh_token_is_nothing_in_another_clients_hands(fintech, rival, public_client):
    """Neither a code nor a refresh token was held against the client that got it."""
    token = fintech.tokens()["refresh_token"]
    for thief in (rival, public_client):
        assert refused(thief.refresh(token), "invalid_grant")
    assert fintech.refresh(token).status == 200


@pytest.mark.published("Keycloak", "CVE-2026-9792")
def test_there_is_no_grant_by_password(fintech, public_client):
    """A policy that forbade the password grant was passed over."""
    for client in (fintech, public_client):
        answer = client.post("/token", grant_type="password", username="alice", password="wonderland")
        assert refused(answer, "unsupported_grant_type")


@pytest.mark.published("Keycloak", "CVE-2026-79652")
def test_no_grant_passes_the_persons_consent_by(fintech, bank):
    """A grant type gave tokens for a person who had been asked nothing."""
    for grant_type in (
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:device_code",
    ):
        answer = fintech.post("/token", grant_type=grant_type, extra={"assertion": fintech.assertion(sub="alice")})
        assert refused(answer, "unsupported_grant_type")
    disclosed = fintech.post("/token", grant_type="client_credentials", scope="openid accounts")
    assert disclosed.status == 400 or "openid" not in disclosed.json()["scope"]
    assert set(bank.metadata()["grant_types_supported"]) <= {
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "implicit",
    }


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: refresh without registration")
def test_a_client_without_refresh_tokens_gets_none(bank, fintech, register):
    """A refresh token went out that the token endpoint itself would refuse."""
    register(client_id="fintech", grant_types=["authorization_code"])
    bank.now += 61
    assert "refresh_token" not in fintech.tokens()


@pytest.mark.published("Keycloak", "CVE-2026-1180")
@pytest.mark.published("PyJWT", "CVE-2026-48522")
@pytest.mark.published("node-oidc-provider", "v9.7.0: special-use addresses")
@pytest.mark.parametrize(
    "url",
    [
        *("http://keys.example/jwks", "file:///etc/passwd", "ftp://keys.example/", "data:application/json,{}"),
        *(
            "https://127.0.0.1/",
            "https://169.254.169.254/latest/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://2130706433/",
        ),
        "https://good.example@127.0.0.1/",
    ],
)
def test_keys_are_fetched_from_no_inward_address(bank, register, url):
    """jwks_uri made the server call its own network, or read a file."""
    with pytest.raises(InvalidClientMetadata):
        register(jwks_uri=url)
    assert bank.web.fetched_urls == []


@pytest.mark.published("node-oidc-provider", "v9.11.4: sector documents")
def test_a_sectors_list_is_of_texts(bank, register):
    """Entries of a sector's document that were no texts were passed over."""
    for page in (["https://fintech.example/callback", 1], [["https://fintech.example/callback"]], {"0": "x"}, [None]):
        url = bank.web.put("https://sector.example/list", page)
        with pytest.raises(InvalidClientMetadata):
            register(subject_type="pairwise", sector_identifier_uri=url)


@pytest.mark.published("node-oidc-provider", "v9.11.4: sparse arrays")
def test_a_list_in_metadata_has_no_holes(register):
    """Arrays in client metadata with absent or odd members were taken."""
    for name in ("redirect_uris", "grant_types", "response_types", "authorization_details_types"):
        for value in ([None], ["code", None], [1], [["code"]], {"0": "code"}):
            with pytest.raises((InvalidClientMetadata, InvalidRedirectUri)):
                register(**{name: value})


@pytest.mark.published("Keycloak", "CVE-2026-18573")
def test_a_changed_record_is_held_against_every_rule_of_its_new_kind(bank):
    """A public client that became confidential was held against the rules of public ones."""
    bank.register(**{**BASELINE, "grant_types": ["authorization_code"], "scope": "openid accounts"},
                  client_id="changing", token_endpoint_auth_method="none")  # fmt: skip
    for changed in (
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"profile": "fapi2-security"},
        {"scope": "openid payments"},
    ):
        record = {**BASELINE, "grant_types": ["authorization_code"], "scope": "openid accounts",
                  "client_id": "changing", "token_endpoint_auth_method": "none"}  # fmt: skip
        with pytest.raises(InvalidClientMetadata):
            bank.register(**record | changed)


@pytest.mark.published("Spring Security", "CVE-2026-22747")
def test_a_certificates_name_is_not_read_out_of_a_part_of_it(tls_client_auth_client):
    """A crafted common name made another user out of the one who held the certificate."""
    rest = ((NameOID.COUNTRY_NAME, "DE"), (NameOID.ORGANIZATION_NAME, "Fintech, Inc."))
    for name in ("x,CN=tls-client-auth", "tls-client-auth,CN=x", "tls-client-auth\\,x", "CN=tls-client-auth", "*"):
        subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in (*rest, (NameOID.COMMON_NAME, name))])
        shown = certificate("published", subject=subject)
        answer = tls_client_auth_client.post("/par", certificate=shown, **tls_client_auth_client.request_arguments())
        assert unauthenticated(answer), name
    twice = x509.Name(
        [
            x509.NameAttribute(oid, value)
            for oid, value in (*rest, (NameOID.COMMON_NAME, "tls-client-auth"), (NameOID.COMMON_NAME, "x"))
        ]
    )
    assert unauthenticated(
        tls_client_auth_client.post(
            "/par", certificate=certificate("published", subject=twice), **tls_client_auth_client.request_arguments()
        )
    )


@pytest.mark.published("OAuthLib", "CVE-2026-118669")
def test_a_client_id_beside_the_authentication_is_of_the_same_client(each_client, rival):
    """One client authenticated, and the client_id beside it was the one that counted."""
    code = each_client.code()
    for client_id in (each_client.client_id, "public", "nobody"):
        answer = rival.redeem(code, client_id=client_id)
        assert answer.status in (400, 401)
        assert "access_token" not in answer.text
        answer = rival.post("/token", grant_type="client_credentials", scope="accounts", client_id=client_id)
        assert unauthenticated(answer)
    assert each_client.redeem(code).status == 200


@pytest.mark.published("Apache CXF", "CVE-2026-50623")
def test_introspection_answers_nobody_who_is_not_authenticated(bank, fintech, public_client):
    """Introspection answered whoever asked."""
    token = fintech.tokens()["access_token"]
    for form in ({"token": token}, {"token": token, "client_id": "fintech"}, {"token": token, "client_id": "public"}):
        assert unauthenticated(bank.send("POST", "/introspect", form=form))
    assert unauthenticated(public_client.introspect(token))


@pytest.mark.published("Apache CXF", "CVE-2026-50629")
@pytest.mark.published("Apache CXF", "CVE-2026-50630")
def test_no_line_break_of_a_request_reaches_a_log_line_or_a_header(bank, fintech, logged):
    """A client's identifier, or a realm, wrote lines into the log and into the answer's headers."""
    odd = 'x\r\nSet-Cookie: a=b\r\n{"outcome": "forged"}'
    answers = [
        bank.send("POST", "/token", form={"client_id": odd, "grant_type": odd}),
        bank.send("GET", "/userinfo", headers=(("Authorization", f"Bearer {odd}"),)),
        fintech.post("/token", grant_type=odd),
        bank.send("GET", "/authorize", query={"client_id": odd, "state": odd, "redirect_uri": odd}),
    ]
    for answer in answers:
        assert not [value for _, value in answer.headers if "\r" in value or "\n" in value]
        assert answer.header("set-cookie") is None
    assert not [line for line in logged().splitlines() if not line.startswith("{")]
    assert '"outcome": "forged"' not in logged()


@pytest.mark.published("OpenShift router", "CVE-2026-46579")
@pytest.mark.published("OAuth2 Proxy", "CVE-2026-40575")
def test_no_header_says_who_the_client_is_or_what_was_called(bank, tls_client_auth_client):
    """Headers that a proxy should have set or removed were believed from the caller."""
    from urllib.parse import quote

    pem = tls_client_auth_client.certificate
    form = tls_client_auth_client.authenticated(tls_client_auth_client.request_arguments())
    for name in ("X-SSL-Client-Cert", "X-Client-Cert", "X-Forwarded-Client-Cert", "Client-Cert", "X-SSL-Client-DER"):
        for value in (quote(pem), pem.replace("\n", " "), b64encode(pem.encode()).decode()):
            assert unauthenticated(bank.send("POST", "/par", form=form, headers=((name, value),)))
    for name in ("X-Forwarded-Uri", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-HTTP-Method-Override"):
        denied = bank.authorize("GET", "/accounts", headers=((name, "/jwks"),))
        assert denied["policyDocument"]["Statement"][0]["Effect"] == "Deny"
