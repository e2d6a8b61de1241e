"""Who sent a request: the access key of its signature is the name of a role, or the owner's."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

# The account's owner, who may do everything.
OWNER = "local"


class Scope(NamedTuple):
    """What the credential of a signature says.

    :ivar access_key: empty if the request is not signed.
    :ivar service: signing name of the service, None if the request is not signed.
    """

    access_key: str
    region: str
    service: str | None


def credential_scope(environ: dict[str, Any]) -> Scope:
    """Return who signed a request, for which region and service.

    The signature is a header or, in a presigned link, part of the query ("Authenticating Requests", Amazon S3
    API Reference).
    """
    credential = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0]
    query = environ.get("QUERY_STRING", "")
    if not credential and "X-Amz-Credential=" in query:
        credential = parse_qs(query)["X-Amz-Credential"][0]
    parts = credential.split("/")
    if len(parts) == 5:
        return Scope(parts[0], parts[2], parts[3])
    if "AWSAccessKeyId=" in query:  # a link with a signature of version 2
        return Scope(parse_qs(query)["AWSAccessKeyId"][0], "us-east-1", "s3")
    return Scope("", "us-east-1", None)


def caller_arn(role: str) -> str:
    """Return the ARN of a session of a role, as messages of AWS have it."""
    return f"arn:aws:sts::{DEFAULT_ACCOUNT_ID}:assumed-role/{role}/{OWNER}"


def policies_of(role: str) -> tuple[str, ...] | None:
    """Return the policy documents of a role as they are now; None if there is no such role."""
    try:
        found = iam_backends[DEFAULT_ACCOUNT_ID]["aws"].get_role(role)
    except NotFoundException:
        return None
    managed = (
        version.document
        for policy in list(found.managed_policies.values())
        for version in policy.versions
        if version.is_default
    )
    return (*(_text(document) for document in managed), *map(_text, list(found.policies.values())))


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
