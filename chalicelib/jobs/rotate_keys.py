"""Rotate the signing keys: by the hour, after each deployment, and at an operator's command.

Each step follows from the registry as it is, so a run that was interrupted anywhere is completed by the next one. A problem of
one key stops no other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from chalicelib import aws_errors
from chalicelib.keys import rotation
from chalicelib.keys.kms import to_jwk
from chalicelib.keys.rotation import PUBLISHED_BEFORE_SIGNING, Periods, Slot
from chalicelib.protocol_types import Json, JsonObject
from chalicelib.provider import Provider
from chalicelib.settings import Settings
from chalicelib.storage.signing_keys import SigningKey, SigningKeyChanged

DAY = 86_400
TRIES = 3
"""How often a step of a command is tried that another run changes at the same time."""

log = logging.getLogger("ducat")


class UnknownKey(Exception):
    """The command names no signing key of the registry."""


class StillPublished(Exception):
    """A compromised key is still in the JWKS, because another run changed it again and again."""


class NotReplaced(Exception):
    """No other key signs in the place of a compromised one."""


class RotationIncomplete(Exception):
    """Some steps failed. The message names them, and what was done. The next run tries them again."""


def run(provider: Provider, command: JsonObject) -> JsonObject:
    """Do what is due, after a command if there is one.

    `command`: {"compromised": kid} replaces and withdraws a key at once. {"rotate": true} lets the next keys sign at once.
    Gives the kids that were made, withdrawn, retired and deleted, and the names of the slots that are late. Raises UnknownKey
    and RotationIncomplete.
    """
    steps = _Run(provider)
    compromised, rotate = command.get("compromised"), command.get("rotate")
    if compromised is not None:
        steps.withdraw(compromised)
    for slot in steps.slots:
        if rotate is True:
            steps.attempt(f"change to the next key of {slot.name}", partial(steps.change_over, slot))
        steps.attempt(f"make the next key of {slot.name}", partial(steps.make_next, slot))
    for key in steps.read():
        steps.attempt(f"retire {key.kid}", partial(steps.retire, key))
        steps.attempt(f"delete {key.kid}", partial(steps.delete, key))
    return steps.outcome()


def periods(settings: Settings) -> Periods:
    """The times of a rotation in this deployment."""
    return Periods(
        DAY * int(settings.key_rotation_days),
        DAY * int(settings.key_announcement_days),
        DAY * int(settings.key_retention_days),
    )


class _Run:
    """One run of the job: its steps, what they did and what failed."""

    def __init__(self, provider: Provider) -> None:
        settings = provider.settings
        self._provider, self._registry = provider, provider.signing_keys
        self._now = provider.now()
        self._algs = settings.signs_with
        self._periods = periods(settings)
        self.slots = rotation.slots(self._algs)
        self._done: dict[str, list[str]] = {name: [] for name in ("made", "withdrawn", "retired", "deleted", "late")}
        self._problems: list[str] = []

    def read(self) -> tuple[SigningKey, ...]:
        """The registry as it is now."""
        self._registry.forget()
        return self._registry.all(now=self._now)

    def attempt(self, step: str, work: Callable[[], object]) -> None:
        """Do one step. A failure is kept for the end; what another run did first is no failure."""
        try:
            work()
        except SigningKeyChanged:
            pass
        except Exception as problem:
            self._problems.append(f"{step}: {aws_errors.of(problem) or type(problem).__name__}")
            log.error("rotate_keys failed to %s", step)

    def outcome(self) -> JsonObject:
        """What was done. Raises RotationIncomplete."""
        registry = self.read()
        late = [slot.name for slot in self.slots if rotation.is_late(slot, registry, self._periods, now=self._now)]
        done: JsonObject = {**self._done, "late": late}
        if self._problems:
            raise RotationIncomplete(f"{'; '.join(self._problems)}. Done: {done}")
        return done

    def withdraw(self, kid: Json) -> None:
        """Replace a compromised key, stop it in KMS, and take it from the JWKS, whatever of this fails. Raises UnknownKey."""
        key = next((one for one in self.read() if one.kid == kid), None)
        if key is None or not rotation.slots_of(key, self._algs):
            raise UnknownKey(f"no signing key has the kid {kid}; /jwks lists them")
        for slot in rotation.slots_of(key, self._algs):
            self.attempt(f"replace {key.kid} for {slot.name}", partial(self._replace, slot, key.kid))
        # First KMS, so that no function signs with it once it has left the JWKS.
        self.attempt(f"disable {key.kid}", partial(self._provider.key_lifecycle.disable, key.key_id))
        self.attempt(f"withdraw {key.kid}", partial(self._withdraw, key.kid))

    def _withdraw(self, kid: str) -> None:
        for _ in range(TRIES):
            key = next((one for one in self.read() if one.kid == kid), None)
            if key is None or not rotation.is_published(key, now=self._now):
                return
            with suppress(SigningKeyChanged):
                self._end(key, self._now, "withdrawn")
        raise StillPublished(kid)

    def _replace(self, slot: Slot, kid: str) -> None:
        for _ in range(TRIES):
            others = [one for one in self.read() if one.kid != kid]
            if rotation.current(slot, others, now=self._now) is not None:
                return
            following = rotation.upcoming(slot, others, now=self._now)
            with suppress(SigningKeyChanged):
                if following is None:
                    self._make(slot, instead_of=kid)
                else:
                    self._registry.change(following, replace(following, signs_from=self._now))
        if rotation.current(slot, self.read(), now=self._now) is None:
            raise NotReplaced(kid)

    def change_over(self, slot: Slot) -> None:
        """Let the next key sign as soon as every cache of the JWKS has it."""
        following = rotation.upcoming(slot, self.read(), now=self._now)
        if following is not None:
            soon = max(self._now, (following.published_from or self._now) + PUBLISHED_BEFORE_SIGNING)
            self._registry.change(following, replace(following, signs_from=min(soon, following.signs_from)))

    def make_next(self, slot: Slot) -> None:
        """Make and publish the next key if there is none. If no key signs for long, the next one must."""
        registry = self.read()
        if rotation.upcoming(slot, registry, now=self._now) is None:
            self._make(slot)
        elif not rotation.signs(slot, registry, now=self._now):
            self.change_over(slot)

    def _make(self, slot: Slot, *, instead_of: str | None = None) -> None:
        """Make the next key. One that is made instead of a compromised one signs at once, and waits for no other run."""
        at_once, attempt = instead_of is not None, self._provider.new_token_value()
        begun = self._registry.claim(slot.name, attempt, now=self._now, at_once=at_once)
        registry = [one for one in self.read() if one.kid != instead_of]
        if rotation.upcoming(slot, registry, now=self._now) is None:  # else another run made it before the claim
            due = rotation.first_signature(slot, registry, self._periods, now=self._now)
            key_id = self._key_for(slot, begun, attempt)
            jwk = to_jwk(self._provider.kms.public_key(key_id), slot.alg)
            kid, signs_from = str(jwk["kid"]), self._now if at_once else due
            key = SigningKey(kid, slot.alg, key_id, jwk, signs_from, uses=(slot.use,), published_from=self._now)
            self._registry.add(key)
            self._done["made"].append(kid)
        self._registry.release(slot.name, attempt)

    def _key_for(self, slot: Slot, begun: str, attempt: str) -> str:
        """A KMS key for the slot: the one that an interrupted run made, or a new one."""
        lifecycle, known = self._provider.key_lifecycle, {key.key_id for key in self.read()}
        made = lifecycle.made(slot.use, begun, known=known) if begun != attempt else []
        for extra in made[1:]:
            lifecycle.schedule_deletion(extra)
        return made[0] if made else lifecycle.create(slot.use, slot.alg, begun)

    def retire(self, key: SigningKey) -> None:
        """Give a key that others replaced the end of its publication."""
        until = rotation.end_of_publication(key, self.read(), self._algs, self._periods, now=self._now)
        if until is not None:
            self._end(key, until, "retired")

    def _end(self, key: SigningKey, until: int, how: str) -> None:
        self._registry.change(key, replace(key, published_until=until))
        self._done[how].append(key.kid)

    def delete(self, key: SigningKey) -> None:
        """Delete a key that nothing verifies any more. CloudFormation keeps the keys of the template."""
        settings = self._provider.settings
        configured = (*settings.signing_keys.values(), *settings.decryption_keys.values())
        if (
            not rotation.is_over(key, now=self._now) or key.key_id in configured
        ):  # which publish_keys would publish again
            return
        if key.uses:
            self._provider.key_lifecycle.schedule_deletion(key.key_id)
        self._registry.remove(key)
        self._done["deleted"].append(key.kid)
