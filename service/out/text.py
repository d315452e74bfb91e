"""Other people's text made fit for a format: legal characters, one line, addresses that are safe to follow."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote, urlsplit

# What XML 1.0 (5th edition, 2.2) does not take as a character, and the control characters it takes but
# advises against, which readers take for Windows-1252; no other format is the poorer without them.
_ILLEGAL = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# RFC 3986 2.2 and 2.3, and the sign of what is encoded already.
_URL_CHARACTERS = "%/:?#[]@!$&'()*+,;=~-._"


def legal(text: str) -> str:
    """The text without control characters, halves of surrogate pairs and non-characters."""
    return _ILLEGAL.sub(lambda match: " " if match[0].isspace() else "", text)


def legal_line(text: str) -> str:
    """The text as `legal`, every run of white space one space, none at the ends."""
    return " ".join(legal(text).split())


def web_url(address: str) -> str:
    """An http(s) address with everything percent-encoded that a link cannot hold, or "" for any other text.

    Addresses of other schemes (`javascript:`) come from feeds too and must not become links.
    """
    plain = legal(address).strip()
    try:
        parts = urlsplit(plain)
    except ValueError:
        return ""
    return quote(plain, safe=_URL_CHARACTERS) if parts.scheme.lower() in ("http", "https") and parts.netloc else ""


def iso_time(moment: datetime) -> str:
    """The moment in UTC as RFC 3339 has it: `2026-03-02T08:00:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def mail_time(moment: datetime) -> str:
    """The moment in UTC as RSS and HTTP have it: `Mon, 02 Mar 2026 08:00:00 GMT`."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
