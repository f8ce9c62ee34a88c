"""The local stack, on free ports, with certificates of its own."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from random import randrange

import pytest

from chalicelib import vocabulary, vocabulary_file
from local import clients, fintech_web
from local.certificates import Certificates
from local.stack import Stack
from tests.local import forked


@pytest.fixture(scope="session", autouse=True)
def interpreter_of_commands() -> Iterator[None]:
    yield
    forked.end()


@pytest.fixture
def first_port() -> int:
    """The first of three ports in a row that are free."""
    return free_ports()


@pytest.fixture(scope="module")
def four_ports() -> int:
    """The first of four."""
    return free_ports(4)


@pytest.fixture
def five_ports() -> int:
    """The first of five."""
    return free_ports(5)


def free_ports(count: int = 3) -> int:
    """The first of that many in a row: below those that a system gives to whoever asks for any."""
    while True:
        first = randrange(20_000, 32_000)
        with ExitStack() as opened:
            try:
                for port in range(first, first + count):
                    opened.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(autouse=True)
def its_words() -> None:
    """A process has one vocabulary, and another module's bank may have set its own."""
    vocabulary.use(vocabulary_file.load("local/vocabulary.json"))


@pytest.fixture(scope="module")
def stack(certificates: Certificates) -> Iterator[Stack]:
    with Stack(browsers_port=0, certificates_port=0, certificates=certificates, region="eu-west-1") as running:
        yield running


@pytest.fixture(scope="module")
def home_taken() -> Iterator[socket.socket]:
    """The fintechs' port, taken."""
    with fintech_web.take(0) as taken:
        yield taken


@pytest.fixture(scope="module")
def home(home_taken: socket.socket) -> str:
    """The fintechs' address. Nothing answers there unless a test serves it."""
    return f"https://localhost:{home_taken.getsockname()[1]}"


@pytest.fixture(scope="module")
def registered(stack: Stack, home: str) -> dict[str, clients.DemoClient]:
    """The two clients, by client_id."""
    pair = clients.two(stack.certificates, home)
    for client in pair:
        clients.register(stack.provider, client)
    return {client.client_id: client for client in pair}
