"""What the template watches: alarms on the lake and on AWS's services, a dashboard, and a budget.

The lake's metrics come from Airflow by StatsD or OpenTelemetry (docs/MONITORING.md, "Metrics"). Which
dimensions they have depends on the collector, so alarms and charts ask by CloudWatch Metrics Insights, which
adds up whatever there is ("Create alarms on Metrics Insights queries", Amazon CloudWatch User Guide).
"""

from __future__ import annotations

import json
from typing import Any

from include.core.metrics import Metric
from include.core.settings import Settings, dead_letters
from infrastructure.runtime_policies import document
from infrastructure.storage_definitions import tls_only
from infrastructure.template_parameters import STACK, if_

Resources = dict[str, dict[str, Any]]

ALERTS = {"Ref": "AlertsTopic"}
_PERIOD = 300  # seconds

# Figures of the dashboard: title, statistic, metric, and the tag that makes a line of each value.
_CHARTS: tuple[tuple[str, str, Metric, str], ...] = (
    ("Image calls", "SUM", Metric.CALLS, "feature"),
    ("Time of a call, ms", "AVG", Metric.CALL_DURATION, "operation"),
    ("Throttled calls", "SUM", Metric.THROTTLES, "operation"),
    ("Other errors", "SUM", Metric.ERRORS, "code"),
    ("Analyses", "SUM", Metric.ANALYSES, "state"),
    ("Video jobs", "SUM", Metric.JOBS, "state"),
    ("Jobs that run", "SUM", Metric.SLOTS_IN_USE, ""),
    ("Analyses that wait for a slot", "SUM", Metric.JOBS_WAITING, ""),
    ("Checks of validation", "SUM", Metric.CHECKS, "result"),
    ("Partitions published", "SUM", Metric.PARTITIONS_PUBLISHED, ""),
    ("Dollars of the day reported last", "MAX", Metric.USD, "kind"),
    ("Alerts", "SUM", Metric.ALERTS, "kind"),
)


def watching(settings: Settings) -> Resources:
    """Return the topic of alerts, alarms, dashboard and budget."""
    return {
        "AlertsTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {
                "TopicName": "${AlertsTopicName}",
                "KmsMasterKeyId": if_("HasKey", "${KmsKeyArn}"),
            },
        },
        "AlertsTopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {"Topics": [ALERTS], "PolicyDocument": _alerts_policy()},
        },
        "AlertsSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "SendsEmail",
            "Properties": {"TopicArn": ALERTS, "Protocol": "email", "Endpoint": "${AlertsEmail}"},
        },
        **_alarms(settings),
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": "${DatabaseName}-${AWS::Region}", "DashboardBody": _dashboard()},
        },
        "Budget": {"Type": "AWS::Budgets::Budget", "Condition": "HasBudget", "Properties": _budget()},
    }


def _alarms(settings: Settings) -> Resources:
    alarms = {
        "LakeAlertsAlarm": _insights_alarm(
            "The lake reports failed or late runs, or money that is not as planned.",
            f'SELECT SUM("${{MetricsPrefix}}{Metric.ALERTS}") FROM "${{MetricsNamespace}}"',
            threshold=0,
        ),
        "ThrottledAlarm": _insights_alarm(
            "Rekognition refuses calls for coming too fast, for half an hour.",
            'SELECT SUM(ThrottledCount) FROM "AWS/Rekognition"',
            threshold=100,
            periods=6,
        ),
        "ServerErrorsAlarm": _insights_alarm(
            "Rekognition answers with errors of its own.",
            'SELECT SUM(ServerErrorCount) FROM "AWS/Rekognition"',
            threshold=20,
            periods=3,
        ),
        "LedgerAlarm": _alarm(
            "DynamoDB fails on the ledger.",
            "AWS/DynamoDB",
            "SystemErrors",
            {"TableName": settings.ledger_table},
            threshold=0,
        ),
        "LedgerThrottledAlarm": _alarm(
            "DynamoDB throttles writes of the ledger, for a quarter of an hour.",
            "AWS/DynamoDB",
            "WriteThrottleEvents",
            {"TableName": settings.ledger_table},
            threshold=100,
            periods=3,
        ),
    }
    for name, queue in (("Jobs", settings.jobs_queue), ("Events", settings.events_queue)):
        alarms[f"{name}DeadLettersAlarm"] = _alarm(
            f"A message of queue {queue} killed its receivers and was set aside.",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": dead_letters(queue)},
            threshold=0,
            statistic="Maximum",
        )
    for name, queue in (("Jobs", settings.jobs_queue), ("Events", settings.events_queue)):
        # Nobody reads the jobs' queue between two runs, and messages are kept for two weeks.
        alarms[f"{name}UnreadAlarm"] = _alarm(
            f"Messages of queue {queue} wait for two days: does Airflow run?",
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            {"QueueName": queue},
            threshold=2 * 86_400,
            statistic="Maximum",
        )
    return alarms


def _alarm(
    description: str,
    namespace: str,
    metric: str,
    dimensions: dict[str, str],
    *,
    threshold: int,
    periods: int = 1,
    statistic: str = "Sum",
) -> dict[str, Any]:
    return _of_alarm(
        description,
        threshold,
        periods,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Statistic=statistic,
        Period=_PERIOD,
    )


def _insights_alarm(description: str, query: str, *, threshold: int, periods: int = 1) -> dict[str, Any]:
    metrics = [{"Id": "sum", "Expression": query, "Period": _PERIOD, "ReturnData": True}]
    return _of_alarm(description, threshold, periods, Metrics=metrics)


def _of_alarm(description: str, threshold: int, periods: int, **watched: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": description,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": threshold,
            "EvaluationPeriods": periods,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [ALERTS],
            **watched,
        },
    }


def _dashboard() -> str:
    """Return the body of the dashboard: three charts in a row."""
    widgets = [
        {
            "type": "metric",
            "x": number % 3 * 8,
            "y": number // 3 * 6,
            "width": 8,
            "height": 6,
            "properties": {
                "title": title,
                "region": "${AWS::Region}",
                "period": _PERIOD,
                "view": "timeSeries",
                "metrics": [[{"expression": _query(statistic, metric, tag), "id": "q"}]],
            },
        }
        for number, (title, statistic, metric, tag) in enumerate(_CHARTS)
    ]
    return json.dumps({"widgets": widgets}, separators=(",", ":"))


def _query(statistic: str, metric: Metric, tag: str) -> str:
    query = f'SELECT {statistic}("${{MetricsPrefix}}{metric}") FROM "${{MetricsNamespace}}"'
    return f"{query} GROUP BY {tag}" if tag else query


def _alerts_policy() -> dict[str, Any]:
    """Alarms and budgets of this account may publish; tasks may by their role."""
    topic = STACK.arn("sns", "${AlertsTopicName}")
    services = {
        "Sid": "Services",
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Resource": topic,
        "Principal": {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]},
        "Condition": {"StringEquals": {"aws:SourceAccount": STACK.account}},
    }
    return document([services, tls_only("sns:Publish", topic)])


def _budget() -> dict[str, Any]:
    """Rekognition's calls carry no tags, so the budget is on the service."""
    told = (("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100))
    return {
        "Budget": {
            "BudgetName": "${DatabaseName}-${AWS::Region}",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "${MonthlyBudgetUsd}", "Unit": "USD"},
            "CostFilters": {"Service": ["Amazon Rekognition"]},
        },
        "NotificationsWithSubscribers": [
            {
                "Notification": {
                    "NotificationType": kind,
                    "ComparisonOperator": "GREATER_THAN",
                    "Threshold": percent,
                },
                "Subscribers": [{"SubscriptionType": "SNS", "Address": ALERTS}],
            }
            for kind, percent in told
        ],
    }
