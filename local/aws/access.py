"""Who may use the local services: programs of this machine, and no web page.

A browser lets any page send requests to this machine. A page whose host name resolves to 127.0.0.1 could even
read the answers. AWS's clients send none of the headers that browsers add, and use the address that they were
given. Headers: https://www.w3.org/TR/fetch-metadata/ and https://fetch.spec.whatwg.org/#origin-header.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

CONTROL_USER = "control"


def control_login(token: str) -> str:
    """Return the header ``Authorization`` that the control addresses of Rekognition ask for."""
    return "Basic " + b64encode(f"{CONTROL_USER}:{token}".encode()).decode()


def reason_to_refuse(host: str, origin: str | None, site: str | None, mode: str | None) -> str | None:
    """Return why a request is refused, None if it is not.

    Somebody may follow a link of a page of this machine, such as that from Airflow to the page of costs.

    :param host: header ``Host``.
    :param origin: header ``Origin``; None if the request has none.
    :param site: header ``Sec-Fetch-Site``, likewise.
    :param mode: header ``Sec-Fetch-Mode``, likewise.
    """
    if not _is_local_name(host):
        return f"This service is called localhost or by a number, not {host!r}: it may be another's name."
    follows_link = mode == "navigate" and site != "cross-site"
    if origin is not None or not (site in (None, "none") or follows_link):
        return "Web pages may not use this service."
    return None


@lru_cache(maxsize=256)
def _is_local_name(host: str) -> bool:
    """Return whether a host is a number, or a name that nobody can register."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
