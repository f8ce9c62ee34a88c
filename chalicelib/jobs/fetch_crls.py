"""Fetch the CRLs of the truststore's authorities: by the hour, and after each deployment.

A CRL that can't be had or used stops no other one. What an earlier run accepted stays until then. Functions read what is written
here at the next use of a certificate (clients/sent_certificate.py).
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib import aws_errors, log_lines
from chalicelib.clients import crl, crl_sources, distinguished_name
from chalicelib.clients.crl import Crl, CrlError
from chalicelib.clients.distinguished_name import Name
from chalicelib.clients.sent_certificate import issued, key_id, serial_of
from chalicelib.fetch.documents import FetchError
from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider
from chalicelib.storage.revocation_records import SHARDS, CrlSource, IssuerCrls, entry_of, shard_of

DAY = 86_400
EXPIRES_WITHIN = 30 * DAY
"""How long before its end a certificate of the truststore is reported."""

log = logging.getLogger("ducat")


class CrlsIncomplete(Exception):
    """Some authorities failed because of AWS or of this code. The message names the failures. The next run tries again."""


def run(provider: Provider) -> JsonObject:
    """Gives {"fetched": URLs with a new CRL, "refused": URLs without one that can be used, "stale": authorities whose CRL is too
    old}. Raises CrlsIncomplete.
    """
    now = provider.now()
    truststore = x509.load_pem_x509_certificates(provider.certificate_files.truststore())
    issuers = [
        _Issuer(name, urls, truststore, provider, now=now)
        for name, urls in crl_sources.read(provider.settings.crls).items()
    ]
    problems: list[str] = []
    _watch(truststore, now=now)
    read = [issuer for issuer in issuers if _attempt(problems, "fetch the CRLs of an authority", issuer.fetch)]
    revoked = _with_those_below({one for issuer in read for one in issuer.revoked_authorities(truststore)}, truststore)
    for issuer in read:
        _attempt(problems, "keep the CRLs of an authority", partial(issuer.keep, revoked, whole=read == issuers))
    if problems:
        raise CrlsIncomplete("; ".join(problems))
    return {
        "fetched": [url for issuer in issuers for url in issuer.fetched],
        "refused": [url for issuer in issuers for url in issuer.refused],
        "stale": [issuer.shown for issuer in issuers if issuer.stale],
    }


def _attempt(problems: list[str], step: str, work: Callable[[], object]) -> bool:
    try:
        work()
    except Exception as problem:
        problems.append(f"{step}: {aws_errors.of(problem) or type(problem).__name__}")
        log.error("fetch_crls failed to %s", step)
        return False
    return True


def _with_those_below(revoked: set[str], truststore: Sequence[x509.Certificate]) -> frozenset[str]:
    """RFC5280-6.1.3: with the keys that only revoked authorities certified. Ids of keys."""
    if not revoked:
        return frozenset()
    above: dict[str, list[set[str]]] = {}
    for one in truststore:
        signers = {key_id(other) for other in truststore if other != one and issued(other, one)}
        above.setdefault(key_id(one), []).append(signers)
    while below := {key for key, paths in above.items() if all(path & revoked for path in paths)} - revoked:
        revoked |= below
    return frozenset(revoked)


def _report(reason: str, *, event: str, **members: str) -> None:
    log_lines.write(log, {"endpoint": "fetch_crls", "outcome": "reported", "event": event, "reason": reason, **members})


def _watch(truststore: Sequence[x509.Certificate], *, now: int) -> None:
    """Report certificates of the truststore that end soon, whose clients will be stopped by that."""
    for certificate in truststore:
        ends = certificate.not_valid_after_utc
        if ends.timestamp() < now + EXPIRES_WITHIN:
            subject = certificate.subject.rfc4514_string()
            _report(
                "a certificate of the truststore ends",
                event="truststore_expiry",
                authority=subject,
                ends=ends.isoformat(),
            )


class _Issuer:
    """The CRLs of the authorities of one name, in one run.

    `fetched`, `refused`: URLs. `stale`: a CRL of it is past its nextUpdate.
    """

    def __init__(
        self, name: Name, urls: Sequence[str], truststore: Sequence[x509.Certificate], provider: Provider, *, now: int
    ) -> None:
        self._name, self._urls, self._provider, self._now = name, urls, provider, now
        self._key = distinguished_name.digest(name)
        self._authorities = [one for one in truststore if distinguished_name.of_certificate(one) == name]
        self.shown = self._authorities[0].subject.rfc4514_string() if self._authorities else self._key
        self._before: IssuerCrls | None = None
        self._sources: list[CrlSource] = []
        self._accepted: dict[str, tuple[Crl, bytes]] = {}
        self._shards: list[frozenset[str]] = [frozenset()] * SHARDS
        self.fetched: list[str] = []
        self.refused: list[str] = []

    @property
    def stale(self) -> bool:
        return any(one["next_update"] <= self._now for one in self._sources)

    def fetch(self) -> None:
        """Fetch and verify each CRL, and write the shards that changed."""
        self._before = self._provider.revocations.crls(self._key)
        known = {} if self._before is None else {(one["url"], one["authority"]): one for one in self._before.sources}
        ids = {"", *map(key_id, self._authorities)}
        self._sources = [one for key, one in known.items() if key[0] in self._urls and key[1] in ids]
        for url in self._urls:
            try:
                self._accept(url, self._fetched(url))
            except (FetchError, CrlError) as problem:
                self._refuse(url, str(problem))
        self._write_shards()

    def _fetched(self, url: str) -> tuple[Crl, bytes]:
        content = self._provider.signed_documents.get(url, max_bytes=crl.MAX_BYTES)
        return crl.verify(content, self._name, self._authorities, now=self._now), content

    def _accept(self, url: str, found: tuple[Crl, bytes]) -> None:
        """Take the CRL, if it is not older than the last one (RFC 5280 5.2.3). Raises CrlError."""
        new = found[0]
        last = next((one for one in self._sources if (one["url"], one["authority"]) == (url, new.authority)), None)
        if last is not None and (new.number < int(last["number"]) or new.this_update < last["this_update"]):
            raise CrlError("it is older than the one before")
        source = CrlSource(
            url=url,
            authority=new.authority,
            number=str(new.number),
            this_update=new.this_update,
            next_update=new.next_update,
        )
        if source != last:
            self.fetched.append(url)
        self._sources = [
            one for one in self._sources if one is not last and (one["url"], one["authority"]) != (url, "")
        ]
        self._sources.append(source)
        self._accepted[url] = found

    def _refuse(self, url: str, reason: str) -> None:
        self.refused.append(url)
        _report(reason, event="crl_refused", url=url, authority=self.shown)
        if not any(one["url"] == url for one in self._sources):
            tried = self._now
            self._sources.append(CrlSource(url=url, authority="", number="", this_update=tried, next_update=tried))

    def _write_shards(self) -> None:
        """Entries go only if every CRL of the issuer was accepted in this run; else those of a missing one are among them."""
        before = self._provider.revocations.shards(self._key)
        accepted = {(url, found.authority) for url, (found, _) in self._accepted.items()}
        whole = all((one["url"], one["authority"]) in accepted for one in self._sources)
        for number in range(SHARDS):
            new = {entry for found, _ in self._accepted.values() for entry in found.entries.get(number, ())}
            after = frozenset(new) if whole else before[number] | new
            if after != before[number]:
                self._provider.revocations.put_shard(self._key, number, before[number], after)
            self._shards[number] = after

    def revoked_authorities(self, truststore: Sequence[x509.Certificate]) -> list[str]:
        """Ids of the truststore's keys whose certificate one of these authorities revoked."""
        return [
            key_id(one)
            for one in truststore
            for authority in self._authorities
            if issued(authority, one) and self._lists(key_id(authority), serial_of(one.serial_number))
        ]

    def _lists(self, authority: str, serial: str) -> bool:
        return entry_of(authority, serial) in self._shards[shard_of(serial)]

    def keep(self, revoked: frozenset[str], *, whole: bool) -> None:
        """Store the new CRLs, and then say which ones are in force.

        `revoked`: ids of revoked authorities. `whole`: all issuers were read; otherwise those of the last run are added.
        """
        for url in self.fetched:
            name = f"{self._key}/{sha256(url.encode()).hexdigest()}.crl"
            self._provider.certificate_files.put_crl(name, self._accepted[url][1])
        if self._before is not None and not whole:
            revoked |= set(self._before.revoked)
        after = IssuerCrls(
            authorities=tuple(b64encode(one.public_bytes(Encoding.DER)).decode() for one in self._authorities),
            sources=tuple(sorted(self._sources, key=lambda one: (one["url"], one["authority"]))),
            revoked=tuple(sorted(revoked & set(map(key_id, self._authorities)))),
        )
        if after != self._before:
            self._provider.revocations.put_crls(self._key, self._before, after)
        for one in after.revoked:
            _report("take the revoked authority out", event="certificate_revoked", authority=self.shown, key=one)
        if self.stale:
            ends = min(one["next_update"] for one in self._sources)
            since = datetime.fromtimestamp(ends, UTC).isoformat()
            _report("the CRL is missing or too old", event="crl_stale", authority=self.shown, since=since)
