"""The port of the job that deletes what has expired."""

from __future__ import annotations

from typing import Protocol


class Sweeping(Protocol):
    """Deletion of expired items for tables without time to live."""

    def make_tables(self, *, now: int) -> list[str]:
        """Make the tables of this week and the next ones; gives the new ones."""

    def drop_tables(self, *, now: int) -> list[str]:
        """Drop the tables of the week before last and of earlier weeks; gives them."""

    def delete_expired(self, *, now: int, pages: int) -> tuple[int, bool]:
        """Delete grants and bonds that need not be kept any more and did not change since the read, on so many pages of each
        table. Gives how many, and whether all pages were read.
        """
