"""Nothing of a test is left for the next one, whatever it did to the bank."""

from collections.abc import Callable
from typing import Any

from tests.actors import NOW, Bank, Browser, Fintech
from tests.conftest import CLIENTS

TABLES = ("clients", "grants", "bonds", "access_tokens", "replay_cache", "sessions", "users")


def state(bank: Bank) -> dict[str, Any]:
    """What is in the tables, and what the bank and its provider remember."""
    client = bank.aws.dynamo._tables._connection.client
    items = {name: client.scan(TableName=getattr(bank.settings, f"{name}_table"))["Items"] for name in TABLES}
    members = {name: set(vars(one)) for name, one in (("bank", bank), ("aws", bank.aws), ("dynamo", bank.aws.dynamo))}
    return items | members | {"now": bank.now, "settings": bank.aws.settings, "pages": dict(bank.web.pages)}


def test_what_a_test_did_is_undone(begin_again: Callable[[], Bank], fintech: Fintech) -> None:
    before = state(fintech.bank)
    bank, clients = fintech.bank, dict[str, Any](CLIENTS)
    tokens = fintech.tokens()
    assert fintech.userinfo(tokens["access_token"]).status == 200
    bank.register(**clients["rival"]() | {"client_id": "later"})
    bank.register(**clients["fintech"]() | {"client_name": "Another name"})
    bank.now = NOW + 5
    bank.web.put("https://fintech.example/jwks", {"keys": []})
    bank.aws.settings = bank.settings._replace(bank_name="Another bank")
    bank.aws.documents = None  # type: ignore[assignment]
    begin_again()
    assert state(bank) == before
    assert bank.aws.now() == NOW
    client = bank.aws.clients.find("fintech", now=NOW)
    assert client is not None
    assert client.client_name == "Fintech"
    assert fintech.userinfo(tokens["access_token"]).status == 401


def test_a_person_agrees_anew_in_each_test(begin_again: Callable[[], Bank], fintech: Fintech) -> None:
    for _ in range(2):
        begin_again()
        browser = Browser(fintech.bank)
        assert 'value="approve"' in browser.consent_page("fintech", fintech.pushed()).text
        fintech.approved()
