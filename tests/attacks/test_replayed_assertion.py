"""An assertion that somebody saw is sent again."""

from collections import Counter

import pytest

from tests.actors import ASSERTION_TYPE, NOW

USES = {
    "/par": lambda client: client.request_arguments(),
    "/token": lambda client: {"grant_type": "client_credentials"},
    "/introspect": lambda client: {"token": "nothing"},
    "/revoke": lambda client: {"token": "nothing"},
}
"""Every endpoint that a client authenticates at, and a request that it may send there."""


def send(client, path, assertion, **form):
    form = USES[path](client) | form
    return client.post(path, client_assertion_type=ASSERTION_TYPE, client_assertion=assertion, **form)


def outcomes(answers):
    return Counter("taken" if answer.status in (200, 201) else (answer.status, answer.error) for answer in answers)


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize("path", USES)
def test_of_eight_parallel_uses_one_is_taken(fintech, race, path):
    """Eight requests with one assertion at the same time: one client, seven impostors."""
    assertion = fintech.assertion()
    answers = race(lambda n: send(fintech, path, assertion))
    assert outcomes(answers) == {"taken": 1, (401, "invalid_client"): 7}


@pytest.mark.clause("RFC7523-3")
def test_of_parallel_uses_at_different_endpoints_one_is_taken(fintech, race):
    """Where it is used makes no difference."""
    assertion = fintech.assertion()
    paths = [*USES, *USES]
    answers = race(lambda n: send(fintech, paths[n], assertion))
    assert outcomes(answers) == {"taken": 1, (401, "invalid_client"): 7}


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize("path", USES)
def test_a_later_replay_is_refused_until_the_assertion_has_expired_and_then_for_that(bank, fintech, path):
    """There is no instant at which a used assertion is good again."""
    assertion = fintech.assertion(exp=NOW + 120)
    assert outcomes([send(fintech, path, assertion)]) == {"taken": 1}
    for later in (0, 1, 60, 119, 120, 121, 3600, 90_000):
        bank.now = NOW + later
        answer = send(fintech, path, assertion)
        assert (answer.status, answer.error) == (401, "invalid_client"), later


@pytest.mark.clause("RFC7523-3")
def test_a_fraction_of_a_second_before_expiry_opens_no_gap(bank, fintech):
    """exp may have a fraction: what is remembered of the assertion outlasts it."""
    assertion = fintech.assertion(exp=NOW + 60.9)
    assert send(fintech, "/token", assertion).status == 200
    bank.now = NOW + 60
    assert send(fintech, "/token", assertion).error == "invalid_client"


@pytest.mark.clause("RFC7523-3")
def test_a_new_assertion_with_a_used_jti_is_a_replay(fintech):
    """It is the jti that is used up: other claims and another signature around it don't help."""
    assert send(fintech, "/token", fintech.assertion(jti="seen")).status == 200
    for other in (
        fintech.assertion(jti="seen", exp=NOW + 300),
        fintech.assertion(jti="seen", extra={"more": "claims"}),
    ):
        assert send(fintech, "/token", other).error == "invalid_client"


@pytest.mark.clause("RFC7523-3")
def test_one_clients_jti_takes_nothing_from_another(fintech, rival):
    """Nobody can use up another client's identifiers."""
    assert send(rival, "/token", rival.assertion(jti="shared")).status == 200
    assert send(fintech, "/token", fintech.assertion(jti="shared")).status == 200


@pytest.mark.clause("RFC7523-3")
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/token", {"grant_type": "of nothing"}),
        ("/token", {"grant_type": "authorization_code", "code": "x", "redirect_uri": "y"}),
        ("/token", {"grant_type": "client_credentials", "scope": "openid"}),
        ("/par", {"redirect_uri": "https://evil.example/"}),
        ("/introspect", {"token": ""}),
        ("/revoke", {"token": ""}),
    ],
)
def test_an_assertion_of_a_request_that_failed_is_used_up_too(fintech, path, form):
    """Whoever sees a failed request can't go on with its assertion."""
    assertion = fintech.assertion()
    assert send(fintech, path, assertion, **form).status == 400
    assert send(fintech, "/token", assertion).error == "invalid_client"


@pytest.mark.clause("RFC7523-3")
def test_a_replayed_redemption_gives_no_token(fintech, race):
    """A whole token request, seen on its way and sent again, assertion and all."""
    code = fintech.code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": fintech.redirect_uri}
    assertion = fintech.assertion()
    answers = race(
        lambda n: send(
            fintech, "/token", assertion, code_verifier="a-code-verifier-of-forty-three-characters-or-more", **form
        )
    )
    assert [answer.status for answer in answers].count(200) == 1
    assert {answer.error for answer in answers if answer.status != 200} <= {"invalid_client", "invalid_grant"}
    assert all("access_token" not in answer.json() for answer in answers if answer.status != 200)


@pytest.mark.clause("RFC7523-3")
def test_another_clients_assertion_is_no_use_in_ones_own_name(fintech, rival):
    """Nor is one's own in another's."""
    answer = send(fintech, "/token", rival.assertion())
    assert answer.error == "invalid_client"
    answer = send(rival, "/token", fintech.assertion())
    assert answer.error == "invalid_client"
    answer = rival.post(
        "/token",
        client_id=None,
        grant_type="client_credentials",
        client_assertion_type=ASSERTION_TYPE,
        client_assertion=fintech.with_(key=rival.key, alg="ES256").assertion(),
    )
    assert answer.error == "invalid_client"
