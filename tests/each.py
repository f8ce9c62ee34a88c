"""Many values that one test tries, where a test for each would do the same work again to begin with.

It is for values of one kind, of which none leaves behind what the next could use. Where each needs a bank of its own, or is
worth selecting by its name, pytest's `parametrize` is right.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

from tests.ids import pytest_make_parametrize_id

Test = Callable[..., None]


def each(names: str | tuple[str, ...], values: Iterable[Any]) -> Callable[[Test], Test]:
    """A decorator, written as `parametrize` is: the test tries every value, and fails with the names of those that failed.

    `names`: one argument of the test, or several.
    `values`: what each of the cases has for them; `pytest.param` gives one an id of its own.
    """
    cases = [_case((names,) if isinstance(names, str) else names, value) for value in values]
    assert cases, "no test tries nothing"

    def decorate(test: Test) -> Test:
        signature = inspect.signature(test)
        missing = [name for name in cases[0][1] if name not in signature.parameters]
        assert not missing, f"{test.__name__} takes no {', '.join(missing)}"

        @wraps(test)
        def tried(**given: Any) -> None:
            failures = [failure for case in cases if (failure := _failure(test, given, *case))]
            if failures:
                summary = f"{len(failures)} of {len(cases)} failed: {', '.join(name for name, _ in failures)}"
                raise BaseExceptionGroup(summary, [problem for _, problem in failures])

        rest = [one for one in signature.parameters.values() if one.name not in cases[0][1]]
        tried.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]
        return tried

    return decorate


def _case(names: tuple[str, ...], value: Any) -> tuple[str, dict[str, Any]]:
    """The name of a case and its arguments."""
    own = value if hasattr(value, "marks") else pytest.param(*value) if len(names) > 1 else pytest.param(value)
    arguments = dict(zip(names, own.values, strict=True))
    read = (pytest_make_parametrize_id(one, name) or getattr(one, "__name__", name) for name, one in arguments.items())
    return str(own.id) if own.id else "-".join(read), arguments


def _failure(
    test: Test, given: dict[str, Any], name: str, arguments: dict[str, Any]
) -> tuple[str, BaseException] | None:
    try:
        test(**given, **arguments)
    except (Exception, pytest.fail.Exception, BaseExceptionGroup) as problem:
        problem.add_note(f"in the case {name}")
        return name, problem
    return None
