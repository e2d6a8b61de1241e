"""Where a lake is: what the ARNs of its resources begin with."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from include.core.settings import Settings


@dataclass(frozen=True)
class Place:
    """An account and a region of a partition.

    :param partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
    :param account: number of the AWS account that holds the lake.
    """

    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, session: boto3.Session, settings: Settings) -> Place:
        """Return the place of the session's credentials and the settings' region.

        :raises botocore.exceptions.ClientError: if AWS does not take the credentials.
        """
        account = session.client("sts", region_name=settings.region).get_caller_identity()["Account"]
        return cls(session.get_partition_for_region(settings.region), settings.region, account)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource that is in the region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def iam_arn(self, resource: str) -> str:
        """Return the ARN of what is in the account and in no region, such as ``role/name``."""
        return f"arn:{self.partition}:iam::{self.account}:{resource}"

    def bucket_arn(self, bucket: str) -> str:
        """Return the ARN of a bucket, which names neither account nor region."""
        return f"arn:{self.partition}:s3:::{bucket}"
