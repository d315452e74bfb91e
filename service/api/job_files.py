"""What a job made, sent as a file: whole, or in part where a client goes on with what it has (RFC 9110, 14)."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse

from models.errors import NotFoundError
from service.api.errors import RefusalError
from service.api.operation import Call

_RANGES = re.compile(r"bytes\s*=\s*(?:\d{1,18}-\d{0,18}|-\d{1,18})(?:\s*,\s*(?:\d{1,18}-\d{0,18}|-\d{1,18}))*")
_PART = re.compile(r"(\d*)-(\d*)")


def file_response(call: Call, path: Path, media_type: str, name: str) -> FileResponse:
    """The file, or the parts of it that are asked for.

    Args:
        name: under which it is saved.

    Raises:
        NotFoundError: it is gone. RefusalError: 416, there are no such parts.
    """
    try:
        state = path.stat()
    except OSError:
        raise NotFoundError("the files of this job are not here any more: run it again") from None
    given = Headers(scope=call.request.scope).get("range", "")
    if given and not _is_good(given, state.st_size):
        # What is no range is to be ignored, and the framework would refuse it in words of its own.
        del MutableHeaders(scope=call.request.scope)["range"]
    return FileResponse(path, media_type=media_type, filename=name, stat_result=state)


def _is_good(given: str, size: int) -> bool:
    """Whether a Range header is one that can be answered in part."""
    if not _RANGES.fullmatch(given.strip()):
        return False
    for first, last in _PART.findall(given.partition("=")[2]):
        if first and last and int(first) > int(last):
            return False
        if (int(first) if first else size - min(int(last), size)) >= size:
            message = f"the file has {size} bytes: ask for a part of them"
            raise RefusalError(416, "no-such-range", message, headers={"Content-Range": f"bytes */{size}"})
    return True
