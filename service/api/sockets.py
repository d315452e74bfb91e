"""Sockets to listen on."""

from __future__ import annotations

import socket

from service.settings import Settings

BACKLOG = 2048


def listen(settings: Settings, *, shared: bool = False) -> socket.socket:
    """A listening socket at the settings' address.

    Args:
        settings: name the address.
        shared: further sockets may listen there; the kernel spreads connections over them (Linux).

    Raises:
        OSError: the address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    address = settings.host.strip("[]"), settings.port
    return socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=shared)
