"""The first calls of a fresh function: what its connections to AWS take over TLS, which comes after a cold start.

As the first request of `token` does: two calls to DynamoDB beside each other and one to KMS, so that three connections are
opened. Beside it the libraries as they are published, whose botocore sends by itself. The certificate's authority is one of
those that botocore's own bundle has, as AWS's are.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks import warm
from chalicelib.aws_connections import AUTHORITIES
from ducat_cdk import authorities
from local.certificates import Certificates
from tests.house.test_imports import SOMEWHERE

CALLS = """
import os, sys, time
sys.path.insert(0, os.getcwd())
sys.modules["urllib3.contrib.pyopenssl"] = None
{clients}
from threading import Thread

def read():
    dynamodb.get_item(TableName=os.environ["DUCAT_CLIENTS_TABLE"], Key={{"pk": {{"S": "nobody"}}}})

began = time.process_time()
beside = Thread(target=read)
beside.start()
read()
beside.join()
kms.get_public_key(KeyId=os.environ["DUCAT_PS256_KEY"])
print((time.process_time() - began) * 1000)
"""
OURS = """
import app
from chalicelib.assembly import provider
dynamodb, kms = provider().dynamo.client, provider().kms.client
"""
BOTOCORE = """
import botocore.session
session = botocore.session.get_session()
dynamodb, kms = session.create_client("dynamodb"), session.create_client("kms")
"""


def measure(
    rounds: int, package: Path, published: Path, python: Path, certificates: Certificates
) -> dict[str, list[float]]:
    """Milliseconds of CPU: "ours", of the package, and "botocore", of the libraries as they are published.

    It adds the authority to what both trust, so that they are not to be used otherwise after it.
    """
    for folder in (package, published):
        _trust(folder / "botocore", certificates.trusted)
    taken: dict[str, list[float]] = {"ours": [], "botocore": []}
    with warm.stand_in((certificates.trusted, certificates.server().file)) as leading:
        environment = {**SOMEWHERE, **leading, "_HANDLER": "app.token"}
        del environment["AWS_CA_BUNDLE"]
        for _ in range(rounds):
            taken["ours"].append(_ran(python, package, environment, OURS))
            taken["botocore"].append(_ran(python, published, environment, BOTOCORE))
    return taken


def _trust(botocore: Path, authority: Path) -> None:
    bundle = botocore / "cacert.pem"
    bundle.write_text(f"{bundle.read_text(encoding='utf-8')}\n{authority.read_text()}", encoding="utf-8")
    if (folder := bundle.with_name(AUTHORITIES)).is_dir():
        shutil.rmtree(folder)
        authorities.write(bundle)


def _ran(python: Path, folder: Path, environment: Mapping[str, str], clients: str) -> float:
    command = [str(python), "-S", "-B", "-c", CALLS.format(clients=clients)]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return float(run.stdout)
