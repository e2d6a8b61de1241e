"""The link from a task to the cost page that it drew."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, BaseOperatorLink, conf

from media_lake.web import COST_PAGE


class CostPageLink(BaseOperatorLink):
    """Opens the cost page, which Airflow serves to people who have signed in."""

    name = "Cost page"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the page's address. It holds no secret, so XCom may keep it."""
        return cost_page_address()


def cost_page_address() -> str:
    """Return where Airflow serves the cost page."""
    return conf.get("api", "base_url", fallback="").rstrip("/") + COST_PAGE
