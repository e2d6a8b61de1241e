"""Who may use the local services."""

from __future__ import annotations

import pytest

from local.aws.access import reason_to_refuse


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:4566",
        "127.0.0.1",
        "[::1]:4566",
        "localhost:4566",
        "LOCALHOST",
        "lake.localhost:4566",
        "172.28.57.2",
    ],
)
def test_clients_that_use_a_number_or_localhost_are_served(host: str) -> None:
    assert reason_to_refuse(host, None, None, None) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example:4566",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "[::1",
        "2130706433",
    ],
)
def test_a_name_that_may_lead_here_from_elsewhere_is_refused(host: str) -> None:
    assert "called localhost or by a number" in str(reason_to_refuse(host, None, None, None))


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:4566", "null", ""])
def test_no_page_may_send_requests(origin: str) -> None:
    assert reason_to_refuse("127.0.0.1:4566", origin, None, None) == "Web pages may not use this service."


@pytest.mark.parametrize(
    ("site", "mode", "served"),
    [
        ("none", "navigate", True),  # typed, or opened from another program
        ("same-site", "navigate", True),  # a link in Airflow's UI
        ("cross-site", "navigate", False),
        ("cross-site", "no-cors", False),
        ("same-site", "no-cors", False),
        ("same-origin", "cors", False),
    ],
)
def test_a_browser_may_follow_links_of_this_machine_only(site: str, mode: str, served: bool) -> None:
    assert (reason_to_refuse("127.0.0.1:4566", None, site, mode) is None) == served
