"""Make the next weekly tables, drop past ones, and delete expired items, in deployments without time to live.

It runs once a day and after each deployment. The next run completes an interrupted one.
"""

from __future__ import annotations

from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider

PAGES = 2_000
"""Maximum pages of a table, a megabyte each, in one run. The next run continues."""


def run(provider: Provider) -> JsonObject:
    """Gives {"made": [table], "dropped": [table], "deleted": number of items, "whole": whether all pages were read}."""
    now = provider.now()
    made = provider.sweeping.make_tables(now=now)  # First: without these tables no value for single use can be stored.
    dropped = provider.sweeping.drop_tables(now=now)
    deleted, whole = provider.sweeping.delete_expired(now=now, pages=PAGES)
    return {"made": made, "dropped": dropped, "deleted": deleted, "whole": whole}
