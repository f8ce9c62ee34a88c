"""OpenID Connect Core 1.0: the code flow, ID tokens and userinfo. The claims parameter has test_oidc_claims.py."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlsplit

import jwt
import pytest

from local.sandbox_users import ALICE, BOB
from tests.actors import ISSUER, NOW, Browser
from tests.each import each

PROFILE = {"name", "family_name", "given_name", "middle_name", "nickname", "preferred_username", "profile", "picture"}
PROFILE |= {"website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"}
SCOPES = {
    "openid": set(),
    "profile": PROFILE,
    "email": {"email", "email_verified"},
    "address": {"address"},
    "phone": {"phone_number", "phone_number_verified"},
    "accounts": set(),
}
EVERYTHING = "openid profile email"
NOT_HERE = {"x5u", "x5c", "jku", "jwk", "x5t", "x5t#S256"}


@pytest.fixture
def everyone(bank, tls_client_auth_client):
    """A client that may ask for everything about a person."""
    bank.register(
        client_id="everyone",
        client_name="Everyone's Accounts",
        profile="fapi2-security",
        grant_types=["authorization_code", "refresh_token"],
        scope=" ".join(SCOPES),
        redirect_uris=[tls_client_auth_client.redirect_uri],
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_subject_dn="CN=tls-client-auth,O=Fintech\\, Inc.,C=DE",
        tls_client_certificate_bound_access_tokens=True,
    )
    return tls_client_auth_client.with_(client_id="everyone")


def id_token_of(client, **request_parameters):
    """The verified claims of a login's ID token."""
    return client.bank.verified(client.tokens(**request_parameters)["id_token"], client.client_id)


def page_of(client, browser=None, **request_parameters):
    """The login page of a request."""
    page = (browser or Browser(client.bank)).page(client.client_id, client.pushed(**request_parameters))
    assert 'id="password"' in page.text
    return page


def field(page, name):
    """A field of the page's form, as it is filled in."""
    (tag,) = re.findall(f'<input id="{name}"[^>]*>', page.text)
    return re.search(r'value="([^"]*)"', tag)[1]


# 2: the ID token.


@pytest.mark.clause("OIDCC-2")
def test_2_an_id_token_says_who_signed_in_where_for_whom_and_until_when(bank, each_client):
    """iss, sub, aud, exp and iat are REQUIRED."""
    claims = id_token_of(each_client)
    assert claims["iss"] == ISSUER
    assert claims["sub"] == ALICE.sub
    assert claims["aud"] == each_client.client_id
    assert claims["iat"] == bank.now
    assert bank.now < claims["exp"] <= bank.now + 3600


@pytest.mark.clause("OIDCC-2")
def test_2_times_are_whole_seconds_as_numbers(tls_client_auth_client):
    """exp, iat and auth_time are JSON numbers of seconds since the epoch."""
    claims = id_token_of(tls_client_auth_client)
    assert {type(claims[name]) for name in ("exp", "iat", "auth_time")} == {int}


@pytest.mark.clause("OIDCC-2")
def test_2_sub_is_short_ascii_and_always_the_same_of_one_person(tls_client_auth_client, fintech):
    """sub: locally unique and never reassigned, at most 255 ASCII characters, case sensitive."""
    alice = {id_token_of(client)["sub"] for client in (tls_client_auth_client, fintech, tls_client_auth_client)}
    bob = {id_token_of(client, username="bob")["sub"] for client in (tls_client_auth_client, fintech)}
    assert (alice, bob) == ({ALICE.sub}, {BOB.sub})
    assert all(sub.isascii() and 0 < len(sub) <= 255 for sub in alice | bob)


@pytest.mark.clause("OIDCC-2")
def test_2_auth_time_is_when_the_person_signed_in_not_when_the_token_was_made(bank, tls_client_auth_client):
    """auth_time: when the end-user authentication occurred."""
    browser = Browser(bank)
    consent = browser.consent_page(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    bank.now += 40
    code = browser.submit(consent, "approve").parameters["code"]
    bank.now += 20
    claims = bank.verified(tls_client_auth_client.redeem(code).json()["id_token"], tls_client_auth_client.client_id)
    assert (claims["auth_time"], claims["iat"]) == (NOW, NOW + 60)


@pytest.mark.clause("OIDCC-2")
def test_2_acr_and_amr_say_how(tls_client_auth_client):
    """acr: a string, a level that metadata name. amr: a JSON array of strings, of RFC 8176."""
    claims = id_token_of(tls_client_auth_client)
    assert claims["acr"] in tls_client_auth_client.bank.metadata()["acr_values_supported"]
    assert claims["amr"] == ["pwd", "otp", "mfa"]


@pytest.mark.clause("OIDCC-2")
@each("nonce", ["n", "a" * 43, "b" * 64, "c" * 384, "d" * 1000, "\u00fc \u20ac+/=&%41\"'<>", " n "])
def test_2_nonce_is_the_requests_to_the_byte(tls_client_auth_client, nonce):
    """nonce: passed through unmodified from the authentication request to the ID token."""
    assert id_token_of(tls_client_auth_client, nonce=nonce)["nonce"] == nonce


@pytest.mark.clause("OIDCC-2")
def test_2_without_nonce_in_the_request_there_is_none(tls_client_auth_client):
    """If present in the authentication request, the server MUST include it; else there is nothing to include."""
    assert "nonce" not in id_token_of(tls_client_auth_client, nonce=None)


@pytest.mark.clause("OIDCC-2")
def test_2_aud_is_the_client_alone_and_so_there_is_no_other_azp(tls_client_auth_client):
    """azp is needed where the audience is another than the party that was authorized; here it is never another."""
    claims = id_token_of(tls_client_auth_client)
    assert claims["aud"] == tls_client_auth_client.client_id
    assert claims.get("azp", tls_client_auth_client.client_id) == tls_client_auth_client.client_id


@pytest.mark.clause("OIDCC-2")
def test_2_no_claim_is_there_that_nobody_requested(tls_client_auth_client):
    """Claims beyond those of the specification are not told unasked, least of all about the person."""
    allowed = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "at_hash"}
    assert id_token_of(tls_client_auth_client, scope=EVERYTHING).keys() <= allowed


@pytest.mark.clause("OIDCC-2")
def test_2_it_is_signed_and_its_header_names_a_published_key_and_carries_none(bank, fintech, rival):
    """ID Tokens MUST be signed using JWS, never by none, and SHOULD NOT use x5u, x5c, jku or jwk."""
    published = {key["kid"]: key for key in bank.jwks()["keys"]}
    for client, alg in ((fintech, "PS256"), (rival, "ES256")):
        header = jwt.get_unverified_header(client.tokens()["id_token"])
        assert header["alg"] == alg
        assert published[header["kid"]]["alg"] == alg
        assert not NOT_HERE & header.keys()


@pytest.mark.clause("OIDCC-10.1")
def test_10_1_each_published_key_has_a_kid_of_its_own(bank):
    """If there are multiple keys in the JWK Set, a kid value MUST be provided in the JOSE header."""
    kids = [key["kid"] for key in bank.jwks()["keys"]]
    assert len(kids) >= 2
    assert len(set(kids)) == len(kids)


# 3.1.2.1: the authentication request.


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.clause("FAPI1-BASE-5.2.2.1-1")
@pytest.mark.parametrize("method", ["get", "post"])
def test_3_1_2_1_it_comes_by_get_or_by_post(tls_client_auth_client, method):
    """Servers MUST support GET and POST at the authorization endpoint."""
    browser, request_parameters = (
        Browser(tls_client_auth_client.bank),
        {"client_id": tls_client_auth_client.client_id, "request_uri": tls_client_auth_client.pushed()},
    )
    answer = getattr(browser, method)("/authorize", request_parameters)
    back = browser.submit(browser.get(browser.sign_in(browser.get(answer.location)).location), "approve")
    assert "id_token" in tls_client_auth_client.redeem(back.parameters["code"]).json()


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_without_openid_it_is_none(tls_client_auth_client):
    """Requests MUST contain the openid scope value; without it, no ID token is made and userinfo is shut."""
    tokens = tls_client_auth_client.tokens(scope="accounts", nonce="n", max_age="1")
    assert "id_token" not in tokens
    assert (
        tls_client_auth_client.userinfo(tokens["access_token"]).status,
        tls_client_auth_client.userinfo(tokens["access_token"]).error,
    ) == (
        403,
        "insufficient_scope",
    )


@pytest.mark.clause("OIDCC-3.1.2.1")
@each("missing", ["scope", "response_type", "redirect_uri"])
def test_3_1_2_1_what_is_required_is_required(tls_client_auth_client, missing):
    """scope, response_type, client_id and redirect_uri are REQUIRED."""
    answer = tls_client_auth_client.push(**{missing: None})
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("OIDCC-3.1.2.1")
@each("prompt", [None, "login", "consent", "select_account", "login consent", "consent login"])
def test_3_1_2_1_whatever_the_prompt_the_person_signs_in_and_agrees(tls_client_auth_client, prompt):
    """prompt: login MUST ask for a new sign-in, consent for consent, select_account for an account; so does each request."""
    browser = Browser(tls_client_auth_client.bank)
    browser.login(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    page = page_of(tls_client_auth_client, browser, prompt=prompt)
    assert field(page, "username") == ""
    consent = browser.get(browser.sign_in(page, username="bob").location)
    assert 'value="approve"' in consent.text
    code = browser.submit(consent, "approve").parameters["code"]
    claims = tls_client_auth_client.bank.verified(
        tls_client_auth_client.redeem(code).json()["id_token"], tls_client_auth_client.client_id
    )
    assert claims["sub"] == BOB.sub


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize("before", ["nobody", "signed in"])
def test_3_1_2_1_prompt_none_shows_no_page(tls_client_auth_client, before):
    """none: the server MUST NOT display any page; an error is returned, here login_required, since nobody stays signed in."""
    browser = Browser(tls_client_auth_client.bank)
    if before == "signed in":
        browser.login(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    back = browser.open(tls_client_auth_client.client_id, tls_client_auth_client.pushed(prompt="none"))
    assert back.location.startswith(f"{tls_client_auth_client.redirect_uri}?")
    assert back.parameters["error"] == "login_required"
    assert back.text == ""
    assert back.header("set-cookie") is None


@pytest.mark.clause("OIDCC-3.1.2.1")
@each("prompt", ["none login", "consent none", "LOGIN", "None", "login,consent", "else", "login else"])
def test_3_1_2_1_a_prompt_that_is_unknown_or_contradicts_itself_is_refused(tls_client_auth_client, prompt):
    """A space-delimited, case-sensitive list; if none stands with any other value, an error is returned."""
    answer = tls_client_auth_client.push(prompt=prompt)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("OIDCC-3.1.2.1")
@pytest.mark.parametrize("max_age", ["0", "1", "300", "9999999999"])
def test_3_1_2_1_max_age_is_met_by_signing_in_and_answered_by_auth_time(bank, tls_client_auth_client, max_age):
    """If more time has passed, the person MUST be asked again; the ID token MUST include auth_time."""
    browser = Browser(bank)
    browser.login(tls_client_auth_client.client_id, tls_client_auth_client.pushed())
    bank.now += 2
    back = browser.login(tls_client_auth_client.client_id, tls_client_auth_client.pushed(max_age=max_age))
    claims = bank.verified(
        tls_client_auth_client.redeem(back.parameters["code"]).json()["id_token"], tls_client_auth_client.client_id
    )
    assert claims["auth_time"] == bank.now


@pytest.mark.clause("OIDCC-3.1.2.1")
@each("max_age", ["-1", "1.5", "soon", "1e3", "+1", "0x10", "\u0661", "99999999999"])
def test_3_1_2_1_a_max_age_that_is_no_number_of_seconds_is_refused(tls_client_auth_client, max_age):
    """max_age: allowable elapsed time in seconds."""
    answer = tls_client_auth_client.push(max_age=max_age)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_login_hint_fills_in_the_name_and_decides_nothing(tls_client_auth_client):
    """login_hint: a hint about the login identifier; its use is left to the server's discretion."""
    browser = Browser(tls_client_auth_client.bank)
    page = page_of(tls_client_auth_client, browser, login_hint="alice")
    assert field(page, "username") == "alice"
    assert browser.sign_in(page, username="bob").status == 303


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_a_login_hint_is_text_and_no_markup(tls_client_auth_client):
    """What a client hints at is shown, never run."""
    page = page_of(tls_client_auth_client, login_hint="\"><script>alert('x')</script>")
    assert page.text.count("<script") == 1  # our own
    assert field(page, "username") == "&#34;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_a_login_hint_that_is_too_long_is_refused_never_cut(tls_client_auth_client):
    """What would not be kept whole is not taken."""
    assert tls_client_auth_client.push(login_hint="a" * 1000).status == 201
    assert tls_client_auth_client.push(login_hint="a" * 1001).error == "invalid_request"


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_only_the_person_of_an_id_token_hint_may_sign_in(tls_client_auth_client):
    """If the End-User identified by the ID Token is not who signs in, there is no positive response; an expired one will do."""
    hint = tls_client_auth_client.tokens()["id_token"]
    tls_client_auth_client.bank.now += 86_400
    browser = Browser(tls_client_auth_client.bank)
    page = browser.page(tls_client_auth_client.client_id, tls_client_auth_client.pushed(id_token_hint=hint))
    again = browser.sign_in(page, username="bob")
    assert (again.status, "somebody else" in again.text) == (200, True)
    assert browser.sign_in(again, username="alice").status == 303


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_a_hint_that_we_did_not_issue_to_the_client_is_refused(tls_client_auth_client, fintech):
    """The hint is an ID Token previously issued by the Authorization Server to this client; anything else is no request."""
    head, body, signature = tls_client_auth_client.tokens()["id_token"].split(".")
    others = fintech.tokens()["id_token"]
    own = fintech.assertion(
        iss=tls_client_auth_client.bank.settings.issuer, aud=tls_client_auth_client.client_id, sub="alice"
    )
    for hint in (
        "x",
        "a.b.c",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        others,
        own,
        "e30.e30.",
        "\u00fc",
    ):
        answer = tls_client_auth_client.push(id_token_hint=hint)
        assert (answer.status, answer.json()["error"]) == (400, "invalid_request"), hint


@pytest.mark.fault("4i")
@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_a_hint_whose_key_is_gone_counts_as_none(tls_client_auth_client):
    """The server should answer successfully where it can, even without a hint; without a page it can't know who is meant."""
    bank, client = tls_client_auth_client.bank, tls_client_auth_client
    hint = client.tokens()["id_token"]
    header, body, signature = hint.split(".")
    disclosed = json.loads(urlsafe_b64decode(header + "=="))
    gone = urlsafe_b64encode(json.dumps({**disclosed, "kid": "A" * 43}).encode()).rstrip(b"=").decode()
    page = Browser(bank).page(client.client_id, client.pushed(id_token_hint=f"{gone}.{body}.{signature}"))
    assert page.status == 200
    silent = client.push(prompt="none", id_token_hint=f"{gone}.{body}.{signature}")
    assert (silent.status, silent.error) == (400, "login_required")
    others = urlsafe_b64encode(json.dumps({"iss": ISSUER, "aud": "rival", "sub": "x"}).encode()).rstrip(b"=").decode()
    assert client.push(id_token_hint=f"{gone}.{others}.{signature}").error == "invalid_request"


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_a_hint_by_a_key_that_signs_no_id_tokens_is_refused(tls_client_auth_client):
    """What a function that serves a page signed names nobody."""
    bank, client = tls_client_auth_client.bank, tls_client_auth_client
    hint = client.tokens()["id_token"]
    for key in bank.aws.signing_keys.all(now=bank.now):
        bank.aws.signing_keys.put(replace(key, uses=("authorization_response",)))
    bank.aws.signing_keys.forget()
    answer = client.push(id_token_hint=hint)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_an_id_token_hint_gets_nobody_in_without_a_page(tls_client_auth_client):
    """With prompt none, a hint at a person who is not signed in MUST give an error such as login_required."""
    hint = tls_client_auth_client.tokens()["id_token"]
    back = Browser(tls_client_auth_client.bank).open(
        tls_client_auth_client.client_id, tls_client_auth_client.pushed(prompt="none", id_token_hint=hint)
    )
    assert back.parameters["error"] == "login_required"


@pytest.mark.clause("OIDCC-15.1")
@each(
    "request_parameters",
    [
        {"display": "page"},
        {"display": "popup"},
        {"display": "touch"},
        {"display": "wap"},
        {"display": "else"},
        {"ui_locales": "fr-CA fr en", "claims_locales": "fr-CA fr en", "display": "page"},
        {"ui_locales": "tlh"},
        {"claims_locales": "ja-Kana-JP"},
        {"acr_values": "urn:mace:incommon:iap:silver phr"},
        {"acr_values": "urn:ducat:loa:3"},
    ],
)
def test_15_1_display_locales_and_acr_values_are_no_errors(tls_client_auth_client, request_parameters):
    """Every provider supports display, ui_locales, claims_locales and acr_values at least so that their use gives no error."""
    assert id_token_of(tls_client_auth_client, **request_parameters)["acr"] == "urn:ducat:loa:2"


@pytest.mark.clause("OIDCC-3.1.2.1")
def test_3_1_2_1_acr_values_are_a_wish(tls_client_auth_client):
    """acr_values asks for acr as a voluntary claim: what was reached is told, be it wished for or not."""
    assert id_token_of(tls_client_auth_client, acr_values="urn:ducat:loa:2")["acr"] == "urn:ducat:loa:2"
    assert id_token_of(tls_client_auth_client, acr_values="urn:ducat:loa:3 urn:ducat:loa:2")["acr"] == "urn:ducat:loa:2"


# 3.1.2.2 to 3.1.2.4: checked, signed in, agreed.


@pytest.mark.clause("OIDCC-3.1.2.2")
@pytest.mark.clause("FAPI1-BASE-5.2.2.1-2")
def test_3_1_2_2_parameters_that_are_not_understood_are_ignored(tls_client_auth_client):
    """The server SHOULD ignore unrecognized request parameters."""
    unknown = {"sub": "mallory", "azp": "mallory", "iss": "https://evil.example", "auth_time": "1", "audience": "x"}
    claims = id_token_of(tls_client_auth_client, extra=unknown)
    assert (claims["sub"], claims["iss"], claims["auth_time"]) == (ALICE.sub, ISSUER, NOW)


@pytest.mark.clause("OIDCC-3.1.2.3")
@pytest.mark.clause("FAPI1-BASE-5.2.2.1-3")
@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"one_time_code": "000000"}, {"username": "bob", "password": "x"}]
)
def test_3_1_2_3_nobody_goes_on_who_did_not_prove_who_they_are(tls_client_auth_client, wrong):
    """The server MUST authenticate the end-user before anything is released."""
    browser, request_uri = Browser(tls_client_auth_client.bank), tls_client_auth_client.pushed()
    again = browser.sign_in(browser.page(tls_client_auth_client.client_id, request_uri), **wrong)
    assert again.status == 200
    assert 'id="problem"' in again.text
    key = re.search(r'name="interaction" value="([^"]+)"', again.text)[1]
    assert urlsplit(browser.get(f"/consent?interaction={key}").location).path == "/login"


@pytest.mark.clause("OIDCC-3.1.2.3")
def test_3_1_2_3_pages_stand_in_no_frame_and_take_no_foreign_form(tls_client_auth_client):
    """The server MUST employ appropriate measures against Cross-Site Request Forgery and Clickjacking."""
    browser = Browser(tls_client_auth_client.bank)
    page = page_of(tls_client_auth_client, browser)
    assert page.header("x-frame-options") == "DENY"
    assert "frame-ancestors 'none'" in page.header("content-security-policy")
    form = {"action": "login", "username": "alice", "password": "wonderland", "one_time_code": "123456"}
    key = re.search(r'name="interaction" value="([^"]+)"', page.text)[1]
    assert browser.post("/login", {**form, "interaction": key}).page_error == "access_denied"


@pytest.mark.clause("OIDCC-3.1.2.4")
def test_3_1_2_4_nothing_is_released_before_the_person_agrees(tls_client_auth_client):
    """The server MUST obtain an authorization decision before releasing information to the client."""
    browser = Browser(tls_client_auth_client.bank)
    signed_in = browser.sign_in(page_of(tls_client_auth_client, browser))
    assert urlsplit(signed_in.location).path == "/consent"
    assert "code" not in signed_in.location
    consent = browser.get(signed_in.location)
    assert "Fintech" in consent.text
    assert "See your name and other details of your profile" in consent.text
    assert browser.submit(consent, "cancel").parameters["error"] == "access_denied"


# 3.1.2.5, 3.1.2.6: the response.


@pytest.mark.clause("OIDCC-3.1.2.5")
def test_3_1_2_5_the_response_is_a_code_in_the_query_and_nothing_of_the_person(tls_client_auth_client):
    """Response parameters are added to the query component; no token goes through the browser."""
    back = tls_client_auth_client.approved(scope=EVERYTHING)
    assert not urlsplit(back.location).fragment
    assert back.parameters.keys() == {"code", "state", "iss"}
    assert back.parameters["state"] == "a-state"
    assert "alice" not in back.text.lower()


@pytest.mark.clause("OIDCC-3.1.2.6")
@pytest.mark.clause("FAPI1-BASE-5.2.2.1-4")
@each(
    ("request_parameters", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"prompt": "none", "state": None}, "login_required"),
        (
            {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": "phr"}}})},
            "unmet_authentication_requirements",
        ),
    ],
)
def test_3_1_2_6_an_error_goes_to_the_redirect_uri_with_the_state(tls_client_auth_client, request_parameters, error):
    """error is REQUIRED, state if the request had one; nothing else goes there."""
    back = Browser(tls_client_auth_client.bank).open(
        tls_client_auth_client.client_id, tls_client_auth_client.pushed(**request_parameters)
    )
    assert back.location.startswith(f"{tls_client_auth_client.redirect_uri}?")
    assert back.parameters["error"] == error
    assert back.parameters.get("state") == request_parameters.get("state", "a-state")
    assert back.parameters.keys() <= {"error", "error_description", "state", "iss"}


@pytest.mark.clause("OIDCC-3.1.2.6")
def test_3_1_2_6_no_error_goes_to_a_redirect_uri_that_is_not_proven(bank, tls_client_auth_client):
    """Unless the redirection URI is invalid, the server returns the client to it; else it does not."""
    request_parameters = tls_client_auth_client.request_arguments(
        client_id=tls_client_auth_client.client_id, redirect_uri="https://evil.example", prompt="none"
    )
    page = Browser(bank).get("/authorize", request_parameters)
    assert page.header("location") is None
    assert page.page_error == "invalid_request"


@pytest.mark.clause("OIDCC-3.1.2.6")
@pytest.mark.clause("OIDCC-6.1")
def test_6_1_a_request_object_that_is_not_supported_is_refused_as_such(tls_client_auth_client):
    """request_not_supported: the provider does not support the request parameter, for this client."""
    assert tls_client_auth_client.push(request="eyJhbGciOiJub25lIn0.e30.").error == "request_not_supported"


# 3.1.3: the token endpoint.


@pytest.mark.clause("OIDCC-3.1.3.3")
def test_3_1_3_3_the_token_response_has_an_id_token_and_is_not_stored(each_client):
    """id_token beside OAuth's members; Cache-Control: no-store."""
    answer = each_client.redeem(each_client.code())
    assert answer.header("cache-control") == "no-store"
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert {"access_token", "id_token", "expires_in", "refresh_token"} <= body.keys()
    assert body["id_token"].count(".") == 2


@pytest.mark.clause("OIDCC-3.1.3.2")
@pytest.mark.clause("FAPI1-BASE-5.2.2.1-5")
def test_3_1_3_2_only_a_code_of_an_openid_request_gives_an_id_token(tls_client_auth_client):
    """The token request is checked against the request that the code came from, not against what it says itself."""
    assert (
        "id_token"
        not in tls_client_auth_client.redeem(
            tls_client_auth_client.code(scope="accounts"), scope="openid accounts"
        ).json()
    )
    assert (
        "id_token"
        in tls_client_auth_client.redeem(tls_client_auth_client.code(scope="openid"), scope="accounts").json()
    )


@pytest.mark.clause("OIDCC-3.1.3.6")
def test_3_1_3_6_at_hash_is_of_the_access_token_beside_it(fintech, rival):
    """The left half of the hash of the access token, by the hash of the ID token's alg, in base64url."""
    for client in (fintech, rival):
        tokens = client.tokens()
        half = sha256(tokens["access_token"].encode("ascii")).digest()[:16]
        claims = client.bank.verified(tokens["id_token"], client.client_id)
        assert claims["at_hash"] == urlsafe_b64encode(half).rstrip(b"=").decode()


@pytest.mark.clause("OIDCC-3.1.3.7")
def test_3_1_3_7_a_client_that_checks_everything_is_content(bank, fintech):
    """Issuer, audience, signature, algorithm, times, nonce, acr and auth_time are as a client must check them."""
    id_token = fintech.tokens(nonce="n-0S6_WzA2Mj", max_age="60")["id_token"]
    (key,) = [key for key in bank.jwks()["keys"] if key["kid"] == jwt.get_unverified_header(id_token)["kid"]]
    unhurried = {"verify_exp": False, "verify_iat": False}  # the clock is ours
    claims = jwt.decode(
        id_token, jwt.PyJWK(key), algorithms=["PS256"], audience="fintech", issuer=ISSUER, options=unhurried
    )
    assert claims["exp"] > bank.now
    assert abs(bank.now - claims["iat"]) < 300
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert bank.now - claims["auth_time"] <= 60


# 5.1, 5.2: what claims look like.


@pytest.mark.clause("OIDCC-5.1")
def test_5_1_claims_have_the_types_of_the_standard(everyone):
    """Strings, but for email_verified and phone_number_verified (booleans), updated_at (a number), address (an object)."""
    disclosed = everyone.userinfo(everyone.tokens(scope=" ".join(SCOPES))["access_token"]).json()
    others = {"email_verified": bool, "phone_number_verified": bool, "updated_at": int, "address": dict}
    assert {name: type(value) for name, value in disclosed.items()} == {
        name: others.get(name, str) for name in disclosed
    }
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", disclosed["birthdate"])
    assert re.fullmatch(r"\+\d+", disclosed["phone_number"])


@pytest.mark.clause("OIDCC-5.1.1")
def test_5_1_1_an_address_is_an_object_of_texts(everyone):
    """formatted, street_address, locality, region, postal_code, country; a formatted one may have several lines."""
    disclosed = everyone.userinfo(everyone.tokens(scope="openid address")["access_token"]).json()
    known = {"formatted", "street_address", "locality", "region", "postal_code", "country"}
    assert disclosed["address"] == ALICE.claims["address"]
    assert disclosed["address"].keys() <= known
    assert "\n" in disclosed["address"]["formatted"]


@pytest.mark.clause("OIDCC-5.2")
def test_5_2_a_claim_in_a_language_that_is_not_there_is_no_error(everyone):
    """Language-tagged claims that are not there are left out, and what is there is told without a tag."""
    claims = json.dumps({"userinfo": {"family_name#ja-Kana-JP": {"essential": True}, "given_name": None}})
    tokens = everyone.tokens(scope="openid", claims=claims, claims_locales="ja-Kana-JP de")
    disclosed = everyone.userinfo(tokens["access_token"]).json()
    assert disclosed == {"sub": ALICE.sub, "given_name": "Alice"}


# 5.3: userinfo.


@pytest.mark.clause("OIDCC-5.3")
@pytest.mark.clause("OIDCC-5.3.1")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_5_3_userinfo_takes_get_and_post_with_the_token_in_the_header(each_client, method):
    """The UserInfo Endpoint MUST support GET and POST, and MUST accept access tokens as of RFC 6750 2.1."""
    disclosed = each_client.userinfo(each_client.tokens()["access_token"], method=method)
    assert disclosed.status == 200
    assert disclosed.json()["sub"] == ALICE.sub


@pytest.mark.clause("OIDCC-5.3")
@each("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_5_3_userinfo_takes_no_other_method(tls_client_auth_client, method):
    """GET and POST are what is defined."""
    answer = tls_client_auth_client.userinfo(tls_client_auth_client.tokens()["access_token"], method=method)
    assert (answer.status, answer.header("allow")) == (405, "GET, POST")


@pytest.mark.clause("OIDCC-5.3.2")
@pytest.mark.parametrize("username", ["alice", "bob"])
def test_5_3_2_sub_is_always_there_and_the_id_tokens(tls_client_auth_client, username):
    """sub MUST always be returned, and MUST be verified by the client to exactly match the ID token's."""
    tokens = tls_client_auth_client.tokens(username=username, scope="openid")
    disclosed = tls_client_auth_client.userinfo(tokens["access_token"]).json()
    assert disclosed == {
        "sub": tls_client_auth_client.bank.verified(tokens["id_token"], tls_client_auth_client.client_id)["sub"]
    }


@pytest.mark.clause("OIDCC-5.3.2")
def test_5_3_2_it_is_json_that_nobody_stores_without_empty_members(everyone):
    """application/json; a claim that is not there is omitted rather than null or empty."""
    answer = everyone.userinfo(everyone.tokens(scope=" ".join(SCOPES))["access_token"])
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"
    assert all(value not in (None, "", [], {}) for value in answer.json().values())


@pytest.mark.clause("OIDCC-5.3.3")
@each("token", ["nothing", "A" * 43, "eyJhbGciOiJub25lIn0.e30."])
def test_5_3_3_an_error_is_one_of_bearer_tokens(tls_client_auth_client, token):
    """Errors are as of RFC 6750 3: 401 with a WWW-Authenticate that says invalid_token."""
    answer = tls_client_auth_client.userinfo(token)
    assert (answer.status, answer.error) == (401, "invalid_token")
    assert 'error="invalid_token"' in answer.header("www-authenticate")


@pytest.mark.clause("OIDCC-5.3.2")
def test_5_3_2_a_persons_claims_are_as_they_agreed_to_tell_them(tls_client_auth_client):
    """One person's token tells of nobody else, and a token of less tells less."""
    alice, bob = (
        tls_client_auth_client.tokens(scope="openid profile"),
        tls_client_auth_client.tokens(scope="openid email", username="bob"),
    )
    disclosed = {
        who: tls_client_auth_client.userinfo(tokens["access_token"]).json()
        for who, tokens in (("a", alice), ("b", bob))
    }
    assert disclosed["a"]["given_name"] == "Alice"
    assert disclosed["b"] == {"sub": BOB.sub, "email": "bob@example.com", "email_verified": True}


# 5.4: scope.


@pytest.mark.clause("OIDCC-5.4")
@each("scope", SCOPES)
def test_5_4_each_scope_requests_its_claims_of_userinfo_alone(everyone, scope):
    """profile, email, address and phone ask for sets of claims, which are returned from userinfo."""
    request_parameters = "openid" if scope == "openid" else f"openid {scope}"
    tokens = everyone.tokens(scope=request_parameters)
    assert everyone.userinfo(tokens["access_token"]).json().keys() == {"sub"} | SCOPES[scope]
    assert not SCOPES[scope] & everyone.bank.verified(tokens["id_token"], "everyone").keys()


@pytest.mark.clause("OIDCC-5.4")
def test_5_4_several_scopes_add_up(everyone):
    """Multiple claims can be requested by a space-delimited list of scope values."""
    disclosed = everyone.userinfo(everyone.tokens(scope=" ".join(SCOPES))["access_token"]).json()
    standard = set().union(*SCOPES.values())
    assert disclosed == {"sub": ALICE.sub} | {name: ALICE.claims[name] for name in standard & ALICE.claims.keys()}


@pytest.mark.clause("OIDCC-5.4")
def test_5_4_the_person_sees_each_of_them(everyone):
    """The provider tells the person what is asked for, and may be told no."""
    page = Browser(everyone.bank).consent_page("everyone", everyone.pushed(scope=" ".join(SCOPES)))
    for words in ("profile", "email address", "phone number", "postal address", "accounts"):
        assert words in page.text
    assert "Everyone&#39;s Accounts" in page.text


# 5.7, 8: who a sub is.


@pytest.mark.clause("OIDCC-5.7")
def test_5_7_iss_and_sub_are_who_a_person_is(tls_client_auth_client):
    """Only sub and iss together identify a person; they stay the same whatever else is asked for."""
    first, second = (
        id_token_of(tls_client_auth_client, scope="openid"),
        id_token_of(tls_client_auth_client, scope=EVERYTHING, nonce="other"),
    )
    assert (first["iss"], first["sub"]) == (second["iss"], second["sub"])


@pytest.mark.clause("OIDCC-8")
def test_8_subjects_are_public(tls_client_auth_client, fintech, self_signed_client):
    """public: the same sub value is provided to all clients."""
    assert {id_token_of(client)["sub"] for client in (tls_client_auth_client, fintech, self_signed_client)} == {
        ALICE.sub
    }


# 12: refreshing.


@pytest.mark.clause("OIDCC-12.1")
def test_12_1_who_refreshes_must_authenticate(bank, each_client):
    """The client MUST authenticate to the token endpoint with the method that it registered."""
    form = {"grant_type": "refresh_token", "refresh_token": each_client.tokens()["refresh_token"]}
    answer = bank.send("POST", "/token", form=form | {"client_id": each_client.client_id})
    assert (answer.status, answer.error) == (401, "invalid_client")


@pytest.mark.clause("OIDCC-12.2")
def test_12_2_a_refreshed_token_tells_of_the_same_person_and_no_new_sign_in(bank, each_client):
    """The response might not contain an id_token; what it gives is of the same person and the same sign-in."""
    tokens = each_client.tokens()
    bank.now += 3600
    refreshed = each_client.refresh(tokens["refresh_token"]).json()
    assert "id_token" not in refreshed
    assert each_client.userinfo(refreshed["access_token"]).json()["sub"] == ALICE.sub
    assert each_client.introspect(refreshed["access_token"]).json()["auth_time"] == NOW


@pytest.mark.clause("OIDCC-5.3.2")
def test_5_3_2_a_token_that_was_refreshed_for_less_tells_less(tls_client_auth_client):
    """What is told is what this access token's scope asks for, whatever the person agreed to beside it."""
    refresh_token = tls_client_auth_client.tokens(scope="openid profile")["refresh_token"]
    less = tls_client_auth_client.refresh(refresh_token, scope="openid").json()["access_token"]
    assert tls_client_auth_client.userinfo(less).json() == {"sub": ALICE.sub}
