"""What schemathesis does not know by itself: how JSON Lines are sent."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def json_lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Text as it is, anything else as one line."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()
