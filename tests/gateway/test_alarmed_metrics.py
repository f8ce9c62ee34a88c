"""Each metric of ours that an alarm watches is written by a request that is made here, as CloudWatch takes it from the line."""

import json
import os
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from chalicelib import log_lines
from chalicelib.users import directory, enrolment
from chalicelib.users.lockout import FREE_ATTEMPTS
from ducat_cdk.alarms import ALARMS
from ducat_cdk.metrics import OWN
from tests.actors import Browser
from tests.actors.authority import Authority
from tests.attacks.test_revocation import signed_in
from tests.revocation_world import SERIAL


@pytest.fixture
def taken(bank, caplog):
    """What CloudWatch takes from the lines since it was last called: (namespace, metric, dimensions) to the sum."""
    caplog.set_level("INFO", logger="ducat")
    lines = log_lines.JsonLines(log_lines.namespace(bank.settings.issuer))

    def since():
        found = {}
        for line in (json.loads(lines.format(record)) for record in caplog.records if record.name == "ducat"):
            for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
                for metric in directive["Metrics"]:
                    for names in directive["Dimensions"]:
                        key = directive["Namespace"], metric["Name"], tuple((name, line[name]) for name in names)
                        found[key] = found.get(key, 0) + line[metric["Name"]]
        caplog.clear()
        return found

    return since


@pytest.fixture
def watched(bank):
    """A function: the name of an alarm to the metric that it watches."""
    rows = {row.name: row.metric for row in ALARMS if row.metric.namespace == OWN}
    namespace = log_lines.namespace(bank.settings.issuer)
    return lambda name: (namespace, rows[name].name, tuple(rows[name].dimensions.items()))


def failing(operation, code):
    """A context in which AWS refuses that operation."""
    really = BaseClient._make_api_call

    def call(client, name, arguments):
        if name == operation:
            raise ClientError({"Error": {"Code": code, "Message": "x"}}, name)
        return really(client, name, arguments)

    return patch.object(BaseClient, "_make_api_call", call)


SHOWN = {"replays", "lockouts", "server_errors", "unavailable", "keys_late", "truststore_warnings"}
OF_CERTIFICATES = {"certificates_revoked", "crls_stale", "crls_refused", "truststore_expiry"}


def test_every_alarm_on_a_metric_of_ours_is_shown_here():
    assert {row.name for row in ALARMS if row.metric.namespace == OWN} == SHOWN | OF_CERTIFICATES


def test_a_code_that_is_used_twice(fintech, taken, watched):
    code = fintech.code()
    fintech.redeem(code)
    assert watched("replays") not in taken()
    fintech.redeem(code)
    assert taken()[watched("replays")] == 1


def test_guesses_at_a_locked_account(bank, taken, watched, light_passwords, monkeypatch):
    monkeypatch.setattr(bank.aws, "user_directory", directory.build(bank.aws))
    enrolment.enrol(
        bank.aws, "carol", sub="s-carol", password="correct horse battery", claims={}, random_bytes=os.urandom
    )
    browser = Browser(bank)
    page = browser.get("/grants")
    for _ in range(FREE_ATTEMPTS + 1):
        page = browser.sign_in(page, username="carol", password="wrong", one_time_code="000000")
    assert taken()[watched("lockouts")] == 1


@pytest.mark.parametrize(
    ("alarm", "code"), [("server_errors", "AccessDeniedException"), ("unavailable", "ThrottlingException")]
)
def test_failures_of_aws(fapi1_baseline_client, taken, watched, alarm, code):
    """Also where the client hears of it by a redirect, whose status is no error."""
    client = fapi1_baseline_client
    browser, _ = signed_in(client)
    request_uri = client.pushed()
    taken()
    with failing("GetItem", code):
        assert browser.open(client.client_id, request_uri).status == 303
    assert taken()[watched(alarm)] == 1


def test_late_keys(bank, lambdas, taken, watched):
    """The job did not run for more than a year, and then does."""
    assert lambdas.invoke("rotate_keys", {})["late"] == []
    assert taken()[watched("keys_late")] == 0, "reported too, so that the alarm ends"
    bank.now += 400 * 86_400
    late = lambdas.invoke("rotate_keys", {})["late"]
    assert taken()[watched("keys_late")] == len(late) > 0


def test_what_api_gateway_warns_of_in_the_truststore(begin_again, lambdas, taken, watched):
    assert lambdas.invoke("check_truststore", {}) == {"truststore_warnings": []}
    assert taken()[watched("truststore_warnings")] == 0, "reported too, so that the alarm ends"
    warning = "The certificate CN=Issuing CA has ended"
    begin_again.warning_of_the_truststore(warning)
    assert lambdas.invoke("check_truststore", {}) == {"truststore_warnings": [warning]}
    assert taken()[watched("truststore_warnings")] == 1


def test_certificates_that_are_revoked_crls_that_are_not_had_and_authorities_that_end(
    revocation, lambdas, taken, watched
):
    revocation.trust(revocation.authority, Authority(dn="CN=Old,C=DE", days=31))
    lambdas.invoke("fetch_crls", {})
    assert {watched(name) for name in OF_CERTIFICATES} - taken().keys() == {watched("certificates_revoked")}
    revocation.publish(revocation.authority.crl(SERIAL))
    lambdas.invoke("fetch_crls", {})
    taken()
    assert not revocation.works()
    assert taken()[watched("certificates_revoked")] == 1
