"""The script that draws the charts of the cost page, made once for each version and kept in the lake.

Making it takes 2.5 CPU seconds, which is more than all the rest of a report.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import altair as alt
import vl_convert

from include.core.settings import Settings
from include.store.objects import get, put


def chart_library(s3: Any, settings: Settings) -> str:
    """Return Vega, Vega-Lite and vega-embed as one script that sets ``window.vegaEmbed``."""
    made_by = version("vl-convert-python")
    uri = settings.uri(f"reports/libraries/vega-embed-{alt.SCHEMA_VERSION}-{made_by}.js")
    try:
        return get(s3, uri).decode()
    except FileNotFoundError:
        bundle = make_chart_library()
        put(s3, uri, bundle.encode(), "text/javascript; charset=utf-8")
        return bundle


def make_chart_library() -> str:
    """Make the script, in a form that can stand in a page."""
    vega_lite = alt.SCHEMA_VERSION.removeprefix("v").rsplit(".", 1)[0]
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vega_lite)
    return bundle.replace("</script", "<\\/script")
