"""A bank that checks the CRLs of an authority, and a client whose certificate that authority issued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.events import AuthorizerAnswer
from chalicelib.jobs import fetch_crls
from tests.actors import AUTHORITY, Bank, Fintech
from tests.actors.authority import Authority
from tests.aws_in_process.files import Files
from tests.web import Web

SERIAL = 0x0A1B2C3D4E5F
URL = "http://crl.trust.example/ca.crl"
TRUSTSTORE = "truststores/truststore.pem"
BUCKET = "crls"
MINUTES, GRACE_HOURS = 15, 24


class World:
    """`web`: what the job can fetch. `client`: authenticates by the certificate with SERIAL."""

    def __init__(self, bank: Bank, files: Files) -> None:
        self.bank, self.files, self.authority = bank, files, Authority()
        self.web = Web(plain=True)
        self.configure({AUTHORITY: [URL]})
        self.trust(self.authority)
        self.certificate = self.authority.issue("tls-client-auth", SERIAL)
        self.client = Fintech(bank, "tls-client-auth", "tls_client_auth", None, "", self.certificate)

    def configure(self, crls: Mapping[str, list[str]], **more: str) -> None:
        """The settings, for functions that start now."""
        settings: dict[str, Any] = {
            "crls": json.dumps(crls),
            "crl_bucket": BUCKET,
            "truststore": f"s3://{TRUSTSTORE}",
            "truststore_version": "v1",
        }
        self.bank.aws.settings = self.bank.settings._replace(**settings | more)
        self.restart()

    def restart(self) -> None:
        """A function that has read nothing yet."""
        for made in ("client_certificates", "certificate_files", "signed_documents"):
            vars(self.bank.aws).pop(made, None)
        vars(self.bank.aws)["signed_documents"] = self.web

    def trust(self, *authorities: Authority) -> None:
        """The truststore."""
        self.files.objects[f"{TRUSTSTORE}?v1"] = b"".join(one.pem for one in authorities)

    def publish(self, crl: bytes, url: str = URL) -> None:
        """What the authority publishes."""
        self.web.put(url, crl)

    def job(self) -> dict[str, Any]:
        """The job runs."""
        return dict(fetch_crls.run(self.bank.aws))

    def later(self) -> None:
        """What a warm function read of a certificate is too old."""
        self.bank.now += 60 * MINUTES

    def works(self, client: Fintech | None = None) -> bool:
        """Whether the token endpoint authenticates the client."""
        return (client or self.client).post("/token", grant_type="client_credentials").status == 200


def allowed(decision: AuthorizerAnswer) -> bool:
    """Whether the authorizer allows the call."""
    return decision["policyDocument"]["Statement"][0]["Effect"] == "Allow"
