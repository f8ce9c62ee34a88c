"""The law runs with its sockets closed."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _no_sockets() -> None:
    disable_socket(allow_unix_socket=True)  # asyncio's own, which nothing here speaks over
