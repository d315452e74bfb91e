"""What a request carries, read within limits and checked: every fault with its place."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from service.api.errors import Fault, GoneError, RefusalError
from service.api.operation import Call
from service.api.spelling import suggestion

T = TypeVar("T")

_PLACE = re.compile(r"^(?P<words>.*?)(?: - at `(?:key in )?\$\.?(?P<place>.*?)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(.*)`$")
FORM = "application/x-www-form-urlencoded"


async def read_body(call: Call) -> bytes:
    """The whole body.

    Raises:
        RefusalError: 413, longer than `body_bytes`.
        UnavailableError: too many bytes of bodies in memory.
        GoneError: the client went away before its end.
    """
    declared = call.request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > call.settings.body_bytes:
        raise _too_long(call.settings.body_bytes)
    pieces: list[bytes] = []
    async for piece in chunks(call):
        call.service.budget.take(len(piece))
        call.held += len(piece)
        if call.held > call.settings.body_bytes:
            raise _too_long(call.settings.body_bytes)
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def chunks(call: Call) -> AsyncIterator[bytes]:
    """The body as it arrives.

    Raises:
        GoneError: the client went away before its end.
    """
    while True:
        message = await call.request.receive()
        if message["type"] == "http.disconnect":
            raise GoneError("the client went away while it was sending")
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def read_json(call: Call, decoder: msgspec.json.Decoder[T]) -> T:
    """The body as JSON of the decoder's type; raises as `read_body` and `decode` do."""
    check_media_type(call, "application/json", missing=True)
    return decode(decoder, await read_body(call))


async def read_form(call: Call, kind: type[T]) -> T:
    """The body as a form of a struct's fields; raises as `read_body` and `checked` do."""
    check_media_type(call, FORM)
    raw = await read_body(call)
    return checked(_fields(raw.decode("utf-8", "replace"), kind), kind, "")


def read_query(call: Call, kind: type[T]) -> T:
    """The query as a struct; lists are repeated or separated by commas.

    Raises:
        RefusalError: 422, the parameter is named.
    """
    query = call.request.scope["query_string"]
    return checked(_fields(query.decode("ascii", "replace"), kind), kind, "query.") if query else kind()


def decode(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """A JSON text as the decoder's type.

    Raises:
        RefusalError: 400, no JSON; 422, JSON of another shape, with the place of the fault.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise invalid([fault_of(error, "")]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = "no JSON that we can read: send one JSON value in UTF-8"
        raise RefusalError(400, "malformed", message, faults=[Fault("", str(error))]) from None


def checked(values: dict[str, Any], kind: type[T], prefix: str) -> T:
    """Strings as a struct.

    Raises:
        RefusalError: 422, the field is named after the prefix.
    """
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        fault, known = fault_of(error, prefix), kind.__struct_fields__  # type: ignore[attr-defined]
        unknown = _UNKNOWN.search(fault.message)
        told = f"{fault.message}: {suggestion(unknown[1], known)}" if unknown else fault.message
        raise invalid([Fault(fault.field, told)]) from None


def check_media_type(call: Call, *wanted: str, missing: bool = False) -> None:
    """Nothing where the request declares a wanted media type, or none where that is fine.

    Raises:
        RefusalError: 415.
    """
    given = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = call.request.headers.get("content-encoding", "identity").strip().lower()
    if (given not in wanted and not (missing and not given)) or coding not in ("", "identity"):
        message = (
            f"the body is {given or 'of no declared type'}, {coding} encoded: send {' or '.join(wanted)}, not encoded"
        )
        raise RefusalError(415, "unsupported-media-type", message)


def invalid(faults: list[Fault]) -> RefusalError:
    """A 422 that lists what is wrong with a request."""
    first = faults[0]
    place = f"{first.field}: " if first.field else ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return RefusalError(422, "invalid-input", f"{place}{first.message}{more}", faults=faults)


def fault_of(error: msgspec.ValidationError, prefix: str) -> Fault:
    """The place and words of a fault that msgspec found."""
    match = _PLACE.match(str(error))
    words, place = (match["words"], match["place"]) if match else (str(error), None)
    return Fault(prefix + place if place else prefix.rstrip("."), words[:1].lower() + words[1:])


def _too_long(most: int) -> RefusalError:
    message = f"the body is longer than {most} bytes: send several requests, or use POST /v1/tag/stream"
    return RefusalError(413, "too-long", message, headers={"Connection": "close"})


def _fields(text: str, kind: type[Any]) -> dict[str, Any]:
    """Strings of a query or form by name; the fields of a type that are lists take every value but empty ones."""
    lists, known = _list_fields(kind), kind.__struct_fields__
    values: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name in lists:
            values.setdefault(name, []).extend(value.split(","))
        elif name in values and name in known:
            raise invalid([Fault(name, "is given more than once: give it once")])
        else:
            values[name] = value
    for name in lists.keys() & values.keys():
        if len(values[name]) <= lists[name]:  # else it is refused: what is sent counts, be it empty
            values[name] = [part for part in values[name] if part]
    return values


_LISTS: dict[type[Any], Mapping[str, int]] = {}


def _list_fields(kind: type[Any]) -> Mapping[str, int]:
    """How many entries the fields of a type may have that are lists."""
    if kind not in _LISTS:
        schema = msgspec.json.schema(kind)
        properties = schema["$defs"][kind.__name__]["properties"]
        lists = {name: part for name, part in properties.items() if part.get("type") == "array"}
        _LISTS[kind] = {name: part.get("maxItems", sys.maxsize) for name, part in lists.items()}
    return _LISTS[kind]
