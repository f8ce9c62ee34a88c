"""The secrets of one-time codes, sealed by a data key that KMS wraps, or by KMS itself.

A data key seals the secrets of all users. A warm function unwraps it once an hour, so that a sign-in needs no call to KMS. A
secret that KMS sealed costs one call per sign-in, and CloudTrail records whose secret was opened. A setting selects the way for
new secrets. Secrets of both ways are opened.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib import aws_errors
from chalicelib.keys.key_ring import KeyManagement
from chalicelib.storage.data_keys import DataKey, DataKeys

CACHE_SECONDS = 3600
"""Seconds that a warm function keeps an unwrapped data key."""

NONCE_BYTES = 12
"""NIST SP 800-38D 8.2.2: 96 random bits, for at most 2**32 secrets of one key."""

SEPARATOR = ":"
"""Between the data key's id and the sealed secret. A secret that KMS sealed is base64, which does not contain it."""


NOT_OURS = ("InvalidCiphertextException", "IncorrectKeyException", "ValidationException")
"""KMS's codes for a text that it did not seal by this key for this user."""


class CannotUnseal(Exception):
    """The secret is another user's, is malformed, was changed, or its data key is missing."""


class OneTimeCodeSecrets:
    """The secrets of one-time codes. `by_data_key`: a data key seals new secrets, and data keys are cached. Made once per
    process.
    """

    def __init__(
        self, data_keys: DataKeys, kms: KeyManagement, new_token_value: Callable[[], str], *, by_data_key: bool
    ) -> None:
        self._data_keys, self._kms, self._new_token_value = data_keys, kms, new_token_value
        self._by_data_key = by_data_key
        self._cache: dict[str | None, tuple[int, str, AESGCM]] = {}

    def seal(
        self,
        secret: bytes,
        username: str,
        *,
        random_bytes: Callable[[int], bytes],
        now: int,
        may_make_data_key: bool = True,
    ) -> str:
        """The sealed secret for the user's record. It makes the deployment's first data key if there is none.

        `may_make_data_key`: otherwise KMS seals the secret where there is no data key.
        """
        if not self._by_data_key or not (may_make_data_key or self._has_data_key()):
            return self._kms.seal(secret, _owner(username))
        data_key_id, data_key = self._opened(None, now=now)
        nonce = random_bytes(NONCE_BYTES)
        sealed = data_key.encrypt(nonce, secret, _associated(username))
        return data_key_id + SEPARATOR + b64encode(nonce + sealed).decode()

    def _has_data_key(self) -> bool:
        return None in self._cache or self._data_keys.find(None) is not None

    def unseal(self, sealed: str, username: str, *, now: int) -> bytes:
        """The secret. Raises CannotUnseal, and botocore's ClientError if KMS or the table fails."""
        data_key_id, separator, text = sealed.rpartition(SEPARATOR)
        if not separator:
            return self._unsealed_by_kms(sealed, _owner(username))
        try:
            data = b64decode(text, validate=True)
        except ValueError:
            raise CannotUnseal("not base64") from None
        _, data_key = self._opened(data_key_id, now=now)
        try:
            return data_key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _associated(username))
        except (InvalidTag, ValueError):  # A ValueError: it is shorter than a nonce.
            raise CannotUnseal("another's, or changed") from None

    def _unsealed_by_kms(self, sealed: str, context: dict[str, str]) -> bytes:
        try:
            return self._kms.unseal(sealed, context)
        except ValueError:
            raise CannotUnseal("not base64") from None
        except Exception as problem:
            failure = aws_errors.of(problem)
            if failure is None or failure.code not in NOT_OURS:
                raise
            raise CannotUnseal(str(failure)) from None

    def renew(self) -> DataKey:
        """Make a new data key for new secrets. Older data keys stay for the secrets that they sealed."""
        data_key_id = self._new_token_value()
        data_key = DataKey(data_key_id, self._kms.new_data_key(_everybody(data_key_id)))
        self._data_keys.put(data_key)
        self._cache.pop(None, None)
        return data_key

    def _opened(self, data_key_id: str | None, *, now: int) -> tuple[str, AESGCM]:
        """The data key of that id, or with None the newest one."""
        if self._by_data_key and data_key_id in self._cache:
            read_at, name, cached = self._cache[data_key_id]
            if 0 <= now - read_at < CACHE_SECONDS:
                return name, cached
        found = self._data_keys.find(data_key_id)
        if found is None:
            if data_key_id is not None:
                raise CannotUnseal("its data key is not there")
            found = self.renew()
        name = found.data_key_id
        try:
            opened = AESGCM(self._unsealed_by_kms(found.wrapped, _everybody(name)))
        except (CannotUnseal, ValueError) as problem:  # A ValueError: it is no key for AES.
            raise CannotUnseal(f"its data key: {problem}") from None
        self._cache[data_key_id] = self._cache[name] = (now, name, opened)
        return name, opened


def _owner(username: str) -> dict[str, str]:
    """The encryption context of a user's secret. It prevents the use of a secret for another user."""
    return {"user": username}


def _everybody(data_key_id: str) -> dict[str, str]:
    """The encryption context of a data key. It is no username, because usernames have no spaces."""
    return {"user": f"data key {data_key_id}"}


def _associated(username: str) -> bytes:
    """The associated data of a sealed secret."""
    return json.dumps(_owner(username)).encode()
