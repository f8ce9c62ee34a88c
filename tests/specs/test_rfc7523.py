"""RFC 7523: a signed assertion in a client's name, as private_key_jwt (OpenID Connect Core 9) uses it."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace

import jwt
import pytest

from chalicelib.errors import InvalidClientMetadata
from tests.actors import ASSERTION_TYPE, ISSUER, MTLS, NOW, ec_key, jwk, rsa_key, secret_of
from tests.conftest import CLIENTS, FAPI1
from tests.each import each

SIGNED_ALONE = ("advanced", "read-write")


def pushing(client):
    """A request that the client may push: signed, where its profile takes no other."""
    if client.client_id not in SIGNED_ALONE:
        return client.request_arguments()
    return {"request": client.request_object(response_type="code id_token", nonce="a nonce")}


WITH_ASSERTIONS = {
    "/par": pushing,
    "/token": lambda client: {"grant_type": "client_credentials"},
    "/introspect": lambda client: {"token": "nothing"},
    "/revoke": lambda client: {"token": "nothing"},
}
"""Every endpoint that a client authenticates at, and a request that it may send there."""


def send(client, path, assertion=None, **form):
    """A client's request, with the assertion or the form given."""
    if assertion is not None:
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion} | form
    return client.post(path, **(WITH_ASSERTIONS[path](client) | form))


@pytest.fixture(params=WITH_ASSERTIONS)
def send_request(request):
    """`send` to each endpoint, one after the other."""
    return lambda client, assertion=None, **form: send(client, request.param, assertion, **form)


def push(client, assertion=None, **form):
    """`send` to one endpoint, where which one makes no difference."""
    return send(client, "/par", assertion, **form)


def refused(answer, *errors):
    """Whether it is the refusal of RFC 7523 3.2; and its words, which never say what was wrong."""
    assert (answer.status, answer.error) == (401, "invalid_client"), answer.text
    assert answer.header("cache-control") == "no-store"
    return answer.json()["error_description"] == "client authentication failed"


def accepted(answer):
    assert answer.status in (200, 201), answer.text
    return True


def unpadded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(client, payload, **headers):
    """A JWS of the client over a payload that no library would make."""
    header = {"alg": client.alg, "kid": "k1"} | headers
    data = f"{unpadded(json.dumps(header).encode())}.{unpadded(payload.encode())}"
    signature = jwt.get_algorithm_by_name(client.alg).sign(data.encode(), client.key)
    return f"{data}.{unpadded(signature)}"


# 2.2: how it is sent.


@pytest.mark.clause("RFC7523-2.2")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-6")
def test_2_2_a_client_is_known_by_its_assertion_at_every_endpoint(send_request, fintech, rival):
    """client_assertion_type and client_assertion authenticate the client, by PS256 and by ES256."""
    assert accepted(send_request(fintech))
    assert accepted(send_request(rival))


@pytest.mark.clause("RFC7523-2.2")
def test_2_2_client_id_is_unnecessary(fintech):
    """client_id may be left out: the assertion's subject says who the client is."""
    assert accepted(push(fintech, client_id=None))


@pytest.mark.clause("RFC7523-2.2")
@each("other", ["rival", "nobody", "Fintech"])
def test_2_2_client_id_must_name_the_same_client(send_request, fintech, other):
    """A client_id beside the assertion must identify the same client as the subject does."""
    assert refused(send_request(fintech, client_id=other))


@pytest.mark.clause("RFC7523-2.2")
@pytest.mark.parametrize("missing", ["client_assertion", "client_assertion_type"])
def test_2_2_neither_parameter_comes_alone(fintech, missing):
    """An assertion has its type beside it, and a type its assertion."""
    answer = push(fintech, fintech.assertion(), **{missing: None})
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("RFC7523-2.2")
@pytest.mark.parametrize("other", ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", ASSERTION_TYPE.upper()])
def test_2_2_the_type_is_jwt_bearer(fintech, other):
    """The value of client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer."""
    assert refused(push(fintech, fintech.assertion(), client_assertion_type=other))


@pytest.mark.clause("RFC7523-2.2")
@each("name", ["client_assertion", "client_assertion_type", "client_id"])
def test_2_2_there_is_one_assertion(bank, fintech, name):
    """A single JWT is sent, and each parameter once."""
    form = fintech.authenticated(fintech.request_arguments())
    twice = [*form.items(), (name, form[name])]
    answer = bank.send("POST", "/par", form=twice, certificate=fintech.certificate)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert accepted(bank.send("POST", "/par", form=form, certificate=fintech.certificate))


@pytest.mark.clause("RFC6749-2.3")
@pytest.mark.parametrize(
    ("header", "form"),
    [
        ((("Authorization", "Basic ZmludGVjaDpzZWNyZXQ="),), {}),
        ((), {"client_secret": "secret"}),
    ],
)
def test_2_2_no_second_way_is_tried_beside_it(bank, fintech, header, form):
    """A client uses one way of authentication in a request."""
    request_parameters = fintech.authenticated(fintech.request_arguments(**form))
    assert refused(bank.send("POST", "/par", form=request_parameters, headers=header, certificate=fintech.certificate))


@pytest.mark.clause("RFC7523-3.2")
def test_3_2_without_an_assertion_nobody_is_known(send_request, fintech):
    """A request without the assertion is refused, whoever it says it is from."""
    assert refused(send_request(fintech, client_assertion=None))


# 3: what stands in it.


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize("claim", ["iss", "sub"])
@each("value", [None, "rival", "nobody", "Fintech", "fintech ", ""])
def test_3_issuer_and_subject_are_the_client(fintech, claim, value):
    """1, 2: iss and sub are required, and for client authentication both are the client_id."""
    assert refused(push(fintech, fintech.assertion(**{claim: value}), client_id=None))


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize("claims", ['"iss":["fintech"],"sub":"fintech"', '"iss":"fintech","sub":{"a":1}'])
def test_3_issuer_and_subject_are_texts(fintech, claims):
    """1, 2: a list that holds the client_id is not the client_id."""
    rest = f'"aud":"{ISSUER}","jti":"a jti of a list","exp":{NOW + 60}'
    assert refused(push(fintech, signed(fintech, f"{{{claims},{rest}}}")))


@pytest.mark.clause("RFC7523-3")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-8")
@each(
    "aud",
    [
        None,
        "",
        "https://login.other.example",
        ISSUER + "/",
        ISSUER.upper(),
        MTLS,
        f"{ISSUER}/token",
        f"{MTLS}/token",
        f"{ISSUER}/par",
        f"{MTLS}/par",
        [ISSUER],
        [ISSUER, f"{ISSUER}/token"],
        [f"{ISSUER}/par"],
        [],
    ],
)
def test_3_the_audience_is_the_issuer_as_a_string(send_request, fintech, aud):
    """3: aud names us; and FAPI 2.0 takes the issuer alone, as a string: no endpoint's URL and no array."""
    assert refused(send_request(fintech, fintech.assertion(aud=aud)))
    assert accepted(send_request(fintech, fintech.assertion(aud=ISSUER)))


@pytest.mark.clause("RFC7523-3")
@each("exp", [None, NOW - 300, NOW - 1, NOW])
def test_3_it_expires(fintech, exp):
    """4: exp is required, and an assertion is refused from that instant on."""
    assert refused(push(fintech, fintech.assertion(exp=exp)))


@pytest.mark.clause("RFC7523-3")
@each("life", [1, 60, 300, 3600, 3610])
def test_3_it_may_live_for_seconds_or_for_an_hour(fintech, life):
    """4: no particular life is asked for."""
    assert accepted(push(fintech, fintech.assertion(exp=NOW + life)))


@pytest.mark.clause("RFC7523-3")
@each("exp", [NOW + 3611, NOW + 10**9, 1 << 53])
def test_3_it_does_not_live_unreasonably_long(fintech, exp):
    """4: an exp unreasonably far in the future may be refused; its jti would have to be remembered until then."""
    assert refused(push(fintech, fintech.assertion(exp=exp)))


@pytest.mark.clause("RFC7523-3")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-13")
@pytest.mark.parametrize("claim", ["nbf", "iat"])
@each("ahead", [-3600, 0, 1, 8, 10])
def test_3_clocks_may_differ_by_ten_seconds(fintech, claim, ahead):
    """5, 6: nbf and iat up to 10 seconds ahead are taken; old ones do no harm."""
    assert accepted(push(fintech, fintech.assertion(**{claim: NOW + ahead})))


@pytest.mark.clause("RFC7523-3")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-13")
@pytest.mark.parametrize("claim", ["nbf", "iat"])
@each("ahead", [61, 62, 3600])
def test_3_an_assertion_of_the_future_is_refused(fintech, claim, ahead):
    """5, 6: nbf or iat more than 60 seconds ahead is refused, even where exp lies further ahead."""
    assert refused(push(fintech, fintech.assertion(**{claim: NOW + ahead, "exp": NOW + ahead + 60})))


@pytest.mark.clause("RFC7523-3")
def test_3_neither_nbf_nor_iat_is_needed(fintech):
    """5, 6: both may be missing."""
    assert accepted(push(fintech, fintech.assertion(nbf=None, iat=None)))


@pytest.mark.clause("RFC7523-3")
@each("claim", ["exp", "nbf", "iat"])
@each("value", ["soon", f'"{NOW + 30}"', "true", "[]", "{}", "NaN", "Infinity", "-Infinity", "1e400", "9" * 5000])
def test_3_a_time_is_a_number(fintech, claim, value):
    """4, 5, 6: a NumericDate is a JSON number, and one that a clock could show."""
    times = {"exp": str(NOW + 60), "nbf": str(NOW), "iat": str(NOW)} | {claim: value}
    disclosed = ",".join(f'"{name}":{time}' for name, time in times.items())
    payload = f'{{"iss":"fintech","sub":"fintech","aud":"{ISSUER}","jti":"{claim} {value[:9]}",{disclosed}}}'
    assert refused(push(fintech, signed(fintech, payload)))


@pytest.mark.clause("RFC7523-3")
def test_3_a_time_may_have_a_fraction(fintech):
    """4, 5, 6: a NumericDate may be no integer (RFC 7519 2)."""
    assert accepted(push(fintech, fintech.assertion(exp=NOW + 0.5, nbf=NOW - 0.5, iat=NOW + 9.9)))


@pytest.mark.clause("OIDCC-9")
@each("jti", [None, "", "j" * 513])
def test_3_it_has_a_jti(fintech, jti):
    """7: OpenID Connect Core 9 requires a jti; one that is too long to remember is no use."""
    assert refused(push(fintech, fintech.assertion(jti=jti)))


@pytest.mark.clause("OIDCC-9")
@each("value", ["7", "true", "[]", '{"a":1}'])
def test_3_a_jti_is_a_text(fintech, value):
    """7: jti is a case-sensitive string."""
    payload = f'{{"iss":"fintech","sub":"fintech","aud":"{ISSUER}","exp":{NOW + 60},"jti":{value}}}'
    assert refused(push(fintech, signed(fintech, payload)))


@pytest.mark.clause("OIDCC-9")
def test_3_any_text_is_a_jti(fintech):
    """7: its characters mean nothing to us, not even half of one."""
    for text in ("short", "j" * 512, "\N{SNOWMAN}", "a b"):
        assert accepted(push(fintech, fintech.assertion(jti=text)))
    half = f'{{"iss":"fintech","sub":"fintech","aud":"{ISSUER}","exp":{NOW + 60},"jti":"\\ud800"}}'
    assert accepted(push(fintech, signed(fintech, half)))


@pytest.mark.clause("RFC7523-3")
def test_3_further_claims_are_nothing_to_us(fintech):
    """8: other claims may stand in it."""
    assert accepted(
        push(fintech, fintech.assertion(extra={"scope": "accounts", "admin": True, "nested": {"iss": "rival"}}))
    )


@pytest.mark.clause("RFC7523-3")
def test_3_it_is_signed_by_the_client(send_request, fintech, rival):
    """9: it is signed, by a key that the client registered; another client's is no use."""
    by_rival = fintech.with_(key=rival.key, alg="ES256").assertion()
    by_nobody = fintech.assertion(key=rsa_key("nobody"))
    assert refused(send_request(fintech, by_rival))
    assert refused(send_request(fintech, by_nobody))


@pytest.mark.clause("RFC7523-3")
def test_3_what_is_signed_is_what_counts(fintech, rival):
    """9: an assertion whose claims or signature were exchanged is refused."""
    header, claims, signature = fintech.assertion().split(".")
    own_header, _, own_signature = rival.assertion().split(".")
    other_claims = fintech.assertion(extra={"scope": "more"}).split(".")[1]
    for forged in (
        f"{header}.{other_claims}.{signature}",
        f"{own_header}.{claims}.{own_signature}",
        f"{header}.{claims}.",
        f"{header}.{claims}.{signature[:-8]}AAAAAAAA",
    ):
        assert refused(push(fintech, forged)), forged
    assert accepted(push(fintech, f"{header}.{claims}.{signature}"))


@pytest.mark.clause("RFC7523-3")
@each(
    "garbage",
    [
        "x",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d.e",
        "e30.e30.",
        "null",
        "{}",
        "\N{SNOWMAN}",
        "=.=.=",
        "eyJhbGciOiJQUzI1NiJ9.e30",
    ],
)
def test_3_what_is_no_jwt_is_refused(fintech, garbage):
    """10: it must be a valid JWT in every other respect."""
    assert refused(push(fintech, garbage))


@pytest.mark.clause("RFC7523-3")
@each("payload", ["[]", '"text"', "7", "null", "", "{", '{"iss":"fintech"', "\x00"])
def test_3_its_claims_are_one_object(fintech, payload):
    """10: the claims of a JWT are a JSON object, however well it is signed."""
    assert refused(push(fintech, signed(fintech, payload)))


@pytest.mark.clause("RFC7523-3")
def test_3_a_key_is_chosen_by_kid_or_by_being_the_only_one(bank, fintech):
    """9: the header's kid chooses; without one, the one key that fits."""
    older, newer = rsa_key("rollover-old"), rsa_key("rollover-new")
    keys = [jwk(older, kid="old"), jwk(newer, kid="new")]
    two = fintech.with_(client_id="rollover", key=newer)
    bank.register(**ROLLOVER, jwks={"keys": keys})
    assert accepted(push(two, two.assertion(headers={"kid": "new"})))
    assert accepted(push(two, two.assertion(key=older, headers={"kid": "old"})))
    assert refused(push(two, two.assertion(headers={"kid": "old"})))
    assert refused(push(two, two.assertion(headers={"kid": "other"})))
    bank.register(**ROLLOVER, jwks={"keys": keys[1:]})
    claims = jwt.decode(two.assertion(), options={"verify_signature": False})
    assert accepted(push(two, jwt.encode(claims, newer, algorithm="PS256")))
    assert refused(push(two, two.assertion(key=older, headers={"kid": "old"})))


ROLLOVER = {
    "client_id": "rollover",
    "client_name": "Rollover",
    "profile": "fapi2-security",
    "grant_types": ["authorization_code", "client_credentials"],
    "redirect_uris": ["https://fintech.example/callback"],
    "scope": "openid profile accounts",
    "token_endpoint_auth_method": "private_key_jwt",
    "tls_client_certificate_bound_access_tokens": True,
}


# 3.2: what a refusal says, and what it leaves.


@pytest.mark.clause("RFC7523-3.2")
def test_3_2_whoever_fails_learns_nothing_of_who_is_registered(send_request, fintech):
    """invalid_client, in the same words for a client that is not there and for one whose assertion is not good."""
    unknown = fintech.with_(client_id="nobody-at-all")
    answers = {
        (answer.status, answer.text, answer.unnamed.headers)
        for answer in (
            send_request(unknown),
            send_request(fintech, fintech.assertion(exp=NOW)),
            send_request(fintech, client_assertion=None),
        )
    }
    assert len(answers) == 1


@pytest.mark.clause("RFC7523-3.2")
def test_3_2_a_refused_assertion_can_be_mended_and_sent_again(fintech):
    """A refusal uses nothing up: the same jti is good once the assertion is."""
    jti = "mended"
    assert refused(push(fintech, fintech.assertion(jti=jti, aud=MTLS)))
    assert accepted(push(fintech, fintech.assertion(jti=jti)))


@pytest.mark.clause("RFC7523-3")
def test_3_an_assertion_is_used_once_at_any_endpoint(send_request, fintech):
    """7: a jti that was used before, here or at another endpoint, is refused until its assertion expired."""
    used = fintech.assertion()
    assert accepted(send_request(fintech, used))
    assert refused(send_request(fintech, used))
    elsewhere = fintech.post(
        "/introspect", token="nothing", client_assertion_type=ASSERTION_TYPE, client_assertion=used
    )
    assert refused(elsewhere)


# What FAPI 1.0 takes besides: a MAC by a secret (OpenID Connect Core 9), and more names for us.


NAMES_OF_US = [
    *(ISSUER, f"{ISSUER}/token", f"{MTLS}/token", f"{ISSUER}/par", f"{MTLS}/par"),
    *([ISSUER], ["https://another.example", ISSUER], [f"{MTLS}/token", ISSUER]),
]


@pytest.fixture(params=["fapi1_bearer_client", "client_secret_jwt_client", "fapi1_read_write_client"])
def fapi1(request):
    """Clients of FAPI 1.0, by a key and by a secret, whose profile takes what RFC 10070 does."""
    return request.getfixturevalue(request.param)


@pytest.mark.clause("RFC7523-3")
@pytest.mark.clause("PAR-2")
@each("aud", NAMES_OF_US)
def test_3_fapi_1_advanced_takes_the_issuer_also_in_an_array_and_an_endpoint_as_a_text(
    send_request, fapi1_advanced_client, aud
):
    """3: the token endpoint's URL may be used; PAR 2 takes the issuer, the token endpoint's and its own URL."""
    assert accepted(send_request(fapi1_advanced_client, fapi1_advanced_client.assertion(aud=aud)))


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize("path", WITH_ASSERTIONS)
@pytest.mark.parametrize("host", [ISSUER, MTLS])
def test_3_fapi_1_advanced_takes_the_endpoint_that_is_called_and_no_other(fapi1_advanced_client, path, host):
    """3: the audience may be the endpoint itself, on the host by which clients call it."""
    assert accepted(send(fapi1_advanced_client, path, fapi1_advanced_client.assertion(aud=host + path)))
    for other in ("/introspect", "/revoke", "/authorize", "/userinfo"):
        if other != path:
            assert refused(send(fapi1_advanced_client, path, fapi1_advanced_client.assertion(aud=host + other)))


@pytest.mark.fault("1e")
@pytest.mark.clause("RFC7523-3")
@each("aud", NAMES_OF_US[1:])
def test_3_the_issuer_is_the_sole_audience(fapi1, aud):
    """RFC 10070: the audience of an assertion is the issuer, as a text, for clients of every other profile too."""
    assert refused(push(fapi1, fapi1.assertion(aud=aud)))
    assert accepted(push(fapi1, fapi1.assertion(aud=ISSUER)))


@pytest.mark.fault("1e")
@pytest.mark.clause("RFC7523-3")
@each(
    "aud",
    [
        ["https://another.example", f"{ISSUER}/token"],
        [f"{MTLS}/token", "https://another.example"],
        [f"{ISSUER}/token"],
        [f"{ISSUER}/par", f"{MTLS}/token"],
        [ISSUER, 1],
    ],
)
def test_3_no_array_with_an_endpoint_in_place_of_the_issuer_is_taken(send_request, fapi1_advanced_client, aud):
    """An assertion that another server asked for, [that server, our token endpoint], was taken: audience injection."""
    assert refused(send_request(fapi1_advanced_client, fapi1_advanced_client.assertion(aud=aud)))


@pytest.mark.fault("1e")
@each("aud", NAMES_OF_US[1:])
def test_a_clients_record_may_ask_for_the_issuer_alone(bank, fapi1_advanced_client, aud):
    """Where the profile takes more, the client's own record may take that away."""
    bank.register(
        **FAPI1 | {"client_id": "advanced", "profile": "fapi1-advanced"},
        jwks={"keys": [jwk(fapi1_advanced_client.key)]},
        require_issuer_audience=True,
    )
    assert refused(push(fapi1_advanced_client, fapi1_advanced_client.assertion(aud=aud)))


@pytest.mark.clause("RFC7523-3")
@each(
    "aud",
    [
        *(None, "", [], [[ISSUER]], {ISSUER: 1}, [None], 0, f"{ISSUER}/", f"{ISSUER} {ISSUER}/token", ISSUER.upper()),
        *("https://api.bank.example/token", "https://another.example", [ISSUER.encode().decode() + "/x"]),
        *(f"{ISSUER}/token/", f"{ISSUER}/token?x", f"{ISSUER}//token", f"{ISSUER}/Token"),
    ],
)
def test_3_fapi_1_advanced_takes_no_other_audience(fapi1_advanced_client, aud):
    """3: an assertion whose audience does not name us is refused."""
    assert refused(push(fapi1_advanced_client, fapi1_advanced_client.assertion(aud=aud)))


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize("typ", ["client-authentication+jwt", "JWT", "application/client-authentication+jwt", None])
def test_3_an_assertion_may_say_that_it_is_one(send_request, fintech, client_secret_jwt_client, typ):
    """RFC 10070: explicit typing, by client-authentication+jwt."""
    for client in (fintech, client_secret_jwt_client):
        assert accepted(send_request(client, client.assertion(headers={"typ": typ})))


@pytest.mark.fault("1h")
@pytest.mark.clause("RFC7523-3")
@each("typ", ["at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "logout+jwt", "application/at+jwt", "secevent+jwt"])
def test_a_jwt_of_another_kind_is_no_assertion(fintech, client_secret_jwt_client, typ):
    """Assertions with another kind's typ passed."""
    for client in (fintech, client_secret_jwt_client):
        assert refused(push(client, client.assertion(headers={"typ": typ})))


@pytest.mark.clause("RFC7523-3")
def test_3_a_mac_is_used_once_by_its_jti(send_request, client_secret_jwt_client):
    """What holds of signatures holds of MACs: iss, sub, exp and jti are looked at alike."""
    sent = client_secret_jwt_client.assertion()
    assert accepted(send_request(client_secret_jwt_client, sent))
    assert refused(send_request(client_secret_jwt_client, sent))
    for wrong in (
        {"iss": "fapi1-bearer"},
        {"sub": "fapi1-bearer"},
        {"exp": NOW},
        {"exp": None},
        {"jti": None},
        {"iat": NOW + 62},
    ):
        assert refused(send_request(client_secret_jwt_client, client_secret_jwt_client.assertion(**wrong)))


@pytest.mark.clause("RFC7518-3.2")
@pytest.mark.filterwarnings("ignore:The HMAC key is")  # the client's library says it too
@each(("alg", "octets"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_a_secret_is_at_least_as_long_as_the_hash(bank, client_secret_jwt_client, alg, octets):
    """A shorter one is refused at use too, however it came to be stored."""
    for length, taken in ((octets, True), (octets - 1, False)):
        client_id, secret = f"secret-{length}", "s" * length
        stored = bank.aws.clients.find("client-secret-jwt", now=NOW)
        sealed = bank.aws.kms.seal(secret.encode(), {"client": client_id})
        bank.aws.clients.put(replace(stored, client_id=client_id, client_secret=sealed))
        answer = push(client_secret_jwt_client.with_(client_id=client_id, key=secret, alg=alg))
        assert accepted(answer) if taken else refused(answer)


@pytest.mark.clause("FAPI1-BASE-5.2.2-4")
def test_a_client_whose_secret_was_never_made_is_nobody(bank, client_secret_jwt_client):
    """Without a secret there is no MAC, with an empty one neither."""
    stored = bank.aws.clients.find("client-secret-jwt", now=NOW)
    bank.aws.clients.put(replace(stored, client_id="no-secret", client_secret=None))
    client = client_secret_jwt_client.with_(client_id="no-secret")
    assert refused(push(client))
    assert refused(push(client, signed(client.with_(key=b""), json.dumps(claims_of(client)))))


def claims_of(client):
    return {"iss": client.client_id, "sub": client.client_id, "aud": ISSUER, "jti": "a jti", "exp": NOW + 60}


@pytest.mark.parametrize(
    ("kind", "registered", "others"),
    [
        ("fapi1_bearer_client", "ES256", ["PS256"]),
        ("fapi1_bearer_client", "PS256", ["ES256"]),
        ("client_secret_jwt_client", "HS512", ["HS256", "HS384"]),
        ("client_secret_jwt_client", "HS256", ["HS384", "HS512"]),
    ],
)
def test_where_an_algorithm_is_registered_no_other_is_taken(bank, request, kind, registered, others):
    """token_endpoint_auth_signing_alg (OpenID Connect Registration 2): the one that must be used."""
    client_id = f"only-{registered}"
    metadata = CLIENTS[request.getfixturevalue(kind).client_id]() | {"client_id": client_id}
    keys = {"RSA": rsa_key("fapi1-bearer"), "EC": ec_key("fapi1-bearer")}
    if kind == "fapi1_bearer_client":
        metadata["jwks"] = {"keys": [jwk(key, kid=name) for name, key in keys.items()]}
    bank.register(**metadata, token_endpoint_auth_signing_alg=registered)

    def by(alg):
        client = request.getfixturevalue(kind).with_(client_id=client_id, alg=alg)
        if kind == "client_secret_jwt_client":
            return push(client.with_(key=secret_of(client_id)))
        name = {"PS256": "RSA", "ES256": "EC"}[alg]
        return push(client, client.assertion(key=keys[name], headers={"kid": name, "alg": alg}))

    assert accepted(by(registered))
    for alg in others:
        assert refused(by(alg))


@each(
    ("method", "alg"),
    [
        *(("private_key_jwt", alg) for alg in ("HS256", "RS256", "none", "", 5, [])),
        *(("client_secret_jwt", alg) for alg in ("PS256", "HS1", "none", "", "hs256")),
        *(("none", alg) for alg in ("PS256", "HS256", "none")),
    ],
)
def test_only_an_algorithm_of_the_method_is_registered(bank, method, alg):
    """A MAC is of a secret and a signature of a private key; who sends neither has no algorithm."""
    given = CLIENTS["fapi1-bearer"]() | {"client_id": "wrong-alg", "token_endpoint_auth_method": method}
    given |= {"grant_types": ["authorization_code"], "token_endpoint_auth_signing_alg": alg}
    with pytest.raises(InvalidClientMetadata, match="token_endpoint_auth_signing_alg"):
        bank.register(**given)
