"""What a row of functions.py is made of: tables, keys, and the function itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.protocol_types import KeyUse


@dataclass(frozen=True)
class Table:
    """A table that a function uses. `name`: a row of tables.TABLES. `index`: the one that it asks, and not the table itself.

    `keys`, `not_keys`: what the keys of the items look like that it may use, or may not, where they are not all.
    `attributes`: those that a request may name, where they are not all (item_attributes.py). A read must name some.
    """

    name: str
    why: str
    verbs: tuple[str, ...]
    index: str = ""
    keys: tuple[str, ...] = ()
    not_keys: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Key:
    """A KMS key that a function uses, where the deployment has it. `name`: a row of keys.KEYS.

    `context`: the one name in the encryption context of what is sealed with it; whose secrets the function may open.
    """

    name: str
    why: str
    verb: str
    context: str | None = None


@dataclass(frozen=True)
class MadeKeys:
    """Signing keys that the job rotate_keys makes. A role knows them by their tags, so that a new key needs no deployment.

    `uses`: of the keys, as in their tag.
    `found`: "tagged" for keys that bear the deployment's tags; "new" for keys that are to be made with them; "all" for the
    names of all keys of the account and Region, which KMS narrows no further.
    """

    why: str
    verbs: tuple[str, ...]
    uses: tuple[KeyUse, ...]
    found: Literal["tagged", "new", "all"] = "tagged"


FileName = Literal["truststore", "crls", "record"]


@dataclass(frozen=True)
class File:
    """What a function reads or writes in S3: the truststore, the CRLs, the record.

    `actions`: of IAM. `operations`: by which botocore calls them.
    """

    name: FileName
    why: str
    actions: tuple[str, ...]
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    """One Lambda function. `name`: of the handler `app.<name>`. `routes`: "METHOD /path".

    `guarded`: behind the authorizer, so that API Gateway can send its refusal with a WWW-Authenticate header.
    `memory`: MiB; Lambda gives a whole CPU at 1,769. `timeout`: seconds; of an endpoint under API Gateway's 29,
    and enough for two documents that clients publish (fetch/https.py). `domain`: why it may read the host for client
    certificates, as API Gateway has it; empty where it may not. `weekly`: only where tables are by week.
    `records`: whether it makes the record. Lambda hands it the tables' streams, CloudWatch Logs the other functions' lines.
    """

    name: str
    routes: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    keys: tuple[Key, ...] = ()
    made_keys: tuple[MadeKeys, ...] = ()
    files: tuple[File, ...] = ()
    guarded: bool = False
    memory: int = 1024
    timeout: int = 15
    weekly: bool = False
    domain: str = ""
    records: bool = False

    @property
    def is_endpoint(self) -> bool:
        """Whether somebody waits for its answer."""
        return bool(self.routes) or self.name == "authorizer"

    @property
    def is_job(self) -> bool:
        """Whether a schedule runs it."""
        return not self.is_endpoint and not self.records
