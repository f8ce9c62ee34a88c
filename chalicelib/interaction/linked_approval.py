"""Dynamic linking: a payment is approved by an authentication that is made of exactly this payment.

Commission Delegated Regulation (EU) 2018/389, article 5: the payer sees amount and payee (RTS-5.1-1), the authentication code is
specific to them (RTS-5.1-2), the accepted code is of the original ones (RTS-5.1-3), and any change invalidates it (RTS-5.1-4).
What is shown and signed keeps its integrity (RTS-5.2).

Here the code is a passkey's signature. Its challenge is the digest of the granted authorization details, with the chosen account,
and of the interaction and the page. So it is of no other payment, person, page or time. The text of the digest and the signature
are kept with the grant, and whoever has the passkey's public key can verify them.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256

from chalicelib.errors import AccessDenied
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
    return provider.settings.payment_exemption == "none" or _by_passkey(grant)


def exemption(provider: Provider) -> str:
    """The evidence of an approval that is not linked: the exemption that the bank relies on."""
    return _json({"exemption": provider.settings.payment_exemption})


def begin(grant: Grant, granted: Sequence[Detail], cookie: str, provider: Provider) -> Ceremony:
    """The passkey options of the page that shows the final payment, with a new challenge each time.

    Raises AccessDenied where the deployment has no passkeys.
    """
    if provider.user_directory.passkeys is None:
        raise AccessDenied(
            "payments are approved with a passkey, which is not offered here", detail="payment_exemption is none"
        )
    nonce = f"{provider.new_token_value()}.{grant.expires_at}"
    challenge = _challenge(_text(grant, granted, browser_binding.challenge(grant.key, cookie, nonce)))
    return Ceremony(web_authentication.requested(challenge, provider.settings.issuer), nonce)


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
    answer, text = form["passkey"], _text(grant, granted, page.challenge)
    attempt = digest(f"approval {grant.key} {cookie}")
    if passkeys.approve(answer, challenge=_challenge(text), attempt=attempt) != grant.person.sub:
        raise SignInRefused("the passkey is another person's")
    credential = json.loads(answer)
    response = {name: credential["response"][name] for name in SIGNED}
    return _json({"text": text, "passkey": credential["id"], "response": response})


def _by_passkey(grant: Grant) -> bool:
    """Whether the person signed in with a passkey (RFC 8176: proof of possession of a key)."""
    return grant.login is not None and "pop" in grant.login.amr


def _text(grant: Grant, granted: Sequence[Detail], page: str) -> str:
    """What is signed. `page`: only the server and this browser's page can make it (Web Authentication 13.4.3)."""
    signed: JsonObject = {
        "details": list(granted),
        "interaction": grant.key,
        "client_id": grant.client_id,
        "page": page,
    }
    return _json(signed)


def _challenge(text: str) -> str:
    """32 bytes, base64url."""
    return urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()


def _json(value: JsonObject) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
