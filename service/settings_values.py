"""Values of settings out of TOML and text, converted one by one so that every problem is found."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec


def read_toml(path: Path, problems: list[str]) -> dict[str, Any]:
    """The values of a TOML file; none, and a problem, where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"cannot read the settings {path}: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"the settings {path} are no TOML: {error}")
    return {}


def converted(given: Mapping[str, tuple[Any, str]], kind: type, problems: list[str]) -> dict[str, Any]:
    """Values by name as the fields of a struct want them; what does not fit becomes a problem.

    Args:
        given: by name a value and the place it comes from, for the problem.
        kind: the struct. problems: where to put what is wrong.
    """
    hints = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    for name, (value, place) in given.items():
        if name not in hints:
            problems.append(f"{place}: there is no such setting{_nearest(name, hints)}")
            continue
        try:
            values[name] = _convert(value, hints[name])
        except msgspec.ValidationError as error:
            problems.append(f"{place} is {value!r}: {_worded(str(error))}")
    return values


def _convert(value: Any, kind: Any) -> Any:
    bare = msgspec.inspect.type_info(kind)
    while isinstance(bare, msgspec.inspect.Metadata):
        bare = bare.type
    if isinstance(bare, msgspec.inspect.VarTupleType) and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(bare, msgspec.inspect.UnionType) and value == "":
        value = None
    return msgspec.convert(value, kind, strict=not isinstance(value, str), dec_hook=_decode)


def _worded(message: str) -> str:
    for name, words in (
        ("`int`", "a whole number"),
        ("`float`", "a number"),
        ("`bool`", "true or false"),
        ("`str`", "text"),
    ):
        message = message.replace(name, words)
    return message[0].lower() + message[1:]


def _decode(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    raise msgspec.ValidationError(f"Expected `{kind.__name__}`, got `{type(value).__name__}`")


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib  # only errors need it

    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else "; `paperwire config` lists them"
