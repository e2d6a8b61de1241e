"""Pages of lists, as Athena's List operations return them."""

from __future__ import annotations

from typing import Any

from local.aws.endpoint_errors import AwsError


def position(request: dict[str, Any]) -> int:
    """Return where a page starts: what the request's NextToken says.

    :raises AwsError: InvalidRequestException, if the token is none of ours.
    """
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        raise AwsError("InvalidRequestException", f"Invalid NextToken {token!r}")
    return int(token)


def page(items: list[Any], request: dict[str, Any], name: str, most: int) -> dict[str, Any]:
    """Return one page of a list under a name, with a NextToken if there are more.

    :param most: number of items on a page, if the request asks for no fewer.
    """
    start = position(request)
    end = start + min(request.get("MaxResults", most), most)
    return {name: items[start:end]} | ({"NextToken": str(end)} if end < len(items) else {})
