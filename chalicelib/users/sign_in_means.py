"""What a person of the product's directory changes of their own sign-in: passkeys, the authenticator app, recovery codes.

A recovery code has 120 random bits, so a plain digest of it is stored: NIST SP 800-63B-4 3.1.2.2 requires a slow hash for fewer
than 112. With the password it opens the person's own page only. No client gets a sign-in by one, so it has no acr.

A recovery is by the password alone, after a wait, if the bank switches it on. It sets up an app and nothing else. A right
password does not end the count of failed attempts: otherwise whoever knows it could guess one-time codes without end.
"""

from __future__ import annotations

from base64 import b32encode, urlsafe_b64decode
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol, cast

from chalicelib.one_time_code_secrets import CannotUnseal
from chalicelib.own_means import AppOffer, MeansHolder, OwnMeans, Recovery
from chalicelib.protocol_types import Passkey
from chalicelib.provider import Provider
from chalicelib.storage.records import Authentication, SingleUse, User
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest
from chalicelib.user_directory import PasskeyEnrolment, SignedIn, SignInRefused
from chalicelib.users import totp, web_authentication
from chalicelib.users.passkeys import MAX_ITEMS
from chalicelib.users.username import normalize_username

CODES = 10
"""How many recovery codes a person has."""
CODE_BYTES = 15
"""120 bits: 24 characters of base32."""
MISREAD = str.maketrans({"0": "O", "1": "I", "8": "B", " ": None, "-": None})
"""Characters that base32 does not have, and what they are read for."""
METHODS = ("pwd", "recovery_code")
"""Of a sign-in by a recovery code. RFC 8176 has no name for it, and no client sees it."""


class PasswordCheck(Protocol):
    """Counts an attempt, and gives the user if the password is right. Raises SignInRefused."""

    def __call__(self, username: str, typed: str, browser: str, *, now: int) -> User: ...


@dataclass(frozen=True)
class SignInMeans:
    """user_directory.SignInMeans over the users table.

    A change is of the person who was read, and an operator's reset after that refuses it.
    """

    provider: Provider
    check_password: PasswordCheck

    def read(self, username: str, sub: str) -> MeansHolder:
        user = self.provider.users.find(normalize_username(username))
        if user is None or user.sub != sub or user.suspended_at:
            raise NotOpen("the name is another person's, or nobody's")
        return MeansHolder(username, sub, user)

    def find(self, holder: MeansHolder, *, now: int) -> OwnMeans:
        user = _user(holder)
        passkeys, full = tuple(self.provider.passkeys.of(user)), user.passkey_count >= MAX_ITEMS
        return OwnMeans(passkeys, len(user.recovery_codes), full, self._recovery_at(user, now=now))

    def secrets_of(
        self,
        holder: MeansHolder,
        *,
        methods: Collection[str] = (),
        passkey: str = "",
        recovering: bool = False,
        now: int,
    ) -> str:
        user = _user(holder)
        if recovering:
            return f"{user.secrets_digest} {self._open_recovery(user, now=now)}"
        in_force = {"", *user.passkey_keys, *(digest(one["id"]) for one in user.passkeys)}
        return user.relied_on(methods) if passkey in in_force else ""

    def recover(
        self, username: str, *, password: str, code: str, now: int, attempt: str, browser: str | None = None
    ) -> SignedIn:
        user = self.check_password(username, password, browser or "", now=now)
        used = _digest_of(user, code)
        try:
            first = self.provider.second_factors.use_code(user, used, attempt=attempt, browser=browser or "")
        except NotOpen as problem:
            raise SignInRefused(str(problem), sub=user.sub) from None
        login = Authentication(sub=user.sub, auth_time=now, acr="", amr=METHODS)
        left = replace(user, recovery_codes=tuple(one for one in user.recovery_codes if one != used))
        return SignedIn(login, username=user.username, again=not first, secrets=left.relied_on(METHODS))

    def begin_recovery(self, username: str, *, password: str, now: int, browser: str | None = None) -> Recovery:
        user, wait = self.check_password(username, password, browser or "", now=now), self._wait
        if not wait:
            raise SignInRefused("there is no recovery", sub=user.sub)
        ready_at = self._recovery_at(user, now=now)
        try:
            ready_at = ready_at or self.provider.second_factors.begin_recovery(user, ready_at=now + wait, now=now)
        except NotOpen as problem:
            raise SignInRefused(str(problem), sub=user.sub) from None
        return Recovery(user.sub, user.username, ready_at)

    def cancel_recovery(self, holder: MeansHolder) -> None:
        self.provider.second_factors.cancel_recovery(_user(holder))

    def offer_passkey(self, holder: MeansHolder, *, challenge: str) -> PasskeyEnrolment:
        user = _user(holder)
        known = tuple(one.passkey["id"] for one in self.provider.passkeys.of(user))
        return PasskeyEnrolment(user.username, _user_handle(challenge), known)

    def add_passkey(
        self, holder: MeansHolder, answer: str, *, challenge: str, single_use: SingleUse, name: str, now: int
    ) -> None:
        user, passkeys = _user(holder), self.provider.passkeys
        credential_id, key, count = web_authentication.require_registration(
            answer, challenge=challenge, issuer=self.provider.settings.issuer
        )
        made: Passkey = {"id": credential_id, "key": key, "handle": _user_handle(challenge), "created_at": now}
        known = passkeys.find(credential_id)
        if known is not None and known.user.sub == user.sub and known.passkey["handle"] == made["handle"]:
            return  # The same form was sent again.
        self.provider.replay_cache.consume(single_use, now=now)
        passkeys.add_own(user, made, sign_count=count, limit=MAX_ITEMS, name=name)

    def rename_passkey(self, holder: MeansHolder, key: str, name: str) -> None:
        self.provider.passkeys.rename(_user(holder), key, name)

    def remove_passkey(self, holder: MeansHolder, key: str) -> None:
        self.provider.passkeys.remove(_user(holder), key)

    def offer_app(self, holder: MeansHolder, *, now: int) -> AppOffer:
        user, secret = _user(holder), self._random(totp.SECRET_BYTES)
        sealed = self.provider.one_time_code_secrets.seal(
            secret, user.username, random_bytes=self._random, now=now, may_make_data_key=False
        )
        return self._app(user, secret, sealed)

    def offer_app_again(self, holder: MeansHolder, sealed: str, *, now: int) -> AppOffer:
        user = _user(holder)
        return self._app(user, self._opened(user, sealed, now=now), sealed)

    def set_app(self, holder: MeansHolder, sealed: str, *, code: str, now: int, recovering: bool = False) -> None:
        user = _user(holder)
        step = totp.step_of(code, self._opened(user, sealed, now=now), now=now)
        if step is None:
            raise SignInRefused("wrong code", sub=user.sub)
        if recovering:
            ready_at = self._open_recovery(user, now=now)
            self.provider.second_factors.complete_recovery(user, sealed, step=step, ready_at=ready_at)
        else:
            self.provider.second_factors.set_app(user, sealed, step=step)

    def make_codes(self, holder: MeansHolder, *, attempt: str) -> list[str]:
        user = _user(holder)
        codes = [b32encode(self._random(CODE_BYTES)).decode() for _ in range(CODES)]
        self.provider.second_factors.make_codes(user, [_digest_of(user, code) for code in codes], attempt=attempt)
        return codes

    @property
    def _wait(self) -> int:
        return self.provider.settings.recovery_seconds

    def _recovery_at(self, user: User, *, now: int) -> int:
        """From when the recovery that runs can be completed; 0 if none runs, or the bank has switched it off since."""
        return user.recovery_at(now=now) if self._wait else 0

    def _open_recovery(self, user: User, *, now: int) -> int:
        """The same of a recovery that can be completed now. Raises NotOpen."""
        ready_at = self._recovery_at(user, now=now)
        if not 0 < ready_at <= now:
            raise NotOpen("no recovery can be completed now")
        return ready_at

    def _app(self, user: User, secret: bytes, sealed: str) -> AppOffer:
        bank_name = self.provider.settings.bank_name
        uri = totp.provisioning_uri(secret, username=user.username, bank_name=bank_name)
        return AppOffer(sealed, uri, b32encode(secret).decode())

    def _opened(self, user: User, sealed: str, *, now: int) -> bytes:
        try:
            return self.provider.one_time_code_secrets.unseal(sealed, user.username, now=now)
        except CannotUnseal as problem:
            raise SignInRefused(f"totp: {problem}", sub=user.sub) from None

    @property
    def _random(self) -> Callable[[int], bytes]:
        """Gives up to 32 random bytes."""
        return lambda size: urlsafe_b64decode(self.provider.new_token_value() + "=")[:size]


def _user(holder: MeansHolder) -> User:
    """The user that `read` read."""
    return cast(User, holder.read)


def _digest_of(user: User, code: str) -> str:
    """The stored digest of a recovery code, as it was shown or typed."""
    return digest(f"recovery code {user.sub} {code.upper().translate(MISREAD)}")


def _user_handle(challenge: str) -> str:
    """The user handle of the new passkey. It does not reveal the user (Web Authentication 14.6.1)."""
    return digest(f"user handle {challenge}")
