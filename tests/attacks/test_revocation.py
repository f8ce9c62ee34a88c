"""What a person, a client or the theft of a code ends is over at once, for all that came of it; what is optional ends nothing."""

import re
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.settings import AWS_CONNECT_SECONDS, AWS_READ_SECONDS, AWS_TRIES
from chalicelib.storage.token_values import of_grant, read
from chalicelib.users import bond_key
from ducat_cdk.functions import FUNCTIONS
from local.sandbox_users import ALICE
from tests.actors import ASSERTION_TYPE, VERIFIER, Browser
from tests.users.test_grants import Person

DAY = 24 * 3600


@pytest.fixture
def failing(bank):
    """A function: an operation and a part of its arguments to a context in which such calls fail with `code`."""
    bank.aws.clients._cache.clear()
    bank.aws.signing_keys._cache = ()

    def fail(operation, part="", code="ThrottlingException"):
        really = BaseClient._make_api_call

        def call(client, name, arguments):
            if name == operation and part in str(arguments):
                raise ClientError({"Error": {"Code": code, "Message": "x"}}, name)
            return really(client, name, arguments)

        return patch.object(BaseClient, "_make_api_call", call)

    return fail


def signed_in(client):
    """A browser in which alice agreed, and the client's tokens."""
    browser = Browser(client.bank)
    code = browser.login(client.client_id, client.pushed()).parameters["code"]
    return browser, client.redeem(code).json()


def silent(browser, client):
    """The client's answer to prompt=none."""
    answer = browser.open(client.client_id, client.pushed(prompt="none"))
    return browser.get(answer.location) if answer.location.startswith("/consent") else answer


def press(browser, page, action, **more):
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    return browser.post("/grants", {"interaction": "session", "csrf": csrf, "action": action, **more})


# The person ends an app's access.


@pytest.mark.fault("2c")
def test_a_code_of_before_the_persons_button_gives_nothing_after_it(bank, fintech):
    fintech.tokens()
    code = fintech.code()
    alice = Person(bank)
    alice.end(alice.arrive(), "fintech")
    assert fintech.redeem(code).error == "invalid_grant"


@pytest.mark.fault("2c")
def test_a_login_under_way_gives_nothing_after_it(bank, fintech):
    """Signed in before the end, agreed after it: the code is of an epoch that is over."""
    browser = Browser(bank)
    page = browser.consent_page("fintech", fintech.pushed())
    fintech.tokens()
    alice = Person(bank)
    alice.end(alice.arrive(), "fintech")
    assert fintech.redeem(browser.submit(page, "approve").parameters["code"]).error == "invalid_grant"


@pytest.mark.fault("2c")
def test_an_end_needs_no_index(fapi1_baseline_client, monkeypatch):
    """The list of the page lags some seconds behind; what it lacks is over all the same."""
    bank = fapi1_baseline_client.bank
    browser, older = signed_in(fapi1_baseline_client)
    page = browser.get("/grants")
    code = browser.get(
        browser.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed()).location
    ).parameters["code"]
    newer = fapi1_baseline_client.redeem(code).json()
    monkeypatch.setattr(bank.aws.dynamo._tables, "newest", lambda *request_parameters, **more: ([], None))
    assert press(browser, page, "end", client=fapi1_baseline_client.client_id).status == 303
    for tokens in (older, newer):
        assert fapi1_baseline_client.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert silent(browser, fapi1_baseline_client).parameters["error"] == "consent_required"


@pytest.mark.fault("2c")
def test_what_is_remembered_late_is_not_remembered(fapi1_baseline_client, monkeypatch):
    """End is answered while the write of an approval is under way: it is of an epoch that is over, and fails quietly."""
    bank, client_id = fapi1_baseline_client.bank, fapi1_baseline_client.client_id
    browser, _ = signed_in(fapi1_baseline_client)
    consent = browser.get(browser.open(client_id, fapi1_baseline_client.pushed(prompt="consent")).location)
    page, remember = browser.get("/grants"), bank.aws.bonds.remember

    def slow(*what, **more):
        assert press(browser, page, "end", client=client_id).status == 303
        remember(*what, **more)

    monkeypatch.setattr(bank.aws.bonds, "remember", slow)
    assert "code" in browser.submit(consent, "approve").parameters
    assert silent(browser, fapi1_baseline_client).parameters["error"] == "consent_required"


@pytest.mark.fault("2g")
def test_who_signs_out_ends_what_was_begun_in_that_browser(fapi1_baseline_client):
    """A login that the session began gives no code after the sign-out was answered, by itself or by hand."""
    bank, client_id = fapi1_baseline_client.bank, fapi1_baseline_client.client_id
    browser, _ = signed_in(fapi1_baseline_client)
    pending = browser.open(client_id, fapi1_baseline_client.pushed())
    by_hand = browser.get(browser.open(client_id, fapi1_baseline_client.pushed(prompt="consent")).location)
    assert press(browser, browser.get("/grants"), "sign-out").status == 303
    for later in (0, 14 * 60):
        bank.now += later
        assert browser.get(pending.location).page_error == "access_denied"
        assert browser.submit(by_hand, "approve").page_error == "access_denied"


def test_a_form_that_hides_the_session_approves_nothing(fapi1_baseline_client):
    """The page says whether the grant must be looked at; the write itself does not rely on it."""
    browser, _ = signed_in(fapi1_baseline_client)
    page = browser.get(
        browser.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed(prompt="consent")).location
    )
    hidden = {name: re.search(rf'name="{name}" value="([^"]+)"', page.text)[1] for name in ("interaction", "csrf")}
    assert 'name="look"' in page.text
    assert browser.post("/consent", hidden | {"action": "approve"}).page_error == "access_denied"


@pytest.mark.fault("2g")
def test_a_login_by_a_session_lasts_no_longer_than_the_session(fapi1_baseline_client):
    bank = fapi1_baseline_client.bank
    browser, _ = signed_in(fapi1_baseline_client)
    bank.now += 14 * 60
    pending = browser.open(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    assert pending.location.startswith("/consent")
    bank.now += 60
    assert browser.get(pending.location).page_error == "access_denied"


# What is remembered lives from a grant.


@pytest.mark.fault("2b")
@pytest.mark.parametrize("by", ["the client", "the operator", "a thief", "the client, of the silent one"])
def test_with_a_grant_ends_what_was_remembered_of_it(fapi1_baseline_client, by):
    """Whoever ended it: prompt=none never revives it, and the page of grants shows nothing that lets the app in."""
    bank = fapi1_baseline_client.bank
    browser = Browser(bank)
    code = browser.login(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed()).parameters["code"]
    tokens = fapi1_baseline_client.redeem(code).json()
    if by == "a thief":
        assert fapi1_baseline_client.redeem(code).error == "invalid_grant"
    elif by == "the operator":
        bank.aws.grants.revoke(read(tokens["access_token"]).grant, now=bank.now)
    else:
        if by == "the client, of the silent one":
            tokens = fapi1_baseline_client.redeem(silent(browser, fapi1_baseline_client).parameters["code"]).json()
        assert fapi1_baseline_client.revoke(tokens["refresh_token"]).status == 200
    assert silent(browser, fapi1_baseline_client).parameters["error"] == "consent_required"


@pytest.mark.fault("2b")
def test_what_ended_with_its_grant_is_not_remembered_again_with_another(fapi1_baseline_client):
    """The person agrees to something else later: that says nothing of what was revoked."""
    client = fapi1_baseline_client
    browser, tokens = signed_in(client)
    assert client.revoke(tokens["refresh_token"]).status == 200
    page = browser.get(browser.open(client.client_id, client.pushed(scope="openid")).location)
    assert "code" in browser.submit(page, "approve").parameters
    assert "code" in silent(browser, client.with_(scope="openid")).parameters
    assert silent(browser, client).parameters["error"] == "consent_required"


def test_what_was_approved_without_a_page_ends_with_its_own_grant(fapi1_baseline_client):
    """A request for less keeps no more alive than it asks for."""
    client = fapi1_baseline_client
    browser, tokens = signed_in(client)
    less = client.with_(scope="openid")
    assert less.redeem(silent(browser, less).parameters["code"]).status == 200
    assert client.revoke(tokens["refresh_token"]).status == 200
    assert "code" in silent(browser, less).parameters
    assert silent(browser, client).parameters["error"] == "consent_required"


@pytest.mark.fault("2a")
def test_a_silent_approval_lasts_no_longer_than_what_was_remembered(fapi1_baseline_client):
    """The page said day 90; an approval of day 89 that nobody saw ends on day 90 too."""
    bank = fapi1_baseline_client.bank
    browser, tokens = signed_in(fapi1_baseline_client)
    first, _ = bank.aws.grants.find_code(of_grant(tokens["refresh_token"]))
    bank.now += 89 * DAY
    browser.cookies.clear()
    page = browser.page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    answer = browser.get(browser.sign_in(page).location)
    late = fapi1_baseline_client.redeem(answer.parameters["code"]).json()
    second, _ = bank.aws.grants.find_code(of_grant(late["refresh_token"]))
    assert second.key != first.key
    assert second.consent_expires_at == first.consent_expires_at
    bank.now += DAY
    assert fapi1_baseline_client.refresh(late["refresh_token"]).error == "invalid_grant"


# A replay counts once every other check has passed.


@pytest.mark.fault("1j")
@pytest.mark.clause("RFC6749-4.1.2")
def test_a_request_that_fails_client_authentication_ends_nothing(fintech):
    """The whole request again, assertion and all: who can't prove who they are is nobody. It ended the grant."""
    code, assertion = fintech.code(), fintech.assertion()
    sent = {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
    given = fintech.redeem(code, **sent).json()
    again = fintech.redeem(code, **sent)
    assert (again.status, again.error) == (401, "invalid_client")
    assert fintech.userinfo(given["access_token"]).status == 200


@pytest.mark.fault("1i")
@pytest.mark.clause("RFC6749-4.1.2")
@pytest.mark.parametrize(
    "wrong", [{"code_verifier": VERIFIER + "x"}, {"redirect_uri": "https://nowhere.example/"}, {"code_verifier": ""}]
)
def test_who_saw_a_code_alone_ends_nothing(public_client, wrong):
    """A code that was redeemed, with no verifier or a wrong redirect_uri, is refused; and ended the grant all the same."""
    code = public_client.code()
    given = public_client.redeem(code).json()
    assert public_client.redeem(code, **wrong).error == "invalid_grant"
    assert public_client.userinfo(given["access_token"]).status == 200


@pytest.mark.fault("3m")
def test_a_replay_days_later_still_ends_what_the_code_gave(fintech):
    """The grant is remembered as long as anything of it lasts, and so is that its code was redeemed."""
    code = fintech.code()
    given = fintech.redeem(code).json()
    fintech.bank.now += 20 * DAY
    assert fintech.redeem(code).error == "invalid_grant"
    assert fintech.refresh(given["refresh_token"]).error == "invalid_grant"


# What is optional, and what passes.


@pytest.mark.fault("3c")
def test_a_decision_that_could_not_be_remembered_is_a_decision_still(fapi1_baseline_client, failing):
    browser = Browser(fapi1_baseline_client.bank)
    page = browser.consent_page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    with failing("UpdateItem", "ducat-bonds"):
        assert "code" in browser.submit(page, "approve").parameters


@pytest.mark.fault("3c")
def test_a_sign_in_goes_on_where_no_session_could_be_begun(fapi1_baseline_client, failing):
    browser = Browser(fapi1_baseline_client.bank)
    page = browser.page(fapi1_baseline_client.client_id, fapi1_baseline_client.pushed())
    with failing("PutItem", "ducat-sessions"):
        signed = browser.sign_in(page)
    assert signed.location.startswith("/consent")
    assert "code" in browser.submit(browser.get(signed.location), "approve").parameters


@pytest.mark.fault("3i")
@pytest.mark.parametrize("endpoint", ["par", "token", "introspect", "revoke", "authorize"])
def test_throttling_is_said_to_pass(fintech, failing, endpoint):
    """503 with Retry-After, in JSON or as a page; the log names AWS's operation and code."""
    tokens, request_uri = fintech.tokens(), fintech.pushed()
    go = {
        "par": fintech.push,
        "token": lambda: fintech.refresh(tokens["refresh_token"]),
        "introspect": lambda: fintech.introspect(tokens["access_token"]),
        "revoke": lambda: fintech.revoke(tokens["access_token"]),
        "authorize": lambda: Browser(fintech.bank).open("fintech", request_uri),
    }[endpoint]
    fintech.bank.aws.clients._cache.clear()
    with failing("GetItem", "ducat-clients", code="ProvisionedThroughputExceededException"):
        answer = go()
    assert (answer.status, answer.header("retry-after")) == (503, "2")
    assert (answer.page_error if endpoint == "authorize" else answer.error) == "temporarily_unavailable"
    assert go().status in (200, 201, 303)


@pytest.mark.fault("3k")
@pytest.mark.parametrize(("code", "status"), [("AccessDeniedException", 500), ("ThrottlingException", 503)])
def test_the_log_tells_throttled_from_denied(fintech, failing, caplog, code, status):
    fintech.bank.aws.clients._cache.clear()
    with failing("GetItem", "ducat-clients", code=code):
        assert fintech.push().status == status
    assert f"GetItem: {code}" in "".join(caplog.messages)


@pytest.mark.fault("3h")
def test_a_call_without_an_answer_passes_too(fintech, caplog):
    """A stalled connection is cut in time, and the caller may come again."""
    with patch.object(BaseClient, "_make_api_call", side_effect=ReadTimeoutError(endpoint_url="https://x")):
        answer = fintech.push()
    assert (answer.status, answer.error) == (503, "temporarily_unavailable")
    assert "AWS: ReadTimeoutError" in "".join(caplog.messages)


@pytest.mark.fault("3h")
def test_a_function_outlives_its_calls(bank):
    """Each call with all its tries ends while the function still lives, so that it is answered, and logged."""
    least = min(function.timeout for function in FUNCTIONS)
    assert least > (AWS_CONNECT_SECONDS + AWS_READ_SECONDS) * AWS_TRIES
    for client in (bank.aws.dynamo.client, bank.aws.kms.client):
        config = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (AWS_CONNECT_SECONDS, AWS_READ_SECONDS)
        assert config.retries["total_max_attempts"] == AWS_TRIES


def test_a_bonds_key_can_not_be_guessed_from_who_it_is_of(bank, fintech):
    """It stands in every token: a keyed hash, another one for each client."""
    keys = {bond_key.key_of(ALICE.sub, client_id, bank.aws.kms) for client_id in ("fintech", "rival", "fintech ")}
    assert len(keys) == 3
    assert read(fintech.tokens()["access_token"]).bond in keys
    with patch.dict(vars(bank.aws.kms), _bond_key=b"another deployment's"):
        assert bond_key.key_of(ALICE.sub, "fintech", bank.aws.kms) not in keys
