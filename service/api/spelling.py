"""What misspelt names were meant to be: options are refused by it, fields of papers are only pointed out.

Papers come from feeds with fields of their own, so that a field nobody knows is no mistake by itself.
It is worth a word where the paper lacks a text that the field may hold.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from service.api.errors import Fault
from service.feeds.loose import ALIASES, squeezed
from service.schemas import Options, TagBody

_NEAR = 0.8
_TEXTS = ("title", "abstract")
_MOST_HINTS = 5
_OPTIONS = {field.name: field.type for field in msgspec.structs.fields(Options)}
_KNOWN = frozenset(TagBody.__struct_fields__)
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_EMPTY = (b"null", b'""')


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is spelt most like this one, "" if none is near."""
    names = {squeezed(one): one for one in known}
    near = difflib.get_close_matches(squeezed(name), names, n=1, cutoff=_NEAR)
    return names[near[0]] if near else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """Words to put behind "unknown field": the name that was meant, or those there are."""
    names = list(known)
    near = nearest(name, names)
    return f"did you mean `{near}`?" if near else f"known are {', '.join(names)}"


def misspelt_options(raw: bytes, *, many: bool) -> list[Fault]:
    """A fault for each field of a body that was meant to be an option.

    Beside a paper's own fields a name like an option's is one only with a value that the option takes:
    `funder` is no `under`.
    """
    faults = []
    for name, value in _fields(raw).items():
        near = "" if name in _KNOWN else nearest(name, _OPTIONS)
        if near and (many or _fits(value, near)):
            faults.append(Fault(name, f"unknown field: did you mean `{near}`?"))
    return faults


def _fits(value: msgspec.Raw, option: str) -> bool:
    try:
        msgspec.json.decode(value, type=_OPTIONS[option])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


def text_hints(raw: bytes | msgspec.Raw) -> tuple[str, ...]:
    """What to tell of a paper, given as JSON, that lacks title or abstract: fields that may have been meant."""
    fields = _fields(raw)
    hints = []
    for name, meant in _meant(fields):
        hints.append(f"unknown field `{name[:100]}` is ignored: did you mean `{meant}`?")
        if len(hints) == _MOST_HINTS:
            break
    return tuple(hints)


def _fields(raw: bytes | msgspec.Raw) -> Mapping[str, msgspec.Raw]:
    try:
        return _FIELDS.decode(raw)
    except (
        msgspec.DecodeError,
        UnicodeDecodeError,
    ):  # in a name: the decoder of papers passes over names that it does not know
        return {}


def _meant(fields: Mapping[str, msgspec.Raw]) -> Iterator[tuple[str, str]]:
    missing = [text for text in _TEXTS if bytes(fields.get(text, b"null")) in _EMPTY]
    for name in fields:
        if name in _KNOWN:
            continue
        alias = next((text for text in missing if squeezed(name) in ALIASES[text]), "")
        meant = alias or nearest(name, missing)
        if meant:
            yield name, meant
