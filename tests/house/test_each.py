"""What stands in for `parametrize` in the suite tries every value, whatever became of those before it."""

import inspect

import pytest

from tests.each import each


def test_every_value_is_tried_and_each_failure_is_named():
    tried = []

    @each("value", [1, "two", None])
    @each(("one", "other"), [(1, 2), pytest.param(3, 4, id="named")])
    def example(fixture, value, one, other):
        tried.append((fixture, value, one, other))
        if value is None:
            pytest.fail("nothing")
        assert (value, one) != ("two", 3)

    assert list(inspect.signature(example).parameters) == ["fixture"]
    with pytest.raises(BaseExceptionGroup, match="2 of 3 failed: two, none") as failed:
        example(fixture="f")
    assert tried == [("f", value, *pair) for value in (1, "two", None) for pair in ((1, 2), (3, 4))]
    two, none = failed.value.exceptions
    assert (two.message, none.message) == ("1 of 2 failed: named", "2 of 2 failed: 1-2, named")


def test_without_a_failure_it_passes():
    @each("value", [1, 2])
    def example(value):
        assert value

    example()


def test_no_values_or_an_argument_that_the_test_has_not_are_mistakes():
    with pytest.raises(AssertionError):
        each("value", [])
    with pytest.raises(AssertionError, match="takes no valeu"):
        each("valeu", [1])(lambda value: None)
