"""Records out of JSON, however they are arranged: lines, one document, an array over many lines.

JSON Lines (https://jsonlines.org) are read line by line with flat memory, and a broken line costs
itself alone; so are JSON text sequences (RFC 7464) and arrays written one record a line. Anything
else is read as a whole: one document, or several after each other. Control characters inside strings
are let through, as in dumps by hand-written exporters. Of a document that breaks off, the records
before the break count.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO, NamedTuple

from models.errors import FeedError
from models.paper import Paper
from service.feeds.decompress import MAX_DOCUMENT_BYTES, too_long
from service.feeds.entries import EMPTY, MAX_ENTRY_BYTES, Entry, Skipped
from service.feeds.lookahead import until_damage
from service.feeds.text_input import Line, doubts, is_too_large, lines, open_text, rest_of

Record = Mapping[str, Any]
"""One JSON object, as parsed."""

Build = Callable[[int, Record], Entry]
"""Makes an entry of a position and a record; never raises."""

_DECODER = json.JSONDecoder(strict=False)
_SPACE = re.compile(r"[\s\x1e,]*")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Found(NamedTuple):
    """One record of a feed, or the reason why it is none.

    Attributes:
        position: line number where every line is one record, else the place among all, from 1.
        record: the parsed value; None if there is a problem.
        problem: what is wrong with this place of the feed, else "".
    """

    position: int
    record: object
    problem: str = ""


def json_entries(stream: BinaryIO, containers: Sequence[str], build: Build) -> Iterator[Entry]:
    """The entries that `build` makes of every record in a JSON feed.

    `containers` are the ways to the records inside a document, e.g. `"message.items"`, best first;
    a list at the top is one by itself. What is not an object becomes `Skipped`.

    Raises:
        FeedError: the feed is not JSON at all.
    """
    with until_damage(stream) as (source, met):
        text = open_text(source)
        yield from doubts(text)
        last: Entry = EMPTY
        for number, found in enumerate(json_records(text, containers)):
            if number:
                yield last
            last = build(found.position, found.record) if isinstance(found.record, Mapping) else _refused(found)
        if met.damage is None or isinstance(last, Paper):  # else the damage stands for what it broke
            yield last


def json_records(text: io.TextIOBase, containers: Sequence[str]) -> Iterator[Found]:
    """The records of a JSON feed in order, whatever they are.

    Raises:
        FeedError: the feed is not JSON at all, or a single document over `MAX_DOCUMENT_BYTES`.
    """
    opening = _filled(_unlimited_lines(text))
    if opening is None or opening.text is None:
        raise FeedError("empty: there is no JSON in it")
    following = _filled(lines(text, after=opening.number))
    if following and _is_line_format(opening.text, following.text):
        yield from _from_lines(chain([opening, following], lines(text, after=following.number)), containers)
    else:
        second = following.text if following and following.text else ""
        yield from _from_document(f"{opening.text}\n{second}\n{rest_of(text, 'a JSON document')}", containers)


def _filled(all_lines: Iterable[Line]) -> Line | None:
    return next((line for line in all_lines if line.text is None or line.text.strip()), None)


def parse_json(text: str) -> object:
    """The value of a JSON text, half surrogate pairs made U+FFFD.

    Raises:
        FeedError: it is not JSON, or nested too deep.
    """
    value, end = _next_value(text, _skip_space(text, 0))
    if _skip_space(text, end) < len(text):
        raise FeedError(f"not JSON: more after the value, at character {end + 1}")
    return value


def _refused(found: Found) -> Skipped:
    return Skipped(found.position, found.problem or f"expected a JSON object, found {_kind(found.record)}")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _unlimited_lines(text: io.TextIOBase) -> Iterator[Line]:
    number = 0
    while line := text.readline(MAX_DOCUMENT_BYTES + 1):
        number += 1
        if len(line) > MAX_DOCUMENT_BYTES:
            raise too_long("a JSON document")
        yield Line(number, line)


def _is_line_format(opening: str, following: str | None) -> bool:
    first, second = opening.strip(), (following or "").strip()
    if first == "[":  # one record a line inside brackets; printers for people indent, and break what is not empty
        return following is None or (following.startswith('{"') and _is_json(second))
    if first.startswith("{") and second.startswith("{"):
        return len(first) > 1  # although the first line may be broken
    return _is_json(first)


def _is_json(text: str) -> bool:
    try:
        parse_json(text)
    except FeedError:
        return False
    return True


def _from_lines(all_lines: Iterable[Line], containers: Sequence[str]) -> Iterator[Found]:
    for number, text in all_lines:
        if text is None or is_too_large(text):
            yield Found(number, None, f"a line over {MAX_ENTRY_BYTES >> 20} MiB: too large for one paper")
        elif text.strip() not in ("", "[", "]"):
            yield from _from_line(number, text, containers)


def _from_line(number: int, text: str, containers: Sequence[str]) -> Iterator[Found]:
    try:
        value = parse_json(text)
    except FeedError as error:
        yield Found(number, None, str(error))
        return
    for record in unwrapped(value, containers):
        yield Found(number, record)


def _from_document(document: str, containers: Sequence[str]) -> Iterator[Found]:
    position, start = 0, _skip_space(document, 0)
    while start < len(document):
        try:
            value, end = _next_value(document, start)
        except FeedError as error:
            yield from _before_break(document, start, position, containers, error)
            return
        for position, record in enumerate(unwrapped(value, containers), start=position + 1):  # noqa: B020 (goes on)
            yield Found(position, record)
        start = _skip_space(document, end)


def _before_break(
    document: str, start: int, position: int, containers: Sequence[str], error: FeedError
) -> Iterator[Found]:
    """The whole records of a list that breaks off, then the break itself."""
    deepest = max((container.count(".") for container in containers), default=0)
    part = _whole_part(document, start, deepest + 1)
    for position, record in enumerate(_list_in(part, containers), start=position + 1):  # noqa: B020 (goes on)
        yield Found(position, record)
    if not position:
        raise error
    yield Found(position + 1, None, f"the document breaks off or is damaged here, the rest is lost: {error}")


def _whole_part(document: str, at: int, levels: int) -> object:
    """What is whole of a value that breaks off: the items of a list, the pairs of an object, so many levels down."""
    if document.startswith("[", at):
        return [item for item, _ in _values(document, at + 1)]
    if levels < 0 or not document.startswith("{", at):
        return None
    parts = list(_values(document, at + 1))
    keys, values = [key for key, _ in parts[::2]], [value for value, _ in parts[1::2]]
    if len(keys) > len(values):
        values.append(_whole_part(document, parts[-1][1], levels - 1))
    return {key: value for key, value in zip(keys, values, strict=True) if isinstance(key, str)}


def _values(document: str, at: int) -> Iterator[tuple[object, int]]:
    """The values that can be read from an offset on, whatever stands between; each with where the next begins."""
    while True:
        try:
            value, end = _next_value(document, _skip_space(document, at))
        except FeedError:
            return
        at = _skip_space(document, end)
        at = _skip_space(document, at + 1) if document.startswith(":", at) else at
        yield value, at


def _list_in(value: object, containers: Sequence[str]) -> list[object]:
    """As `unwrapped`, but lists alone: an object that breaks off is no whole record."""
    found = unwrapped(value, containers)
    return found if any(found is inside for inside in (value, *(_follow(value, path) for path in containers))) else []


def unwrapped(value: object, containers: Sequence[str]) -> list[object]:
    """The records inside a JSON value: those of a list, of the first container there is, or itself.

    An object with an abstract, or with both an id and a title, is a record whatever else it holds.
    """
    if isinstance(value, list):
        return value
    for container in () if _is_record(value) else containers:
        inside = _follow(value, container)
        if isinstance(inside, list):
            return inside
        if isinstance(inside, dict):
            return [inside]
    return [value]


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and ("abstract" in value or {"id", "title"} <= value.keys())


def _follow(value: object, path: str) -> object:
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _skip_space(text: str, start: int) -> int:
    match = _SPACE.match(text, start)
    return match.end() if match else start


def _next_value(text: str, start: int) -> tuple[object, int]:
    try:
        value, end = _DECODER.raw_decode(text, start)
        return (_paired(value) if _SURROGATE.search(text, start, end) else value), end
    except RecursionError:
        raise FeedError("JSON nested too deep") from None
    except ValueError as error:  # numbers of thousands of digits too, which are no JSONDecodeError
        raise FeedError(f"not JSON: {error}") from None


def _paired(value: object) -> object:
    # Half a surrogate pair is no character: it cannot be stored or printed.
    whole = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.loads(whole)
