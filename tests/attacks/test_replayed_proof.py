"""A DPoP proof that somebody saw is sent again, made ahead, or carried to another place."""

from collections import Counter
from itertools import permutations

import pytest

from tests.actors import NOW, ec_key

ELSEWHERE = "https://shop.example"


@pytest.fixture
def client(dpop_client):
    return dpop_client


def allowed(decision):
    return decision["policyDocument"]["Statement"][0]["Effect"] == "Allow"


def outcome(answer):
    """Of an HTTP answer, or of the authorizer's decision."""
    if isinstance(answer, dict):
        return "taken" if allowed(answer) else answer["context"]["error"]
    return "taken" if answer.status in (200, 201) else answer.error


def everywhere(client, tokens):
    """A function to each place that takes proofs, from the proof to the answer; and a proof for the place."""

    make, token = client.proof, tokens["access_token"]
    return {
        "par": (lambda proof: client.push(proof=proof), make("POST", "/par")),
        "token": (
            lambda proof: client.post("/token", grant_type="client_credentials", proof=proof),
            make("POST", "/token"),
        ),
        "refresh": (lambda proof: client.refresh(tokens["refresh_token"], proof=proof), make("POST", "/token")),
        "userinfo": (
            lambda proof: client.userinfo(token, proof=proof),
            make("GET", "/userinfo", access_token=token),
        ),
        "authorizer": (
            lambda proof: client.accounts(token, proof=proof),
            make("GET", "/accounts", access_token=token),
        ),
    }


PROOF_TARGETS = ("par", "token", "refresh", "userinfo", "authorizer")


@pytest.mark.fault("5a")
@pytest.mark.clause("DPOP-11.1")
@pytest.mark.parametrize(("path", "form"), [("/par", {"scope": "nothing"}), ("/token", {"grant_type": "nothing"})])
def test_a_proof_of_a_request_that_was_refused_is_used_up_too(dpop_client, path, form):
    """The envelope of an authenticated request stood four times, and one of them had drifted: at /par it was not."""
    proof = dpop_client.proof("POST", path)
    first = dpop_client.post(path, proof=proof, extra=form)
    assert first.error not in (None, "invalid_dpop_proof")
    assert dpop_client.post(path, proof=proof, extra=form).error == "invalid_dpop_proof"


@pytest.mark.clause("DPOP-11.1")
@pytest.mark.parametrize("location", PROOF_TARGETS)
def test_of_eight_parallel_uses_of_a_proof_one_is_taken(client, race, location):
    """Eight requests with one proof at the same time: one client, seven impostors."""
    send, proof = everywhere(client, client.tokens())[location]
    answers = race(lambda n: send(proof))
    assert Counter(map(outcome, answers)) == {"taken": 1, "invalid_dpop_proof": 7}


@pytest.mark.clause("DPOP-11.1")
def test_of_eight_parallel_redemptions_with_one_proof_one_gets_tokens(client, race):
    """A proof is used up in the write that spends the code: no second code can be redeemed with it."""
    codes = [client.code() for _ in range(8)]
    proof = client.proof("POST", "/token")
    answers = race(lambda n: client.redeem(codes[n], proof=proof))
    assert Counter(map(outcome, answers)) == {"taken": 1, "invalid_dpop_proof": 7}
    unspent = [code for code, answer in zip(codes, answers, strict=True) if answer.status != 200]
    assert [client.redeem(code).status for code in unspent] == [200] * 7


@pytest.mark.clause("DPOP-11.1")
@pytest.mark.parametrize("location", PROOF_TARGETS)
def test_eight_parallel_proofs_of_one_key_are_eight(client, race, location):
    """A client's threads don't get in each other's way."""
    tokens = client.tokens()
    ready = [everywhere(client, tokens)[location] for _ in range(8)]
    answers = race(lambda n: ready[n][0](ready[n][1]))
    assert Counter(map(outcome, answers)) == {"taken": 8}


@pytest.mark.clause("DPOP-11.1")
@pytest.mark.parametrize("location", PROOF_TARGETS)
def test_there_is_no_instant_at_which_a_used_proof_is_good_again(bank, client, location):
    """From its use until it is too old, and then for that."""
    send, proof = everywhere(client, client.tokens())[location]
    assert outcome(send(proof)) == "taken"
    for later in (0, 1, 60, 61, 70, 71, 72, 3600):
        bank.now = NOW + later
        assert outcome(send(proof)) == "invalid_dpop_proof", later


@pytest.mark.clause("DPOP-11.1")
@pytest.mark.parametrize("iat", [NOW - 69.9, NOW + 0.5, NOW + 9.9])
def test_a_fraction_of_a_second_opens_no_gap(bank, client, iat):
    """iat may have a fraction: what is remembered of the proof outlasts it."""
    proof = client.proof("POST", "/token", iat=iat)
    assert outcome(client.post("/token", grant_type="client_credentials", proof=proof)) == "taken"
    for now in range(NOW, int(iat) + 63):
        bank.now = now
        answer = client.post("/token", grant_type="client_credentials", proof=proof)
        assert outcome(answer) == "invalid_dpop_proof", now


@pytest.mark.clause("DPOP-4.3")
@pytest.mark.parametrize(
    ("made_for", "sent_to"), [pair for pair in permutations(PROOF_TARGETS, 2) if set(pair) != {"token", "refresh"}]
)
def test_a_proof_that_was_seen_at_one_endpoint_is_no_use_at_another(client, made_for, sent_to):
    """Method, address and token stand in the proof."""
    locations = everywhere(client, client.tokens())
    assert outcome(locations[sent_to][0](locations[made_for][1])) == "invalid_dpop_proof"


@pytest.mark.clause("DPOP-11.2")
def test_proofs_made_ahead_are_no_use(bank, client, dpop_nonce_client):
    """Whoever could use the key once made proofs for later: iat keeps them to ten seconds, a nonce to those handed out."""
    ahead = client.proof("POST", "/token", iat=NOW + 3600)
    for second in (0, 3589):
        bank.now = NOW + second
        answer = client.post("/token", grant_type="client_credentials", proof=ahead)
        assert outcome(answer) == "invalid_dpop_proof"
    with_nonces = dpop_nonce_client.proof("POST", "/token", iat=NOW + 3600)
    bank.now = NOW + 3600
    answer = dpop_nonce_client.post("/token", grant_type="client_credentials", proof=with_nonces)
    assert outcome(answer) == "use_dpop_nonce"


@pytest.mark.clause("DPOP-7.1")
def test_a_stolen_token_opens_nothing_with_the_thiefs_own_key(client):
    """What was stolen is the token; a proof of another key, over that token's hash and all, is no proof of possession."""
    token = client.tokens()["access_token"]
    thief = client.with_(proof_key=ec_key("thief"))
    assert outcome(thief.userinfo(token)) == "invalid_token"
    assert outcome(thief.accounts(token)) == "invalid_token"
    assert outcome(client.userinfo(token)) == "taken"


@pytest.mark.clause("DPOP-4.3")
def test_a_proof_that_another_site_was_given_is_no_use_here(client):
    """A client that speaks to many servers proves itself to each alone, whatever the Host header is made to say."""
    seen = client.proof("POST", "/token", htu=f"{ELSEWHERE}/token")
    answer = client.post(
        "/token", grant_type="client_credentials", proof=seen, headers=(("Host", ELSEWHERE.removeprefix("https://")),)
    )
    assert outcome(answer) == "invalid_dpop_proof"


@pytest.mark.clause("DPOP-11.1")
def test_one_clients_jti_takes_nothing_from_another(client):
    """Nobody can use up the identifiers of a key that is not theirs."""
    thief = client.with_(proof_key=ec_key("thief"))
    for one in (thief, client):
        proof = one.proof("POST", "/token", jti="shared")
        assert outcome(one.post("/token", grant_type="client_credentials", proof=proof)) == "taken"


@pytest.mark.clause("DPOP-10")
def test_a_stolen_code_is_no_use_with_the_thiefs_own_key(client):
    """Who took a code on its way, and can speak as the client, still lacks the key that it was asked for with."""
    code = client.code()
    assert client.with_(proof_key=ec_key("thief")).redeem(code).error == "invalid_grant"
    assert client.redeem(code).status == 200
