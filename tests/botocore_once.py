"""What each session of botocore looks up anew, looked up once a process: a process of the tests has hundreds of sessions."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.hooks
import botocore.loaders
import botocore.session

botocore.session.create_loader = cache(botocore.loaders.create_loader)
"""What botocore knows of DynamoDB and KMS."""

_accepts_kwargs = cache(botocore.hooks.accepts_kwargs)
botocore.hooks.accepts_kwargs = lambda handler: _accepts_kwargs(getattr(handler, "__func__", handler))
"""Whether a handler takes any argument."""

_names: dict[str, str] = {}
_alias = botocore.hooks.EventAliaser._alias_event_name


def _known_alias(aliaser: Any, event_name: str) -> str:
    """The newer name of an event, which botocore looks for among a hundred."""
    if event_name not in _names:
        _names[event_name] = _alias(aliaser, event_name)
    return _names[event_name]


botocore.hooks.EventAliaser._alias_event_name = _known_alias
