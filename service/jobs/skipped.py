"""What a run left out, as JSON Lines: `{"source", "position", "id", "kind", "reason"}`."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType

from service.pipeline import Remark

MOST = 100_000
"""Lines kept; further ones are only counted."""


class SkippedLines:
    """A file of remarks, written anew by every run, which meets all of them again.

    Attributes:
        unreadable: what the last source that could not be read at all said, "" where all could.
    """

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")
        self._lines = 0
        self.unreadable = ""

    def __enter__(self) -> SkippedLines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def report(self, remark: Remark) -> None:
        """Write one remark down."""
        if remark.kind == "unreadable":
            self.unreadable = remark.text
        self._lines += 1
        if self._lines > MOST:
            return
        told = {"source": remark.source, "position": remark.position, "id": remark.id, "kind": remark.kind}
        self._stream.write(json.dumps(told | {"reason": remark.text}).encode() + b"\n")
