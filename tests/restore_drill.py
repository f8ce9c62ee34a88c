"""A deployment put on restored tables: what was good before the copy is good after it, and what was used up stays used up.

`make restores` prints what happened. AWS is tests/aws_in_process. A copy is a table under a new name with the same items, keys
and indexes, as point-in-time recovery makes it; the originals are deleted. The names of the copies go through the setting
`tables`, as a bank writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyotp

from chalicelib.jobs import publish_keys
from chalicelib.settings import variable
from chalicelib.users import enrolment
from ducat_cdk.settings import deployment_of
from ducat_cdk.tables import TABLES, Row
from tests.actors import Bank, Browser, Fintech, certificate, jwk, rsa_key
from tests.aws_in_process import aws as standin
from tests.aws_in_process.aws import Stand

PERSON, PASSWORD = "carol", "correct horse battery staple"
CLIENT = {
    "client_id": "fintech",
    "client_name": "Fintech",
    "profile": "fapi2-security",
    "grant_types": ["authorization_code", "refresh_token"],
    "scope": "openid accounts",
    "redirect_uris": ["https://fintech.example/callback"],
    "tls_client_certificate_bound_access_tokens": True,
    "token_endpoint_auth_method": "private_key_jwt",
}
RESTORE_SECONDS = 300
"""Seconds that a restore takes at the least. A code lives shorter."""


@dataclass
class Report:
    """Each sentence that the drill is to show, and whether it held."""

    say: Callable[[str], None]
    held: dict[str, bool] = field(default_factory=dict)

    def show(self, sentence: str, held: bool) -> None:
        """Keep it, and say it."""
        self.held[sentence] = held
        self.say(f"{'yes' if held else 'NO '}  {sentence}")


@dataclass
class Issued:
    """What clients have in hand when the table is lost. `ended_later`: what was ended after the second of the copy."""

    used: str
    kept: dict[str, Any]
    refreshed: str
    ended: dict[str, Any]
    ended_later: dict[str, Any]
    open_code: str


class Customer(Browser):
    """A person's browser, and the authenticator app."""

    def __init__(self, bank: Bank, app: pyotp.TOTP) -> None:
        super().__init__(bank)
        self.app = app

    def approve(self, client: Fintech) -> str:
        """The code of a whole login."""
        self.bank.now += 30  # the next one-time code
        page = self.page(client.client_id, client.pushed())
        one_time_code = self.app.at(self.bank.now)
        signed_in = self.sign_in(page, username=PERSON, password=PASSWORD, one_time_code=one_time_code)
        return self.submit(self.get(signed_in.location), "approve").parameters["code"]


def drill(*, all_lost: bool = False, say: Callable[[str], None] = print) -> Report:
    """The whole drill, on a stand-in of its own. `all_lost`: the tables of what lives for minutes are lost too, and made anew."""
    with standin.running("ap-southeast-1") as (stand, found):
        environment = {**found, "DUCAT_USER_DIRECTORY": "chalicelib.users.directory:build"}
        before = Bank(environment)
        app = _begin(before)
        fintech = _fintech(before)
        issued = _issue(fintech, Customer(before, app))
        copies = _copy(stand, environment)
        fintech.revoke(issued.ended_later["refresh_token"])
        after = Bank(_lose(stand, environment, copies, all_lost=all_lost))
        after.now = before.now + RESTORE_SECONDS
        say(f"{len(copies)} tables are copies{', the others are new and empty' if all_lost else ''}")
        report = Report(say)
        _look(report, _fintech(after), Customer(after, app), issued, all_lost=all_lost)
        return report


def _begin(bank: Bank) -> pyotp.TOTP:
    """Keys, a client and a person. Gives the person's authenticator app."""
    publish_keys.run(bank.aws)
    bank.aws.one_time_code_secrets.renew()
    bank.register(**CLIENT, jwks={"keys": [jwk(rsa_key("fintech"))]})
    uri = enrolment.enrol(
        bank.aws, PERSON, sub="s-carol", password=PASSWORD, claims={}, random_bytes=lambda octets: b"c" * octets
    )
    app = pyotp.parse_uri(uri)
    assert isinstance(app, pyotp.TOTP)
    return app


def _fintech(bank: Bank) -> Fintech:
    key, shown = rsa_key("fintech"), certificate("fintech")
    return Fintech(bank, "fintech", "private_key_jwt", key, "PS256", shown, scope="openid accounts")


def _issue(fintech: Fintech, customer: Customer) -> Issued:
    used = customer.approve(fintech)
    kept = fintech.redeem(used).json()
    refreshed = fintech.refresh(kept["refresh_token"]).json()["access_token"]
    ended = fintech.redeem(customer.approve(fintech)).json()
    later = fintech.redeem(customer.approve(fintech)).json()
    assert fintech.revoke(ended["refresh_token"]).status == 200
    return Issued(used, kept, refreshed, ended, later, customer.approve(fintech))


def _copy(stand: Stand, environment: dict[str, str]) -> dict[str, str]:
    """The tables that last, copied, by their rows' names. The names of the copies are those of a bank's settings."""
    restored = {row.name: f"{environment[_variable(row)]}-restored" for row in TABLES if row.durable}
    for name, copy in deployment_of({"tables": restored}).existing().tables.items():
        stand.database.copy(environment[variable(f"{name}_table")], copy)
    return restored


def _lose(stand: Stand, environment: dict[str, str], copies: dict[str, str], *, all_lost: bool) -> dict[str, str]:
    """The originals deleted. Gives the functions' environment of a stack that is put on the copies."""
    for row in TABLES:
        if row.durable or all_lost:
            name = environment[_variable(row)]
            empty = stand.database.copy(name, f"{name}-replaced", items=False)
            stand.database.call("DeleteTable", {"TableName": name})
            copies = copies if row.durable else {**copies, row.name: empty}
    return {**environment, **{variable(f"{name}_table"): copy for name, copy in copies.items()}}


def _look(report: Report, fintech: Fintech, customer: Customer, issued: Issued, *, all_lost: bool) -> None:
    """Every sentence."""
    opened = fintech.userinfo(issued.kept["access_token"]).status
    report.show("an access token that a code gave before opens what it did", opened == 200)
    opened = fintech.userinfo(issued.refreshed).status
    words = "nothing: its table is new" if all_lost else "what it did"
    report.show(f"one that a refresh gave before opens {words}", opened == (401 if all_lost else 200))
    refreshed = fintech.refresh(issued.kept["refresh_token"])
    report.show("a refresh token from before the copy works", refreshed.status == 200)
    fresh = refreshed.json().get("access_token", "")
    report.show("what it gave opens userinfo", fintech.userinfo(fresh).status == 200)
    ended = fintech.refresh(issued.ended["refresh_token"])
    report.show("what was ended before the copy stays ended", ended.error == "invalid_grant")
    back = fintech.refresh(issued.ended_later["refresh_token"])
    report.show("what was ended after the copy is in force again", back.status == 200)
    consent = str(fintech.accounts(back.json()["access_token"])["context"]["consent_id"])
    fintech.bank.aws.grants.revoke(consent, now=fintech.bank.now)
    again = fintech.refresh(issued.ended_later["refresh_token"])
    report.show("and is ended by its consent's id", again.error == "invalid_grant")
    late = fintech.redeem(issued.open_code)
    report.show("a code that was open has expired", late.error == "invalid_grant")
    replayed = fintech.redeem(issued.used)
    report.show("a code that was used before the copy is refused after it", replayed.error == "invalid_grant")
    taken = fintech.refresh(issued.kept["refresh_token"])
    report.show("and ends what it had given, as any replay does", taken.error == "invalid_grant")
    code = customer.approve(fintech)
    first, second = fintech.redeem(code), fintech.redeem(code)
    report.show("a person logs in, with the password and the app from before", first.status == 200)
    report.show("and that code gives tokens once", second.error == "invalid_grant")


def _variable(row: Row) -> str:
    return variable(f"{row.name}_table")


def main() -> int:
    """The command. Ends with status 1 where a sentence did not hold."""
    reports = [drill(all_lost=all_lost) for all_lost in (False, True)]
    failed = [sentence for report in reports for sentence, held in report.held.items() if not held]
    print(f"{sum(len(report.held) for report in reports)} sentences, of which {len(failed)} did not hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
