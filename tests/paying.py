"""A person who pays, for the tests of linked approvals."""

import json
import re

from local.sandbox_users import ALICE
from tests.actors import Browser, certificate
from tests.authenticator import passkey_options
from tests.conftest import STANDARD

FIRST, SECOND = (account["iban"] for account in ALICE.accounts[:2])
PAYMENT = {
    "type": "payment_initiation",
    "instructedAmount": {"currency": "EUR", "amount": "1234.50"},
    "creditorName": "Merchant A",
    "creditorAccount": {"iban": "DE02100100109307118603"},
}
LOOK = {"type": "account_information", "access": {"accounts": [{"iban": FIRST}]}}


def registered_payer(bank, client):
    """A client that may ask for payments, and for a look."""
    bank.register(
        **STANDARD
        | {
            "client_id": "payer",
            "token_endpoint_auth_method": "tls_client_auth",
            "tls_client_auth_subject_dn": "CN=payer,O=Fintech\\, Inc.,C=DE",
            "authorization_details_types": ["payment_initiation", "account_information"],
        }
    )
    return client.with_(client_id="payer", certificate=certificate("payer"))


class Payer:
    """A person who pays: their browser, and the page on which the payment is approved."""

    def __init__(self, payer, *wanted, account=FIRST, authenticator=None, choose=True):
        self.bank, self.payer = payer.bank, payer
        self.browser = Browser(payer.bank)
        self.pushed = payer.pushed(authorization_details=json.dumps(wanted or [PAYMENT]))
        login = self.browser.page("payer", self.pushed)
        if authenticator is None:
            signed_in = self.browser.sign_in(login)
        else:
            signed_in = self.browser.submit(login, "login", passkey=authenticator.get(passkey_options(login.text)))
        self.consent = self.browser.get(signed_in.location)
        self.page = self.choose(account) if choose else None

    def choose(self, account):
        return self.browser.post(
            "/consent", fields(self.consent.text) | {"details-0-from": account, "action": "approve"}
        )

    def approve(self, authenticator, page=None, said=None, **changed):
        """The page's script submits the form, which presses no button."""
        page = self.page if page is None else page
        signed = authenticator.get(passkey_options(page.text), **said or {})
        return self.browser.post("/consent", fields(page.text) | {"passkey": signed} | changed)

    @property
    def grant(self):
        key = re.search(r'name="interaction" value="([^"]+)"', self.consent.text)[1]
        return self.bank.aws.grants.find(key, now=self.bank.now)


def fields(page):
    """The form's fields as a browser posts them: of the radio buttons the checked one."""
    inputs = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) | {"tag": tag} for tag in re.findall("<input[^>]*>", page)]
    sent = [one for one in inputs if one.get("type") not in ("radio", "checkbox") or " checked" in one["tag"]]
    return {one["name"]: one.get("value", "") for one in sent if "name" in one}
