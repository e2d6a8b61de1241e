"""The link from a task to the cost page that it drew."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import XCom
from airflow.sdk import BaseOperator, BaseOperatorLink


class CostPageLink(BaseOperatorLink):
    """Opens the cost page that the task drew."""

    name = "Cost page"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the page's address, which works for a week."""
        report = XCom.get_value(ti_key=ti_key, key="return_value")
        return report["url"] if report else ""
