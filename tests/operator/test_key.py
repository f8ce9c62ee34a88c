"""`ducat key`, on a laptop and towards the function of a stack on AWS."""

from dataclasses import replace

import pytest

from chalicelib.jobs import publish_keys
from chalicelib.keys import rotation
from tests.operator import on_aws
from tests.operator.on_aws import deployed_on_aws


@pytest.fixture
def ducat(deployed):
    """A deployment whose keys are published, as a job does at the end of a deployment."""
    deployed.aws.signing_keys.forget()
    publish_keys.run(deployed.aws)
    deployed.aws.signing_keys.forget()
    return deployed


def keys(ducat):
    return {row["kid"]: row for row in ducat.json("key", "list")}


def test_keys_are_listed_rotated_and_replaced(ducat):
    template = keys(ducat)
    assert {(row["use"], row["state"]) for row in template.values()} >= {("all", "signing")}
    made = ducat.json("key", "rotate")["made"]
    after = keys(ducat)
    announced = {kid: row for kid, row in after.items() if row["state"] == "announced"}
    assert set(made) <= announced.keys()
    assert {row["use"] for row in announced.values() if row["algorithm"] == "ES256"} == set(rotation.USES)
    assert all(row["since"].endswith("Z") for row in announced.values())
    kid = next(kid for kid, row in announced.items() if (row["algorithm"], row["use"]) == ("ES256", "id_token"))
    assert kid in ducat.run("key", "compromised", kid, said="n\n", status=1)
    assert keys(ducat)[kid]["state"] == "announced"
    printed = ducat.run("key", "compromised", kid, "--yes")
    assert printed.startswith(f"Replaced {kid}.\n")
    assert f"Withdrawn: {kid}." in printed
    assert keys(ducat)[kid]["state"] == "withdrawn"
    table = ducat.run("key", "list")
    assert table.splitlines()[0].split() == ["kid", "algorithm", "use", "state", "since", "until", "late"]


def test_what_signs_for_too_long_is_late_and_what_others_replaced_is_retired(ducat):
    registry, now = ducat.aws.signing_keys, ducat.aws.now()
    ducat.run("key", "rotate")
    registry.forget()
    announced = [
        key
        for key in registry.all(now=now)
        if key.signs_from > now and key.alg == "PS256" and key.published_until is None
    ]
    for key in announced:
        registry.change(key, replace(key, signs_from=now - 200 * 86_400))
    rows = keys(ducat)
    assert {(rows[key.kid]["state"], rows[key.kid]["late"]) for key in announced} == {("signing", True)}
    (template,) = [row for row in rows.values() if row["use"] == "all" and row["algorithm"] == "PS256"]
    assert (template["state"], template["late"]) == ("retired", False)


@pytest.mark.parametrize("kid", ["nobody", "the-key-that-clients-encrypt-to"])
def test_a_kid_that_signs_nothing_is_an_error_of_one_line(ducat, kid):
    decrypting = [row["kid"] for row in keys(ducat).values() if row["state"] == "decrypting"]
    printed = ducat.run("key", "compromised", kid if kid == "nobody" else decrypting[0], "--yes", status=1)
    assert printed.startswith("Error: ")
    assert len(printed.splitlines()) == 1


def test_on_aws_the_function_does_it(ducat):
    with deployed_on_aws(ducat) as aws:
        aws.answers = [{"made": ["k2"], "withdrawn": [], "retired": [], "deleted": [], "late": []}]
        assert aws.run("key", "rotate") == "Rotated.\nMade and published: k2.\n"
        assert aws.invoked == [("rotate-keys-of-the-stack", {"rotate": True, "by": on_aws.IDENTITY})]
        kid = next(kid for kid, row in aws.json_of("key", "list").items() if row["use"] == "all")
        aws.answers = [{"errorType": "RotationIncomplete", "errorMessage": "disable k1: AccessDenied"}]
        printed = aws.run("key", "compromised", kid, "--yes", status=1)
        assert aws.invoked[1:] == [("rotate-keys-of-the-stack", {"compromised": kid, "by": on_aws.IDENTITY})]
        assert printed == "Error: not all was done, so give it again: RotationIncomplete: disable k1: AccessDenied\n"
        aws.status = 403
        assert "AWS refused Invoke: AccessDeniedException" in aws.run("key", "rotate", status=1)
        assert len(aws.invoked) == 3  # which it does not repeat
