"""`ducat truststore`: the authorities, and the clients' own certificates, that API Gateway lets in."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ducat_admin import output, truststore_file
from ducat_admin.client_metadata import sure
from ducat_admin.command import Operator
from ducat_admin.problem import Problem
from ducat_admin.truststore_check import Finding, checked, kind_of, sha256_of
from ducat_admin.verb import Verbs

if TYPE_CHECKING:
    from cryptography import x509

COLUMNS = ("subject", "kind", "key", "ends", "sha256")
FINDINGS = ("level", "subject", "finding")
MIN_PREFIX = 8
BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\r?\n?", re.DOTALL)

Command = Callable[..., None]


@click.group("truststore", cls=Verbs)
def group() -> None:
    """Authorities that client certificates are checked by: list, check, add and remove.

    The truststore is the PEM file that the settings name (--settings, or ducat.json in this folder), the object of a
    bucket that they name, or the file of --file. A change of it counts once it is deployed.
    """


def _where(command: Command) -> Command:
    return click.option(
        "--file", type=click.Path(dir_okay=False, path_type=Path), help="A PEM file. [default: that of the settings]"
    )(command)


def _deployed(command: Command) -> Command:
    return click.option("--deployed", is_flag=True, help="What the deployment has now, in place of a file.")(command)


@group.command("list")
@_where
@_deployed
@click.pass_obj
def list_(operator: Operator, file: Path | None, deployed: bool) -> None:
    """Every certificate, those that end first at the top."""
    found = _read(truststore_file.chosen(operator, file, deployed).read())
    rows = [_row(one) for one in sorted(found, key=lambda one: one.not_valid_after_utc)]
    output.rows(rows, COLUMNS, as_json=operator.as_json, none="no certificate")


@group.command()
@_where
@_deployed
@click.pass_obj
def check(operator: Operator, file: Path | None, deployed: bool) -> None:
    """What API Gateway does not take, what ended or ends soon, and chains that are not whole.

    With the settings file also whether each of client_authorities is there. The status is 1 where there is a problem; a
    warning alone leaves it 0.
    """
    content = truststore_file.chosen(operator, file, deployed).read()
    found = _checked(operator, content)
    rows = [vars(one) for one in found]
    output.rows(rows, FINDINGS, as_json=operator.as_json, none="nothing to find fault with")
    if any(one.level == "problem" for one in found):
        sys.exit(1)


@group.command()
@click.argument("certificates", metavar="FILE", type=click.File("rb"))
@_where
@click.pass_obj
def add(operator: Operator, certificates: Any, file: Path | None) -> None:
    """Let in the certificates of FILE (PEM): authorities, or a client's own self-signed one.

    One that is there already stays. What the truststore could not be used with is refused, and nothing is added.
    """
    truststore = truststore_file.chosen(operator, file, False)
    before = truststore.read()
    there = {sha256_of(one) for one in _read(before)}
    new = {sha256_of(one): one for one in _read(certificates.read()) if sha256_of(one) not in there}
    if not new:
        output.done(f"{truststore.name} has them already.", as_json=operator.as_json, added=[], next=None)
        return
    after = _joined(before, list(new.values()))
    wrong = [one for one in _checked(operator, after) if one.level == "problem" and one.sha256 in {*new, ""}]
    if wrong:
        raise Problem(f"nothing is added: {'; '.join(f'{one.subject}: {one.finding}' for one in wrong)}")
    todo = truststore.write(after)
    names = [one.subject.rfc4514_string() for one in new.values()]
    output.done(
        "\n".join([*(f"Added {name}." for name in names), *([todo] if todo else [])]),
        as_json=operator.as_json,
        added=sorted(new),
        next=todo or None,
    )


@group.command()
@click.argument("named", metavar="SHA256|SUBJECT")
@_where
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(operator: Operator, named: str, file: Path | None, yes: bool) -> None:
    """Take a certificate out, by its subject or by the beginning of its SHA-256, as ducat truststore list has it.

    No client that only it lets in gets a connection once that is deployed.
    """
    truststore = truststore_file.chosen(operator, file, False)
    before = truststore.read()
    one = _one(_read(before), named)
    name = one.subject.rfc4514_string()
    left = [other for other in _read(before) if sha256_of(other) != sha256_of(one)]
    if not left:
        raise Problem(f"{name} is the only certificate: API Gateway takes no truststore without one")
    listed = [finding for finding in checked(left, truststore_file.authorities(operator)) if not finding.sha256]
    sure(f"Take {name} out?" + "".join(f" Then {finding.finding}." for finding in listed), yes)
    todo = truststore.write(_without(before, one, left))
    output.done(
        "\n".join([f"Removed {name}.", *([todo] if todo else [])]),
        as_json=operator.as_json,
        removed=sha256_of(one),
        next=todo or None,
    )


def _row(one: x509.Certificate) -> dict[str, Any]:
    key: Any = one.public_key()
    return {
        "subject": one.subject.rfc4514_string(),
        "issuer": one.issuer.rfc4514_string(),
        "kind": kind_of(one),
        "key": f"{type(key).__name__.strip('_').removesuffix('PublicKey')} {getattr(key, 'key_size', '')}".strip(),
        "begins": output.moment(int(one.not_valid_before_utc.timestamp())),
        "ends": output.moment(int(one.not_valid_after_utc.timestamp())),
        "sha256": sha256_of(one),
    }


def _read(content: bytes) -> list[x509.Certificate]:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise Problem("there is no certificate in PEM, or one that can't be read") from None


def _checked(operator: Operator, content: bytes) -> list[Finding]:
    from ducat_cdk.truststore import MAX_BYTES, MAX_CERTIFICATES

    certificates = _read(content)
    found = checked(certificates, truststore_file.authorities(operator))
    if len(content) > MAX_BYTES or len(certificates) > MAX_CERTIFICATES:
        found.insert(0, Finding("problem", "-", f"more than {MAX_CERTIFICATES} certificates or 1 MB"))
    return found


def _one(found: Sequence[x509.Certificate], named: str) -> x509.Certificate:
    """The certificate of that name. Raises Problem."""
    digits = named.replace(":", "").lower()
    by_digest = len(digits) >= MIN_PREFIX and re.fullmatch("[0-9a-f]+", digits) is not None
    fits = {
        sha256_of(one): one
        for one in found
        if (by_digest and sha256_of(one).startswith(digits)) or one.subject.rfc4514_string() == named
    }
    if not fits:
        raise Problem(f"no certificate is {named}; ducat truststore list shows all")
    if len(fits) > 1:
        raise Problem(f"{len(fits)} certificates are {named}: name one by its SHA-256: {', '.join(sorted(fits))}")
    return next(iter(fits.values()))


def _joined(before: bytes, new: Sequence[x509.Certificate]) -> bytes:
    return before.rstrip() + b"\n" + b"".join(_pem(one) for one in new)


def _without(before: bytes, one: x509.Certificate, left: Sequence[x509.Certificate]) -> bytes:
    """The file without the certificate. What else stands in it stays, as long as only certificates go away by that."""
    after = before
    for block in BLOCK.findall(before):
        if sha256_of(_read(block)[0]) == sha256_of(one):
            after = after.replace(block, b"")
    whole = [sha256_of(other) for other in _read(after)] == [sha256_of(other) for other in left]
    return after if whole else b"".join(map(_pem, left))


def _pem(one: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return one.public_bytes(Encoding.PEM)
