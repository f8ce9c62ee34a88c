"""`ducat certificate`: client certificates that an operator denies, whatever their authority says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ducat_admin import output
from ducat_admin.client_metadata import sure
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.verb import Verbs

if TYPE_CHECKING:
    from chalicelib.clients.denylist import DeniedCertificate

COLUMNS = ("thumbprint", "issuer", "serial", "why", "denied_at")
NAMED = "FILE|THUMBPRINT|ISSUER SERIAL"
MAX_WHY = 500


@click.group("certificate", cls=Verbs)
def group() -> None:
    """Client certificates: deny, allow again, and list what is denied."""


@group.command()
@click.argument("named", metavar=NAMED, nargs=-1, required=True)
@click.option("--why", default="", help="Kept beside the denial, and shown by ducat certificate denied.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def deny(operator: Operator, named: tuple[str, ...], why: str, yes: bool) -> None:
    """Refuse a client certificate, within about a second.

    It is named by its FILE (PEM), by its THUMBPRINT (x5t#S256, or SHA-256 in hexadecimal), or by the distinguished name
    of its ISSUER and its SERIAL number in hexadecimal. A FILE denies by issuer and serial number. Tokens that are bound
    to the certificate open nothing while it is denied.
    """
    certificate = _named(named)
    if len(why) > MAX_WHY:
        raise Problem(f"--why has more than {MAX_WHY} characters")
    sure(f"Refuse the certificate {' '.join(named)}?", yes)
    provider = operator.provider
    certificate.deny(provider.revocations, why=why, now=provider.now())
    output.done("Denied.", as_json=operator.as_json, **vars(certificate), state="denied")


@group.command()
@click.argument("named", metavar=NAMED, nargs=-1, required=True)
@click.pass_obj
def allow(operator: Operator, named: tuple[str, ...]) -> None:
    """End a denial. The certificate is named as it was denied: ducat certificate denied shows how."""
    from chalicelib.storage.stores import NotOpen

    certificate = _named(named)
    try:
        allowed = certificate.allow(operator.provider.revocations)
    except NotOpen as problem:
        raise Problem(str(problem)) from None
    if not allowed:
        raise Problem("there is no such denial: name it as ducat certificate denied does")
    output.done("Allowed again.", as_json=operator.as_json, **vars(certificate), state="allowed")


@group.command()
@click.pass_obj
def denied(operator: Operator) -> None:
    """Every denial, the newest first.

    Only a digest of an issuer's name is stored. The name is shown if the settings client_authorities or crls have it.
    """
    found = sorted(operator.provider.dynamo.operated_revocations.denials(), key=lambda one: -one.denied_at)
    names = _authorities(operator)
    rows = [
        {
            "thumbprint": one.thumbprint or None,
            "issuer": names.get(one.issuer, one.issuer) or None,
            "serial": one.serial or None,
            "why": one.why or None,
            "denied_at": output.moment(one.denied_at),
        }
        for one in found
    ]
    output.rows(rows, COLUMNS, as_json=operator.as_json, none="no certificate is denied")


def _named(named: tuple[str, ...]) -> DeniedCertificate:
    """The certificate of the command line. Raises Problem."""
    from chalicelib.clients import denylist

    if len(named) > 2:
        raise click.UsageError("one certificate at a time: a FILE, a THUMBPRINT, or ISSUER and SERIAL, each in quotes")
    try:
        if len(named) == 2:
            return denylist.by_serial(*named)
        (text,) = named
        if Path(text).is_file():
            return denylist.by_certificate(Path(text).read_bytes())
        return denylist.by_thumbprint(text)
    except denylist.CertificateNameError as problem:
        where = "" if len(named) == 2 or Path(named[0]).is_file() else f"there is no file {named[0]}, and "
        raise Problem(f"{where}{problem}") from None
    except OSError as problem:
        raise Problem(f"{named[0]} can't be read: {problem.strerror}") from None


def _authorities(operator: Operator) -> dict[str, str]:
    """The distinguished names that the settings have, by their digest."""
    from chalicelib.clients import distinguished_name
    from chalicelib.settings import text_of

    settings = operator.provider.settings
    found: dict[str, str] = {}
    for setting in (settings.client_authorities, settings.crls):
        for name in json.loads(text_of(setting)):
            found[distinguished_name.digest(distinguished_name.read(name))] = name
    return found
