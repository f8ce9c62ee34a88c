"""Signatures across a rotation and a compromise, each verified at once by a client that caches `/jwks` as its header says.

`make rotations` prints what happened. AWS is tests/aws_in_process, the clock is simulated, the functions are warm: each has
a registry of its own that is up to a minute old. No client reads `/jwks` again because it does not know a kid.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from chalicelib.assembly import Aws
from chalicelib.endpoints import jwks
from chalicelib.jobs import publish_keys, rotate_keys
from chalicelib.jobs.rotate_keys import DAY
from chalicelib.key_sizes import KeySizes
from chalicelib.keys import jose, rotation, signing
from chalicelib.keys.rotation import Slot
from chalicelib.messages import Request
from chalicelib.protocol_types import JwkSet, KeyUse, SigningAlg
from chalicelib.settings import Settings
from tests.aws_in_process import aws as standin
from tests.aws_in_process.aws import Call, Stand

BEGIN = 1_800_000_000
SIGNERS, JWKS_FUNCTIONS, CLIENTS = 2, 2, 8
ALGS: tuple[SigningAlg, ...] = ("ES256", "EdDSA")
AROUND = 900
"""Seconds before and after a change in which it signs."""
WITHDRAWN_WITHIN = 60
"""Seconds in which a compromised key has left every function's `/jwks`."""
SIZES = KeySizes(rsa=2048, ec=224)


@dataclass
class Client:
    """A client of the bank that keeps `/jwks` for its max-age."""

    keys: JwkSet = field(default_factory=lambda: JwkSet(keys=[]))
    until: int = 0

    def verifies(self, token: str, alg: SigningAlg, function: Aws, *, now: int) -> bool:
        """Whether a key of its JWK Set signed the token. `function`: the one that answers where the set is too old."""
        if now >= self.until:
            answer = jwks.answer(Request("GET", "/jwks"), function)
            (cached,) = [value for name, value in answer.headers if name == "Cache-Control"]
            (seconds,) = re.findall(r"max-age=(\d+)", cached)
            self.keys, self.until = json.loads(answer.body), now + int(seconds)
        try:
            jose.verify(jose.parse(token), self.keys, algs=[alg], sizes=SIZES)
        except jose.JoseError:
            return False
        return True


@dataclass
class Counts:
    """What happened. `refused`: no function could sign. `unverified`: the client could not verify what it got."""

    signed: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    unverified: int = 0
    by_withdrawn: int = 0


class Drill:
    """A deployment under load."""

    def __init__(self, stand: Stand, settings: Settings, seed: int, say: Callable[[str], None]) -> None:
        self.now, self.counts, self._stand, self._say = BEGIN, Counts(), stand, say
        self._rng, self._settings = Random(seed), settings
        self._job = self._function()
        self._signers = [self._function() for _ in range(SIGNERS)]
        self._jwks = [self._function() for _ in range(JWKS_FUNCTIONS)]
        self._clients = [Client() for _ in range(CLIENTS)]
        self._withdrawn: str | None = None

    def run(self, signatures: int) -> Counts:
        """So many signatures: a third around the change from the template's keys, a third around a rotation, the rest around a
        compromise.
        """
        each = signatures // 3
        publish_keys.run(self._job)
        self.now += 30 * DAY
        self._command({})
        self._load(each, until=self._due() + AROUND, of="the change from the template's keys")
        self._command({})
        self.now = self._due() - 14 * DAY
        self._command({})
        self._load(each, until=self._due() + AROUND, of="a rotation")
        self._command({})
        self.now += DAY
        self._compromise(signatures - 2 * each)
        return self.counts

    def _function(self) -> Aws:
        return Aws(self._settings, clock=lambda: self.now)

    def _command(self, command: dict[str, Any]) -> Any:
        return rotate_keys.run(self._job, command)

    def _due(self) -> int:
        """When the next keys sign."""
        keys = [rotation.upcoming(slot, self._registry(), now=self.now) for slot in rotation.slots(ALGS)]
        return max(key.signs_from for key in keys if key is not None)

    def _registry(self) -> Any:
        self._job.signing_keys.forget()
        return self._job.signing_keys.all(now=self.now)

    def _load(self, signatures: int, *, until: int, of: str) -> None:
        self.now, before = until - 2 * AROUND, self.counts.signed.total()
        kids = set(self.counts.signed)
        for number in range(signatures):
            self.now = until - 2 * AROUND + 2 * AROUND * number // signatures
            self._sign()
        self.now = until
        fresh = len(set(self.counts.signed) - kids)
        self._say(f"{of}: {self.counts.signed.total() - before} signatures, by {fresh} keys that had not signed before")

    def _sign(self) -> None:
        use: KeyUse = self._rng.choice(rotation.USES)
        alg: SigningAlg = self._rng.choice(ALGS)
        try:
            token = signing.sign({"iat": self.now}, self._rng.choice(self._signers).ring, alg, use, now=self.now)
        except Exception as problem:
            self.counts.refused += 1
            self._say(f"refused: {alg} for {use}: {type(problem).__name__}")
            return
        kid = str(jose.parse(token).kid)
        self.counts.signed[kid] += 1
        self.counts.by_withdrawn += kid == self._withdrawn
        client, function = self._rng.choice(self._clients), self._rng.choice(self._jwks)
        if not client.verifies(token, alg, function, now=self.now):
            self.counts.unverified += 1
            self._say(f"not verified: {alg} for {use} by {kid}")

    def _compromise(self, signatures: int) -> None:
        """The command runs under load: between any two of its calls to AWS functions sign."""
        old = rotation.current(Slot("id_token", "ES256"), self._registry(), now=self.now)
        assert old is not None
        for _ in range(signatures // 3):
            self._sign()
        with self._between_calls():
            done = self._command({"compromised": old.kid})
        self._withdrawn, at = old.kid, self.now
        self._say(f"compromise: {old.kid} is replaced, and {len(done['made'])} keys are made")
        for number in range(signatures - signatures // 3):
            self.now = at + AROUND * number // signatures
            self._sign()
            if self.now >= at + WITHDRAWN_WITHIN:
                served = {jwk["kid"] for one in self._jwks for jwk in one.ring.jwks(now=self.now)["keys"]}
                assert old.kid not in served, "a warm function serves the compromised key"
        self._say(
            f"after it: {self.counts.by_withdrawn} signatures by the compromised key; gone from /jwks within a minute"
        )

    @contextmanager
    def _between_calls(self) -> Iterator[None]:
        busy = False

        def fault(_: Call, work: Callable[[], Any]) -> Any:
            nonlocal busy
            if not busy:
                busy = True
                self._sign()
                busy = False
            return work()

        with self._stand.failing(fault):
            yield


def drill(signatures: int, *, seed: int = 1, say: Callable[[str], None] = print) -> Counts:
    """The whole drill, on a stand-in of its own."""
    with standin.running("us-east-2") as (stand, found):
        hosts = {f"DUCAT_{name}": "https://bank.example" for name in ("ISSUER", "MTLS_URL", "RESOURCE_URL")}
        texts = {"DUCAT_BANK_NAME": "Bank", "DUCAT_USER_DIRECTORY": "unused", "DUCAT_RESOURCE_RULES": "{}"}
        settings = Settings.read(found | hosts | texts)._replace(ps256_key=None)  # RSA keys take long to make
        return Drill(stand, settings, seed, say).run(signatures)


def main() -> int:
    """The command. Ends with status 1 where a signature was refused or not verified."""
    counts = drill(int(sys.argv[1]) if len(sys.argv) > 1 else 6000)
    signed, keys = counts.signed.total(), len(counts.signed)
    print(f"{signed} signatures by {keys} keys; {counts.refused} refused, {counts.unverified} not verified")
    return 1 if counts.refused or counts.unverified or counts.by_withdrawn else 0


if __name__ == "__main__":
    sys.exit(main())
