"""Answers that a client may keep: a strong ETag, a date, and 304 where it has the answer already (RFC 9110, 13)."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.responses import Response

from service.api.operation import Call
from service.out.text import mail_time

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def conditional(call: Call, body: bytes, media_type: str, changed: datetime | None = None) -> Response:
    """The body with its validators, or 304 without it.

    Args:
        changed: when what it tells of changed last; None where that is not known.
    """
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache" if call.settings.keys_required else "no-cache"}
    if changed is not None:
        headers["Last-Modified"] = mail_time(changed)
    if _is_known(call, tag, changed):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _is_known(call: Call, tag: str, changed: datetime | None) -> bool:
    known = call.request.headers.get("if-none-match")
    if known is not None:  # then the date does not count: it knows seconds only
        return known.strip() == "*" or tag in _TAG.findall(known)
    since = _date(call.request.headers.get("if-modified-since", ""))
    return changed is not None and since is not None and changed.replace(microsecond=0) <= since


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
