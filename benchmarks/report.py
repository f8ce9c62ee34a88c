"""What was measured, as tables, as data, and as one page with its plots. Ratios come first: they hold on other machines too."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks import unequal
from benchmarks.calls import Count
from benchmarks.logins import LOGIN, STEPS
from benchmarks.warm import Samples
from docs.clauses import ROOT

FOLDER = ROOT / "docs" / "reference"
PAGE, DATA = FOLDER / "performance.md", FOLDER / "performance.json"
PLOTS = {"cold": FOLDER / "performance-cold.svg", "warm": FOLDER / "performance-warm.svg"}
OURS, APART, PEER, MEMORY, KEYCLOAK = "ducat", "ducat, a process each", "peer", "peer in memory", "keycloak"
TITLES = {OURS: "ours", APART: "ours, a process each"}


@dataclass(frozen=True)
class Measured:
    """One run. `before`: the machine's load at its start; `python`: the interpreter that ran the package."""

    before: tuple[float, float, float]
    python: Path
    tls: bool
    versions: Mapping[str, str]
    bytes: int
    modules: Mapping[str, int]
    warm: Mapping[str, Mapping[str, Samples]]
    cold: Mapping[str, Mapping[str, list[float]]]
    first_calls: Mapping[str, list[float]]
    counts: Mapping[str, Mapping[str, Count]]


def data(measured: Measured) -> dict[str, Any]:
    """All of it as JSON (docs/reference/performance.md says what is what)."""
    version, built = _interpreter(measured.python)
    return {
        "about": {
            "measured_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "machine": f"{_processor()}, {os.cpu_count()} cores",
            "load_before": measured.before,
            "load_after": os.getloadavg(),
            "tls_to_aws": measured.tls,
            "versions": {"Python": version, **measured.versions},
            "python_is_configured": built,
        },
        "package_bytes": measured.bytes,
        "modules": dict(measured.modules),
        "cold_ms": {handler: _spreads(of) for handler, of in measured.cold.items()},
        "first_calls_ms": _spreads(measured.first_calls),
        "warm_ms": {
            kind: {
                system: _spreads(samples.by_step | {"login, whole": samples.logins()}) for system, samples in of.items()
            }
            for kind, of in measured.warm.items()
        },
        "server": {
            kind: {
                system: {name: round(value, 1) for name, value in samples.server.items()}
                for system, samples in of.items()
            }
            for kind, of in measured.warm.items()
        },
        "calls": {
            kind: {system: samples.calls for system, samples in of.items()} for kind, of in measured.warm.items()
        },
        "counts": {kind: {step: _count(count) for step, count in of.items()} for kind, of in measured.counts.items()},
    }


def _interpreter(python: Path) -> tuple[str, str]:
    """Its version, and how it is configured: with that, it takes a sixth less CPU, and builders differ in it."""
    script = "import platform, sysconfig; print(platform.python_version(), sysconfig.get_config_var('CONFIG_ARGS'))"
    shown = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout
    version, _, arguments = shown.partition(" ")
    return version, f"{'with' if '--enable-optimizations' in arguments else 'without'} `--enable-optimizations`"


def tables(measured: Measured) -> str:
    """Plain tables, ratios first."""
    content = data(measured)
    return "\n".join(f"{title}\n\n{_plain(head, rows)}" for title, head, rows in _tables(content))


def write(measured: Measured) -> Path:
    """Write the page, its data and its plots, and give the page.

    They are among the documents where the peer stands beside ours, else in build/.
    """
    content = data(measured)
    folder = FOLDER if any(PEER in of for of in measured.warm.values()) else ROOT / "build"
    folder.mkdir(exist_ok=True)
    (folder / DATA.name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    (folder / PAGE.name).write_text(page(content), encoding="utf-8")
    from benchmarks import plots

    plots.draw(content, {name: folder / plot.name for name, plot in PLOTS.items()})
    return folder / PAGE.name


def page(content: Mapping[str, Any]) -> str:
    """The page in Markdown."""
    about, beside = content["about"], [name for of in content["warm_ms"].values() for name in of]
    command = "make bench PEER=1" + " KEYCLOAK=<folder>" * (KEYCLOAK in beside)
    parts = [
        "# Performance\n",
        f"Written by `{command}`, from the package as it is shipped: with its bytecode, in fresh processes that "
        "write none. DynamoDB and KMS are stand-ins in a process of their own, over sockets. CPU is that of the serving "
        "process alone, user and system. Milliseconds depend on the machine; "
        "ratios are of requests that alternated in the same run.\n",
        f"Measured at {about['measured_at']} on {about['machine']}; load {about['load_before'][0]:.1f} before and "
        f"{about['load_after'][0]:.1f} after, of other work too; "
        + ", ".join(f"{name} {version}" for name, version in about["versions"].items())
        + f"; Python is configured {about['python_is_configured']}"
        f"; TLS to the stand-ins: {'yes' if about['tls_to_aws'] else 'no'}. "
        "[performance.json](performance.json) has all of it, the quartiles too.\n",
    ]
    for title, head, rows in _tables(content):
        parts += [f"## {title}\n", _markdown(head, rows)]
    parts += [
        "## Plots\n",
        *(f"![{name} starts and requests]({plot.name})\n" for name, plot in PLOTS.items()),
        "## What is unequal\n",
        unequal.PEER + "\n" + (unequal.KEYCLOAK + "\n") * (KEYCLOAK in beside),
    ]
    return "\n".join(parts)


Table = tuple[str, Sequence[str], list[Sequence[str]]]


def _tables(content: Mapping[str, Any]) -> list[Table]:
    return [
        *_ratios(content),
        *_warm(content),
        _servers(content),
        _cold(content),
        _first_calls(content),
        _package(content),
        *_counted(content),
    ]


def _ratios(content: Mapping[str, Any]) -> list[Table]:
    tables: list[Table] = []
    for other, title in ((PEER, "the peer's on DynamoDB and KMS"), (KEYCLOAK, "Keycloak's")):
        names, rows = (OURS, APART, MEMORY) if other == PEER else (OURS, APART), list[Sequence[str]]()
        for kind, of in content["warm_ms"].items():
            for step in ("login, whole", *STEPS):
                if step in of.get(other, ()):
                    rows.append(
                        (kind, step, *(_ratio(of[name][step], of[other][step]) for name in names if name in of))
                    )
        head = ("Client", "Request", *(TITLES.get(name, name) for name in names if name in of))
        tables += [(f"CPU as a part of {title}", head, rows)] if rows else []
    return tables


def _ratio(one: Mapping[str, float], other: Mapping[str, float]) -> str:
    return f"{one['median'] / other['median']:.2f}"


def _warm(content: Mapping[str, Any]) -> Iterable[Table]:
    for kind, of in content["warm_ms"].items():
        calls = content["calls"][kind]
        rows: list[Sequence[str]] = []
        for step in ("login, whole", *STEPS):
            cells = []
            for system in of:
                known = (
                    sum(calls[system][name] for name in LOGIN) if step == "login, whole" else calls[system].get(step)
                )
                cells.append(f"{_spread(of[system][step])}, {known}" if step in of[system] else "")
            rows.append((step, *cells))
        title = f"CPU of a warm request, ms and calls to AWS: {kind}"
        yield title, ("Request", *of), rows


def _servers(content: Mapping[str, Any]) -> Table:
    rows: list[Sequence[str]] = [
        (kind, system, f"{server['start_ms']:.0f}", f"{server['resident_mb']:.0f}")
        for kind, of in content["server"].items()
        for system, server in of.items()
    ]
    return "The servers' processes", ("Client", "Server", "ms of CPU until it listens", "MB resident, at the end"), rows


def _cold(content: Mapping[str, Any]) -> Table:
    rows: list[Sequence[str]] = []
    for handler, of in content["cold_ms"].items():
        others = [name for name in ("floor", "floor shipped", "peer") if name in of]
        times = [_ratio(of["ours"], of[name]) for name in others]
        rows.append((handler, _spread(of["ours"]), *(_spread(of[name]) for name in others), *times))
    names = {"floor": "libraries as published", "floor shipped": "libraries as shipped", "peer": "peer's bundle"}
    first = next(iter(content["cold_ms"].values()))
    others = [text for name, text in names.items() if name in first]
    return "Cold start, ms of CPU", ("Function", "ours", *others, *(f"ours / {text}" for text in others)), rows


def _first_calls(content: Mapping[str, Any]) -> Table:
    ours, botocore = (content["first_calls_ms"][name] for name in ("ours", "botocore"))
    row = (_spread(ours), _spread(botocore), _ratio(ours, botocore))
    head = ("ours", "libraries as published", "ours / libraries as published")
    return "The first calls of a function, two to DynamoDB and one to KMS, over TLS: ms of CPU", head, [row]


def _package(content: Mapping[str, Any]) -> Table:
    rows: list[Sequence[str]] = [("MB, zipped", f"{content['package_bytes'] / 2**20:.1f}")]
    rows += [(f"modules of {handler}", str(number)) for handler, number in content["modules"].items()]
    return "The package", ("What", "How much"), rows


def _counted(content: Mapping[str, Any]) -> Iterable[Table]:
    counts = content["counts"]
    first = next(iter(counts.values()))
    rows: list[Sequence[str]] = [
        (step, *(f"{of[step]['dynamodb']}, {of[step]['kms']}, {of[step]['trips']}" for of in counts.values()))
        for step in first
    ]
    yield "AWS calls of a warm request: DynamoDB, KMS, and how many in a row", ("Request", *counts), rows


def _count(count: Count) -> dict[str, Any]:
    """What is counted of a request, as JSON."""
    return asdict(count) | {"tables": {f"{table}, {kind}": units for (table, kind), units in count.tables.items()}}


def _spreads(samples: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    return {name: _summary(values) for name, values in samples.items()}


def _summary(values: list[float]) -> dict[str, float]:
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    spread = {"median": median(values), "lower_quartile": lower, "upper_quartile": upper}
    return {name: round(value, 3) for name, value in spread.items()}


def _spread(of: Mapping[str, float]) -> str:
    digits = 0 if of["median"] > 100 else 1 if of["median"] > 10 else 2
    return f"{of['median']:.{digits}f} ({of['lower_quartile']:.{digits}f} to {of['upper_quartile']:.{digits}f})"


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _plain(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(head))]
    first, *rest = ("  ".join((line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:]))) for line in lines)
    return "\n".join((first, "-" * len(first), *rest, ""))


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
