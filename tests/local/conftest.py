"""The local stack, on free ports, with certificates of its own."""

import pytest

from local import clients
from local.certificates import Certificates
from local.stack import Stack

HOME = "https://localhost:18845"
"""The fintechs' address; nothing answers there."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def stack(certificates):
    with Stack(browsers_port=0, certificates_port=0, certificates=certificates, region="eu-west-1") as running:
        yield running


@pytest.fixture(scope="module")
def registered(stack):
    """The two clients, by client_id."""
    pair = clients.two(stack.certificates, HOME)
    for client in pair:
        clients.register(stack.provider, client)
    return {client.client_id: client for client in pair}
