"""The alarms of alarms.py and the dashboard, over what the stack made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from chalicelib import log_lines
from ducat_cdk import alarm_topic, dashboard
from ducat_cdk.alarms import CONCURRENCY, KMS_QUOTAS, QUOTA, Alarm, Each
from ducat_cdk.api import STAGE
from ducat_cdk.deployment import Deployment
from ducat_cdk.lambdas import itself
from ducat_cdk.metrics import OWN

COMPARED = {False: "GreaterThanOrEqualToThreshold", True: "LessThanThreshold"}


@dataclass(frozen=True)
class Watched:
    """What there are alarms about. `certificates`: ARNs of the hosts' server certificates, by the name of the domain."""

    functions: Mapping[str, lambda_.IFunction]
    tables: Mapping[str, dynamodb.ITable]
    api: apigateway.RestApi
    certificates: Mapping[str, str]
    dead_letters: sqs.IQueue
    audit_letters: sqs.IQueue

    def dimensions(self, each: Each, about: str) -> Mapping[str, str]:
        """What the braces in a row's dimensions stand for."""
        if each == "":
            # The stage's name as text: a reference would have an alarm wait for what it may take back.
            return {
                "ApiName": self.api.rest_api_name,
                "Stage": STAGE,
                "QueueName": self.dead_letters.queue_name,
                "AuditQueueName": self.audit_letters.queue_name,
                "AuditFunctionName": itself(self.functions["audit"]).function_name,
            }
        if each == "table":
            return {"TableName": self.tables[about].table_name}
        if each == "index":
            name = next(name for name in self.tables if about.startswith(f"{name}_"))
            index = about.removeprefix(f"{name}_")
            return {"TableName": self.tables[name].table_name, "GlobalSecondaryIndexName": index}
        if each == "host":
            return {"CertificateArn": self.certificates[about]}
        if each == "kms":
            return {"Resource": KMS_QUOTAS[about]}
        return {"FunctionName": itself(self.functions[about]).function_name}


def build(scope: Construct, deployment: Deployment, watched: Watched) -> Mapping[str, cloudwatch.CfnAlarm]:
    """The alarms of the deployment by name, and the dashboard of them all."""
    topic = alarm_topic.build(scope, deployment.alarm_topic)
    namespace = log_lines.namespace(f"https://{deployment.issuer_host}")
    making = _Making(scope, deployment, namespace, topic)
    made = {
        name: making.alarm(name, row, watched.dimensions(row.each, about))
        for name, (row, about) in deployment.watched_alarms().items()
        if row.each != "host" or about in watched.certificates  # a domain of the bank's own may have any certificate
    }
    logs = [itself(function).log_group.log_group_name for function in watched.functions.values()]
    dashboard.build(scope, deployment, watched.dimensions, namespace, made, logs)
    return made


@dataclass(frozen=True)
class _Making:
    """Makes alarms. `namespace`: of the deployment's own metrics. `topic`: where they go, None for nowhere."""

    scope: Construct
    deployment: Deployment
    namespace: str
    topic: str | None

    def alarm(self, name: str, row: Alarm, values: Mapping[str, str]) -> cloudwatch.CfnAlarm:
        """The alarm of a row. `values`: what the braces in its dimensions stand for."""
        metric, quota, actions = (
            self._metric(row, values),
            row.percent_of == QUOTA,
            [self.topic] if self.topic else None,
        )
        percentile = row.metric.statistic.startswith("p")
        return cloudwatch.CfnAlarm(
            self.scope,
            "".join(word.title() for word in f"{name}_alarm".replace("-", "_").split("_")),
            alarm_name=f"{Stack.of(self.scope).stack_name}-{name}",
            alarm_description=f"{row.says} What to do: {self.deployment.runbooks}#{row.name}",
            comparison_operator=COMPARED[row.below],
            threshold=row.threshold * self._hundredth(row),
            evaluation_periods=row.periods,
            datapoints_to_alarm=row.datapoints,
            treat_missing_data=row.missing,
            alarm_actions=actions,
            ok_actions=actions,
            metrics=_of_quota(metric, row) if quota else None,
            namespace=None if quota else metric.namespace,
            metric_name=None if quota else metric.metric_name,
            dimensions=None if quota else metric.dimensions,
            period=None if quota else row.minutes * 60,
            statistic=None if quota or percentile else row.metric.statistic,
            extended_statistic=row.metric.statistic if percentile else None,
            # Of few requests the slowest says nothing.
            evaluate_low_sample_count_percentile="ignore" if percentile else None,
        )

    def _metric(self, row: Alarm, values: Mapping[str, str]) -> cloudwatch.CfnAlarm.MetricProperty:
        metric = row.metric
        dimensions = [
            cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value.format_map(values))
            for name, value in metric.dimensions.items()
        ]
        return cloudwatch.CfnAlarm.MetricProperty(
            namespace=self.namespace if metric.namespace == OWN else metric.namespace,
            metric_name=metric.name,
            dimensions=dimensions or None,
        )

    def _hundredth(self, row: Alarm) -> float:
        """What the threshold's percent is of, where the deployment says how much that is."""
        return int(self.deployment.account_concurrency) / 100 if row.percent_of == CONCURRENCY else 1


def _of_quota(
    metric: cloudwatch.CfnAlarm.MetricProperty, row: Alarm
) -> list[cloudwatch.CfnAlarm.MetricDataQueryProperty]:
    """The metric as a percentage of the service's quota, as the account has it now."""
    query, seconds = cloudwatch.CfnAlarm.MetricDataQueryProperty, row.minutes * 60
    used = cloudwatch.CfnAlarm.MetricStatProperty(metric=metric, period=seconds, stat=row.metric.statistic)
    return [
        query(id="percent", expression="100 * used / SERVICE_QUOTA(used)", label="% of the quota", return_data=True),
        query(id="used", metric_stat=used, return_data=False),
    ]
