"""Papers taken back: by the words of their authors, or by a repository's deleted records."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from models.paper import Paper, arxiv_id

_NOUN = (
    r"(?:paper|article|manuscript|submission|pre-?print|e-?print|work|note|report|letter|draft|version|document|thesis)"
)
_BACK = r"(?:withdraw(?:n|ed)?|retracted)"  # authors do write "has been withdraw"
# "Withdrawn from <journal>" tells of a submission elsewhere; the paper itself stands.
_NOT_ELSEWHERE = r"\b(?!\s(?:and \w+ )?from (?!(?:the )?arxiv))"
_IS = r"(?:has|have|is|was|had)(?: (?:now|been|being|hereby|temporarily|formally|since|already)){0,3}"
# An abstract may well be about some other withdrawn paper, so there it must say "this" or "our".
_SELF = rf"(?:this|our)(?: \w+)? {_NOUN}(?: \([^()]{{0,80}}\))? {_IS} {_BACK}{_NOT_ELSEWHERE}"
_BY_US = (
    r"(?:we|i|the authors?)(?: (?:would like to|wish to|want to|have|has|had|decided to|hereby|must)){0,3} "
    rf"(?:withdraw|withdrew|retract|{_BACK}) (?:this|our) {_NOUN}{_NOT_ELSEWHERE}"
)
_ANYWHERE = re.compile(rf"\b(?:{_SELF}|{_BY_US})", re.IGNORECASE)
_IN_COMMENT = re.compile(
    rf"\b(?:the {_NOUN} {_IS} {_BACK}{_NOT_ELSEWHERE}|{_BACK} by (?:the )?(?:authors?|submitter|arxiv)\b)|"
    rf"^\W{{0,3}}(?:{_NOUN} )?{_BACK}{_NOT_ELSEWHERE}(?! (?:papers?|articles?)\b)",
    re.IGNORECASE,
)
_IN_TITLE = re.compile(rf"^\W{{0,2}}{_BACK}(?: {_NOUN})?\s?[\]):\u2013\u2014-]", re.IGNORECASE)
_PLACES = (
    ("title", (_IN_TITLE,)),
    ("comment", (_ANYWHERE, _IN_COMMENT)),
    ("abstract", (_ANYWHERE,)),
)
_LONGEST = 200

_NAME = rb"(?:[\w.-]{1,40}:)?"
_DELETED = re.compile(
    rb"<"
    + _NAME
    + rb"header\s[^>]{0,200}?status\s?=\s?[\"']deleted[\"'][^>]{0,200}>(.{0,4000}?)</"
    + _NAME
    + rb"header>",
    re.DOTALL,
)
_IDENTIFIER = re.compile(rb"<" + _NAME + rb"identifier>([^<]{1,500})<")
_DATESTAMP = re.compile(rb"<" + _NAME + rb"datestamp>([^<]{1,40})<")


@dataclass(frozen=True, slots=True)
class DeletedRecord:
    """A record that an OAI-PMH repository lists as deleted (protocol, 2.5.1).

    Attributes:
        id: paper id as in `Paper.id` for arXiv, else the repository's identifier.
        datestamp: when it was deleted, as written, "" if absent.
    """

    id: str
    datestamp: str


def withdrawal(paper: Paper) -> str:
    """The words that say this paper was withdrawn or retracted, at most 200 characters, or "".

    Looks at the title ("Withdrawn: ..."), the comment and the abstract ("This paper has been
    withdrawn by the authors due to ..."). A paper withdrawn from a journal or conference only, or
    about something else that was withdrawn, does not count. arXiv's practice:
    https://info.arxiv.org/help/withdraw.html
    """
    for field, patterns in _PLACES:
        text = " ".join(getattr(paper, field).split())
        for pattern in patterns:
            match = pattern.search(text)
            if match:
                return _sentence(text, match.start())
    return ""


def deleted_records(body: bytes) -> tuple[DeletedRecord, ...]:
    """The records of an OAI-PMH page that are marked as deleted, in order; never raises."""
    return tuple(record for match in _DELETED.finditer(body) if (record := _record(match[1])).id)


def _sentence(text: str, start: int) -> str:
    end = text.find(". ", start)
    return text[start : min(start + _LONGEST, end + 1 if end >= 0 else len(text))]


def _record(header: bytes) -> DeletedRecord:
    identifier = _found(_IDENTIFIER, header)
    reference = arxiv_id(identifier)
    return DeletedRecord(reference[0] if reference else identifier, _found(_DATESTAMP, header))


def _found(pattern: re.Pattern[bytes], header: bytes) -> str:
    match = pattern.search(header)
    return html.unescape(match[1].decode("utf-8", "replace")).strip() if match else ""
