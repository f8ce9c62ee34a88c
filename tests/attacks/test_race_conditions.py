"""Many at once try what may happen once."""

from collections import Counter

import pytest

from tests.actors import REQUEST_URI, VERIFIER, Browser


def outcomes(answers):
    """How often each status and error came."""
    return Counter((answer.status, answer.error) for answer in answers)


def active(client, token):
    return client.introspect(token).json()["active"]


@pytest.mark.parametrize("round_", range(3))
@pytest.mark.clause("RFC6749-4.1.2")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.2-9")
def test_of_eight_parallel_redemptions_of_a_code_one_wins_and_all_that_it_gave_dies(each_client, race, round_):
    """A code is used once, whoever races; since more than one tried, it was stolen, and its tokens are revoked."""
    code = each_client.code()
    answers = race(lambda n: each_client.redeem(code))
    assert outcomes(answers) == {(200, None): 1, (400, "invalid_grant"): 7}
    (given,) = [answer.json() for answer in answers if answer.status == 200]
    for kind in ("access_token", "refresh_token"):
        assert not active(each_client, given[kind])
    assert each_client.userinfo(given["access_token"]).status == 401
    assert each_client.refresh(given["refresh_token"]).error == "invalid_grant"


@pytest.mark.clause("RFC6749-4.1.2")
def test_a_thief_who_races_the_client_gets_nothing(fintech, rival, race):
    """Seven redemptions in another client's name, or with a guessed verifier, don't keep the right one from winning."""
    code = fintech.code()

    def redeem(n):
        if n == 0:
            return fintech.redeem(code)
        return rival.redeem(code) if n % 2 else fintech.redeem(code, code_verifier=VERIFIER + "x")

    right, *wrong = race(redeem)
    assert right.status == 200
    assert outcomes(wrong) == {(400, "invalid_grant"): 7}


@pytest.mark.clause("RFC6749-4.1.2")
def test_other_clients_that_race_for_a_code_leave_the_winner_its_tokens(fintech, rival, race):
    """A stranger's attempt is no replay."""
    code = fintech.code()
    right, *wrong = race(lambda n: (rival if n else fintech).redeem(code))
    assert outcomes(wrong) == {(400, "invalid_grant"): 7}
    assert active(fintech, right.json()["access_token"])


@pytest.mark.fault("3d")
def test_of_eight_parallel_consents_one_code_is_good(fintech, race):
    """A double click, or a form that is posted by many, is one decision: each press makes another code, which ends the last."""
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed())
    same = [Browser(fintech.bank) for _ in range(8)]
    for one in same:
        one.cookies = dict(browser.cookies)
    answers = race(lambda n: same[n].submit(page, "approve"))
    codes = {answer.parameters["code"] for answer in answers}
    assert len(codes) == 8
    assert outcomes([fintech.redeem(code) for code in codes]) == {(200, None): 1, (400, "invalid_grant"): 7}


def test_a_code_that_another_one_replaced_is_no_replay_of_it(fintech):
    """Allow was pressed twice, and the client comes with the first code too: what the second one gave stays."""
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed())
    first, second = (browser.submit(page, "approve").parameters["code"] for _ in range(2))
    given = fintech.redeem(second).json()
    assert fintech.redeem(first).error == "invalid_grant"
    assert active(fintech, given["access_token"])
    assert browser.submit(page, "approve").page_error == "access_denied"  # once it is redeemed, nobody presses again
    assert active(fintech, given["access_token"])


@pytest.mark.fault("3d")
def test_agreeing_and_cancelling_at_once_is_one_of_the_two(fintech, race):
    """Whoever is first decides; the other finds it decided, and the same again changes nothing."""
    browser = Browser(fintech.bank)
    page = browser.consent_page("fintech", fintech.pushed())
    same = [Browser(fintech.bank) for _ in range(8)]
    for one in same:
        one.cookies = dict(browser.cookies)
    answers = race(lambda n: same[n].submit(page, "approve" if n % 2 else "cancel"))
    back = [answer for answer in answers if answer.leads_on]
    codes = [answer.parameters["code"] for answer in back if "code" in answer.parameters]
    denials = [answer for answer in back if answer.parameters.get("error") == "access_denied"]
    assert sorted([len(codes), len(denials)]) == [0, 4]
    if codes:
        assert [fintech.redeem(code).status for code in codes].count(200) == 1


@pytest.mark.clause("PAR-7.3")
def test_eight_browsers_with_one_request_uri_get_one_code(fintech, race):
    """A request_uri is used up by one decision, however many opened it at the same time."""
    request_uri = fintech.pushed()

    def log_in(n):
        browser = Browser(fintech.bank)
        answer = browser.open("fintech", request_uri)
        for step in ("login", "consent"):
            if not answer.leads_on:
                return answer
            page = browser.get(answer.location)
            if page.status != 200:
                return page
            answer = browser.sign_in(page) if step == "login" else browser.submit(page, "approve")
        return answer

    answers = race(log_in)
    codes = [answer for answer in answers if answer.leads_on]
    refusals = [answer.page_error for answer in answers if not answer.leads_on]
    assert len(codes) <= 1
    assert set(refusals) <= {"access_denied", "invalid_request_uri"}
    late = Browser(fintech.bank).open("fintech", request_uri)
    assert (late.status == 303) == (not codes), "decided, and so used up"


def test_a_revocation_that_races_refreshes_leaves_no_token_in_force(fintech, race):
    """Whatever was issued before, beside or after it: with the consent everything ends."""
    tokens = fintech.tokens()

    def act(n):
        return fintech.refresh(tokens["refresh_token"]) if n else fintech.revoke(tokens["refresh_token"])

    revoked, *refreshed = race(act)
    assert revoked.status == 200
    assert {answer.status for answer in refreshed} <= {200, 400}
    for answer in refreshed:
        assert answer.error in (None, "invalid_grant")
        if answer.status == 200:
            assert fintech.userinfo(answer.json()["access_token"]).status == 401


def test_parallel_refreshes_are_no_race(fintech, race):
    """A refresh token stays the same, so a client's threads don't get in each other's way."""
    tokens = fintech.tokens()
    answers = race(lambda n: fintech.refresh(tokens["refresh_token"]))
    assert outcomes(answers) == {(200, None): 8}
    assert len({answer.json()["access_token"] for answer in answers}) == 8


def test_parallel_requests_do_not_get_each_others_token_values(fintech, race):
    """Eight requests of one client are eight."""
    uris = {answer.json()["request_uri"] for answer in race(lambda n: fintech.push(state=str(n)))}
    assert len(uris) == 8
    assert all(uri.startswith(REQUEST_URI) for uri in uris)
