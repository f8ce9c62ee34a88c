"""What keeps a flood of one thing from the rest: throttles, reserved concurrency, the web ACL. Read without the CDK."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.json_members import each_once

MANAGED, NONE = "managed", "none"
WEB_ACL = re.compile(
    r"managed|none|arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\d{12}:regional/webacl/[A-Za-z0-9_-]{1,128}/[0-9a-f-]+"
)
WITHOUT_WEB_ACL = "there is no web ACL: guesses, floods and known attacks reach the functions"

PAGES = ("authorize", "login", "passkey", "consent", "grants", "security")
"""The functions that people meet."""

EVERY = "*"
MAX_RATE = 10_000
MAX_BURST = 5_000
"""An account's throttle in a Region where nobody raised it (API Gateway quotas)."""

UNRESERVED = 100
"""What Lambda leaves to the functions without a reservation, at the least (Lambda developer guide, "reserved concurrency")."""

PER_ADDRESS = range(10, 2_000_000_001)
"""What a rate rule of WAF counts in five minutes."""


class GuardingError(Exception):
    """The settings can't be used; the message lists why."""


@dataclass(frozen=True)
class Throttle:
    """Requests a second, and how many may come at once."""

    rate: int
    burst: int


@dataclass(frozen=True)
class Guarding:
    """`web_acl`: managed, none or an ARN. `throttles`: by route, or EVERY. `reserved`: by function."""

    web_acl: str
    per_address: int
    pages_per_address: int
    throttles: Mapping[str, Throttle]
    reserved: Mapping[str, int]


def read(settings: Mapping[str, str], provisioned: Mapping[str, int]) -> Guarding:
    """The settings, by their names. `provisioned`: what is kept ready, by function. Raises GuardingError."""
    problems: list[str] = []
    if not WEB_ACL.fullmatch(settings["web_acl"]):
        problems.append("web_acl must be managed, none or the ARN of a regional web ACL")
    counts = {
        name: _whole(settings[name]) for name in ("requests_per_ip", "page_requests_per_ip", "account_concurrency")
    }
    for name in ("requests_per_ip", "page_requests_per_ip"):
        if counts[name] not in PER_ADDRESS:
            problems.append(f"{name} must be a number from {PER_ADDRESS.start} to {PER_ADDRESS[-1]}")
    if counts["page_requests_per_ip"] > counts["requests_per_ip"]:
        problems.append("page_requests_per_ip must not be more than requests_per_ip, which counts pages too")
    throttles = _object(settings, "throttles", '{"*": {"rate": 200, "burst": 400}}', problems)
    reserved = _object(settings, "reserved_concurrency", '{"token": 100}', problems)
    problems += [
        *_throttle_problems(throttles),
        *_reserve_problems(reserved, counts["account_concurrency"], provisioned),
    ]
    if problems:
        raise GuardingError("; ".join(problems))
    return Guarding(
        settings["web_acl"],
        counts["requests_per_ip"],
        counts["page_requests_per_ip"],
        {route: Throttle(**one) for route, one in throttles.items()},
        reserved,
    )


def _object(settings: Mapping[str, str], name: str, such: str, problems: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(settings[name], object_pairs_hook=each_once)
    except ValueError:
        found = None
    if isinstance(found, dict):
        return found
    problems.append(f"{name} must be a JSON object such as {such}")
    return {}


def _throttle_problems(throttles: Mapping[str, Any]) -> list[str]:
    routes = {route for row in FUNCTIONS for route in row.routes}
    problems = [
        f"throttles: {route} is not a route of the provider" for route in throttles if route not in {EVERY, *routes}
    ]
    if throttles and EVERY not in throttles:
        problems.append(f'throttles: "{EVERY}" is missing, which is for every other route')
    for route, one in throttles.items():
        members = isinstance(one, dict) and one.keys() == {"rate", "burst"}
        if not (members and _within(one["rate"], MAX_RATE) and _within(one["burst"], MAX_BURST)):
            problems.append(f"throttles: {route}: rate must be from 1 to {MAX_RATE}, and burst from 1 to {MAX_BURST}")
        elif one["burst"] < one["rate"]:
            problems.append(f"throttles: {route}: burst must not be less than rate")
    return problems


def _reserve_problems(reserved: Mapping[str, Any], account: int, provisioned: Mapping[str, int]) -> list[str]:
    names = [row.name for row in FUNCTIONS]
    problems = [f"reserved_concurrency: there is no function {name}" for name in reserved if name not in names]
    if account < 1:
        return [*problems, "account_concurrency must be the account's quota of concurrent executions, a number"]
    if not all(_within(number, account) for number in reserved.values()):
        return [*problems, f"reserved_concurrency: each must be a number from 1 to {account}"]
    problems += [
        f"reserved_concurrency: {name} has {number}, and provisioned_concurrency keeps {provisioned[name]} ready"
        for name, number in reserved.items()
        if provisioned.get(name, 0) > number
    ]
    taken = sum(reserved.values()) + sum(number for name, number in provisioned.items() if name not in reserved)
    if taken > account - UNRESERVED and (reserved or provisioned):
        problems.append(
            f"reserved_concurrency and provisioned_concurrency take {taken} of account_concurrency {account}: "
            f"Lambda keeps {UNRESERVED} for all other functions"
        )
    return problems


def _within(value: Any, most: int) -> bool:
    return type(value) is int and 1 <= value <= most


def _whole(text: str) -> int:
    return int(text) if re.fullmatch(r"\d{1,12}", text) else -1
