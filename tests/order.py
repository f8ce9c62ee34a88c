"""The order of the tests: modules, and the tests of each, are shuffled by pytest-randomly, which takes another seed each run.

Its header, which names the seed, is not shown by `-q`; so it stands under the tests.
"""

from __future__ import annotations

import pytest


def pytest_sessionfinish(session: pytest.Session) -> None:
    """pytest's hook. One line: how to have the same order again."""
    config = session.config
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and config.pluginmanager.hasplugin("randomly"):
        terminal.write_line(f"\nin the order of --randomly-seed={config.getoption('randomly_seed')}")
