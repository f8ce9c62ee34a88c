"""Approval by remembered consent, without a page."""

from __future__ import annotations

from chalicelib.interaction import browser_binding, remembered_consent
from chalicelib.interaction.decision import Choice, approve
from chalicelib.interaction.remembered_consent import RequestedAccess
from chalicelib.messages import Response
from chalicelib.pages.frame import Frame
from chalicelib.profiles import PROFILES
from chalicelib.provider import Provider
from chalicelib.storage.grant_records import Bond, Grant
from chalicelib.storage.records import Client
from chalicelib.storage.stores import NotOpen


def bond_of(grant: Grant, client: Client, wanted: RequestedAccess, provider: Provider, *, now: int) -> Bond:
    """The bond with the remembered consent that covers parts of the request and is still valid. Raises AccessDenied.

    A remembered consent belongs to a grant, and ends with it.
    """
    if grant.bond is None or not remembered_consent.may_be_remembered(grant.request, client, PROFILES[client.profile]):
        return Bond(grant.epoch)
    bond = provider.bonds.find(grant.bond, now=now)
    if bond.epoch > grant.epoch:  # The user ended this app's access after signing in.
        raise browser_binding.over()
    of_use = [one for held in bond.remembered if (one := remembered_consent.of_use(held, wanted)) is not None]
    since = client.registered_at
    sources = {
        source: provider.grants.relied_on(source, bond.epoch, now=now, since=since)
        for source in {one.source for one in of_use}
    }
    return Bond(bond.epoch, tuple(one for one in of_use if sources[one.source]))


def approve_as_before(
    grant: Grant, cookie: str, person: str, bond: Bond, provider: Provider, frame: Frame, *, now: int
) -> Response:
    """Approve by remembered consent, for no longer than that. The new grant then carries the remembered consent."""
    try:
        provider.bonds.rely(str(grant.bond), bond, grant.key)
    except NotOpen:
        raise browser_binding.over() from None
    until = min(grant.consent_expires_at, *(one.until for one in bond.remembered))
    return approve(grant, grant.key, cookie, Choice(person, until=until), provider, frame, now=now)
