"""``python -m local.questions``: write ``docs/QUERIES.md``, with answers of an endpoint of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from local.aws.endpoint import Endpoint
from local.aws.endpoint_settings import LocalAwsSettings
from local.aws.server import create_server
from local.questions.question_page import PAGE, answers, page


@contextmanager
def _endpoint() -> Iterator[str]:
    """Serve the local endpoint while the block runs."""
    settings = LocalAwsSettings(port=0)
    endpoint = Endpoint(settings)
    server = create_server(settings, endpoint)
    server.prepare()
    serving = threading.Thread(target=server.serve, daemon=True)
    serving.start()
    try:
        host, port = server.bind_addr
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        endpoint.close()
        serving.join()


def main() -> None:
    with _endpoint() as url:
        os.environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        PAGE.write_text(page(answers(boto3.Session(), "questions")), encoding="utf-8")
    print("wrote docs/QUERIES.md")


if __name__ == "__main__":
    main()
