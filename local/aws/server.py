"""The HTTP server: cheroot, the one WSGI server of three tried that serves every S3 upload correctly.

Waitress never answers an empty upload that begins with ``Expect: 100-continue``. gunicorn drops metadata keys
with an underscore.
"""

from __future__ import annotations

from typing import Any

from cheroot.wsgi import Gateway_10, Server
from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)

from local.aws.endpoint import Endpoint
from local.aws.endpoint_settings import LocalAwsSettings


class OriginalsGateway(Gateway_10):
    """Passes to moto what WSGI hides.

    These are the spelling of S3 metadata headers (``x-amz-meta-a_b`` is not ``x-amz-meta-a-b``) and the path
    before decoding (the key ``100%20`` is not ``100 ``).
    """

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        """Return WSGI's environ, with the original headers and path where moto looks for them."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ["RAW_URI"] = environ["REQUEST_URI"]
        names = (name.decode("latin-1") for name in self.req.inheaders)
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {
            environ_key_for_header(name): name for name in names if should_preserve_original_header_name(name)
        }
        return environ


def create_server(settings: LocalAwsSettings, endpoint: Endpoint) -> Server:
    """Make a server that is ready to start. It does not limit the size of uploads."""
    server = Server(
        (settings.host, settings.port),
        endpoint,
        numthreads=settings.threads,
        request_queue_size=512,
        shutdown_timeout=2,
        server_name="local-aws",
    )
    server.gateway = OriginalsGateway
    server.max_request_body_size = 0
    return server
