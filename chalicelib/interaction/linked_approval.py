"""Dynamic linking: a payment is approved by an authentication that is made of exactly this payment.

Commission Delegated Regulation (EU) 2018/389, article 5: the payer sees amount and payee (RTS-5.1-1), the authentication code is
specific to them (RTS-5.1-2), the accepted code is of the original ones (RTS-5.1-3), and any change invalidates it (RTS-5.1-4).
What is shown and signed keeps its integrity (RTS-5.2).

Here the code is a passkey's signature, or an approval in the bank's app (app_approval.py). Its challenge is the digest of the
granted authorization details, with the chosen account and end, and of the interaction and the page. So it is of no other payment,
person, page or time. The text of the digest and the signature are kept with the grant, and whoever has the passkey's public key
can verify them.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256

from chalicelib.interaction import browser_binding, passkey_challenge
from chalicelib.pages.passkey_options import Ceremony
from chalicelib.protocol_types import Detail, JsonObject
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Grant
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import SignInRefused
from chalicelib.users import web_authentication

SIGNED = ("clientDataJSON", "authenticatorData", "signature")
"""Members of a passkey's response that prove what was signed (Web Authentication 5.2)."""


def is_needed(grant: Grant, provider: Provider) -> bool:
    """Whether the approval of these details, which give write access, must be linked to them.

    A bank that relies on an exemption of its regulation says so in its settings. Even then a person who signed in with a passkey
    approves with one, since the exemption is for those who have none.
    """
    return not provider.settings.exempts_payments or _by_passkey(grant)


def exemption(provider: Provider) -> str:
    """The evidence of an approval that is not linked: the exemption that the bank relies on."""
    return as_json({"exemption": provider.settings.payment_exemption})


def new_nonce(grant: Grant, provider: Provider) -> str:
    """The nonce of a page that shows the final payment. Each page has its own challenge."""
    return f"{provider.new_token_value()}.{grant.expires_at}"


def begin(grant: Grant, granted: Sequence[Detail], cookie: str, nonce: str, provider: Provider) -> Ceremony | None:
    """The passkey options of the page that shows the final payment, None where the deployment has no passkeys."""
    if provider.user_directory.passkeys is None:
        return None
    signed = challenge(text(grant, granted, browser_binding.challenge(grant.key, cookie, nonce)))
    payment = None
    if provider.settings.confirms_payments:
        from chalicelib.interaction import secure_payment

        payment = secure_payment.options(granted, grant.person, provider)
    return Ceremony(web_authentication.requested(signed, provider.settings.issuer), nonce, payment)


def require(
    form: Mapping[str, str], grant: Grant, granted: Sequence[Detail], cookie: str, provider: Provider, *, now: int
) -> str:
    """The evidence, if the form's passkey is the person's and signed exactly these details on a page of this interaction.

    Raises SignInRefused.
    """
    passkeys = provider.user_directory.passkeys
    page = passkey_challenge.answered(form, grant.key, cookie, latest=grant.expires_at, now=now)
    if passkeys is None or page is None:
        raise SignInRefused("no passkey")
    answer, signed = form["passkey"], text(grant, granted, page.challenge)
    attempt = digest(f"approval {grant.key} {cookie}")
    if provider.settings.confirms_payments:
        from chalicelib.interaction import secure_payment

        payment = secure_payment.payment_of(granted, grant.person)
        sub = passkeys.approve(answer, challenge=challenge(signed), attempt=attempt, payment=payment)
    else:
        sub = passkeys.approve(answer, challenge=challenge(signed), attempt=attempt)
    if sub != grant.person.sub:
        raise SignInRefused("the passkey is another person's")
    credential = json.loads(answer)
    response = {name: credential["response"][name] for name in SIGNED}
    return as_json({"text": signed, "passkey": credential["id"], "response": response})


def _by_passkey(grant: Grant) -> bool:
    """Whether the person signed in with a passkey (RFC 8176: proof of possession of a key)."""
    return grant.login is not None and "pop" in grant.login.amr


def text(grant: Grant, granted: Sequence[Detail], page: str) -> str:
    """The text that is signed.

    `grant`: with the chosen end. `page`: only the server and this browser's page can make it (Web Authentication 13.4.3).
    """
    signed: JsonObject = {
        "details": list(granted),
        "interaction": grant.key,
        "client_id": grant.client_id,
        "until": grant.consent_expires_at,
        "page": page,
    }
    return as_json(signed)


def challenge(signed: str) -> str:
    """The digest of the text: 32 bytes, base64url."""
    return urlsafe_b64encode(sha256(signed.encode()).digest()).rstrip(b"=").decode()


def as_json(value: JsonObject) -> str:
    """JSON in one form, so that its digest is one."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
