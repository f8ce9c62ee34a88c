"""The REST API: each path, method by method, to the function of that path; and its own refusals (refusals.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from chalicelib.language import ENGLISH
from chalicelib.pages.gateway_error_pages import WORDS, page
from ducat_cdk.deployment import Deployment
from ducat_cdk.functions import FUNCTIONS
from ducat_cdk.gateway_responses import REFUSALS, SAFE
from ducat_cdk.guarding import EVERY, Guarding
from ducat_cdk.log_groups import LogGroups
from ducat_cdk.package import THEME
from ducat_cdk.watch_settings import LOGGED

STAGE = "live"
BROWSERS_TLS = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
"""TLS 1.3, and of TLS 1.2 the ECDHE AES-GCM suites alone; with an RSA certificate the four that FAPI1-ADV-8.5-1 names."""


def build(
    scope: Construct,
    deployment: Deployment,
    functions: Mapping[str, lambda_.IFunction],
    log_groups: LogGroups,
    code: Path,
) -> apigateway.RestApi:
    """The API with its routes, its authorizer and its one stage. `code`: the folder of what the functions run."""
    log = log_groups.make(scope, "AccessLog")
    api = apigateway.RestApi(
        scope,
        "Api",
        rest_api_name=Stack.of(scope).stack_name,  # names its metrics
        description="Ducat, OpenID Provider",
        endpoint_types=[apigateway.EndpointType.REGIONAL],
        disable_execute_api_endpoint=True,  # it would pass by mutual TLS
        cloud_watch_role=False,  # CDK's own would be made for every deployment
        deploy_options=_stage(log, deployment.guarding()),
    )
    api.node.try_remove_child("Endpoint")  # the output of an address that is turned off
    _require_tls(api)
    answer_refusals(api, languages=deployment.languages.split(), theme=str(code / THEME) if deployment.theme else None)
    if deployment.api_gateway_log_role != "exists":
        api.deployment_stage.node.add_dependency(_log_role(scope))
    guard = apigateway.RequestAuthorizer(
        scope,
        "Guard",
        handler=functions["authorizer"],
        identity_sources=[],  # it is asked about every request, so that a missing token gets its challenge too
        results_cache_ttl=Duration.seconds(0),  # revocation takes effect at once
    )
    for row in FUNCTIONS:
        for route in row.routes:
            method, path = route.split(" ")
            api.root.resource_for_path(path).add_method(
                method,
                apigateway.LambdaIntegration(functions[row.name], proxy=True, allow_test_invoke=False),
                authorizer=guard if row.guarded else None,
            )
    return api


def answer_refusals(
    api: apigateway.RestApi, *, languages: Sequence[str] = (ENGLISH,), theme: str | None = None
) -> None:
    """What an API says by itself, in OAuth's words, without detail, and as a page where HTML is asked for.

    A bank's API behind the authorizer needs it too. `languages`: of the page, the first for its heading. `theme`: the folder of
    a compiled theme.
    """
    for name, (status, headers, body) in REFUSALS.items():
        api.add_gateway_response(
            "".join(word.title() for word in name.split("_")),
            type=getattr(apigateway.ResponseType, name),
            status_code=str(status) if status else None,
            response_headers={**SAFE, **headers},
            templates={"application/json": json.dumps(body)}
            | ({"text/html": page(name, languages, theme=theme)} if name in WORDS else {}),
        )


def _stage(log: logs.ILogGroup, guarding: Guarding) -> apigateway.StageOptions:
    """Each method has a throttle of its own: a flood of one leaves the others.

    Metrics of each method are left out: they would cost as much as all else that watches (docs/operate/cost.md).
    """
    every = guarding.throttles.get(EVERY)
    own = {
        "{1}/{0}".format(*route.split(" ")): apigateway.MethodDeploymentOptions(
            throttling_rate_limit=one.rate,
            throttling_burst_limit=one.burst,
            logging_level=apigateway.MethodLoggingLevel.OFF,
            data_trace_enabled=False,
        )
        for route, one in guarding.throttles.items()
        if route != EVERY
    }
    return apigateway.StageOptions(
        stage_name=STAGE,
        throttling_rate_limit=every.rate if every else None,
        throttling_burst_limit=every.burst if every else None,
        method_options=own or None,
        logging_level=apigateway.MethodLoggingLevel.OFF,  # execution logs quote queries and bodies
        data_trace_enabled=False,
        access_log_destination=apigateway.LogGroupLogDestination(log),
        access_log_format=apigateway.AccessLogFormat.custom(
            json.dumps({name.split(".")[-1]: f"$context.{name}" for name in LOGGED})
        ),
    )


def _log_role(scope: Construct) -> apigateway.CfnAccount:
    """The account's setting for the Region, without which no stage with an access log can be made.

    It stays when the stack goes: other APIs write by it then.
    """
    role = iam.Role(
        scope,
        "ApiGatewayLogs",
        assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
        description="Ducat: API Gateway's access logs, of every API of the account and Region",
        managed_policies=[
            iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
        ],
    )
    role.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    account = apigateway.CfnAccount(scope, "ApiGatewayAccount", cloud_watch_role_arn=role.role_arn)
    account.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return account


def _require_tls(api: apigateway.RestApi) -> None:
    """AWS advises the same policy for an API and its domains. BASIC, since the domain with mutual TLS can't have it."""
    resource = api.node.default_child
    assert isinstance(resource, apigateway.CfnRestApi)
    resource.security_policy = BROWSERS_TLS
    resource.endpoint_access_mode = "BASIC"
