"""The drill of restored tables in both forms, as `make restores` runs it."""

import pytest

from tests.restore_drill import drill


@pytest.mark.usefixtures("light_passwords")
@pytest.mark.parametrize("all_lost", [False, True])
def test_a_stack_on_restored_tables_keeps_what_was_good_and_uses_nothing_twice(all_lost):
    report = drill(all_lost=all_lost, say=lambda line: None)
    assert [sentence for sentence, held in report.held.items() if not held] == []
    assert len(report.held) == 12
