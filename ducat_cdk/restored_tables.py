"""`python -m ducat_cdk.restored_tables ducat.json`: whether tables that the settings name can be put under the stack.

It looks at each by DescribeTable and changes nothing. A restored table lacks what protects it; one of another shape, or one whose
Regions each commit by themselves, would lose what single use hangs on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ducat_cdk.deployment import Deployment, DeploymentError
from ducat_cdk.settings import deployment_of
from ducat_cdk.tables import TABLES, TTL, Row


def problems(session: boto3.Session, deployment: Deployment) -> list[str]:
    """What is wrong with the tables, one line each. Raises BotoCoreError, ClientError."""
    client, given = session.client("dynamodb"), deployment.existing()
    return [
        f"{row.name}: {problem}"
        for row in TABLES
        if row.name in given.tables
        for problem in _of_table(client, row, given.tables[row.name], given.keys.get("tables"))
    ]


def streams(session: boto3.Session, deployment: Deployment) -> dict[str, str]:
    """The setting `table_streams`: of each table that is recorded, the ARN of its stream. Raises BotoCoreError, ClientError."""
    client, given = session.client("dynamodb"), deployment.existing()
    found = {
        row.name: client.describe_table(TableName=given.tables[row.name])["Table"].get("LatestStreamArn")
        for row in TABLES
        if row.recorded and row.name in given.tables
    }
    return {name: arn for name, arn in found.items() if arn}


def _of_table(client: Any, row: Row, name: str, key: str | None) -> Iterator[str]:
    try:
        table = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException:
        yield f"there is no table {name} in this account and Region"
        return
    yield from _shape(row, table)
    if table.get("Replicas") and table.get("MultiRegionConsistency") != "STRONG":
        yield "its Regions commit each by itself, so a code could be redeemed in each"
    encryption = table.get("SSEDescription", {})
    if key is not None and encryption.get("KMSMasterKeyArn") != key:
        yield "it is not under the key of keys.tables"
    elif encryption.get("SSEType") != "KMS":
        yield "it is not under a KMS key of the bank's own"
    if row.recorded and table.get("StreamSpecification", {}).get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        yield "it has no stream of new and old images, which the record is made of"
    if row.durable and not table.get("DeletionProtectionEnabled"):
        yield "it is not protected from deletion"
    if row.durable and not _recovers(client, name):
        yield "it has no point-in-time recovery"
    swept = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if row.swept and (swept.get("TimeToLiveStatus"), swept.get("AttributeName")) != ("ENABLED", TTL):
        yield f"it has no time to live by {TTL}"
    if not row.swept and swept.get("TimeToLiveStatus") == "ENABLED":
        yield "it has a time to live, and nothing of it may be swept"


def _shape(row: Row, table: dict[str, Any]) -> Iterator[str]:
    kinds = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    keys = tuple(one["AttributeName"] for one in table["KeySchema"])
    if keys != row.keys or {kinds[one] for one in keys} != {"S"}:
        yield f"its key is {', '.join(keys)}, and must be {', '.join(row.keys)}, each a text"
    found = {one["IndexName"]: one for one in table.get("GlobalSecondaryIndexes", [])}
    for name, text, number in row.indexes:
        of_index = tuple(one["AttributeName"] for one in found.get(name, {}).get("KeySchema", []))
        if of_index != (text, number) or (kinds.get(text), kinds.get(number)) != ("S", "N"):
            yield f"it must have the index {name} of {text}, a text, and {number}, a number"


def _recovers(client: Any, name: str) -> bool:
    found = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return bool(found.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED")


def main() -> None:
    """The command line. Ends with status 1 where a table can't be used as it is, a line for each reason."""
    parser = argparse.ArgumentParser(
        prog="python -m ducat_cdk.restored_tables", description="Look at tables of tables."
    )
    parser.add_argument("settings", type=Path, help="the file that the stack is deployed with")
    given = parser.parse_args()
    try:
        deployment = deployment_of(given.settings)
        session = boto3.Session()
        found = problems(session, deployment)
        settings = {"table_streams": streams(session, deployment)} if not found else {}
    except (DeploymentError, BotoCoreError, ClientError) as problem:
        sys.exit(f"{parser.prog}: {problem}")
    if found:
        sys.exit("\n".join(found))
    print(f"{len(deployment.existing().tables)} tables are as they must be. Their streams, for the settings:")
    print(json.dumps(settings, indent=2))


if __name__ == "__main__":
    main()
