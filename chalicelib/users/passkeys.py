"""Passkeys of the product's directory: sign-in by a passkey, and enrolment of one."""

from __future__ import annotations

from chalicelib.best_effort import best_effort
from chalicelib.protocol_types import Passkey, ShownPayment
from chalicelib.provider import Provider
from chalicelib.storage.records import PasskeyHolder, User
from chalicelib.storage.stores import NotOpen
from chalicelib.storage.token_values import digest, matches
from chalicelib.user_directory import PasskeyEnrolment, SignedIn, SignInRefused, UserDirectory
from chalicelib.users import assurance, web_authentication
from chalicelib.users.claims import disclosed_claims
from chalicelib.users.username import normalize_username

ENROLMENT_TOKEN_LIFETIME = 10 * 60
"""Maximum seconds from the password to the new passkey."""

MAX_ITEMS = 10
"""Maximum number of passkeys per user."""


class Passkeys:
    """user_directory.Passkeys over the users table. `directory`: checks password and one-time code before enrolment."""

    def __init__(self, provider: Provider, directory: UserDirectory) -> None:
        self._users, self._issuer, self._directory = provider.users, provider.settings.issuer, directory
        self._kept, self._replay_cache = provider.passkeys, provider.replay_cache

    def find(self, answer: str) -> PasskeyHolder | None:
        try:
            return self._kept.find(web_authentication.id_of(answer))
        except SignInRefused:
            return None

    def sign_in(
        self,
        holder: PasskeyHolder | None,
        answer: str,
        *,
        challenge: str,
        scope: tuple[str, ...],
        now: int,
        attempt: str,
        claims: tuple[str, ...] = (),
    ) -> SignedIn:
        user = self._signer(holder, answer, challenge=challenge, attempt=attempt)
        if not user.has_profile:
            best_effort("profile", lambda: self._users.keep_profile(user))
        login = assurance.login(
            user.sub,
            auth_time=now,
            methods=("passkey",),
            claims=disclosed_claims(user.claims, scope, claims),
            accounts=user.accounts,
        )
        return SignedIn(login, username=user.username, secrets=user.relied_on(login.amr))

    def approve(self, answer: str, *, challenge: str, attempt: str, payment: ShownPayment | None = None) -> str:
        return self._signer(self.find(answer), answer, challenge=challenge, attempt=attempt, payment=payment).sub

    def ids(self, username: str, *, sub: str) -> tuple[str, ...]:
        user = self._users.find(normalize_username(username))
        own = self._kept.of(user) if user is not None and user.sub == sub else ()
        return tuple(one.passkey["id"] for one in own)

    def verify_for_enrolment(
        self,
        invitation: str,
        enrolment_token: str,
        *,
        username: str,
        password: str,
        one_time_code: str,
        attempt: str,
        now: int,
    ) -> PasskeyEnrolment:
        user = _invited(self._users.find(normalize_username(username)), (invitation, enrolment_token), now=now)
        signed_in = self._directory.sign_in(
            user.username, password=password, one_time_code=one_time_code, scope=(), now=now, attempt=attempt
        )
        for single_use in signed_in.single_use:
            self._replay_cache.consume(single_use, now=now, attempt=attempt)
        until = now + ENROLMENT_TOKEN_LIFETIME
        self._users.exchange(
            user.username, invitation=invitation, enrolment_token=enrolment_token, until=until, now=now
        )
        known = tuple(one.passkey["id"] for one in self._kept.of(user))
        return PasskeyEnrolment(user.username, _user_handle(enrolment_token), known)

    def add(self, enrolment_token: str, answer: str, *, username: str, challenge: str, now: int) -> str:
        handle = _user_handle(enrolment_token)
        added = self.find(answer)
        again = added is not None and added.user.username == username and added.passkey["handle"] == handle
        user = added.user if added and again else _invited(self._users.find(username), (enrolment_token,), now=now)
        credential_id, key, count = web_authentication.require_registration(
            answer, challenge=challenge, issuer=self._issuer
        )
        if again:  # The same form was sent again.
            return user.sub
        made: Passkey = {"id": credential_id, "key": key, "handle": handle, "created_at": now}
        self._kept.add(user, made, sign_count=count, limit=MAX_ITEMS, enrolment_token=enrolment_token, now=now)
        return user.sub

    def _signer(
        self,
        holder: PasskeyHolder | None,
        answer: str,
        *,
        challenge: str,
        attempt: str,
        payment: ShownPayment | None = None,
    ) -> User:
        """The user whose passkey signed the challenge. Its counter is stored. Raises SignInRefused."""
        if holder is None:
            raise SignInRefused("unknown passkey")
        # The same attempt may send the same response again. The counter is its own then.
        before = holder.sign_count - 1 if holder.attempt == attempt else holder.sign_count
        count = self._require(answer, holder.passkey, sign_count=before, challenge=challenge, payment=payment)
        if holder.user.suspended_at:
            raise SignInRefused("suspended", sub=holder.user.sub)
        if count:  # Passkeys on several devices have no counter.
            self._count(holder, count, attempt)
        return holder.user

    def _require(
        self, answer: str, passkey: Passkey, *, sign_count: int, challenge: str, payment: ShownPayment | None
    ) -> int:
        if payment is not None:
            from chalicelib.users import payment_assertion

            if payment_assertion.is_one(answer):
                return payment_assertion.require(
                    answer, passkey, sign_count=sign_count, challenge=challenge, issuer=self._issuer, payment=payment
                )
        return web_authentication.require_assertion(
            answer, passkey, sign_count=sign_count, challenge=challenge, issuer=self._issuer
        )

    def _count(self, holder: PasskeyHolder, sign_count: int, attempt: str) -> None:
        """Store the counter. Of two responses with the same counter at most one passes."""
        try:
            self._kept.counted(holder.passkey["id"], sign_count, attempt=attempt)
        except NotOpen:
            raise SignInRefused("passkey: the signature counter went back", sub=holder.user.sub) from None


def _invited(user: User | None, invitations: tuple[str, ...], *, now: int) -> User:
    """The user of one of the invitations or enrolment tokens. Raises NotOpen.

    This check comes before the password, so that nobody can guess passwords here without an invitation.
    """
    known = user is not None and any(matches(invitation, user.invitation) for invitation in invitations)
    if user is None or not known or user.invited_until <= now or user.suspended_at:
        raise NotOpen("the invitation is used, too old or of another")
    if user.passkey_count >= MAX_ITEMS:
        raise SignInRefused("too many passkeys", sub=user.sub)
    return user


def _user_handle(enrolment_token: str) -> str:
    """The user handle of the new passkey. It does not reveal the user (Web Authentication 14.6.1)."""
    return digest(f"user handle {enrolment_token}")
