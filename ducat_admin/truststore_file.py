"""Where a truststore is: a file that the deployment uploads, an object of the bank's bucket, or what is deployed now."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ducat_admin.command import Operator
from ducat_admin.problem import Problem


class Truststore(Protocol):
    """A truststore."""

    @property
    def name(self) -> str:
        """What people call it."""

    def read(self) -> bytes:
        """Its PEM. Raises Problem."""

    def write(self, content: bytes) -> str:
        """Put this in place of what was read, and say what is still to be done. Raises Problem."""


@dataclass
class OfFile:
    """A PEM file on this machine. A deployment uploads it."""

    path: Path
    in_settings: bool = False

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    def read(self) -> bytes:
        """The file's content."""
        try:
            return self.path.read_bytes()
        except OSError as problem:
            raise Problem(f"{self.path} can't be read: {problem.strerror}") from None

    def write(self, content: bytes) -> str:
        """The file is there whole, before or after."""
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            beside.write_bytes(content)
            beside.chmod(self.path.stat().st_mode & 0o777)
            beside.replace(self.path)
        except OSError as problem:
            raise Problem(f"{self.path} can't be written: {problem.strerror}") from None
        return f"{self.path} is changed. It counts from the next deployment on: cdk deploy." if self.in_settings else ""


@dataclass
class OfBucket:
    """An object of a bucket with versions. `version`: that which the settings deploy."""

    uri: str
    version: str
    _etag: str = ""

    @property
    def name(self) -> str:
        """Where it is, and the version."""
        return f"{self.uri}, version {self.version}"

    def read(self) -> bytes:
        """The version that the settings deploy, if it is the newest."""
        newest = self._s3().head_object(**self._where())
        if newest.get("VersionId") != self.version:
            raise Problem(
                f"the newest version of {self.uri} is {newest.get('VersionId')}, and truststore_version is {self.version}: "
                "set the one that you mean to go on from, or put it into the bucket again"
            )
        self._etag = newest["ETag"]
        content: bytes = self._s3().get_object(**self._where(), VersionId=self.version)["Body"].read()
        return content

    def write(self, content: bytes) -> str:
        """Only over the version that was read."""
        put = self._s3().put_object(**self._where(), Body=content, IfMatch=self._etag)
        return (
            f'Version {put["VersionId"]} is in the bucket. Set "truststore_version": "{put["VersionId"]}", and deploy.'
        )

    def _where(self) -> dict[str, str]:
        bucket, _, key = self.uri.removeprefix("s3://").partition("/")
        return {"Bucket": bucket, "Key": key}

    def _s3(self) -> Any:
        import boto3

        return boto3.client("s3", region_name=os.environ.get("AWS_REGION"))


@dataclass
class Deployed:
    """What the deployment has now."""

    operator: Operator
    name = "the deployed truststore"

    def read(self) -> bytes:
        """The object that API Gateway reads too."""
        provider = self.operator.provider
        if not provider.settings.truststore:
            raise Problem(f"{self.operator.deployment.name} has no truststore: give its file, by --file")
        return provider.certificate_files.truststore()

    def write(self, content: bytes) -> str:
        """Not here."""
        raise Problem("what is deployed is changed by its file: leave --deployed out")


def chosen(operator: Operator, file: Path | None, deployed: bool) -> Truststore:
    """The truststore of the command line: of --file, of --deployed, or else of the settings file. Raises Problem."""
    if file is not None and deployed:
        raise Problem("--file and --deployed are two truststores: give one of them")
    if file is not None:
        return OfFile(file)
    if deployed:
        return Deployed(operator)
    given = settings(operator)
    if given.get("truststore"):
        return OfFile(Path(str(given["truststore"])), in_settings=True)
    if given.get("truststore_uri") and given.get("truststore_version"):
        return OfBucket(str(given["truststore_uri"]), str(given["truststore_version"]))
    raise Problem(
        "which truststore? Give --file, --deployed, or before the group --settings ducat.json, which names it"
    )


def settings(operator: Operator) -> Mapping[str, object]:
    """The members of the settings file; none where there is no file. Raises Problem."""
    from ducat_cdk.deployment import DeploymentError
    from ducat_cdk.settings import of_file

    if operator.settings is None:
        return {}
    try:
        return of_file(operator.settings)
    except DeploymentError as problem:
        raise Problem(str(problem)) from None


def authorities(operator: Operator) -> list[str]:
    """The distinguished names of client_authorities, as the settings file has them. Raises Problem."""
    found = settings(operator).get("client_authorities", [])
    try:
        names = json.loads(found) if isinstance(found, str) else found
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise Problem(f"{operator.settings}: client_authorities is not a list of names")
    return names
