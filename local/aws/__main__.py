"""``python -m local.aws``: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from types import FrameType

from local.aws.endpoint import HEALTH_PATH, Endpoint
from local.aws.endpoint_settings import LocalAwsSettings
from local.aws.server import create_server

logger = logging.getLogger("local.aws")


def main() -> None:
    """Start the endpoint and serve."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Tables and buckets live as long as the process: collecting them often costs time and frees nothing.
    gc.set_threshold(50_000, 50, 100)
    settings = LocalAwsSettings()
    endpoint = Endpoint(settings)
    server = create_server(settings, endpoint)
    signal.signal(signal.SIGTERM, _exit)
    server.prepare()
    host, port = server.bind_addr
    logger.info("local AWS at http://%s:%s (health: %s)", host, port, HEALTH_PATH)
    try:
        server.serve()
    except (KeyboardInterrupt, SystemExit):
        logger.info("stopping")
    finally:
        server.stop()
        endpoint.close()


def _exit(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
