"""Makes, finds, disables and deletes the KMS keys that sign. Only the job rotate_keys imports it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.keys.algorithm import canonical
from chalicelib.protocol_types import KeyUse, SigningAlg, Untyped

SPECS = {"PS256": "RSA_2048", "ES256": "ECC_NIST_P256", "EdDSA": "ECC_NIST_EDWARDS25519"}
STACK, USE, ATTEMPT = "ducat:stack", "ducat:use", "ducat:attempt"
"""The tags of a key. The roles (ducat_cdk/roles.py) go by the first two."""

READ_SECONDS, TRIES = 10, 3
"""No caller waits for this job, and KMS takes longer to make a key than to sign with one."""


class KmsLifecycle:
    """rotation.KeyLifecycle. `stack`: the tag of this deployment. `waiting_days`: from the schedule of a deletion to it."""

    def __init__(self, session: Untyped, *, stack: str, multi_region: bool, waiting_days: int) -> None:
        self._client = session.create_client("kms", config=_config(TRIES))
        # KMS has no idempotency token for this call: if it is sent twice it makes two keys.
        self._once = session.create_client("kms", config=_config(1))
        self._stack, self._multi_region, self._waiting_days = stack, multi_region, waiting_days

    def create(self, use: KeyUse, alg: SigningAlg, attempt: str) -> str:
        tags = self._tags(use, attempt)
        made = self._once.create_key(
            KeySpec=SPECS[canonical(alg)],
            KeyUsage="SIGN_VERIFY",
            MultiRegion=self._multi_region,
            Description=f"Ducat {self._stack}: signs {use} as {alg}",
            Tags=[{"TagKey": name, "TagValue": value} for name, value in tags.items()],
        )
        return str(made["KeyMetadata"]["Arn"])

    def made(self, use: KeyUse, attempt: str, *, known: Collection[str]) -> list[str]:
        wanted = self._tags(use, attempt)
        found = [arn for arn in self._keys() if arn not in known and self._tags_of(arn) == wanted]
        return sorted(arn for arn in found if self._is_enabled(arn))

    def disable(self, key_id: str) -> None:
        self._unless_deleted("disable_key", KeyId=key_id)

    def schedule_deletion(self, key_id: str) -> None:
        self._unless_deleted("schedule_key_deletion", KeyId=key_id, PendingWindowInDays=self._waiting_days)

    def _tags(self, use: KeyUse, attempt: str) -> dict[str, str]:
        return {STACK: self._stack, USE: use, ATTEMPT: attempt}

    def _keys(self) -> Iterator[str]:
        more: dict[str, str] = {}
        while True:
            page = self._client.list_keys(**more)
            yield from (str(key["KeyArn"]) for key in page["Keys"])
            if not page.get("Truncated"):
                return
            more = {"Marker": page["NextMarker"]}

    def _tags_of(self, arn: str) -> dict[str, str]:
        """The tags of a key, and none of a key that is not this deployment's: the role may not read those."""
        try:
            tags = self._client.list_resource_tags(KeyId=arn)["Tags"]
        except ClientError as problem:
            if problem.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return {}
        return {tag["TagKey"]: tag["TagValue"] for tag in tags}

    def _is_enabled(self, arn: str) -> bool:
        return bool(self._client.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled")

    def _unless_deleted(self, operation: str, **arguments: object) -> None:
        """Call KMS about a key, which may be to be deleted or gone already."""
        try:
            getattr(self._client, operation)(**arguments)
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in ("KMSInvalidStateException", "NotFoundException"):
                raise


def _config(tries: int) -> Untyped:
    retries: Untyped = {"total_max_attempts": tries, "mode": "standard"}
    return Config(connect_timeout=2, read_timeout=READ_SECONDS, retries=retries)
