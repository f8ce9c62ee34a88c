"""What a bank chooses of the revocation of client certificates, checked. Read without the CDK, which starts Node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chalicelib.clients import crl_sources, distinguished_name
from ducat_cdk.json_members import each_once

if TYPE_CHECKING:
    from ducat_cdk.deployment import Deployment

CERTIFICATE = r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+"

FORMS = {
    "crl_minutes": ("[1-9]|[1-5][0-9]|60", "must be a number of minutes, from 1 to 60"),
    "crl_grace_hours": ("[0-9]{1,2}|[1-6][0-9]{2}|7[01][0-9]|720", "must be a number of hours, from 0 to 720"),
    "crl_stale": ("refuse|accept", "must be refuse or accept"),
    "ownership_certificate": (f"({CERTIFICATE})?", "must be the ARN of an ACM certificate"),
}
"""By setting, what its text must be, and what is said where it is not (settings_checks.py)."""


def problems(deployment: Deployment, subjects: frozenset[distinguished_name.Name] | None) -> list[str]:
    """What contradicts itself. `subjects`: of the truststore's certificates, None where its file is not at hand."""
    return [*_ownership(deployment), *_crls(deployment, subjects)]


def _ownership(deployment: Deployment) -> list[str]:
    """A certificate that ACM issued shows whose the host is. Whether one was issued by ACM can't be known offline."""
    given = deployment.ownership_certificate
    if not given:
        return []
    found = []
    if not deployment.gives("mtls_certificate"):
        found.append("ownership_certificate is for an imported or private mtls_certificate, which is not given")
    if given == deployment.mtls_certificate:
        found.append("ownership_certificate must be another than mtls_certificate: one that ACM issued for mtls_host")
    return found


def _crls(deployment: Deployment, subjects: frozenset[distinguished_name.Name] | None) -> list[str]:
    try:
        json.loads(deployment.crls, object_pairs_hook=each_once)
        sources = crl_sources.read(deployment.crls)
    except ValueError as wrong:  # CrlSourcesError and DistinguishedNameError are
        return [
            f'crls must be such as {{"CN=Issuing CA,O=Example Trust,C=DE": ["http://crl.trust.example/ca.crl"]}}; {wrong}'
        ]
    try:
        naming = deployment.authorities()
    except distinguished_name.DistinguishedNameError:
        return []  # it is said already
    found = []
    unlisted = len(naming - sources.keys())
    if sources and unlisted:
        found.append(
            f"crls: {unlisted} of client_authorities have no entry; give their URLs, or [] for one that publishes no CRL"
        )
    unknown = 0 if subjects is None else len(sources.keys() - subjects)
    if unknown:
        found.append(f"crls: {unknown} of them are no certificate's subject in the truststore")
    return found
