"""For how long rows about media are kept, by table and source, as ``lake.yaml`` says it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from include.core.near_misses import near_miss
from include.core.schemas import TABLES, Table
from include.core.schemas.table import MEDIA_ID
from include.core.setting_mistakes import Mistake, refuse

Days = Annotated[int, Field(strict=True, ge=1, le=36_500)]
_DAYS = "a whole number of days, from 1 on"


def is_about_media(table: Table) -> bool:
    """Whether rows of a table say something of one media asset, and what it cost is no part of that."""
    columns = table.column_types
    return MEDIA_ID.name in columns and "usd" not in columns


RETAINABLE = tuple(name for name, table in TABLES.items() if is_about_media(table))


class Retention(BaseModel):
    """For how many days after a day of the lake its rows are kept. What is not named is kept.

    :ivar days: of every table about media.
    :ivar sensitive_days: of tables about identifiable people, instead.
    :ivar tables: of single tables, instead of either.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: Days | None = Field(None, description=_DAYS, examples=["730"])
    sensitive_days: Days | None = Field(None, description=_DAYS, examples=["90"])
    tables: dict[str, Days] = Field({}, description=f"{_DAYS}, by table", examples=["{faces: 90}"])

    @field_validator("tables")
    @classmethod
    def _tables_are_about_media(cls, tables: dict[str, int]) -> dict[str, int]:
        refuse(
            Mistake(
                (name,),
                f"{name} is no table about media{near_miss(name, RETAINABLE)}; "
                f"choose from {', '.join(RETAINABLE)}",
            )
            for name in tables
            if name not in RETAINABLE
        )
        return tables

    def days_of(self, table: str) -> int | None:
        """Return for how many days rows of a table are kept; None if this says nothing of it."""
        if table in self.tables:
            return self.tables[table]
        sensitive = self.sensitive_days if TABLES[table].sensitive else None
        return self.days if sensitive is None else sensitive
