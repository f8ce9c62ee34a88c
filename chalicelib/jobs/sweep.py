"""Make the tables of the weeks to come, drop those of the past, and delete what has expired; where there is no time to live.

Run once a day and after each deployment. A run that is cut short is made good by the next one.
"""

from __future__ import annotations

from chalicelib.protocol_types import JsonObject
from chalicelib.provider import Provider

PAGES = 2_000
"""Pages of a table, of a megabyte each, that one run looks at: what is left over is for the next run."""


def run(provider: Provider) -> JsonObject:
    """Gives {"made": [table], "dropped": [table], "deleted": items, "whole": whether all was looked at}."""
    now = provider.now()
    made = provider.sweeping.make_tables(now=now)  # first: without them nothing that is used once can be
    dropped = provider.sweeping.drop_tables(now=now)
    deleted, whole = provider.sweeping.delete_expired(now=now, pages=PAGES)
    return {"made": made, "dropped": dropped, "deleted": deleted, "whole": whole}
