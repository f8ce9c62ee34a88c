"""What each session of botocore looks up anew, looked up once a process: a process of the tests has hundreds of sessions."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.hooks
import botocore.loaders
import botocore.regions
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

_construct_endpoint = botocore.regions.EndpointRulesetResolver.construct_endpoint


def _known_endpoint(resolver: Any, operation_model: Any, call_args: Any, request_context: Any) -> Any:
    """Where a client of DynamoDB or KMS sends an operation: to the same address whatever its arguments are."""
    if operation_model.service_model.service_name not in ("dynamodb", "kms"):
        return _construct_endpoint(resolver, operation_model, call_args, request_context)
    known = vars(resolver).setdefault("endpoints_of_ducat", {})
    if operation_model.name not in known:
        known[operation_model.name] = _construct_endpoint(resolver, operation_model, call_args, request_context)
    return known[operation_model.name]


botocore.regions.EndpointRulesetResolver.construct_endpoint = _known_endpoint
