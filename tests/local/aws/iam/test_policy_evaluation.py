"""What policies allow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.aws.iam.need import Need, bucket_arn, list_need
from local.aws.iam.policy_evaluation import allows

READ = Need("s3:GetObject", bucket_arn("lake/curated/a.parquet"))


def statement(action: Any = "s3:GetObject", resource: Any = "*", effect: str = "Allow", **more: Any) -> Any:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def allowed(need: Need, *statements: Any) -> bool:
    return allows(
        tuple(json.dumps({"Version": "2012-10-17", "Statement": each}) for each in statements), need
    )


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        (statement(), True),
        (statement("S3:getobject"), True),
        (statement(["s3:PutObject", "s3:Get*"]), True),
        (statement("s3:GetObjec?"), True),
        (statement("s3:PutObject"), False),
        (statement("s3:GetObjectVersion"), False),
        (statement(resource="arn:aws:s3:::lake/*"), True),
        (statement(resource=["arn:aws:s3:::other/*", "arn:aws:s3:::lake/curated/?.parquet"]), True),
        (statement(resource="arn:aws:s3:::lake"), False),
        (statement(resource="arn:aws:s3:::lake/CURATED/*"), False),
        (statement(resource="arn.aws.s3...lake/curated/a.parquet"), False),  # a dot is a dot
        (statement(resource="arn:aws:s3:::lake/curated/[a].parquet"), False),  # and a bracket a bracket
    ],
)
def test_actions_and_resources_may_have_wildcards(granted: Any, expected: bool) -> None:
    assert allowed(READ, granted) is expected
    assert allowed(READ, [granted]) is expected


def test_nothing_is_allowed_without_a_policy_and_a_denial_wins() -> None:
    assert not allowed(READ)
    assert allowed(READ, statement("s3:PutObject"), statement())
    assert not allowed(READ, statement(), statement("s3:*", effect="Deny"))
    assert allowed(READ, statement(), statement("s3:*", "arn:aws:s3:::lake/raw/*", effect="Deny"))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringLike": {"s3:prefix": ["raw/*", "curated/labels/*"]}}, True),
        ({"StringEquals": {"s3:prefix": "curated/labels/dt=1/"}}, True),
        ({"StringEquals": {"s3:prefix": "curated/labels/*"}}, False),
        ({"StringLike": {"s3:prefix": "curated/faces/*"}}, False),
        ({"StringLike": {"s3:prefix": "*", "s3:delimiter": "*"}}, False),  # the call has no delimiter
    ],
)
def test_conditions_have_to_be_met(condition: Any, expected: bool) -> None:
    need = list_need("lake", "curated/labels/dt=1/")
    granted = statement("s3:ListBucket", Condition=condition)
    assert allowed(need, granted) is expected
    # A condition that is not met denies nothing that another statement allows.
    assert allowed(need, granted, statement("s3:*"))


@pytest.mark.parametrize(
    "odd",
    [
        {**statement(), "NotAction": "s3:PutObject"},
        statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        statement(resource="arn:aws:s3:::lake/${aws:username}/*"),
    ],
)
def test_a_policy_that_cannot_be_judged_is_refused(odd: Any) -> None:
    with pytest.raises(NotImplementedError):
        allowed(READ, odd)
