"""The web ACL before the API: rate rules by address, and AWS's managed rules; or the bank's own.

What a managed rule counts and does not block is what OAuth needs: addresses in query strings, long requests, and clients that
name no user agent.
"""

from __future__ import annotations

from aws_cdk import Annotations, ArnFormat, Fn, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.guarding import MANAGED, NONE, PAGES, WITHOUT_WEB_ACL, Guarding
from ducat_cdk.log_groups import WEB_ACL_LOGS, LogGroups

SECONDS = 300
"""What a rate rule counts over."""

MANAGED_RULES = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",  # a request object, a client's assertion
        "SizeRestrictions_QUERYSTRING",
        "GenericRFI_QUERYARGUMENTS",  # redirect_uri, request_uri
        "GenericRFI_BODY",
        "NoUserAgent_HEADER",  # programs
    ),
}
"""AWS's groups, and of each the rules that only count."""

SPELLINGS = ("URL_DECODE", "NORMALIZE_PATH")
"""What is done to a path before it is compared. API Gateway serves a page at its path's other spellings too: encoded, or with a
slash behind it."""

SECRET_HEADERS = ("authorization", "cookie", "dpop")


def build(
    scope: Construct, guarding: Guarding, api: apigateway.RestApi, log_groups: LogGroups, own: str | None
) -> str | None:
    """The web ACL of the API's stage, if it is to have one, by its ARN. `own`: that of a web ACL in another stack of the app."""
    if own is None and guarding.web_acl == NONE:
        Annotations.of(scope).add_warning(WITHOUT_WEB_ACL)
        return None
    arn = own or (_managed(scope, guarding, log_groups) if guarding.web_acl == MANAGED else guarding.web_acl)
    stage = api.deployment_stage
    wafv2.CfnWebACLAssociation(scope, "WebAclAssociation", resource_arn=stage.stage_arn, web_acl_arn=arn)
    return arn


def _managed(scope: Construct, guarding: Guarding, log_groups: LogGroups) -> str:
    rules = [
        _rate(0, "PagesByAddress", guarding.pages_per_address, _pages()),
        _rate(1, "EverythingByAddress", guarding.per_address, None),
        *(_group(n, name, counted) for n, (name, counted) in enumerate(MANAGED_RULES.items(), start=2)),
    ]
    acl = wafv2.CfnWebACL(
        scope,
        "WebAcl",
        scope="REGIONAL",
        description="Ducat: floods, guesses and known attacks",
        default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
        rules=rules,
        visibility_config=_visible(Stack.of(scope).stack_name),
    )
    _log(scope, acl, log_groups)
    return acl.attr_arn


def _log(scope: Construct, acl: wafv2.CfnWebACL, log_groups: LogGroups) -> None:
    """What was blocked or counted, without what may be secret. WAF writes to log groups of a certain name alone."""
    stack = Stack.of(scope)
    name = f"{WEB_ACL_LOGS}{Fn.select(2, Fn.split('/', stack.stack_id))}"
    log_groups.make(scope, "WebAclLog", log_group_name=name)
    field = wafv2.CfnLoggingConfiguration.FieldToMatchProperty
    kept = [{"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")]
    configured = wafv2.CfnLoggingConfiguration(
        scope,
        "WebAclLogging",
        resource_arn=acl.attr_arn,
        log_destination_configs=[
            stack.format_arn(
                service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
            )
        ],
        redacted_fields=[field(query_string={}), *(field(single_header={"Name": header}) for header in SECRET_HEADERS)],
        logging_filter={
            "DefaultBehavior": "DROP",
            "Filters": [{"Behavior": "KEEP", "Conditions": kept, "Requirement": "MEETS_ANY"}],
        },
    )
    configured.node.add_dependency(scope.node.find_child("WebAclLog"))


def _rate(
    priority: int, name: str, limit: int, scope_down: wafv2.CfnWebACL.StatementProperty | None
) -> wafv2.CfnWebACL.RuleProperty:
    by_address = wafv2.CfnWebACL.RateBasedStatementProperty(
        aggregate_key_type="IP", limit=limit, evaluation_window_sec=SECONDS, scope_down_statement=scope_down
    )
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(rate_based_statement=by_address),
        visibility_config=_visible(name),
    )


def _pages() -> wafv2.CfnWebACL.StatementProperty:
    paths = sorted({route.split(" ")[1] for row in FUNCTIONS if row.name in PAGES for route in row.routes})
    matches = [
        wafv2.CfnWebACL.StatementProperty(
            byte_match_statement=wafv2.CfnWebACL.ByteMatchStatementProperty(
                field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(uri_path={}),
                positional_constraint="CONTAINS",
                search_string=path,
                text_transformations=[
                    wafv2.CfnWebACL.TextTransformationProperty(priority=priority, type=kind)
                    for priority, kind in enumerate(SPELLINGS)
                ],
            )
        )
        for path in paths
    ]
    return wafv2.CfnWebACL.StatementProperty(or_statement=wafv2.CfnWebACL.OrStatementProperty(statements=matches))


def _group(priority: int, name: str, counted: tuple[str, ...]) -> wafv2.CfnWebACL.RuleProperty:
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    group = wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
        vendor_name="AWS",
        name=name,
        rule_action_overrides=[
            wafv2.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted
        ]
        or None,
    )
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(managed_rule_group_statement=group),
        visibility_config=_visible(name),
    )


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    """A metric, and no samples: they hold whole requests."""
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
