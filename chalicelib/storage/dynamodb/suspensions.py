"""How an operator suspends and resumes: a time in an item, and beside it how often that was changed. No function imports it.

Two suspensions may be of the same second. A late copy of what ended the first one knows an earlier number than the second one's.
"""

from __future__ import annotations

from dataclasses import replace

from pynamodb.attributes import NumberAttribute

from chalicelib.storage.dynamodb.attributes import RECORD, Item, Write, counted

SUSPENDED_AT = NumberAttribute(attr_name="suspended_at")
SUSPENSIONS = NumberAttribute(attr_name="suspensions")
"""How often operators suspended or resumed."""
SUSPENDED_AGAIN = "was suspended again meanwhile; run the command again"
TRIES = 5
"""How often a suspension is tried again, if another write is faster."""


def suspending(write: Write, item: Item, *, now: int) -> Write:
    """The update of the item that was read which also suspends. An earlier suspension keeps its time."""
    suspended = replace(write, actions=(*write.actions, SUSPENDED_AT.set(SUSPENDED_AT | now)))
    return counted(suspended, item, RECORD, landed=SUSPENDED_AT.exists(), by=SUSPENSIONS)


def resuming(write: Write, item: Item) -> Write:
    """The update of the item that was read which also ends its suspension."""
    resumed = replace(write, actions=(*write.actions, SUSPENDED_AT.remove()))
    return counted(resumed, item, SUSPENDED_AT, landed=SUSPENDED_AT.does_not_exist(), by=SUSPENSIONS)


def suspended_since(read: Item, now: Item) -> bool:
    """Whether it is suspended now, and not by the suspension that was read."""
    names = (SUSPENDED_AT.attr_name, SUSPENSIONS.attr_name)
    return SUSPENDED_AT.attr_name in now and any(read.get(name) != now.get(name) for name in names)
