"""Rules of FOCUS 1.2 for charges of usage, from the specification's own files.

Feature levels, types, null rules and allowed values: ``specification/columns`` and
``specification/attributes`` of https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec at tag v1.2. The
public validator, ``focus-validator``, knows versions up to 1.0 and does not install beside pandas 3.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

Charge = Mapping[str, Any]

MANDATORY = frozenset(
    {
        "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
        "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass",
        "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost",
        "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit",
        "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
    }
)  # fmt: skip
# Those that a provider with regions, sub accounts, tags, resources, a price list and negotiated prices has.
CONDITIONAL = frozenset(
    {
        "BillingAccountType", "ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice",
        "ListUnitPrice", "PricingCategory", "RegionId", "RegionName", "ResourceId", "ResourceName",
        "ResourceType", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId",
        "SubAccountName", "SubAccountType", "Tags",
    }
)  # fmt: skip
RECOMMENDED = frozenset({"AvailabilityZone", "ChargeFrequency", "InvoiceId", "ServiceSubcategory"})

_MAY_BE_NULL = frozenset(
    {
        "ChargeClass", "ChargeDescription", "BillingAccountName", "ResourceId", "ResourceName",
        "ResourceType", "SkuPriceDetails", "Tags", "InvoiceId", "AvailabilityZone",
    }
)  # fmt: skip
_DECIMALS = frozenset(
    {
        "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ListUnitPrice",
        "ContractedUnitPrice", "PricingQuantity", "ConsumedQuantity",
    }
)  # fmt: skip
_INSTANTS = frozenset({"BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"})
_KEY_VALUES = frozenset({"Tags", "SkuPriceDetails"})
_ALLOWED: Mapping[str, frozenset[Any]] = {
    "ChargeCategory": frozenset({"Usage", "Purchase", "Tax", "Credit", "Adjustment"}),
    "ChargeClass": frozenset({None, "Correction"}),
    "ChargeFrequency": frozenset({"One-Time", "Recurring", "Usage-Based"}),
    "PricingCategory": frozenset({"Standard", "Dynamic", "Committed", "Other"}),
    "ServiceCategory": frozenset({"AI and Machine Learning"}),
    "ServiceSubcategory": frozenset(
        {
            "AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing",
            "Other (AI and Machine Learning)",
        }
    ),
}  # fmt: skip
# Both are null, or neither.
_PAIRS = (
    ("ConsumedQuantity", "ConsumedUnit"),
    ("PricingQuantity", "PricingUnit"),
    ("RegionId", "RegionName"),
    ("ResourceId", "ResourceType"),
    ("SubAccountId", "SubAccountName"),
    ("SubAccountId", "SubAccountType"),
    ("BillingAccountId", "BillingAccountType"),
)
_PRICES = (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost"))


def violations(columns: Sequence[str], charges: Iterable[Charge]) -> Iterator[str]:
    """Yield a sentence for each rule that a data set of usage breaks.

    :param columns: in the order of the data set.
    """
    yield from _of_columns(columns)
    parents: dict[str, str] = {}
    for number, charge in enumerate(charges):
        for rule in _RULES:
            yield from (f"row {number}: {text}" for text in rule(charge))
        if parents.setdefault(charge["SkuPriceId"], charge["SkuId"]) != charge["SkuId"]:
            yield f"row {number}: SkuPriceId {charge['SkuPriceId']} has several parents"


def _of_columns(columns: Sequence[str]) -> Iterator[str]:
    known = MANDATORY | CONDITIONAL | RECOMMENDED
    yield from (f"{name} is missing" for name in sorted((MANDATORY | CONDITIONAL) - set(columns)))
    own = [name for name in columns if name not in known]
    yield from (f"{name} is neither of FOCUS nor x_" for name in own if not name.startswith("x_"))
    if list(columns[len(columns) - len(own) :]) != own:
        yield "columns of one's own stand between those of FOCUS"
    if len(set(columns)) != len(columns):
        yield "a column is there twice"


def _nulls(charge: Charge) -> Iterator[str]:
    for name, value in charge.items():
        if value is None and name not in _MAY_BE_NULL and not name.startswith("x_"):
            yield f"{name} is null"
        if isinstance(value, str) and value.strip().lower() in ("", "not applicable", "n/a", "none"):
            yield f"{name} is {value!r} in place of null"
    for one, other in _PAIRS:
        if (charge[one] is None) != (charge[other] is None):
            yield f"only one of {one} and {other} is null"
    if charge["ResourceName"] is not None and charge["ResourceName"] == charge["ResourceId"]:
        yield "ResourceName duplicates ResourceId"


def _types(charge: Charge) -> Iterator[str]:
    for name, value in charge.items():
        if value is None or name.startswith("x_"):
            continue
        if name in _DECIMALS:
            good = isinstance(value, float) and math.isfinite(value)
        elif name in _INSTANTS:
            good = isinstance(value, datetime)
        else:
            good = isinstance(value, str)
        if not good:
            yield f"{name} is {value!r}"
    if not re.fullmatch(r"[A-Z]{3}", charge["BillingCurrency"]):
        yield "BillingCurrency is no code of ISO 4217"
    for name in _KEY_VALUES:
        if charge[name] is not None and not _is_flat_object(charge[name]):
            yield f"{name} is no JSON object of scalars"


def _is_flat_object(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    scalars = (str, int, float, bool, type(None))
    return isinstance(value, dict) and all(isinstance(each, scalars) for each in value.values())


def _values(charge: Charge) -> Iterator[str]:
    for name, allowed in _ALLOWED.items():
        if name in charge and charge[name] not in allowed:
            yield f"{name} is {charge[name]!r}"
    for name in ("PricingUnit", "ConsumedUnit"):
        if not re.fullmatch(
            r"([1-9]\d* )?([A-Z][A-Za-z]*-)?[A-Z][A-Za-z]*s(/[A-Z][a-z]+)?", charge[name] or ""
        ):
            yield f"{name} is {charge[name]!r}, no plural unit"


def _costs(charge: Charge) -> Iterator[str]:
    for price, cost in _PRICES:
        if charge[price] is not None and charge[price] < 0:
            yield f"{price} is negative"
        product = (charge[price] or 0.0) * (charge["PricingQuantity"] or 0.0)
        if not math.isclose(product, charge[cost], rel_tol=1e-9, abs_tol=1e-12):
            yield f"{price} x PricingQuantity is {product}, {cost} is {charge[cost]}"


def _periods(charge: Charge) -> Iterator[str]:
    for period in ("Billing", "Charge"):
        if not charge[f"{period}PeriodStart"] < charge[f"{period}PeriodEnd"]:
            yield f"{period}PeriodEnd is not after its start"
    if not (
        charge["BillingPeriodStart"] <= charge["ChargePeriodStart"]
        and charge["ChargePeriodEnd"] <= charge["BillingPeriodEnd"]
    ):
        yield "the charge period is not within the billing period"


_RULES: tuple[Callable[[Charge], Iterator[str]], ...] = (_nulls, _types, _values, _costs, _periods)
