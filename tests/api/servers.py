"""Servers as processes of their own, which tests may kill."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.api.conftest import wait_until

ROOT = Path(__file__).parents[2]


class Server:
    """A running server, and its log as it grows."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.lines = process, list[dict[str, Any]]()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @classmethod
    @contextmanager
    def started(cls, command: Sequence[str], workers: int) -> Iterator[Self]:
        """A server of a command, once all its workers are ready; killed in the end."""
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
            server = cls(process)
            try:
                wait_until(lambda: len(server.logged("ready")) == workers or process.poll() is not None, 120)
                assert process.poll() is None, server.lines
                yield server
            finally:
                process.kill()
                server._reader.join(60)

    def _read(self) -> None:
        for line in self.process.stderr or ():
            # What is no JSON is why it did not start.
            self.lines.append(json.loads(line) if line.startswith("{") else {"message": line.strip()})

    def logged(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["message"] == message]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.logged('listening')[0]['port']}"
