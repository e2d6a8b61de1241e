"""S3 deletes by itself what nobody needs any more: staged files, results of queries, unfinished uploads.

A second net under Dag ``expire_versions``, which alone knows which versions readers have: below ``curated/``
no rule deletes what is current. Rules name what they delete, so what is added to the lake stays. Syntax:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from include.core.errors import error_code
from include.core.lake import OWN_PREFIXES
from include.core.schemas import TABLES
from include.core.settings import Settings
from infrastructure.readers import PEOPLE_RESULTS, RESULTS

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleUnionTypeDef

# Rules of other names in the bucket are left alone.
OURS = "media-lake-"

# What runs stage; `staging/manifests/` is not among it: it says what a day has, as long as there is a lake.
STAGED = (*TABLES, "plans", "audits", "stopped")

# Longer than any upload of the lake takes.
UNFINISHED_UPLOAD_DAYS = 7


def update_lifecycle_rules(s3: S3Client, settings: Settings) -> None:
    """Give the lake's bucket the rules of this version; rules that somebody else made stay."""
    others = [rule for rule in _rules_there(s3, settings.bucket) if not rule.get("ID", "").startswith(OURS)]
    s3.put_bucket_lifecycle_configuration(
        Bucket=settings.bucket, LifecycleConfiguration={"Rules": [*others, *lifecycle_rules(settings)]}
    )


def lifecycle_rules(settings: Settings) -> Iterator[LifecycleRuleUnionTypeDef]:
    """Yield the rules of this version."""
    for name in STAGED:
        yield _rule("expired", f"staging/{name}/", Expiration={"Days": settings.kept_days})
    for name in (RESULTS, PEOPLE_RESULTS):
        yield _rule("expired", f"{name}/", Expiration={"Days": settings.query_result_days})
    # Unfinished uploads of media may be people's; those below these prefixes are the lake's.
    for prefix in ("staging/", "curated/"):
        abort = {"DaysAfterInitiation": UNFINISHED_UPLOAD_DAYS}
        yield _rule("unfinished", prefix, AbortIncompleteMultipartUpload=abort)
    # In a bucket with versions, what was deleted is still there.
    for prefix in OWN_PREFIXES:
        expiration = {"NoncurrentDays": settings.kept_days}
        yield _rule("noncurrent", prefix, NoncurrentVersionExpiration=expiration)


def _rule(kind: str, prefix: str, **action: Any) -> LifecycleRuleUnionTypeDef:
    name = f"{OURS}{kind}-{prefix.strip('/').replace('/', '-')}"
    rule: Any = {"ID": name, "Filter": {"Prefix": prefix}, "Status": "Enabled", **action}
    return cast("LifecycleRuleUnionTypeDef", rule)


def _rules_there(s3: S3Client, bucket: str) -> list[LifecycleRuleUnionTypeDef]:
    try:
        return list(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"])
    except ClientError as error:
        if error_code(error) != "NoSuchLifecycleConfiguration":
            raise
        return []
