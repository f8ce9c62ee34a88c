"""What a bank chooses of logs, alarms and traces. Read without the CDK, which starts Node."""

from __future__ import annotations

import re
from collections.abc import Mapping

MAKE, NONE = "make", "none"
TOPIC = r"make|none|arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"
RUNBOOKS = r"docs/operate/alarms\.md|https://[\x21-\x22\x24-\x7e]{1,200}"
WITHOUT_TOPIC = "alarm_topic is none: nobody is told of an alarm"
KEY = r"make|arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]{1,64}"

LOGGED = (
    *("requestId", "requestTimeEpoch", "domainName", "httpMethod", "resourcePath"),
    *("status", "responseLatency", "responseLength", "tlsVersion", "cipherSuite"),
    *("identity.sourceIp", "identity.clientCert.subjectDN", "identity.clientCert.serialNumber"),
)
"""The access log: `resourcePath` has no query string, so no request_uri, code or state is in it."""

LOG_DAYS = {
    1: "ONE_DAY",
    3: "THREE_DAYS",
    5: "FIVE_DAYS",
    7: "ONE_WEEK",
    14: "TWO_WEEKS",
    30: "ONE_MONTH",
    60: "TWO_MONTHS",
    90: "THREE_MONTHS",
    120: "FOUR_MONTHS",
    150: "FIVE_MONTHS",
    180: "SIX_MONTHS",
    365: "ONE_YEAR",
    400: "THIRTEEN_MONTHS",
    545: "EIGHTEEN_MONTHS",
    731: "TWO_YEARS",
    1096: "THREE_YEARS",
    1827: "FIVE_YEARS",
    2192: "SIX_YEARS",
    2557: "SEVEN_YEARS",
    2922: "EIGHT_YEARS",
    3288: "NINE_YEARS",
    3653: "TEN_YEARS",
}
"""What CloudWatch Logs takes for a retention (PutRetentionPolicy), by the CDK's names."""

MADE_KEYS = ("log groups", "the topic of alarms", "the record")
"""What the stack makes KMS keys for, beside those of keys.py."""


MAX_NAMESPACE = 255
"""Characters of the namespace of a metric that an alarm watches (CloudWatch API reference, PutMetricAlarm)."""


def region(value: str) -> str:
    """The Region of an ARN, empty for any other text."""
    parts = value.split(":")
    return parts[3] if re.match("arn:", value) and len(parts) > 3 else ""


def region_problems(arns: Mapping[str, str]) -> list[str]:
    """What is wrong with the Regions of the settings that are ARNs, by the settings' names. Those of two certificates alone are
    compared elsewhere.
    """
    found = {name: region(value) for name, value in arns.items() if region(value)}
    if len(set(found.values())) < 2 or all(name.endswith("_certificate") for name in found):
        return []
    named = ", ".join(f"{name} is of {where}" for name, where in found.items())
    return [f"{named}: all must be of the stack's Region"]
