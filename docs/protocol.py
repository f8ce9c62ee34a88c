"""The reference page of the storage protocol, from models/steps.py."""

from __future__ import annotations

from models.steps import STEPS, Step

WRITTEN = "Written by `make docs` from the code; changes here are lost.\n"


def page() -> str:
    """Each step of the storage protocol: its calls in a row, its one decisive write, what dying costs."""
    said = [
        "# The storage protocol\n",
        WRITTEN,
        "Each step of a permission is one conditional write of one item. What comes before it can be lost without a trace; "
        "what comes after it is optional. A `?` is a value; calls in one row run side by side. Why: "
        "[decision 0026](../decisions/0026-one-permission-is-one-item.md).\n",
    ]
    for step in STEPS:
        said += [f"## {step.name[0].upper()}{step.name[1:]}\n", "|  |  |\n| --- | --- |", *_rows(step), ""]
    return "\n".join(said)


def _rows(step: Step) -> list[str]:
    rows = [("before", "<br>".join(f"`{call}`" for call in group)) for group in step.before]
    rows.append(("**decides**", f"`{step.commit}`" if step.commit else "nothing is written"))
    rows += [("after, quietly", f"`{call}`") for call in step.after]
    return [f"| {what} | {call} |" for what, call in (*rows, ("dying", step.dying))]
