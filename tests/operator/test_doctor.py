"""`ducat doctor`, on a laptop and on AWS."""

import json
from dataclasses import replace

import pytest

from chalicelib.jobs import publish_keys
from tests.operator.on_aws import deployed_on_aws


@pytest.fixture
def ducat(deployed):
    """A deployment with keys and one client that its profile takes."""
    deployed.aws.signing_keys.forget()
    publish_keys.run(deployed.aws)
    name = ("--id", "good", "--make-key", "good.json", "--redirect-uri", "https://good.example/back")
    if deployed.aws.dynamo.operated_clients.find("good") is None:
        deployed.run("client", "add", *name)
    return deployed


def test_on_a_laptop_it_has_notes_and_no_problem(ducat):
    found = ducat.json("doctor")
    assert {one["level"] for one in found} == {"note"}
    assert ("log", "a laptop keeps no log; make run prints each line") in {(f["area"], f["finding"]) for f in found}


def test_a_client_that_its_profile_refuses_and_a_late_key_are_problems(ducat):
    good = ducat.aws.dynamo.operated_clients.find("good").client
    ducat.aws.clients.put(replace(good, client_id="bad", redirect_uris=("http://bad.example/",)))
    ducat.json("key", "rotate")
    registry, now = ducat.aws.signing_keys, ducat.aws.now()
    registry.forget()
    late = next(key for key in registry.all(now=now) if key.uses)
    registry.change(late, replace(late, signs_from=now - 300 * 86_400))
    try:
        found = json.loads(ducat.run("--json", "doctor", status=1))
    finally:
        ducat.aws.dynamo.operated_clients.end("bad")
        registry.forget()
        registry.change(replace(late, signs_from=now - 300 * 86_400), late)
    problems = {(one["area"], one["clause"]) for one in found if one["level"] == "problem"}
    assert problems == {("client bad", "FAPI2-SP-FINAL-5.3.2.2-8"), (f"key {late.kid}", "")}
    assert found[0]["level"] == "problem"  # the worst at the top


def test_on_aws_it_says_what_weakens_and_what_the_log_counted(ducat):
    ducat.json("key", "rotate")
    with deployed_on_aws(ducat) as aws:
        aws.events = {"replay": [2, 3], "certificate_revoked": [1]}
        said = {one["area"]: one for one in aws.json("doctor")}
        assert {area for area, one in said.items() if one["level"] == "warning"} == {
            "crls",
            "web_acl",
            "log replay",
            "log certificate_revoked",
        }
        assert said["log replay"]["finding"].startswith("5 in the last day")
        aws.status = 403
        assert "it could not be read" in {one["area"]: one for one in aws.json("doctor")}["log"]["finding"]
