"""Numbers of things, in words for people."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """The number with the thing's name in the form it asks for: "1 paper", "2,000 papers".

    Args:
        one: name of a single thing. many: of several; an "s" is put to `one` where it is not given.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
