"""docs/operate/cost.md: what logins cost, from counted calls, measured times and log lines, and what is deployed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks import cost, figures
from benchmarks.calls import Count
from benchmarks.cost import Cost
from benchmarks.memory import SIZES, WHOLE, usd
from chalicelib.keys import rotation
from chalicelib.profiles import PROFILES
from docs import keeping, recording, watching
from ducat_cdk.keys import KEYS

USUAL = "assertion"
"""The kind of client that the page begins with."""
KINDS = {
    "certificate": "authenticates by certificate, tokens bound to it",
    "assertion": "authenticates by assertion, tokens bound to its certificate",
    "assertion and proof": "authenticates by assertion, tokens bound to a DPoP key",
}
X86 = cost.GB_SECONDS_X86 / cost.GB_SECONDS

INTRODUCTION = """\
# Cost

Written by `make docs` from counted calls, measured times and what the template says; changes here are lost.

Nothing costs while nobody logs in, but the web ACL (ten dollars a month), [watching](#watching), the KMS keys (about a dollar
each: {keys}, and with EdDSA {keys_eddsa}; a rotation adds some for a while), stored logs, and point-in-time recovery by the
gigabyte.

Prices are AWS's: {prices}. Those of your Region: [API Gateway](https://aws.amazon.com/api-gateway/pricing/),
[Lambda](https://aws.amazon.com/lambda/pricing/), [DynamoDB](https://aws.amazon.com/dynamodb/pricing/on-demand/),
[KMS](https://aws.amazon.com/kms/pricing/), [CloudWatch](https://aws.amazon.com/cloudwatch/pricing/).

## A million logins

With the product's directory and one call of the bank's API each: PAR, authorize, the two pages with their posts, token, one
protected call. The functions are warm.
"""

COUNTS = """\
## One login

The client {usual}.
"""

BASIS = """\
How it is reckoned. DynamoDB's and KMS's calls are counted, and so are the bytes of each log line. A function's time is its
CPU, measured on {machine}, stretched to the CPU that its memory gives, and {call} ms for each call to AWS that waits for the
one before. Lambda's processors differ: measure again on the first deployment.

A grant is one write unit from the redemption on. A long `state` or many claims make it one from the sign-in on, and items of
more than 1 KB count twice.
"""

OPTIONS = """\
## What would change it

USD for a million logins, more or less than the first table's.
"""

MEMORY = """\
## The function that hashes passwords

One hash of argon2id by the size of the function: milliseconds, and USD for a million. Up to {whole} MB a function's CPU grows
with its memory, so the price stays and the wait falls; beyond, one lane has no use for more. So the functions that hash have
{chosen} MB. Of OWASP's choices, which it calls equal, the one in use has the most memory, which is what an attacker's
hardware lacks. What the others would save is in the table above. RFC 9106's first choice needs 2 GiB for each guess.
"""


AFTER = """\
## After the login
"""

READY = """\
## Functions that start fast

A function that nobody called for a while starts anew. That takes 0.1 to 0.3 seconds of a whole CPU
([performance](../reference/performance.md)), and the request waits for it. Two [settings](deploy.md#the-settings) shorten
that, function by function. Both are off, since they cost money while nobody logs in. A function has one or the other.

| | `snap_start` | `provisioned_concurrency` |
|---|---|---|
| What waits | the restoring of a snapshot | nothing, up to that number of requests at once; others start anew |
| While nobody logs in | 0.0000015046 USD a GB-second of each version: 4 USD a month for a function of 1 GB | 0.0000033334 USD a GB-second of each environment: 9 USD a month for one of 1 GB |
| Each start | 0.0001397998 USD a GB | none |
| Each GB-second of a request | 0.0000133334 USD, as without | 0.0000077778 USD |

The prices are those of US East (N. Virginia) on arm64, for memory as `ducat_cdk/functions.py` has it. Such a function gets a
version at each deployment, and an alias `live` that API Gateway and your API call. Versions of earlier deployments with a
snapshot cost until they are deleted. A snapshot holds no secret and no random number: a function makes both at its first
request.
"""  # noqa: E501

CHOICES = """\
## What a client can do

- Keep an access token for its {token_minutes} minutes, and not refresh before each call.
- Ask for no `openid` where it needs no ID token.
- Leave `id_token_signed_response_alg` at `PS256`: an RSA 2048 signature costs a fifth of an ECDSA one.
"""


def page() -> str:
    """The whole page."""
    measured, counts = figures.warm(), cost.count()
    costs = {kind: cost.of(counts[kind], measured[kind]) for kind in KINDS}
    usual = costs[USUAL]
    return "\n".join(
        (
            INTRODUCTION.format(prices=cost.PRICES, keys=_keys(2), keys_eddsa=_keys(3)),
            _table(("", *KINDS), [*_parts(costs), *_sums(costs)]),
            "The client:\n\n" + "".join(f"- **{kind}**: {words}\n" for kind, words in KINDS.items()),
            BASIS.format(machine=figures.machine(), call=round(cost.AWS_CALL * 1000)),
            COUNTS.format(usual=KINDS[USUAL]),
            _table(
                ("Step", "Function", "MB", "ms", "Writes", "Reads", "KMS", "Log bytes"), _steps(counts[USUAL], usual)
            ),
            OPTIONS,
            _table(("", "USD", "What is given up"), _options(costs, counts, measured)),
            MEMORY.format(whole=f"{WHOLE:,}", chosen=f"{cost.MEMORY['login']:,}"),
            _table(("Parameters", *(f"{size:,} MB" for size in SIZES)), _hashes()),
            AFTER,
            _table(("", "Writes", "Reads", "KMS", "Calls in a row"), _after(counts)),
            READY,
            watching.section(),
            recording.section(counts[USUAL]),
            keeping.section(),
            CHOICES.format(token_minutes=min(one.access_token_lifetime for one in PROFILES.values()) // 60),
        )
    )


def _parts(costs: Mapping[str, Cost]) -> Iterable[Sequence[str]]:
    for part in costs[USUAL].parts:
        yield part, *(_usd(costs[kind].parts[part]) for kind in KINDS)


def _sums(costs: Mapping[str, Cost]) -> Iterable[Sequence[str]]:
    yield "**besides API Gateway and logs**", *(f"**{_usd(costs[kind].own)}**" for kind in KINDS)
    yield "**in all**", *(f"**{_usd(costs[kind].whole)}**" for kind in KINDS)


def _steps(counts: Mapping[str, Count], of: Cost) -> Iterable[Sequence[str]]:
    for step, function in cost.STEPS.items():
        count = counts[step]
        numbers = count.write_units, count.read_units, count.kms, count.log_bytes
        yield step, function, f"{cost.MEMORY[function]:,}", f"{of.seconds[step] * 1000:.0f}", *(str(n) for n in numbers)
    yield "**all**", "", "", "", *(str(n) for n in (of.write_units, of.read_units, of.rsa, of.log_bytes))


def _keys(algs: int) -> int:
    """Of KMS, beside those of logs and alarms: what is not for signatures, and by use and algorithm the key that signs and the
    next one.
    """
    return sum(not row.signs for row in KEYS) + 2 * len(rotation.USES) * algs


def _after(counts: Mapping[str, Mapping[str, Count]]) -> Iterable[Sequence[str]]:
    for what, step, kind in (
        ("a protected call", "authorizer", USUAL),
        ("the same with DPoP", "authorizer", "assertion and proof"),
        ("a refresh", "token, refresh_token", USUAL),
        ("introspection", "introspect", USUAL),
        ("a token of the client's own", "token, client_credentials", USUAL),
        ("metadata or keys", "jwks", USUAL),
    ):
        count = counts[kind][step]
        yield what, *(str(n) for n in (count.write_units, count.read_units, count.kms, count.trips))


def _options(
    costs: Mapping[str, Cost], counts: Mapping[str, Mapping[str, Count]], measured: Mapping[str, Mapping[str, float]]
) -> Iterable[Sequence[str]]:
    usual = costs[USUAL]

    def more(what: str, usd_more: float, gives_up: str) -> Sequence[str]:
        return what, f"{usd_more:+.2f}", gives_up

    smaller = cost.of(counts[USUAL], measured[USUAL], cost.MEMORY | {"login": 512})
    wait = (smaller.seconds["login"] - usual.seconds["login"]) * 1000
    yield more(
        "clients authenticate by certificate",
        costs["certificate"].own - usual.own,
        "nothing; a certificate of an authority",
    )
    yield more("tokens bound to DPoP keys", costs["assertion and proof"].own - usual.own, "")
    yield more("no `openid`: no ID token", -cost.RSA_2048, "the client learns nobody's name")
    yield more("ES256 or EdDSA in place of PS256", cost.OTHER_SIGNATURES - cost.RSA_2048, "")
    yield more("signed authorization responses (JARM)", cost.RSA_2048, "")
    yield more("a signed answer of introspection or userinfo, each", cost.RSA_2048, "")
    yield more("[`data_keys`](deploy.md#the-settings) `false`", cost.SYMMETRIC, "")
    yield more("login at 512 MB", smaller.own - usual.own, f"{wait:.0f} ms more at each sign-in")
    yield more("another choice of OWASP's: 19 MiB, two passes", _cheaper_hash(usual), "memory that an attacker needs")
    yield more("x86 in place of arm64", usual.parts["Lambda, time"] * (X86 - 1), "")
    logs = usual.parts["CloudWatch Logs"]
    yield more("log groups of the class Infrequent Access", -logs / 2, "alarms on log lines, live tail")
    yield more("Lambda's own lines kept (START, END, REPORT)", _platform_lines(), "")
    yield more(
        "an HTTP API in place of a REST API",
        -cost.AT_THE_GATE * (cost.API_REQUESTS - 1.0),
        "not offered: no WAF, no resource policy, no answers of one's own to refusals",
    )


def _cheaper_hash(usual: Cost) -> float:
    size = cost.MEMORY["login"]
    other = next(row for row in _rows() if (row["passes"], row["memory"]) == (2, 19 * 1024) and row["size"] == size)
    return usd(float(other["ms"]), size) - usd(cost.hashing(size) * 1000, size)


def _platform_lines() -> float:
    """USD: three lines and what CloudWatch Logs counts for each, of each invocation; as long as Lambda's text format has them."""
    start, end, report = 78, 54, 170
    bytes_each = start + end + report + 3 * cost.LOG_EVENT
    return len(cost.STEPS) * bytes_each / 1e9 * 1e6 * cost.LOG_GIGABYTES


def _hashes() -> Iterable[Sequence[str]]:
    kinds: dict[tuple[str, int, int, int], dict[int, float]] = {}
    for row in _rows():
        kinds.setdefault((row["source"], row["passes"], row["memory"], row["lanes"]), {})[row["size"]] = row["ms"]
    for (source, passes, memory, lanes), by_size in kinds.items():
        name = f"{source}: {memory // 1024:,} MiB, {_many(passes, 'pass', 'passes')}, {_many(lanes, 'lane', 'lanes')}"
        yield name, *(f"{by_size[s]:.0f} ms, {usd(by_size[s], s):.2f}" if s in by_size else "" for s in SIZES)


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(cost.ARGON2_FIGURES.read_text(encoding="utf-8"))
    return rows


def _many(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _usd(amount: float) -> str:
    return f"{amount:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
