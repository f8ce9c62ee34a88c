"""Clocks differ: every limit of time that is ours has one leeway, of ten seconds, and no more."""

import ast

import pytest

from chalicelib.keys import jwt_time
from chalicelib.keys.jwt_time import LEEWAY, NotATime
from tests.actors import ASSERTION_TYPE, NOW
from tests.house.source import FILES, nodes

HOUR = 3600


@pytest.mark.fault("4e")
@pytest.mark.clause("FAPI2-SP-FINAL-5.3.2.1-13")
@pytest.mark.parametrize("ahead", [-LEEWAY, 1, LEEWAY])
def test_a_client_whose_clock_is_off_may_use_the_whole_of_each_limit(
    fintech, dpop_client, fapi1_advanced_client, ahead
):
    """An assertion of an hour from a clock a second ahead, and a proof or a request object from one that is behind."""
    its_now = NOW + ahead
    assertion = fintech.assertion(iat=its_now, nbf=its_now, exp=its_now + HOUR)
    assert fintech.push(client_assertion=assertion, client_assertion_type=ASSERTION_TYPE).status == 201
    proof = dpop_client.proof("POST", "/token", iat=NOW - 60 + min(ahead, 0))
    assert dpop_client.post("/token", grant_type="client_credentials", proof=proof).status == 200
    early = fapi1_advanced_client.direct(response_mode="jwt", nbf=NOW + max(ahead, 0), exp=NOW + max(ahead, 0) + HOUR)
    assert fapi1_advanced_client.bank.send("GET", "/authorize", query=early).location.startswith("/login")


@pytest.mark.fault("4e")
def test_every_time_of_a_jwt_is_read_by_one_function():
    """No other file takes a time out of claims by itself, so that none forgets the leeway."""
    read = [
        f"{path}:{node.lineno}"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
        if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in ("exp", "iat", "nbf")
    ]
    assert read == []
    assert sum("LEEWAY" in path.read_text() for path in FILES) == 1


@pytest.mark.parametrize("value", [True, "1", float("nan"), float("inf"), 1 << 53, [1], {}])
def test_what_is_no_time_is_refused(value):
    """RFC 7519 2: NumericDate is a JSON number."""
    with pytest.raises(NotATime, match="exp is not a time"):
        jwt_time.read({"exp": value}, "exp")
