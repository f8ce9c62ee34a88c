"""The page's plots, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot

from benchmarks.logins import STEPS

LINE_STEP = 10
LINE_STEP = 10
"""Of a line of many values each tenth is drawn, so that the file stays small."""
STABLE: dict[Any, Any] = {"svg.hashsalt": "performance", "svg.fonttype": "none", "font.family": "sans-serif"}


def draw(content: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    """Cold starts by function, and the CPU of a login's requests by system; medians, with the quartiles as whiskers."""
    with pyplot.rc_context(STABLE):
        _bars(content["cold_ms"], "Cold start, ms of CPU", files["cold"])
        kind, of = next(iter(content["warm_ms"].items()))
        steps = {
            step: {system: measured[step] for system, measured in of.items() if step in measured}
            for step in ("login, whole", *STEPS)
        }
        _bars(steps, f"A warm request, ms of CPU ({kind})", files["warm"])


def _bars(groups: Mapping[str, Mapping[str, Mapping[str, float]]], title: str, file: Path) -> None:
    names = list(dict.fromkeys(name for of in groups.values() for name in of))
    height = 0.8 / len(names)
    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(groups) + 1.2), layout="constrained")
    for number, name in enumerate(names):
        rows = [(position, of[name]) for position, of in enumerate(groups.values()) if name in of]
        medians = [one["median"] for _, one in rows]
        spread = (
            [one["median"] - one["lower_quartile"] for _, one in rows],
            [one["upper_quartile"] - one["median"] for _, one in rows],
        )
        positions = [position + number * height for position, _ in rows]
        axes.barh(positions, medians, height, xerr=spread, label=name, error_kw={"linewidth": 0.8})
    axes.set_yticks([position + 0.4 - height / 2 for position in range(len(groups))], list(groups))
    axes.invert_yaxis()
    axes.set_title(title)
    axes.legend()
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def lines(series: Mapping[str, Sequence[float]], title: str, along: str, file: Path) -> None:
    """One line for each series, of its values one after the other; `along`: what they are one after the other of."""
    with pyplot.rc_context(STABLE):
        figure, axes = pyplot.subplots(figsize=(9, 3.5), layout="constrained")
        for name, values in series.items():
            axes.plot(values[::LINE_STEP], label=name, linewidth=1)
        axes.set_xticks(*_ticks(max(map(len, series.values()))))
        axes.set_xlabel(along)
        axes.set_title(title)
        axes.legend()
        figure.savefig(file, metadata={"Date": None})
        pyplot.close(figure)


def _ticks(length: int) -> tuple[list[float], list[str]]:
    """Where the axis has marks, and what they say."""
    marks = range(0, length, 300)
    return [mark / LINE_STEP for mark in marks], [str(mark) for mark in marks]
