"""Options in groups: a dataclass of `Annotated` fields declares them once and carries what was typed.

Typer reads one parameter an option; `grouped` shows it the fields and gives the command its groups.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints

_Parameters = dict[str, inspect.Parameter]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the fields of its dataclass parameters as options of their own, in their place."""
    groups: dict[str, type[Any]] = {}
    options: _Parameters = {}
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        kind = parameter.annotation
        if isinstance(kind, type) and is_dataclass(kind):
            groups[name] = kind
            options |= _options_of(kind)
        else:
            options[name] = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)

    def run(**typed: Any) -> None:
        made = {name: kind(**{f.name: typed.pop(f.name) for f in fields(kind)}) for name, kind in groups.items()}
        command(**made, **typed)

    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__annotations__ = {name: option.annotation for name, option in options.items()}
    run.__signature__ = inspect.Signature(list(options.values()))  # type: ignore[attr-defined]
    return run


def split(values: list[str] | None) -> tuple[str, ...]:
    """What was given in several options or with commas."""
    return tuple(part.strip() for value in values or () for part in value.split(",") if part.strip())


def _options_of(kind: type[Any]) -> _Parameters:
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.name: inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields(kind)
    }
