"""``python -m local.aws.rekognition``: serve until SIGTERM or Ctrl-C."""

from __future__ import annotations

import logging

import uvicorn

from local.aws.rekognition.app import App
from local.aws.rekognition.rekognition_settings import LocalRekognitionSettings

logger = logging.getLogger("local.aws.rekognition")


def main() -> None:
    """Start the service and serve."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = LocalRekognitionSettings()
    logger.info("local Rekognition at http://%s:%s (health: /_control/health)", settings.host, settings.port)
    uvicorn.run(App(settings), host=settings.host, port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
