"""Secure Payment Confirmation: checks of an assertion that the browser made after it had shown the payment itself (SPC-9.1).

The steps are those of Web Authentication 7.2, with another type and with what the browser showed. The library refuses that type,
so its parts are called one by one. It is imported only for a response, as in web_authentication.py.
"""

from __future__ import annotations

import json
from hashlib import sha256

from chalicelib.protocol_types import JsonObject, Passkey, ShownPayment, Untyped
from chalicelib.user_directory import SignInRefused
from chalicelib.users import web_authentication
from chalicelib.users.web_authentication import decoded

TYPE = "payment.get"


def is_one(answer: str) -> bool:
    """Whether a response is an assertion of a payment. Raises SignInRefused."""
    return _client_data(answer).get("type") == TYPE


def require(
    answer: str, passkey: Passkey, *, sign_count: int, challenge: str, issuer: str, payment: ShownPayment
) -> int:
    """The authenticator's signature counter, from a response that the passkey signed for this payment.

    `passkey`: from the user's record.
    `sign_count`: the counter of its last use.
    `payment`: what the browser had to show (interaction/secure_payment.py).
    Raises SignInRefused.
    """
    if web_authentication.response_of(answer).get("userHandle", passkey["handle"]) != passkey["handle"]:
        raise SignInRefused("the passkey has another user handle")
    _require_shown(_client_data(answer), challenge=challenge, issuer=issuer, payment=payment)
    return web_authentication.by_library(lambda: _require_signed(answer, passkey, sign_count=sign_count, issuer=issuer))


def _require_shown(found: JsonObject, *, challenge: str, issuer: str, payment: ShownPayment) -> JsonObject:
    """The client data, if it is of this payment. What was shown must be what is approved, and nothing else."""
    if found.get("type") != TYPE:
        raise SignInRefused("passkey: another type")
    if found.get("challenge") != challenge:
        raise SignInRefused("passkey: another challenge")
    if found.get("origin") != issuer or found.get("crossOrigin", False) is not False or "topOrigin" in found:
        raise SignInRefused("passkey: another origin")
    shown = found.get("payment")
    wanted: JsonObject = {"rpId": web_authentication.relying_party(issuer), "topOrigin": issuer, **payment}
    if not isinstance(shown, dict):
        raise SignInRefused("payment: nothing was shown")
    # No logo is given to the browser. An icon that can't be loaded is empty.
    optional: JsonObject = {name: shown[name] for name in ("paymentEntitiesLogos",) if shown.get(name) == []}
    without_icon = {**wanted, "instrument": {**payment["instrument"], "icon": ""}}
    if shown not in (wanted | optional, without_icon | optional):
        wrong = sorted(name for name in shown.keys() | wanted.keys() if shown.get(name) != wanted.get(name))
        raise SignInRefused(
            f"payment: the browser showed another {', '.join(name for name in wrong if name in wanted)}"
        )
    return found


def _require_signed(answer: str, passkey: Passkey, *, sign_count: int, issuer: str) -> int:
    from webauthn.helpers import (
        decode_credential_public_key,
        decoded_public_key_to_cryptography,
        parse_authenticator_data,
        verify_signature,
    )

    response = web_authentication.response_of(answer)
    data = decoded(response["authenticatorData"])
    found: Untyped = parse_authenticator_data(data)
    if found.rp_id_hash != sha256(web_authentication.relying_party(issuer).encode()).digest():
        raise SignInRefused("passkey: another relying party")
    if not found.flags.up or not found.flags.uv:
        raise SignInRefused("passkey: the person was not verified")
    if (found.sign_count or sign_count) and found.sign_count <= sign_count:
        raise SignInRefused("passkey: the signature counter went back")
    key: Untyped = decode_credential_public_key(decoded(passkey["key"]))
    verify_signature(
        public_key=decoded_public_key_to_cryptography(key),
        signature_alg=key.alg,
        signature=decoded(response["signature"]),
        data=data + sha256(decoded(response["clientDataJSON"])).digest(),
    )
    return int(found.sign_count)


def _client_data(answer: str) -> JsonObject:
    """The client data, before any check; empty if there is none. Raises SignInRefused."""
    try:
        found = json.loads(decoded(web_authentication.response_of(answer).get("clientDataJSON", "")))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
