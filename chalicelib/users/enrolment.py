"""Enrolment: an operator adds a user to the product's directory, and invites a user to add a passkey."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from chalicelib.protocol_types import Account, Claims
from chalicelib.provider import Provider
from chalicelib.storage.records import User
from chalicelib.storage.stores import NotOpen
from chalicelib.users import password as passwords
from chalicelib.users import totp
from chalicelib.users.username import MAX_USERNAME_LENGTH, normalize_username

MIN_PASSWORD_LENGTH = 15
"""Characters. NIST SP 800-63B-4 3.1.1.2 requires 8 beside a second factor, and 15 for a password alone.

This password is checked before the second factor, so it must be strong enough alone.
"""

MAX_SUB_LENGTH = 255  # OIDCC-2

INVITATION_LIFETIME = 24 * 3600
"""Seconds."""


def enrol(
    provider: Provider,
    username: str,
    *,
    sub: str,
    password: str,
    claims: Claims,
    random_bytes: Callable[[int], bytes],
    accounts: Sequence[Mapping[str, str]] | None = None,
    anew: bool = False,
) -> str:
    """Add a user, and give the otpauth URI for the user's authenticator app.

    `anew`: the user exists, and gets a new password and secret. The claims are replaced, the passkeys stay, and the accounts
    stay if none are given.
    `sub`: the user's permanent identifier. It is never given to another user.
    `claims`: standard claims (OpenID Connect Core 5.1).
    `accounts`: accounts that clients may request access to, each with a "name" and, for example, an "iban".
    `random_bytes`: gives a number of random bytes.
    Raises ValueError, which lists every problem and quotes no password.
    """
    name = normalize_username(username)
    known = provider.users.find(name) if name else None
    found = problems(name, sub, password, claims, accounts or ()) + _mistaken(known, sub, anew=anew)
    if found:
        raise ValueError("; ".join(found))
    secret = random_bytes(totp.SECRET_BYTES)
    user = User(
        username=name,
        sub=sub,
        password=passwords.hashed(password, salt=random_bytes(passwords.ARGON2.salt_len)),
        totp=provider.one_time_code_secrets.seal(secret, name, random_bytes=random_bytes, now=provider.now()),
        claims=dict(claims),
        accounts=known.accounts
        if accounts is None and known
        else tuple(_account(account) for account in accounts or ()),
        passkeys=known.passkeys if known else (),
        passkey_keys=known.passkey_keys if known else (),
    )
    _put(provider, user)
    return totp.provisioning_uri(secret, username=name, bank_name=provider.settings.bank_name)


def invite(provider: Provider, username: str) -> str:
    """A link by which the user can add one passkey within a day. It replaces an earlier link.

    The page requires password and one-time code, so the link alone gives nothing. Raises ValueError for an unknown username,
    and for a user who was changed meanwhile.
    """
    invitation = provider.new_token_value()
    try:
        provider.users.invite(
            normalize_username(username), invitation=invitation, until=provider.now() + INVITATION_LIFETIME
        )
    except NotOpen as problem:
        raise ValueError(str(problem)) from None
    return f"{provider.settings.issuer}/passkey?invitation={invitation}"


def remove(provider: Provider, username: str) -> None:
    """Remove the user: the name can't sign in, and no grant of the user is refreshed. Raises ValueError for an unknown
    username.
    """
    try:
        provider.users.remove(normalize_username(username), now=provider.now())
    except NotOpen as problem:
        raise ValueError(str(problem)) from None


def forget_passkeys(provider: Provider, username: str) -> int:
    """Remove all passkeys and the invitation of a user, and give the number of passkeys.

    Raises ValueError for an unknown username.
    """
    user = provider.users.find(normalize_username(username))
    if user is None:
        raise ValueError("nobody has that username")
    _put(provider, replace(user, passkeys=(), passkey_keys=()))
    return user.passkey_count


def _put(provider: Provider, user: User) -> None:
    """Write the user. Raises ValueError if somebody else did meanwhile."""
    try:
        provider.users.put(user)
    except NotOpen as problem:
        raise ValueError(str(problem)) from None


def _account(members: Mapping[str, str]) -> Account:
    """A checked account. Additional members of the bank stay."""
    return cast(Account, dict(members))


def _mistaken(known: User | None, sub: str, *, anew: bool) -> list[str]:
    """Problems that show that the operator means another user."""
    if known is None:
        return ["nobody has that username, so there is nobody to enrol anew"] if anew else []
    if not anew:
        return ["somebody has that username; enrol them anew if it is the same person"]
    return [] if known.sub == sub else ["whoever has that username has another sub, which names a person for ever"]


def problems(
    name: str, sub: str, password: str | None, claims: Claims, accounts: Sequence[Mapping[str, str]] = ()
) -> list[str]:
    """What is wrong with a user who is to be enrolled. `name`: normalized. `password`: None where only its hash is known."""
    found = []
    if not name or len(name) > MAX_USERNAME_LENGTH or not name.isprintable() or " " in name:
        found.append(f"the username must be 1 to {MAX_USERNAME_LENGTH} characters without spaces")
    if not sub or len(sub) > MAX_SUB_LENGTH or not sub.isascii() or not sub.isprintable():
        found.append(f"the sub must be 1 to {MAX_SUB_LENGTH} printable ASCII characters")
    if password is not None and not MIN_PASSWORD_LENGTH <= len(password) <= passwords.MAX_LENGTH:
        found.append(f"the password must be {MIN_PASSWORD_LENGTH} to {passwords.MAX_LENGTH} characters")
    if password is not None and name and name in password.lower():
        found.append("the password must not hold the username")
    if "sub" in claims:
        found.append("sub is not among the claims")
    if not all(account.get("name") and len(account) > 1 for account in accounts):
        found.append("an account has no name, or nothing but a name")
    return found
