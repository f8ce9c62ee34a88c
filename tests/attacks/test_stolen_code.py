"""Somebody else has the code: out of a log, a browser's history, or a redirect that went astray."""

from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from tests.actors import VERIFIER, Browser, certificate, ec_key
from tests.each import each


def refused(answer, *, status=400, error="invalid_grant"):
    assert (answer.status, answer.error) == (status, error), answer.text
    assert not {"access_token", "refresh_token", "id_token"} & answer.json().keys()
    return True


@pytest.mark.clause("RFC6749-4.1.3")
def test_another_client_can_not_redeem_it_and_its_own_client_still_can(each_client, rival):
    """A code is bound to its client; a stranger's attempt costs the client nothing."""
    code = each_client.code()
    assert refused(rival.redeem(code))
    assert refused(rival.redeem(code, code_verifier=None))
    assert each_client.redeem(code).status == 200


@pytest.mark.clause("RFC6749-4.1.3")
def test_another_client_can_not_redeem_it_by_naming_its_client(fintech, rival):
    """Naming the victim beside one's own credentials is no authentication."""
    code = fintech.code()
    form = rival.authenticated({"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER})
    form |= {"redirect_uri": fintech.redirect_uri, "client_id": "fintech"}
    answer = rival.bank.send("POST", "/token", form=form, certificate=rival.certificate)
    assert refused(answer, status=401, error="invalid_client")
    assert fintech.redeem(code).status == 200


@pytest.mark.clause("RFC8705-2")
def test_another_certificate_can_not_redeem_it(tls_client_auth_client, self_signed_client, rival):
    """Of a client that is known by its certificate: neither a stranger's, nor an own one under the same name."""
    for client in (tls_client_auth_client, self_signed_client):
        code = client.code()
        assert refused(client.redeem(code, certificate=rival.certificate), status=401, error="invalid_client")
        assert refused(client.redeem(code, certificate=None), status=401, error="invalid_client")
        assert client.redeem(code).status == 200
    code = self_signed_client.code()
    forged = certificate("self-signed", key=ec_key("a thief's key"))
    assert refused(self_signed_client.redeem(code, certificate=forged), status=401, error="invalid_client")


@pytest.mark.clause("RFC7636-4.6")
@each("verifier", [None, "", "guess" * 10, VERIFIER[:-1], VERIFIER + "x", VERIFIER.upper()])
def test_another_verifier_can_not_redeem_it(each_client, verifier):
    """Even with the client's own credentials: the verifier never left the client's instance that began the flow."""
    code = each_client.code()
    assert refused(each_client.redeem(code, code_verifier=verifier))
    assert each_client.redeem(code).status == 200


@pytest.mark.clause("RFC7636-4.6")
def test_a_code_injected_into_another_flow_is_of_no_use(fintech):
    """The thief has the client redeem it in a flow of the thief's own, whose verifier does not fit."""
    verifier = "z" * 43
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    stolen, own = fintech.code(), fintech.code(code_challenge=challenge)
    assert refused(fintech.redeem(stolen, code_verifier=verifier))
    assert fintech.redeem(own, code_verifier=verifier).status == 200


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-11")
@pytest.mark.parametrize("late", [60, 61, 3600, 90_000])
def test_after_its_minute_nobody_can_redeem_it(bank, each_client, late):
    """A code that is found later is worth nothing, to its own client either."""
    code = each_client.code()
    bank.now += late
    assert refused(each_client.redeem(code))


@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-11")
def test_to_the_last_second_its_client_can(bank, each_client):
    """The bound is where it is said to be."""
    code = each_client.code()
    bank.now += 59
    assert each_client.redeem(code).status == 200


@pytest.mark.clause("RFC6749-4.1.2")
def test_a_thief_with_everything_is_found_out(fintech):
    """Whoever comes second with the client's credentials and verifier ends what the first one got."""
    code = fintech.code()
    first = fintech.redeem(code).json()
    thief = fintech.with_(certificate=certificate("thief"))
    assert refused(thief.redeem(code))
    assert fintech.userinfo(first["access_token"]).status == 401
    assert refused(fintech.refresh(first["refresh_token"]))


@pytest.mark.clause("RFC8705-3")
def test_tokens_that_were_stolen_with_it_are_bound(fintech, rival):
    """The code's fruit is of no use either, without the certificate."""
    tokens = fintech.tokens()
    assert rival.userinfo(tokens["access_token"]).status == 401
    assert refused(rival.refresh(tokens["refresh_token"]))


def test_a_code_can_not_be_guessed_from_what_a_thief_can_see(fintech):
    """The interaction's key stands in page addresses and in the code; it is no secret, and opens nothing."""
    browser = Browser(fintech.bank)
    request_uri = fintech.pushed()
    login = browser.open("fintech", request_uri).location
    key = login.partition("interaction=")[2]
    page = browser.get(browser.sign_in(browser.get(login)).location)
    assert refused(fintech.redeem(f".{key}"))
    code = browser.submit(page, "approve").parameters["code"]
    secret, _, tail = code.partition(".")
    bond = tail.removeprefix(f"{key}.")
    assert tail == f"{key}.{bond}"
    guesses = (f"{key}.{tail}", f"x.{tail}", f"{secret[:-1]}.{tail}", f"{'A' * 43}.{tail}", f"{bond}.{tail}")
    for guess in (
        f".{key}",
        *guesses,
        f"{secret}.{key}",
        f"{secret}.{bond}.{key}",
        f"{secret}.{key}.{key}",
        key,
        secret,
    ):
        assert refused(fintech.redeem(guess))
    assert fintech.redeem(code).status == 200


def test_of_two_codes_no_half_fits_the_other(fintech):
    """A code's secret is good for its own interaction alone."""
    one, other = fintech.code(), fintech.code()
    mixed = f"{one.partition('.')[0]}.{other.partition('.')[2]}"
    assert refused(fintech.redeem(mixed))
    assert fintech.redeem(one).status == 200
    assert fintech.redeem(other).status == 200
