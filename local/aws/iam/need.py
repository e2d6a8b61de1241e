"""What a call needs: an action on a resource."""

from __future__ import annotations

from dataclasses import dataclass

from moto.core.models import DEFAULT_ACCOUNT_ID


@dataclass(frozen=True)
class Need:
    """An action on a resource, as policies name them.

    :param action: such as ``s3:GetObject``.
    :param resource: its ARN, or ``*`` for actions that take none.
    :param context: keys of conditions with their values, such as ``s3:prefix``.
    """

    action: str
    resource: str = "*"
    context: tuple[tuple[str, str], ...] = ()


def bucket_arn(bucket: str) -> str:
    """Return the ARN of a bucket, or with ``bucket/key`` that of an object."""
    return f"arn:aws:s3:::{bucket}"


def arn(service: str, region: str, resource: str) -> str:
    """Return the ARN of a resource of the local account."""
    return f"arn:aws:{service}:{region}:{DEFAULT_ACCOUNT_ID}:{resource}"


def list_need(bucket: str, prefix: str) -> Need:
    """Return what it takes to list the objects below a prefix."""
    return Need("s3:ListBucket", bucket_arn(bucket), (("s3:prefix", prefix),))
