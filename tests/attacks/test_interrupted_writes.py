"""AWS fails in the middle: each call of each request once, before it did its work and after.

Whatever was interrupted, nothing is half written, no token is in force without its grant, the caller is told no more than that
it was our fault, and the same step can be tried again. What is not needed for the answer fails quietly. One login is lost: where
the code was redeemed and the answer to that was lost, since a code gives tokens once (RFC 6749 4.1.2).
"""

from copy import copy
from threading import Lock
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib.storage.token_values import of_grant
from tests.actors import Browser
from tests.fault_injection.whole import whole

GIVING = ("consent", "redeem", "refresh")
"""The steps that write what is given out."""


class Flow:
    """One login, step by step; each step needs what those before it found."""

    STEPS = ("push", "authorize", "login", "consent", "redeem", "refresh", "userinfo", "introspect", "revoke")

    def __init__(self, client):
        self.client, self.bank = client, client.bank
        self.browser = Browser(self.bank)

    def again(self):
        """The same, in a browser of its own, to go on from here once more."""
        other = copy(self)
        other.browser = copy(self.browser)
        other.browser.cookies = dict(self.browser.cookies)
        return other

    def until(self, step):
        """Every step before this one."""
        for earlier in self.STEPS[: self.STEPS.index(step)]:
            self.done(earlier)
        return self

    def done(self, step):
        answer = getattr(self, step)()
        assert answer.status in (200, 201, 303), (step, answer.status, answer.text)
        getattr(self, f"after_{step}", lambda answer: None)(answer)

    def push(self):
        return self.client.push()

    def after_push(self, answer):
        self.request_uri = answer.json()["request_uri"]

    def authorize(self):
        return self.browser.open(self.client.client_id, self.request_uri)

    def after_authorize(self, answer):
        self.login_page = self.browser.get(answer.location)

    def login(self):
        return self.browser.sign_in(self.login_page)

    def after_login(self, answer):
        self.consent_page = self.browser.get(answer.location)

    def consent(self):
        return self.browser.submit(self.consent_page, "approve")

    def after_consent(self, answer):
        self.code = answer.parameters["code"]

    def redeem(self):
        return self.client.redeem(self.code)

    def after_redeem(self, answer):
        self.tokens = answer.json()

    def refresh(self):
        return self.client.refresh(self.tokens["refresh_token"])

    def userinfo(self):
        return self.client.userinfo(self.tokens["access_token"])

    def introspect(self):
        return self.client.introspect(self.tokens["access_token"])

    def revoke(self):
        return self.client.revoke(self.tokens["refresh_token"])


class Interruption:
    """AWS's client, recorded; and made to fail in one call. A call is known by its operation, its table and its number."""

    def __init__(self):
        self.made, self.fails, self.lands, self.failed = [], None, False, False
        self._lock, self._really = Lock(), BaseClient._make_api_call

    def call(self, client, operation, arguments):
        with self._lock:
            where = " ".join(sorted(_tables(arguments)))
            number = sum(1 for one in self.made if one[:2] == (operation, where))
            self.made.append((operation, where, number))
            fails = self.made[-1] == self.fails
            self.failed |= fails
        if fails and not self.lands:
            raise interrupted(operation)
        answer = self._really(client, operation, arguments)
        if fails:
            raise interrupted(operation)
        return answer


def _tables(arguments):
    return set(arguments.get("RequestItems", ())) | {arguments.get("TableName", arguments.get("KeyId", ""))}


def interrupted(operation):
    return ClientError({"Error": {"Code": "InternalServerError", "Message": "interrupted"}}, operation)


def watched(flow, step, *, fails=None, lands=False):
    """The step's answer, and AWS's calls; in a function whose caches are empty, as after a cold start."""
    flow.bank.aws.clients._cache.clear()
    flow.bank.aws.signing_keys._cache = ()
    calls = Interruption()
    calls.fails, calls.lands = fails, lands
    with patch.object(BaseClient, "_make_api_call", lambda client, *call: calls.call(client, *call)):
        return getattr(flow, step)(), calls


def disclosed_nothing(answer):
    """Whether the caller learns that it was our fault, and no more."""
    assert answer.status == 500, (answer.status, answer.text)
    if (answer.header("content-type") or "").startswith("text/html"):
        assert answer.page_error == "server_error"
    else:
        assert answer.json() == {
            "error": "server_error",
            "error_description": "an internal error occurred; try again, then report it with the x-fapi-interaction-id",
        }
    assert answer.header("location") is None
    assert answer.header("set-cookie") is None
    assert answer.header("cache-control") == "no-store"
    return True


@pytest.fixture(params=["private_key_jwt", "tls_client_auth"])
def client(bank, request, fintech, tls_client_auth_client):
    """Of a warm function, which makes the same calls each time."""
    bank.aws.kms.bond_mac(b"")
    return fintech if request.param == "private_key_jwt" else tls_client_auth_client


OPTIONAL = {"consent": "GetItem ducat-clients"}
"""What follows the decision: whether it is remembered depends on the client."""


@pytest.mark.fault("3c")
@pytest.mark.parametrize("lands", [False, True], ids=["before-it-lands", "after-it-landed"])
@pytest.mark.parametrize("step", Flow.STEPS)
def test_any_call_that_fails_leaves_nothing_half_done_and_a_way_on(begin_again, client, step, lands):
    """Each call of the step fails once; then the same step is tried again, and the login goes on from there."""
    before = Flow(client).until(step)
    put_back = begin_again.here()
    _, undisturbed = watched(before.again(), step)
    assert undisturbed.made, "the step calls nothing"
    for fails in undisturbed.made:
        put_back()
        flow = before.again()
        answer, calls = watched(flow, step, fails=fails, lands=lands)
        assert calls.failed, fails
        if " ".join(fails[:2]) == OPTIONAL.get(step):
            assert "code" in answer.parameters
        else:
            assert disclosed_nothing(answer), fails
        redeemed = lands and step == "redeem" and fails[:2] == ("UpdateItem", "ducat-grants")
        assert goes_on(flow, step, lost=redeemed), fails
        assert step not in GIVING or whole(client.bank), fails


def goes_on(flow, step, *, lost):
    """Whether the same step can be tried again; or, where the code is redeemed and nobody knows, a new login works."""
    again = getattr(flow, step)()
    if lost:
        assert again.error == "invalid_grant"
        flow, step = Flow(flow.client), "push"
        again = flow.push()
    getattr(flow, f"after_{step}", lambda answer: None)(again)
    for later in Flow.STEPS[Flow.STEPS.index(step) + 1 :]:
        flow.done(later)
    return flow.userinfo().status == 401  # since the last step revoked it


@pytest.mark.parametrize(
    ("step", "decisive"), [("redeem", "UpdateItem ducat-grants"), ("refresh", "PutItem ducat-access-tokens")]
)
def test_a_write_that_did_not_land_gives_nothing_and_the_next_try_does(client, step, decisive):
    """The code and the refresh token are as good as before; the assertion is used, and clients make one for each try."""
    _, undisturbed = watched(Flow(client).until(step), step)
    (write,) = [call for call in undisturbed.made if " ".join(call[:2]) == decisive]
    flow = Flow(client).until(step)
    answer, _ = watched(flow, step, fails=write)
    assert answer.status == 500
    assert getattr(flow, step)().status == 200


def test_what_no_one_was_given_is_dead_once_its_code_comes_again(client):
    """The write landed and its answer was lost: the client tries again, and what it never got is over."""
    flow = Flow(client).until("redeem")
    _, undisturbed = watched(Flow(client).until("redeem"), "redeem")
    (write,) = [call for call in undisturbed.made if call[0] == "UpdateItem"]
    answer, _ = watched(flow, "redeem", fails=write, lands=True)
    assert answer.status == 500
    code = of_grant(flow.code)
    grant, epoch = client.bank.aws.grants.find_code(code)
    assert grant.in_force(epoch, now=client.bank.now)
    assert flow.redeem().error == "invalid_grant"
    grant, epoch = client.bank.aws.grants.find_code(code)
    assert not grant.in_force(epoch, now=client.bank.now)


@pytest.mark.fault("3c")
def test_no_signature_no_token_and_the_code_is_good_once_kms_is(fintech):
    """KMS fails before the write: no token leaves, and five failures later the code still gives its tokens, once."""
    flow = Flow(fintech).until("redeem")
    _, undisturbed = watched(Flow(fintech).until("redeem"), "redeem")
    (sign,) = [call for call in undisturbed.made if call[0] == "Sign"]
    made = [call[0] for call in undisturbed.made]
    assert made.index("Sign") < made.index("UpdateItem")
    for _ in range(5):
        answer, _ = watched(flow, "redeem", fails=sign)
        assert disclosed_nothing(answer)
    assert flow.redeem().status == 200
    assert flow.redeem().error == "invalid_grant"


def test_a_revocation_that_fails_says_so(client):
    """Who is told 200 can rely on it: a revocation that did not land is a 500, and the token is as it was."""
    _, undisturbed = watched(Flow(client).until("revoke"), "revoke")
    for fails in undisturbed.made:
        flow = Flow(client).until("revoke")
        answer, _ = watched(flow, "revoke", fails=fails)
        assert answer.status == 500
        assert flow.userinfo().status == 200


def test_a_refusal_that_can_not_use_up_its_assertion_is_ours(fintech):
    """Where the jti of a failed request can't be remembered, the answer is 500 and not the refusal, which would be free."""
    flow = Flow(fintech).until("redeem")
    flow.code = "x"
    _, undisturbed = watched(flow, "redeem")
    (claim,) = [call for call in undisturbed.made if call[0] == "PutItem"]
    answer, _ = watched(flow, "redeem", fails=claim)
    assert disclosed_nothing(answer)


@pytest.mark.fault("3d")
def test_a_person_who_cancels_at_a_bad_moment_can_cancel_again(fintech):
    """The page's other button."""
    flow = Flow(fintech).until("consent")
    flow.consent = lambda: flow.browser.submit(flow.consent_page, "cancel")
    for lands in (False, True):
        answer, _ = watched(flow, "consent", fails=("UpdateItem", "ducat-grants", 0), lands=lands)
        assert disclosed_nothing(answer)
    assert flow.consent().parameters["error"] == "access_denied"
