"""The cost page, served to whoever may read Dag ``report_costs``.

The page comes from the lake's bucket with the API server's own credentials. So neither a link nor XCom holds
an address that works without signing in.
"""

from __future__ import annotations

from airflow.api_fastapi.core_api.security import requires_access_dag
from botocore.exceptions import ClientError
from fastapi import Depends, FastAPI, HTTPException, Response

from include.core.errors import NOT_ALLOWED, error_code
from include.core.settings import COST_PAGE_KEY, load_settings
from include.store.objects import get
from media_lake.aws_clients import ConnectionClients
from media_lake.web import COST_PAGE, PREFIX

HEADERS = {
    # A page of data gets an origin of its own: no script in it can act as the person in Airflow.
    "Content-Security-Policy": "sandbox allow-scripts allow-downloads",
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
}

app = FastAPI(title="Media lake", openapi_url=None)


@app.get(
    COST_PAGE.removeprefix(PREFIX), dependencies=[Depends(requires_access_dag("GET", None, "report_costs"))]
)
def cost_page() -> Response:
    """Return the page as the last report drew it."""
    settings = load_settings()
    try:
        page = get(ConnectionClients(settings).client("s3"), settings.uri(COST_PAGE_KEY))
    except FileNotFoundError:
        raise HTTPException(404, "There is no cost page yet: Dag report_costs draws it.") from None
    except ClientError as error:
        # S3 tells those who may not list its bucket neither that an object exists nor that it does not.
        if error_code(error) not in NOT_ALLOWED:
            raise
        raise HTTPException(
            404, "There is no cost page yet, which Dag report_costs draws, or the API server may not read it."
        ) from None
    return Response(page, media_type="text/html; charset=utf-8", headers=HEADERS)
