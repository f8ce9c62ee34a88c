"""Requests, codes, redirects and PKCE: faults that providers published in 2025 and 2026, tried on ours."""

import json
from unittest.mock import patch

import pytest

from chalicelib.authorization import code_challenge
from chalicelib.errors import InvalidClientMetadata
from tests.actors import VERIFIER, Browser
from tests.attacks.published.conftest import opens, refused, signed_in
from tests.conftest import STANDARD

pytestmark = pytest.mark.fault("7")

EVIL = "https://evil.example/callback"


def leads_nowhere(answer):
    """Whether it is a page of ours that goes on to nobody."""
    assert answer.status == 400, (answer.status, answer.header("location"))
    assert EVIL not in answer.text
    return answer.page_error


@pytest.mark.published("Keycloak", "CVE-2026-16089")
def test_a_code_is_no_use_to_another_client(fintech, rival):
    """A code could be made to belong to the client that redeemed it."""
    code = fintech.code()
    for changed in ({}, {"client_id": "fintech"}):
        answer = rival.redeem(code, **changed)
        assert answer.status in (400, 401)
        assert "access_token" not in answer.text
    secret, _, key = code.partition(".")
    assert refused(rival.redeem(f"{secret}.{rival.code().partition('.')[2]}"), "invalid_grant")
    assert fintech.redeem(code).status == 200
    assert key


@pytest.mark.published("Keycloak", "CVE-2026-4282")
def test_what_is_remembered_for_another_purpose_is_no_code(fintech):
    """Everything that is used once lay in one store, so that one kind of value was forged as another."""
    request_uri = fintech.pushed()
    tokens = fintech.tokens()
    browser = Browser(fintech.bank)
    page = browser.page(fintech.client_id, fintech.pushed())
    interaction = page.text.partition('name="interaction" value="')[2].partition('"')[0]
    values = [request_uri, request_uri.rpartition(":")[2], tokens["access_token"], tokens["refresh_token"], interaction]
    values += [f"{'A' * 43}.{interaction}", *browser.cookies.values()]
    for value in values:
        assert refused(fintech.redeem(value), "invalid_grant"), value
    assert opens(fintech, tokens["access_token"])
    for value in (request_uri.rpartition(":")[2], fintech.code(), tokens["refresh_token"]):
        assert not opens(fintech, value)
        assert fintech.introspect(value).json().get("active") is not True or value == tokens["refresh_token"]


@pytest.mark.published("Apache CXF", "CVE-2026-68079")
@pytest.mark.published("XenForo", "CVE-2026-73311")
def test_a_code_is_redeemed_once_and_a_second_use_ends_what_the_first_gave(each_client):
    """A used code gave another pair of tokens, as often as it came."""
    code = each_client.code()
    first = each_client.redeem(code).json()
    for _ in range(3):
        assert refused(each_client.redeem(code), "invalid_grant")
    assert not opens(each_client, first["access_token"])
    assert refused(each_client.refresh(first["refresh_token"]), "invalid_grant")


@pytest.mark.published("Gitea", "CVE-2026-26232")
def test_a_code_expires(fintech):
    """Codes had no end."""
    code = fintech.code()
    fintech.bank.now += 61
    assert refused(fintech.redeem(code), "invalid_grant")


@pytest.mark.published("Spring Security", "CVE-2026-22751")
def test_of_parallel_uses_of_a_code_one_is_answered(fintech, race):
    """What was good once was read, checked and then deleted: parallel uses all passed."""
    code = fintech.code()
    answers = race(lambda n: fintech.redeem(code))
    assert sum(answer.status == 200 for answer in answers) <= 1


@pytest.mark.published("Gitea", "CVE-2026-26247")
def test_no_code_is_redeemed_without_its_verifier(fintech, public_client):
    """Who left out the verifier, or the method, was spared the check."""
    for client in (fintech, public_client):
        browser = Browser(client.bank)
        request_parameters = client.request_arguments()
        sent = request_parameters | {"client_id": client.client_id}
        first = {"request_uri": client.pushed(), "client_id": client.client_id} if client is fintech else sent
        page = browser.get(browser.get("/authorize", first).location)
        code = browser.submit(browser.get(browser.sign_in(page).location), "approve").parameters["code"]
        for verifier in (None, "", request_parameters["code_challenge"], VERIFIER[:-1], VERIFIER + "a"):
            assert refused(client.redeem(code, code_verifier=verifier), "invalid_grant")
    for changed in ({"code_challenge": None}, {"code_challenge_method": None}, {"code_challenge_method": "plain"}):
        assert refused(fintech.push(**changed), "invalid_request")


@pytest.mark.published("Cloudflare workers-oauth-provider", "CVE-2025-4144")
def test_a_verifier_for_a_code_without_challenge_is_refused(fapi1_advanced_client):
    """A code of a request without challenge was redeemed with any verifier: the downgrade went unseen."""
    bare = {"response_type": "code id_token", "code_challenge": None, "code_challenge_method": None}
    code = fapi1_advanced_client.agreed(**bare).fragment["code"]
    assert refused(fapi1_advanced_client.redeem(code), "invalid_grant")


@pytest.mark.published("node-oauth2-server", "CVE-2026-41213")
def test_a_verifier_is_long_enough_to_resist_guesses(fintech):
    """A verifier of one character was taken, and wrong guesses cost nothing."""
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    for short in ("a", "a" * 42, "a" * 129, "a" * 42 + "\u00e9"):
        challenge = urlsafe_b64encode(sha256(short.encode()).digest()).rstrip(b"=").decode()
        code = fintech.code(code_challenge=challenge)
        assert refused(fintech.redeem(code, code_verifier=short), "invalid_grant"), len(short)


@pytest.mark.published("OAuthLib", "CVE-2026-49265")
def test_a_verifier_is_compared_in_constant_time(fintech):
    """The time of a comparison told how much of a guess was right."""
    code = fintech.code()
    with patch.object(code_challenge.hmac, "compare_digest", wraps=code_challenge.hmac.compare_digest) as compared:
        assert refused(fintech.redeem(code, code_verifier="a" * 43), "invalid_grant")
    assert compared.call_count >= 1
    assert any(len(str(call.args[0])) == 43 for call in compared.call_args_list)


@pytest.mark.published("Better Auth", "CVE-2026-67336")
def test_neither_plain_nor_none_is_offered_or_taken(bank, fintech):
    """The metadata offered the algorithm none and PKCE by plain, and both were taken."""
    disclosed = bank.metadata()
    assert disclosed["code_challenge_methods_supported"] == ["S256"]
    assert "none" not in json.dumps({name: value for name, value in disclosed.items() if "alg" in name})
    plain = fintech.push(code_challenge=VERIFIER, code_challenge_method="plain")
    assert refused(plain, "invalid_request")
    with pytest.raises(InvalidClientMetadata):
        bank.register(**STANDARD, client_id="none", token_endpoint_auth_method="none")


@pytest.mark.published("Authorizer", "CVE-2026-54072")
@pytest.mark.published("Cloudflare workers-oauth-provider", "CVE-2025-4143")
def test_a_redirect_uri_that_is_not_registered_gets_nothing(fintech, fapi1_baseline_client):
    """The address of a request was redirected to, whoever's it was."""
    assert refused(fintech.push(redirect_uri=EVIL), "invalid_request")
    request_parameters = fapi1_baseline_client.request_arguments(redirect_uri=EVIL) | {
        "client_id": fapi1_baseline_client.client_id
    }
    assert leads_nowhere(fapi1_baseline_client.bank.send("GET", "/authorize", query=request_parameters))


@pytest.mark.published("Authlib", "CVE-2026-41479")
def test_an_unknown_response_type_redirects_nowhere_unproven(bank, fapi1_baseline_client):
    """An unsupported response_type was answered at whatever address stood beside it, before any client was looked up."""
    for client_id in ("nobody", "baseline", ""):
        for response_type in ("token", "id_token", "x", ""):
            query = {"client_id": client_id, "response_type": response_type, "redirect_uri": EVIL, "state": "s"}
            assert leads_nowhere(bank.send("GET", "/authorize", query=query))


@pytest.mark.published("Authlib", "CVE-2026-44681")
def test_a_hybrid_request_that_fails_redirects_nowhere_unproven(fapi1_advanced_client):
    """A hybrid request without openid, or without nonce, was refused at an address that nobody had registered."""
    for changed in ({"scope": "accounts"}, {"nonce": None}, {"scope": None}):
        request_parameters = {"response_type": "code id_token", "redirect_uri": EVIL} | changed
        query = fapi1_advanced_client.direct(**request_parameters)
        assert leads_nowhere(fapi1_advanced_client.bank.send("GET", "/authorize", query=query))


@pytest.mark.published("Keycloak", "CVE-2026-7504")
@pytest.mark.published("Authlib", "PYSEC-2026-4354")
@pytest.mark.published("Spring Authorization Server", "CVE-2026-22752")
@pytest.mark.published("Better Auth", "CVE-2026-67333")
@pytest.mark.parametrize(
    "uri",
    [
        "https://good.example@evil.example/",
        "https://a@b@evil.example/",
        "http://localhost@evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "https://evil.example\\@good.example/",
        "https://*.example/callback",
        "https://good.example/callback#x",
    ],
)
def test_an_address_that_readers_take_apart_otherwise_is_not_registered(bank, fintech, uri):
    """User information, other schemes and wildcards in a redirect URI led elsewhere than they seemed to, or ran a script."""
    with pytest.raises(Exception, match="redirect_uri"):
        bank.register(
            **STANDARD | {"redirect_uris": [uri]}, client_id="odd", token_endpoint_auth_method="private_key_jwt"
        )
    assert refused(fintech.push(redirect_uri=uri), "invalid_request")


@pytest.mark.published("node-oidc-provider", "v9.11.4: exact redirects")
def test_a_redirect_uri_is_the_registered_one_to_the_letter(fintech):
    """Registered addresses were compared after they had been normalised."""
    for uri in (
        "https://fintech.example/callback/",
        "https://FINTECH.example/callback",
        "https://fintech.example:443/callback",
        "https://fintech.example/./callback",
        "https://fintech.example/%63allback",
        "https://fintech.example/callback?",
        "https://fintech.example/callback#",
    ):
        assert refused(fintech.push(redirect_uri=uri), "invalid_request"), uri


@pytest.mark.published("node-oidc-provider", "v9.1.2: omitted redirect_uri")
def test_a_redirect_uri_is_always_in_the_request(fintech, rival):
    """A client with one address could leave it out, under FAPI 2.0 too."""
    for client in (fintech, rival):
        assert refused(client.push(redirect_uri=None), "invalid_request")


@pytest.mark.published("Keycloak", "CVE-2026-7571")
def test_no_front_channel_token_where_the_client_has_none(fintech, fapi1_baseline_client, fapi1_advanced_client):
    """A client's disabled implicit flow was switched on by what the browser sent later."""
    for response_type in ("token", "id_token", "id_token token", "code token", "code id_token token"):
        for client in (fintech, fapi1_baseline_client):
            answer = client.push(response_type=response_type)
            assert answer.status == 400, response_type
        query = fapi1_advanced_client.direct(response_type=response_type)
        back = fapi1_advanced_client.bank.send("GET", "/authorize", query=query)
        assert "unsupported_response_type" in back.location
    browser = Browser(fintech.bank)
    page = browser.consent_page(fintech.client_id, fintech.pushed())
    form = dict(a.split("=") for a in ("response_type=token", "response_mode=fragment"))
    tags = {n: page.text.partition(f'name="{n}" value="')[2].partition('"')[0] for n in ("interaction", "csrf")}
    back = browser.post("/consent", tags | form | {"action": "approve"})
    assert "code" in back.parameters
    assert "access_token" not in back.text


@pytest.mark.published("Authlib", "PYSEC-2026-4360")
def test_an_unregistered_address_of_a_request_object_is_never_fetched(fapi1_advanced_client):
    """The server fetched whatever request_uri it was given, before it asked whose it was."""
    bank = fapi1_advanced_client.bank
    for uri in (
        "https://internal.example/",
        "https://169.254.169.254/latest",
        "http://localhost/",
        "file:///etc/passwd",
    ):
        answer = bank.send("GET", "/authorize", query={"client_id": "advanced", "request_uri": uri})
        assert answer.page_error in ("invalid_request_uri", "invalid_request")
    assert bank.web.fetched_urls == []


@pytest.mark.published("node-oidc-provider", "v9.11.4: scope syntax")
def test_a_scope_is_spelt_as_oauth_spells_it(fintech):
    """Tabs, line breaks and doubled spaces between scopes were read."""
    for scope in (
        "openid\taccounts",
        "openid  accounts",
        " openid",
        "openid ",
        "openid\naccounts",
        'openid "accounts"',
    ):
        assert refused(fintech.push(scope=scope), "invalid_scope"), scope


@pytest.mark.published("node-oidc-provider", "v9.11.4: claims shapes")
def test_a_claims_request_has_its_shape(fintech):
    """A single claim was asked for by something that is neither null nor an object."""
    for wish in ("x", 1, True, ["x"]):
        for destination in ("id_token", "userinfo"):
            assert refused(fintech.push(claims=json.dumps({destination: {"name": wish}})), "invalid_request"), wish


@pytest.mark.published("node-oidc-provider", "v9.11.4: authorization details")
def test_an_unknown_type_of_authorization_details_is_refused(bank, fintech):
    """A type that the server did not know went through."""
    for details in ([{"type": "anything"}], [{"type": None}], [{}], [[]], {"type": "payment_initiation"}):
        answer = fintech.push(authorization_details=json.dumps(details))
        assert refused(answer, "invalid_authorization_details")


@pytest.mark.published("libraz/go-oidc-provider", "after v1.1.0: codes in audit events")
def test_no_code_is_in_what_is_logged(fintech, logged):
    """Codes were written to the audit log while they could still be redeemed."""
    back = signed_in(fintech)
    code = fintech.code()
    tokens = fintech.redeem(code).json()
    assert back.cookies is not None
    for secret in (code, code.partition(".")[0], tokens["access_token"], tokens["refresh_token"], VERIFIER):
        assert secret not in logged()


@pytest.mark.published("Zitadel", "CVE-2025-46815")
def test_a_request_is_decided_once(fintech):
    """The result of a finished sign-in could be used again to sign in."""
    request_uri = fintech.pushed()
    browser = Browser(fintech.bank)
    code = browser.login(fintech.client_id, request_uri).parameters["code"]
    again = Browser(fintech.bank).open(fintech.client_id, request_uri)
    assert again.status == 400 or "error" in again.parameters
    assert fintech.redeem(code).status == 200


@pytest.mark.published("Keycloak", "CVE-2026-96446")
def test_a_pushed_request_is_replay_cache_where_no_page_is_shown_too(fapi1_baseline_client):
    """With prompt=none a pushed request was answered as often as it came."""
    client = fapi1_baseline_client
    browser = signed_in(client)
    client.bank.now += 1
    request_uri = client.pushed(prompt="none")
    first = browser.get(browser.open(client.client_id, request_uri).location)
    assert "code" in first.parameters
    for again in (browser, signed_in(client)):
        answer = again.open(client.client_id, request_uri)
        if answer.status == 303 and answer.location.startswith("/consent"):
            answer = again.get(answer.location)
        assert answer.status == 400 or "code" not in answer.parameters
    assert client.redeem(first.parameters["code"]).status == 200


@pytest.mark.published("Apache CXF", "CVE-2026-63687")
def test_what_stands_beside_a_request_object_mixes_with_nothing_in_it(fapi1_advanced_client):
    """Claims of a request object and parameters beside it were mixed, so that a challenge could be swapped."""
    from base64 import urlsafe_b64encode
    from hashlib import sha256

    other = urlsafe_b64encode(sha256(b"o" * 43).digest()).rstrip(b"=").decode()
    beside = {"code_challenge": other, "code_challenge_method": "S256", "state": "other", "nonce": "other"}
    signed = fapi1_advanced_client.request_object(response_type="code id_token")
    request_uri = fapi1_advanced_client.post("/par", request=signed, **beside).json()["request_uri"]
    back = Browser(fapi1_advanced_client.bank).login("advanced", request_uri).fragment
    assert back["state"] == "a-state"
    assert refused(fapi1_advanced_client.redeem(back["code"], code_verifier="o" * 43), "invalid_grant")
    assert fapi1_advanced_client.redeem(back["code"]).status == 200


@pytest.mark.published("WP OAuth Server", "CVE-2026-82843")
def test_an_id_token_is_of_the_person_of_its_own_code(fintech):
    """The ID token was of whoever had signed in last, and not of the code that was exchanged."""
    codes = {name: fintech.code(username=name) for name in ("alice", "bob")}
    subs = {}
    for name in ("alice", "bob"):
        tokens = fintech.redeem(codes[name]).json()
        subs[name] = fintech.bank.verified(tokens["id_token"], "fintech")["sub"]
        assert fintech.userinfo(tokens["access_token"]).json()["sub"] == subs[name]
    assert subs["alice"] != subs["bob"]


@pytest.mark.published("Okta Client SDK for Python", "CVE-2026-130153")
def test_what_authenticates_a_client_is_no_use_in_a_browser(fapi1_baseline_client, logged):
    """Secrets and assertions travelled in the address that the browser opens."""
    client = fapi1_baseline_client
    assertion = client.assertion()
    query = client.request_arguments() | {
        "client_id": client.client_id,
        "client_assertion": assertion,
        "client_secret": "s3cret-x",
    }
    answer = client.bank.send("GET", "/authorize", query=query)
    assert assertion not in (answer.header("location") or "") + answer.text + logged()
    assert "s3cret-x" not in (answer.header("location") or "") + answer.text + logged()
