"""Whole OAI-PMH harvests, page by page: https://www.openarchives.org/OAI/openarchivesprotocol.html."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from urllib.parse import urlencode

from models.errors import FetchError
from service.fetch.paging import Fetch, Page, fetch_whole

ARXIV_OAI = "https://oaipmh.arxiv.org/oai"
_RESTARTS = 10
_CLIMBS = 8

# Patterns instead of a parser, for the reason given in `arxiv_api`: one malformed record must not
# hide the token that leads to all later ones. XML text cannot hold a bare "<", and every
# repetition is bounded, so hostile pages cost linear time.
_NAME = rb"<(?:[\w.-]{1,40}:)?"
_TOKEN = re.compile(_NAME + rb"resumptionToken\b[^>]{0,1000}>(?:<!\[CDATA\[)?([^<]{0,8000}?)(?:\]\]>)?<")
_ERROR = re.compile(_NAME + rb"error\s[^>]{0,200}?code\s?=\s?[\"'](\w{1,40})[\"'][^>]{0,200}>([^<]{0,300})")
_STAMP = re.compile(_NAME + rb"datestamp>\s{0,20}([\dTZ:+.-]{10,30})\s{0,20}<")
_RESPONSE_DATE = re.compile(_NAME + rb"responseDate>\s{0,20}([\dTZ:+.-]{10,30})\s{0,20}<")
_RECORDS = re.compile(_NAME + rb"ListRecords[\s>]")
_CLOSING = re.compile(rb"</(?:[\w.-]{1,40}:)?OAI-PMH\s*>\s*$")


@dataclass(frozen=True, slots=True)
class OaiCursor:
    """Where an OAI-PMH harvest stands.

    Attributes:
        base_url: the repository. prefix: `metadataPrefix`, e.g. "arXiv". set_spec: `set`, "" for all.
        since, until: `from` and `until` as asked at first: dates, or UTC times where the
            repository has them; "" for no limit.
        token: resumption token of the next page, "" for the first page or after the last.
        newest: latest datestamp seen, "" before the first record.
        climbs: how often the datestamp has risen from one record to the next, -1 once it has gone
            back. Eight rises and no fall by chance are less likely than 1 in 40,320 (8!).
        restarts: how often an expired token has made it start again since `newest` last moved on.
        first_response: the repository's clock at the first page; `next_since` rests on it.
        finished: the last page has been served.
    """

    base_url: str
    prefix: str
    set_spec: str = ""
    since: str = ""
    until: str = ""
    token: str = ""
    newest: str = ""
    climbs: int = 0
    restarts: int = 0
    first_response: str = ""
    finished: bool = False

    @property
    def next_since(self) -> str:
        """`since` of the next incremental harvest: the day this one began by the repository's clock.

        That day is harvested twice, as the protocol advises (records may still have changed later
        on it); the store folds the repetition. "" before the first page.
        """
        return self.first_response[:10]

    def to_text(self) -> str:
        """JSON in one line, for `from_text`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> OaiCursor:
        """The cursor of a `to_text`.

        Raises:
            FetchError: not such a text.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise FetchError(f"not an OAI-PMH cursor: {text[:80]!r} ({error}); start the harvest anew") from None


def oai_pages(
    fetch: Fetch,
    base_url: str = ARXIV_OAI,
    *,
    set_spec: str = "",
    since: str = "",
    until: str = "",
    prefix: str = "arXiv",
    resume: OaiCursor | None = None,
) -> Iterator[Page[OaiCursor]]:
    """Every page of ListRecords, following resumption tokens to the end.

    A token that has expired (badResumptionToken) makes the harvest start again: from the latest
    datestamp seen if the repository has been seen to serve in that order, else from `since` (the
    protocol promises no order, and arXiv has listed by id). Records then come twice, none is left
    out; harvest long spans month by month where that would cost much. "No records match" is one
    page without records.

    Args:
        fetch: gets an address, e.g. `Fetcher(policy).fetch`; it waits out the 503 with Retry-After
            that repositories use for flow control.
        base_url: the repository.
        set_spec: only this set, e.g. "cs:cs:DC"; "" for all.
        since: only records changed since this date, e.g. an earlier cursor's `next_since`.
        until: only records changed up to this date.
        prefix: `metadataPrefix`, the format of the records.
        resume: the cursor of the last page that was stored; the other arguments are then ignored.

    Raises:
        FetchError: as `fetch`; an error that the repository reports; an answer that is cut
            short or not OAI-PMH; a token that leads to itself; tokens that keep expiring without progress.
    """
    cursor = resume or OaiCursor(base_url, prefix, set_spec, since, until)
    while not cursor.finished:
        fetched = fetch_whole(fetch, _address(cursor), _CLOSING)
        code, message = _error(fetched.body)
        if code == "badResumptionToken" and cursor.token:
            cursor = _restarted(cursor)
            continue
        if code not in ("", "noRecordsMatch"):
            raise FetchError(f"{cursor.base_url} refuses the harvest: {code} {message}".rstrip())
        cursor = _advanced(cursor, fetched.body)
        yield Page(fetched, cursor)


def _address(cursor: OaiCursor) -> str:
    # A token is exclusive: it stands for all other arguments (protocol, 3.5).
    fields = {"verb": "ListRecords", "resumptionToken": cursor.token}
    if not cursor.token:
        since = cursor.newest if cursor.climbs >= _CLIMBS else cursor.since
        fields = {
            "verb": "ListRecords",
            "metadataPrefix": cursor.prefix,
            "set": cursor.set_spec,
            "from": since,
            "until": cursor.until,
        }
    return f"{cursor.base_url}?{urlencode({name: value for name, value in fields.items() if value})}"


def _error(body: bytes) -> tuple[str, str]:
    # Errors and records exclude each other (protocol, 3.6), and a record may hold an <error> of its own.
    match = None if _RECORDS.search(body) else _ERROR.search(body)
    return ("", "") if match is None else (match[1].decode("ascii"), _text(match[2]))


def _restarted(cursor: OaiCursor) -> OaiCursor:
    if cursor.restarts >= _RESTARTS:
        raise FetchError(f"{cursor.base_url} lets its resumption tokens expire ({_RESTARTS} times): go on later")
    return replace(cursor, token="", restarts=cursor.restarts + 1)


def _advanced(cursor: OaiCursor, body: bytes) -> OaiCursor:
    stamps = [_text(stamp) for stamp in _STAMP.findall(body)]
    token = _TOKEN.search(body)
    following = _text(token[1]) if token else ""
    if following and following == cursor.token:
        raise FetchError(
            f"{cursor.base_url} hands out the resumption token {following[:80]!r} twice: its paging is broken"
        )
    first = _RESPONSE_DATE.search(body)
    newest = max([cursor.newest, *stamps])
    return replace(
        cursor,
        token=following,
        newest=newest,
        restarts=cursor.restarts if newest == cursor.newest else 0,
        climbs=_climbs(cursor, stamps),
        first_response=cursor.first_response or (_text(first[1]) if first else ""),
        finished=not following,
    )


def _climbs(cursor: OaiCursor, stamps: list[str]) -> int:
    # An expired token may have sent the harvest back to its start; that fall says nothing of the order.
    before = cursor.newest if cursor.token else ""
    row = [before, *stamps] if before else stamps
    steps = [(after > earlier) - (after < earlier) for earlier, after in pairwise(row)]
    return -1 if cursor.climbs < 0 or -1 in steps else cursor.climbs + steps.count(1)


def _text(raw: bytes) -> str:
    return html.unescape(raw.decode("utf-8", "replace")).strip()
