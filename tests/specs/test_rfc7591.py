"""RFC 7591 2, 3.2.2: what a client may say of itself, and how what can't be used is refused.

There is no registration endpoint: the bank registers its clients. The rules for what they say are the same.
"""

from base64 import b64encode

import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.clients import metadata
from chalicelib.errors import InvalidClientMetadata, InvalidRedirectUri
from chalicelib.storage.dynamodb.codec import decode, encode
from chalicelib.storage.records import Client
from tests.actors import NOW, Fintech, certificate, der, ec_key, jwk, rsa_key
from tests.conftest import FAPI1
from tests.each import each

MANY = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
GOOD = {
    "client_id": "a-client",
    "client_name": "A Client",
    "profile": "fapi2-security",
    "token_endpoint_auth_method": "private_key_jwt",
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "response_types": ["code"],
    "scope": "openid accounts",
    "redirect_uris": ["https://client.example/callback"],
    "jwks": {"keys": [jwk(rsa_key("fintech"))]},
    "tls_client_certificate_bound_access_tokens": True,
}
EVERY = {
    **GOOD,
    "profile": "fapi2-message-signing",
    "dpop_bound_access_tokens": True,
    "dpop_nonce_required": True,
    "id_token_signed_response_alg": "ES256",
    "require_signed_request_object": True,
    "request_object_signing_alg": "ES256",
    "authorization_signed_response_alg": "ES256",
    "introspection_signed_response_alg": "ES256",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
IN_A_JWK = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y", "x5c", "d", "key_ops")


def registered(**changes):
    """The client of GOOD metadata with changes; a member that is None is left out."""
    return metadata.registered({k: v for k, v in (GOOD | changes).items() if v is not None})


def refused(**changes):
    with pytest.raises(InvalidClientMetadata) as found:
        registered(**changes)
    return found.value.error == "invalid_client_metadata" and found.value.status == 400


def key_of(**members):
    """A JWK Set of one key with members changed; one that is None is left out."""
    key = jwk(ec_key("rival-key")) | members
    return {"keys": [{name: value for name, value in key.items() if value is not None}]}


# 2: metadata, one by one.


@pytest.mark.clause("RFC7591-2")
def test_2_a_client_is_what_it_says(bank):
    """Everything that is registered is remembered as it was said, and rules the client's requests."""
    client = bank.register(**GOOD)
    assert bank.aws.clients.find("a-client", now=NOW) == client
    assert client.redirect_uris == ("https://client.example/callback",)
    assert client.scope == ("openid", "accounts")
    assert client.grant_types == ("authorization_code", "refresh_token", "client_credentials")


@pytest.mark.clause("RFC7591-2")
@each(
    "missing",
    ["client_id", "client_name", "profile", "token_endpoint_auth_method", "grant_types", "scope", "jwks"],
)
def test_2_what_every_client_has_may_not_be_missing(missing):
    """We choose no default for who a client is and what it may do."""
    assert refused(**{missing: None})


@pytest.mark.clause("RFC7591-2")
@pytest.mark.fault("4i")
@each(
    "name",
    [
        *("client_secret", "sector_identifier", "registered_at"),
        *("default_max_age", "default_acr_values", "backchannel_logout_uri", "introspection_encrypted_response_alg"),
        *("redirect_uri", "dpop_bound_access_token", "require_signed_request_objects", "tls_client_auth_san_dn"),
    ],
)
def test_2_what_would_matter_is_refused_by_its_name(name):
    """What only the server says, what a client would rely on and does not get, and what is a misspelt rule."""
    with pytest.raises(InvalidClientMetadata, match=f"^{name}: "):
        registered(**{name: "https://client.example/x"})


DIRECTORY = {
    "client_id": "00158000016i44JAAQ",
    "client_name": "Amazing Banking",
    "profile": "fapi1-advanced",
    "software_id": "65d1f27c-4aea-4549-9c21-60e495a7a86f",
    "software_version": "1.1",
    "software_statement": "eyJhbGciOiJQUzI1NiJ9.e30.AAAA",
    "application_type": "web",
    "redirect_uris": ["https://www.amazingbanking.example/redirect1", "https://www.amazingbanking.example/redirect2"],
    "client_uri": "https://www.amazingbanking.example",
    "logo_uri": "https://www.amazingbanking.example/logo.png",
    "policy_uri": "https://www.amazingbanking.example/policy.html",
    "tos_uri": "https://www.amazingbanking.example/tos.html",
    "contacts": ["info@amazingbanking.example"],
    "client_name#fr": "Banque",
    "org_id": "0015800001041REAAY",
    "org_status": "Active",
    "software_roles": ["AISP", "PISP"],
    "organisation_competent_authority_claims": [{"authority_id": "FCAGBR", "authorisations": []}],
    "jwks_uri": "https://keystore.openbanking.example/0015800001041REAAY/1.jwks",
    "token_endpoint_auth_method": "tls_client_auth",
    "tls_client_auth_subject_dn": "CN=00158000016i44JAAQ, OID.2.5.4.97=PSDGB-FCA-123456, O=Amazing Banking Ltd, C=GB",
    "tls_client_certificate_bound_access_tokens": True,
    "use_mtls_endpoint_aliases": True,
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "response_types": ["code id_token"],
    "scope": "openid accounts payments",
    "id_token_signed_response_alg": "PS256",
    "request_object_signing_alg": "PS256",
    "subject_type": "public",
    "require_pushed_authorization_requests": False,
    "backchannel_logout_uri": None,
}
"""A record as an Open Banking directory sends it, with the two members of ours."""


@pytest.mark.fault("4i")
@pytest.mark.clause("RFC7591-2")
def test_2_a_record_of_an_open_banking_directory_registers_and_names_what_is_left_out(bank):
    """The authorization server MUST ignore any client metadata that it does not understand; here, not without a word."""
    client = bank.register(**DIRECTORY)
    assert client.tls_client_certificate_bound_access_tokens
    disclosed = metadata.left_out(DIRECTORY)
    assert {"contacts", "software_statement", "software_roles", "org_id"} <= set(disclosed)
    assert (client.policy_uri, client.tos_uri) == (DIRECTORY["policy_uri"], DIRECTORY["tos_uri"])
    assert not set(disclosed) & metadata.MEMBERS
    kept = {name for name in DIRECTORY if hasattr(client, name)} | client.localized.keys()
    assert set(disclosed) | kept == DIRECTORY.keys()
    name = x509.Name(
        [
            x509.NameAttribute(x509.ObjectIdentifier(oid), value)
            for oid, value in (
                ("2.5.4.6", "GB"),
                ("2.5.4.10", "Amazing Banking Ltd"),
                ("2.5.4.97", "PSDGB-FCA-123456"),
                ("2.5.4.3", "00158000016i44JAAQ"),
            )
        ]
    )
    shown = certificate("directory", subject=name)
    fintech = Fintech(bank, client.client_id, "tls_client_auth", None, "", shown)
    answer = fintech.post("/token", grant_type="client_credentials", scope="accounts")
    assert answer.status == 200


@pytest.mark.fault("4i")
@pytest.mark.clause("PAR-6")
def test_2_a_client_may_bind_itself_to_pushed_requests(fapi1_baseline_client):
    """RFC 9126 6: require_pushed_authorization_requests of a client, where its profile would take others."""
    bank, client = fapi1_baseline_client.bank, fapi1_baseline_client
    direct = client.request_arguments() | {"client_id": client.client_id}
    assert bank.send("GET", "/authorize", query=direct).status == 303
    keys = {"keys": [jwk(client.key)]}
    bank.register(
        **FAPI1 | {"client_id": "baseline", "profile": "fapi1-baseline", "jwks": keys},
        require_pushed_authorization_requests=True,
    )
    bank.now += 61
    assert bank.send("GET", "/authorize", query=direct).page_error == "invalid_request"
    assert client.push().status == 201


@pytest.mark.clause("RFC7591-2")
@each("value", ["", "a" * 256, "a b", "a\n", "a\x00", "\N{SNOWMAN}", 7, ["a"]])
def test_2_client_id_is_printable_ascii(value):
    """RFC 6749 A.1: VSCHARs; and no more of them than fit a key."""
    assert refused(client_id=value)


@pytest.mark.clause("RFC7591-2")
@each(
    "given",
    [
        *({name: value} for name in ("policy_uri", "register_uri") for value in ("http://a.example/", "https://", 7)),
        {"tos_uri": "https://a.example/<b>"},
        {"tos_uri#de": "javascript:alert(1)"},
        {"logo_uri": "https://user@a.example/"},
        *({"register_name": "BaFin"} | {name: "1\u202e2"} for name in ("purpose", "register_number")),
        {"purpose": "a" * 101},
        {"purpose#de": ["a"]},
        {"register_number": "BAK 1"},
        {"purpos": "Budget"},
    ],
)
def test_2_what_people_read_of_a_client_is_readable_and_leads_to_https(given):
    """policy_uri and tos_uri are URLs; what is no RFC's is as a name. An entry of a register names the register."""
    assert refused(**given | ({"register_name": "BaFin"} if "register_uri" in given else {}))


@pytest.mark.clause("RFC7591-2")
def test_2_an_empty_text_says_nothing(bank):
    """Directories send an empty text for what they do not know."""
    client = bank.register(**DIRECTORY | {"policy_uri": "", "purpose": "", "register_number": "", "tos_uri#de": ""})
    assert client.in_language("policy_uri", "de") == ""


@pytest.mark.clause("RFC7591-2")
@each("value", ["", "   ", "a" * 101, "a\nb", "a\x00b", "a\u202eknab", "a\u200bb", "\u3164\u3164", 7, ["a"]])
def test_2_client_name_is_a_text_that_people_can_read(value):
    """People decide by the name that the page shows: no empty one, none of lines, and none that turns text around."""
    assert refused(client_name=value)


@pytest.mark.clause("RFC7591-2")
@each("value", ["Bank & Söhne", "<b>Fintech</b>", "株式会社", "a" * 100])
def test_2_client_name_may_be_of_any_language(value):
    """Any characters that can be seen; pages escape them."""
    assert registered(client_name=value).client_name == value


@pytest.mark.clause("RFC7591-2")
@each("value", ["fapi9", "", "FAPI2-SECURITY", 7, [], {}, ["fapi2-security"]])
def test_2_profile_is_one_that_we_have(value):
    """A client's rules are those of a profile that is offered."""
    assert refused(profile=value)


@pytest.mark.clause("RFC7591-2")
@each("value", ["none", "client_secret_basic", "client_secret_post", "client_secret_jwt", "", "PRIVATE_KEY_JWT", 7, []])
def test_2_token_endpoint_auth_method_is_one_of_the_profile(value):
    """FAPI 2.0: mutual TLS or private_key_jwt, and never a secret."""
    assert refused(token_endpoint_auth_method=value)


@pytest.mark.clause("RFC7591-2")
@each(
    "value",
    [
        ["implicit"],
        ["password"],
        ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        ["refresh_token"],
        ["authorization_code", "implicit"],
        "authorization_code",
        [7],
        [["authorization_code"]],
        {},
    ],
)
def test_2_grant_types_are_some_of_the_profile(value):
    """What the profile lacks can't be registered; and nothing is refreshed that no person ever gave."""
    assert refused(grant_types=value)


@pytest.mark.clause("RFC7591-2")
@each("value", [["token"], ["code", "id_token"], ["code id_token"], "token", 7, [7], [["code"]], {}])
def test_2_response_types_are_some_of_the_profile(value):
    """2.1: grant types and response types belong together; here it is the code alone."""
    assert refused(response_types=value)


@pytest.mark.clause("RFC7591-2")
@each("value", ["", " ", "openid  accounts", "openid ", 'a"b', "a\\b", "a\nb", "ä", 7, [7], [["a"]], {}])
def test_2_scope_is_a_list_of_scope_tokens(value):
    """A string of tokens with one space between, or a list of them."""
    assert refused(scope=value)


@pytest.mark.clause("RFC7591-2")
@each(
    "name",
    [
        "tls_client_certificate_bound_access_tokens",
        "dpop_bound_access_tokens",
        "dpop_nonce_required",
        "require_signed_request_object",
    ],
)
@each("value", ["true", "false", 1, 0, "yes", []])
def test_2_a_yes_or_no_is_a_json_boolean(name, value):
    """ "false" in quotes is not false, so it can't be taken for a rule."""
    with pytest.raises(InvalidClientMetadata):
        metadata.registered({**EVERY, name: value})


@pytest.mark.clause("RFC7591-2")
@each("value", ["invoices", [7], [["a"]], {}, 7])
def test_2_authorization_details_types_is_a_list_of_texts(value):
    """RFC 9396 10: an array of type identifiers."""
    assert refused(authorization_details_types=value)


# redirect_uris.


@pytest.mark.clause("RFC7591-3.2.2")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-8")
@each(
    "uri",
    [
        "",
        "client.example/callback",
        "/callback",
        "//client.example/callback",
        "http://client.example/callback",
        "http://localhost/callback",
        "http://127.0.0.1/callback",
        "HTTPS://client.example/callback",
        "https:/client.example/callback",
        "https://",
        "https:///callback",
        "https://?x=y",
        "https://client.example/callback#",
        "https://client.example/callback#part",
        "https://user@client.example/callback",
        "https://client.example@evil.example/callback",
        "https://client.example\\@evil.example/",
        "https://client.example:port/callback",
        "https://client.example:/callback",
        "https://client.example/call back",
        "https://client.example/callback\n",
        "https://client.example/\r\nSet-Cookie:a=b",
        "https://client.example/\x00",
        "https://cl\u0456ent.example/callback",
        "https://client.example/\N{SNOWMAN}",
        "https://*.client.example/callback",
        "https://client..example/callback",
        " https://client.example/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "com.example.app:/callback",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://client.example/callback?iss=https://evil.example",
        "https://client.example/callback?a=b&code=",
        "https://client.example/callback?%73tate=x",
    ],
)
def test_3_2_2_a_redirect_uri_that_can_not_be_trusted_is_refused(uri):
    """invalid_redirect_uri: not an absolute https URL without fragment, user or anything that reads in two ways."""
    with pytest.raises(InvalidRedirectUri) as found:
        registered(redirect_uris=["https://client.example/callback", uri])
    assert found.value.error == "invalid_redirect_uri"


@pytest.mark.clause("RFC7591-2")
@each(
    "uri",
    [
        "https://client.example",
        "https://client.example/",
        "https://client.example?x=y",
        "https://client.example:8443/a/b;c?d=e&f=%20",
        "https://localhost:8443/callback",
        "https://192.0.2.1/callback",
        "https://xn--80ak6aa92e.example/callback",
        "https://client.example/callback?next=https://other.example/",
    ],
)
def test_2_an_https_url_is_taken_as_it_is(uri):
    """What is registered is compared character by character, so it is kept character by character."""
    assert registered(redirect_uris=[uri]).redirect_uris == (uri,)


@pytest.mark.clause("RFC7591-2")
@each("value", [[7], [None], [["https://client.example/"]], {}, "https://client.example/callback", 7])
def test_2_redirect_uris_is_a_list_of_texts(value):
    """An array of redirection URI strings."""
    assert refused(redirect_uris=value)


@pytest.mark.clause("RFC7591-2")
def test_2_who_sends_people_registers_where_they_come_back():
    """Clients of redirect-based flows MUST register their redirect URIs; others have none."""
    for value in ([], None):
        with pytest.raises(InvalidRedirectUri):
            registered(redirect_uris=value)
    with pytest.raises(InvalidRedirectUri):
        registered(grant_types=["client_credentials"], response_types=None)
    assert registered(grant_types=["client_credentials"], response_types=None, redirect_uris=None).redirect_uris == ()


# jwks.


@pytest.mark.clause("RFC7591-2")
@each("value", [{}, [], "", "keys", 7, True, {"keys": {}}, {"keys": "x"}, {"keys": [7]}, {"keys": []}])
def test_2_jwks_is_a_jwk_set(value):
    """The client's JWK Set document value, a JSON object that has keys in it."""
    assert refused(jwks=value)


@pytest.mark.clause("RFC7591-2")
@pytest.mark.clause("RFC7518-6.2.2")
@each("private", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_2_jwks_holds_public_keys_alone(private):
    """A private key that was shown to us is no longer the client's alone."""
    assert refused(jwks=key_of(**{private: "AAAA"}))


@pytest.mark.clause("RFC7591-2")
@each(
    "members",
    [
        {"kty": None},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": ["EC"]},
        {"crv": "P-521"},
        {"crv": "secp256k1"},
        {"crv": None},
        {"x": None},
        {"x": "AAAA"},
        {"x": 7},
        {"y": "not base64 at all"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "crv": None},
        {"kty": "RSA", "n": "", "e": "", "crv": None},
        {"kty": "RSA", "n": 65537, "e": 3, "crv": None},
        {"kty": "OKP", "crv": "X25519", "y": None},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "y": None},
    ],
)
def test_2_jwks_holds_keys_that_can_be_used(members):
    """A key that no signature could be verified with is refused when it is registered, not when it is needed."""
    assert refused(jwks=key_of(**members))


@pytest.mark.clause("FAPI2-SP-FINAL-5.4.1-2")
def test_2_jwks_holds_no_short_rsa_key():
    """RSA keys have 2048 bits or more, as a key and in a certificate."""
    assert refused(jwks={"keys": [jwk(rsa_key("short", 1024))]})
    shown = b64encode(der(certificate("short", key=rsa_key("short", 1024)))).decode()
    assert refused(jwks=key_of(x5c=[shown]))


@pytest.mark.fault("3a")
@pytest.mark.clause("RFC7591-2")
@pytest.mark.clause("RFC7517-5")
def test_2_of_jwks_what_can_not_be_used_is_not_stored_and_said(caplog):
    """One such key refused the whole record, or locked its client out later."""
    good = jwk(rsa_key("fintech"), kid="a")
    bad = [
        jwk(rsa_key("small", 1024), kid="b"),
        good | {"kty": "new", "kid": "c"},
        "d",
        good | {"x5c": ["x"], "kid": "e"},
    ]
    found = registered(jwks={"keys": [*bad, good], "more": "of theirs"})
    assert found.jwks == {"keys": [good], "more": "of theirs"}
    said = [line for line in caplog.messages if "key ignored" in line]
    assert len(said) == 4
    assert "key 1, kid b: its RSA key is shorter than 2048 bits" in said[0]
    with pytest.raises(InvalidClientMetadata, match="no usable key; key 1, kid b"):
        registered(jwks={"keys": bad})


@pytest.mark.fault("3a")
@pytest.mark.clause("FAPI1-ADV-8.9-3")
def test_2_jwks_may_name_two_keys_alike():
    """RFC 7517 4.5: the kind tells which of them is meant."""
    two = [jwk(rsa_key("fintech"), kid="a"), jwk(ec_key("rival-key"), kid="a")]
    assert registered(jwks={"keys": two}).jwks == {"keys": two}


# What is signed for it.


@pytest.mark.clause("RFC7591-2")
@each(
    "name",
    [
        "id_token_signed_response_alg",
        "request_object_signing_alg",
        "authorization_signed_response_alg",
        "introspection_signed_response_alg",
    ],
)
@each("value", ["none", "HS256", "RS256", "RS512", "PS512", "", 7, ["PS256"], {}])
def test_2_an_algorithm_is_one_of_the_profile(name, value):
    """FAPI 2.0 5.4.1: neither none, nor a shared secret, nor RSASSA-PKCS1-v1_5 can be registered."""
    with pytest.raises(InvalidClientMetadata):
        metadata.registered({**EVERY, name: value})


@pytest.mark.clause("RFC7591-2")
def test_2_signed_requests_need_a_profile_that_takes_them():
    """What the profile would never look at can't be demanded."""
    assert refused(require_signed_request_object=True)
    assert refused(request_object_signing_alg="PS256")
    assert metadata.registered(EVERY).require_signed_request_object is True


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-4")
def test_2_a_client_of_tokens_has_them_bound():
    """Only sender-constrained access tokens are issued: by certificate, by DPoP key, or as each request shows."""
    assert refused(tls_client_certificate_bound_access_tokens=False)
    assert refused(tls_client_certificate_bound_access_tokens=None)
    assert registered(tls_client_certificate_bound_access_tokens=False, dpop_bound_access_tokens=True)


def test_no_algorithm_is_none_of_a_response_that_is_always_signed():
    """It was registered, and each of its responses was a failure of ours."""
    for name in ("id_token", "authorization", "introspection"):
        with pytest.raises(InvalidClientMetadata, match=f"{name}_signed_response_alg"):
            metadata.registered({**EVERY, f"{name}_signed_response_alg": None})
    assert metadata.registered({**EVERY, "userinfo_signed_response_alg": None})


# 3.2.2: whatever is sent.


@pytest.mark.clause("RFC7591-3.2.2")
@MANY
@given(data=st.data())
def test_3_2_2_any_other_value_is_refused_or_can_be_kept(data):
    """A member of any JSON value gives a client that can be remembered, or one of the two errors; never another."""
    name = data.draw(st.sampled_from(sorted(EVERY)))
    value = data.draw(JSON)
    try:
        client = metadata.registered({**EVERY, name: value})
    except (InvalidClientMetadata, InvalidRedirectUri) as refusal:
        client = None
        disclosed = refusal.description
    if client is None:
        assert disclosed.isprintable()
    else:
        assert decode(Client, encode(client)) == client


@pytest.mark.clause("RFC7591-3.2.2")
@MANY
@given(data=st.data())
def test_3_2_2_any_other_key_is_refused_or_can_be_kept(data):
    """So with any member of a key."""
    key = data.draw(st.sampled_from([jwk(rsa_key("fintech")), jwk(ec_key("rival-key"))]))
    name, value = data.draw(st.sampled_from(IN_A_JWK)), data.draw(JSON)
    try:
        client = registered(jwks={"keys": [{**key, name: value}]})
    except InvalidClientMetadata as refusal:
        client = None
        disclosed = refusal.description
    if client is None:
        assert disclosed.isprintable()
    else:
        assert decode(Client, encode(client)) == client
