"""Runs the application in this process: `serve(settings)` returns when the server has drained."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from types import FrameType
from typing import Any

import uvicorn

from service.api.app import create_app
from service.api.logs import set_up_logs
from service.api.operation import Service
from service.api.sockets import BACKLOG, listen
from service.settings import Settings

log = logging.getLogger("paperwire")

_KEEP_ALIVE_S = 75


class DrainingServer(uvicorn.Server):
    """A server that says "not ready" before it stops to listen, so that balancers can turn away first."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as the signal module calls it
        """Drain on SIGTERM; stop listening on SIGINT or a second signal; leave at once on the next.

        The signal is not raised again afterwards, as uvicorn would: a drained server has ended well.
        """
        delay_s = self._service.settings.drain_delay_s
        if self.should_exit:
            self.force_exit = True
        elif self._service.draining or not delay_s or sig == signal.SIGINT:
            self.should_exit = True
        else:
            loop = asyncio.get_running_loop()
            loop.call_soon_threadsafe(loop.call_later, delay_s, self._stop_listening)
            log.info("draining", extra={"seconds": delay_s})
        self._service.draining = True

    def _stop_listening(self) -> None:
        self.should_exit = True


def serve(settings: Settings) -> None:
    """Run the service until SIGTERM or SIGINT; running requests are finished first.

    Raises:
        BundleError: the model is missing or damaged.
        SettingsError: the key file cannot be read.
        OSError: the address cannot be listened on.
    """
    set_up_logs(settings)
    app = create_app(settings)
    listener = listen(settings)
    host, port = listener.getsockname()[:2]
    log.info("listening", extra={"host": host, "port": port, "keys": settings.keys_required})
    server_for(app, settings).run(sockets=[listener])


def serve_on(listener: socket.socket, settings: Settings) -> None:
    """Run the service on a socket that listens already; raises as `serve` does."""
    set_up_logs(settings)
    server_for(create_app(settings), settings).run(sockets=[listener])


def server_for(app: Any, settings: Settings) -> DrainingServer:
    """A server for an application of `create_app`."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(settings.drain_timeout_s) or 1,
        backlog=BACKLOG,
    )
    return DrainingServer(config, app.state.service)
