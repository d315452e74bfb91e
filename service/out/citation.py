"""What formats for reference managers need of a paper: names in parts, keywords, numbers, days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from bibtexparser.middlewares.names import InvalidNameError, parse_single_name_into_parts

from models.paper import Paper
from service.out.names import ThemeNames
from service.out.record import is_automatic
from service.out.text import legal_line
from service.store import StoredPaper

AUTOMATIC_NOTE = "Keywords were given automatically by Paperwire"
"""What formats without a place for it say about tags that no person gave."""
_LONGEST_NAME = 300  # characters; parsing takes the square of what is no name at all


@dataclass(frozen=True, slots=True)
class Person:
    """An author: given and family name and suffix, or only `whole` where that is no name of a person."""

    whole: str
    given: str = ""
    family: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A tag for people: the theme's label, and whether a machine gave it."""

    label: str
    automatic: bool


def people(paper: Paper) -> list[Person]:
    """The authors in order, those without a letter left out."""
    return [person(name) for name in map(legal_line, paper.authors) if name]


def person(display: str) -> Person:
    """An author's name in parts by BibTeX's rules: `Guido van Rossum` -> `Guido`, `van Rossum`."""
    if len(display) > _LONGEST_NAME or any(sign in display for sign in "{}\\"):
        return Person(display)
    try:
        parts = parse_single_name_into_parts(display, strict=False)
    except InvalidNameError:
        return Person(display)
    given, family = " ".join(parts.first), " ".join([*parts.von, *parts.last])
    return Person(display, given, family, " ".join(parts.jr)) if given and family else Person(display)


def keywords(stored: StoredPaper, names: ThemeNames) -> list[Keyword]:
    """The tags, most probable first."""
    tags = stored.tagging.tags if stored.tagging else ()
    return [Keyword(legal_line(names.label(tag.theme)), is_automatic(tag)) for tag in tags]


def automatic_note(stored: StoredPaper) -> str:
    """A sentence that names the bundle that gave the keywords, "" where a machine gave none."""
    tagging = stored.tagging
    if tagging is None or not any(map(is_automatic, tagging.tags)):
        return ""
    return f"{AUTOMATIC_NOTE} (bundle {legal_line(tagging.bundle)})"


def arxiv_number(paper: Paper) -> str:
    """`2603.09122` or `math/0309136`, "" for papers that are not on arXiv."""
    return paper.id.removeprefix("arxiv:") if paper.id.startswith("arxiv:") else ""


def day_of(paper: Paper) -> datetime | None:
    """The day of publication in UTC, else of the last update, else None."""
    moment = paper.published or paper.updated
    return moment.astimezone(UTC) if moment else None
