"""`make demo`: two fintechs read their customers' accounts, over real TLS and through the real pages. Nothing to click.

The steps are printed; the functions' log lines go to a file.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

from requests_oauth2client import BearerToken, DPoPToken, IdToken

from chalicelib.profiles import PROFILES
from chalicelib.storage.records import User
from local import clients, sandbox_users
from local.browser import Browser, Page
from local.certificates import FOLDER
from local.clients import DemoClient
from local.fintech import CHOICE, Fintech, Refused
from local.fintech import PAYMENT as FROM_ANY_ACCOUNT
from local.ports import PortTaken, add_port, following
from local.sandbox_app import SandboxApp
from local.stack import Stack

LOG = FOLDER / "demo.log"

PAYMENT = {**FROM_ANY_ACCOUNT, "debtorAccount": {"iban": sandbox_users.ALICE.accounts[0]["iban"]}}


class Unexpected(Exception):
    """The demo is not where it should be."""


def run(stack: Stack, home: str, *, profile: str, sender: str) -> None:
    """The whole demo. `home`: the fintechs' own address, which is not opened. `sender`: one of clients.SENDERS."""
    say(f"The bank is up: {stack.issuer} for browsers, {stack.mtls_url} for clients with certificates.")
    signing, certified = clients.two(stack.certificates, home, profile=profile, sender=sender)
    for client, way in (
        (signing, "signed assertions"),
        (certified, f"its certificate, {certified.certificate.subject_dn}"),
    ):
        clients.register(stack.provider, client)
        say(f"Registered {client.name} under {profile}, which authenticates by {way}.")

    fintech = _fintech(signing, stack)
    token = log_in(
        fintech,
        Browser(stack.certificates.trusted, elsewhere=signing.redirect_uri),
        sandbox_users.ALICE.username,
        CHOICE,
    )
    person = fintech.person(token)
    say(
        f"Userinfo says {person['name']} <{person['email']}>; the bank's API shows {len(fintech.accounts(token))} accounts."
    )
    token = fintech.refresh(token)
    say(f"Refreshed: a new access token for {token.expires_in} s shows {len(fintech.accounts(token))} accounts.")
    fintech.disconnect(token)
    say(f"Revoked. The same access token now: {_refused(lambda: fintech.accounts(token))}.")

    fintech = _fintech(certified, stack)
    browser = Browser(stack.certificates.trusted, elsewhere=certified.redirect_uri)
    token = log_in(fintech, browser, sandbox_users.ALICE.username, PAYMENT, phones=stack.approval_app)
    made = fintech.pay(token, "order-4711")
    say(
        f"{certified.name} made the payment of {made['payment']['instructedAmount']['amount']} EUR: {made['paymentId']}."
    )
    again = fintech.pay(token, "order-4711")
    say(f"The same call again, under the same idempotency key, is the same payment: {again['paymentId']}.")
    say(f"A second payment, under another key: {_refused(lambda: fintech.pay(token, 'order-4712'))}.")
    say(f"The accounts that {certified.name} reads:")
    show(fintech.accounts(token))


def log_in(
    fintech: Fintech, browser: Browser, username: str, *details: dict[str, Any], phones: SandboxApp | None = None
) -> BearerToken:
    """A customer's consent, through the bank's pages. Raises Unexpected where one of them is another.

    `phones`: the bank's app, in which the customer approves a payment.
    """
    begun = fintech.begin(*details)
    signed = ", signed" if fintech.client.signs_requests else ""
    if fintech.client.pushes_requests:
        say(f"{fintech.client.name} pushed what it asks for{signed}, and sends the browser to the bank.")
    else:
        say(f"{fintech.client.name} sends the browser to the bank with what it asks for{signed}.")
    page = browser.open(begun.url)
    secrets = {
        "username": username,
        "password": sandbox_users.USERS[username].password,
        "one_time_code": sandbox_users.ONE_TIME_CODE,
    }
    page = _press(browser, page, "login", secrets)
    say(f"{username} signed in with a password and a one-time code.")
    page = _press(browser, page, "approve", {})
    if details and phones is not None:
        page = _approve(browser, page, phones, sandbox_users.USERS[username])
    how = "" if fintech.client.response_type == "code" else f" with {fintech.client.response_type.replace(' ', ' + ')}"
    say(f"{username} agreed, and the browser is back at {fintech.client.name}{how}.")
    token = fintech.finish(begun, page.url)
    bound_to = "a DPoP key" if isinstance(token, DPoPToken) else "the certificate"
    say(f"The code became tokens bound to {bound_to}; the ID token, signed as {alg_of(token)}, is good.")
    return token


def _approve(browser: Browser, page: Page, phones: SandboxApp, person: User) -> Page:
    """The page after the customer approved in the bank's app what the page shows."""
    page = _press(browser, page, "app", {})
    (request,) = [one for one in phones.waiting(person.sub) if f"<strong>{one.number}</strong>" in page.html]
    phones.answer(request.reference, person.sub, "approved")
    say(f"{person.username} approved the payment in the bank's app, which signed exactly it.")
    return _press(browser, page, "continue", {})


def alg_of(token: BearerToken) -> str:
    """What signed the ID token."""
    return str(token.id_token.alg) if isinstance(token.id_token, IdToken) else "nothing"


def say(words: str) -> None:
    """One step of the demo, as it is done."""
    print(f"- {words}", flush=True)


def show(accounts: Iterable[dict[str, str]]) -> None:
    """What the bank's API told, a line an account."""
    for account in accounts:
        print(f"    {account['iban']}  {account['name']:<16}{account['balance']:>12} {account['currency']}", flush=True)


def _fintech(client: DemoClient, stack: Stack) -> Fintech:
    api = stack.mtls_url if client.shows_certificate else stack.issuer
    return Fintech(client, issuer=stack.issuer, api=api, trusted=stack.certificates.trusted)


def _press(browser: Browser, page: Page, button: str, typed: dict[str, str]) -> Page:
    try:
        return browser.press(page, button, typed)
    except KeyError as problem:
        raise Unexpected(f"{page.status} at {page.url.partition('?')[0]}: {problem.args[0]}") from None


def _refused(call: Callable[[], object]) -> str:
    try:
        call()
    except Refused as refused:
        return f"{refused.status}, {refused.challenge}"
    raise Unexpected("a token was accepted that was good no more")


def main() -> None:
    """The command line. Ends with status 1 and a line where the ports are taken or the demo goes wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m local.demo", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    add_port(parser)
    parser.add_argument(
        "--profile", choices=PROFILES, default=clients.PROFILE, help="the rules for both (default %(default)s)"
    )
    parser.add_argument(
        "--sender",
        choices=clients.SENDERS,
        default=clients.SENDER,
        help="what tokens are bound to (default %(default)s)",
    )
    chosen = parser.parse_args()
    browsers, certificates, home = following(chosen.port)
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    logging.basicConfig(filename=LOG, filemode="w", format="%(message)s")
    try:
        # Nobody presses a passkey here: the code is taken to reach what the profile asks for, as an audit might find.
        level = PROFILES[chosen.profile].least_assurance
        with Stack(browsers_port=browsers, certificates_port=certificates, otp_level=level) as stack:
            run(stack, f"https://localhost:{home}", profile=chosen.profile, sender=chosen.sender)
    except PortTaken as problem:
        sys.exit(f"make demo: {problem}; stop what uses it, or choose others: make demo PORT=9843")
    except Exception as problem:
        logging.getLogger("ducat.local").exception("the demo failed")
        sys.exit(f"make demo: it went wrong ({type(problem).__name__}: {problem}); {LOG} says more")


if __name__ == "__main__":
    main()
