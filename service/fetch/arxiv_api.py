"""Whole result lists of the arXiv API, page by page: https://info.arxiv.org/help/api/user-manual.html."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from urllib.parse import urlencode

from models.errors import FetchError
from service.fetch.paging import Fetch, Page, fetch_whole

ARXIV_API = "https://export.arxiv.org/api/query"
MAX_PAGE = 2000
"""Largest `max_results` of one request (user manual, 3.1.1.2)."""
MAX_RESULTS = 30_000
"""Results of one query that the API serves at all (same place)."""

# The envelope is read with patterns instead of a parser, so that a page with a malformed entry
# does not end the harvest; its entries are the feed parser's business. Text content cannot fool
# them: "<" is escaped in XML text. Every repetition is bounded, so hostile pages cost linear time.
_TOTAL = re.compile(rb"<(?:[\w.-]{1,40}:)?totalResults\b[^>]{0,300}>\s{0,20}(\d{1,12})\s{0,20}<")
_ENTRY = re.compile(rb"<(?:[\w.-]{1,40}:)?entry[\s>]")
_ERROR = re.compile(
    rb"<id>\s{0,20}https?://arxiv\.org/api/errors[^<]{0,300}</id>.{0,4000}?<summary[^>]{0,100}>([^<]{0,300})", re.DOTALL
)
_CLOSING = re.compile(rb"</(?:[\w.-]{1,40}:)?feed\s*>\s*$")


@dataclass(frozen=True, slots=True)
class ApiCursor:
    """Where a harvest of the arXiv API stands.

    Attributes:
        query: `search_query` of the API, e.g. "cat:cs.DC AND ti:consensus".
        start: results already served, 0 before the first page.
        total: results of the query as of the last page, None before the first.
        page_size: results asked for in one request.
        sort_by: "submittedDate", "lastUpdatedDate" or "relevance". ascending: oldest first; new
            papers then join at the end, so that pages do not shift during a harvest.
    """

    query: str
    start: int = 0
    total: int | None = None
    page_size: int = 200
    sort_by: str = "submittedDate"
    ascending: bool = True

    @property
    def finished(self) -> bool:
        """Whether every result has been served."""
        return self.total is not None and self.start >= self.total

    def to_text(self) -> str:
        """JSON in one line, for `from_text`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> ApiCursor:
        """The cursor of a `to_text`.

        Raises:
            FetchError: not such a text.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise FetchError(f"not an arXiv API cursor: {text[:80]!r} ({error}); start the harvest anew") from None


def arxiv_api_pages(
    fetch: Fetch,
    query: str = "",
    *,
    resume: ApiCursor | None = None,
    page_size: int = 200,
    base_url: str = ARXIV_API,
    empty_tries: int = 5,
) -> Iterator[Page[ApiCursor]]:
    """Every page of a query, oldest submission first, until `totalResults` is reached.

    The API at times serves an empty page though results are left: such a page is asked for again,
    up to `empty_tries` times in all (3 s apart by the fetcher's gate), and an empty page is only
    yielded where no result is left. The next page starts after the results that came, so a
    short page loses none.

    Args:
        fetch: gets an address, e.g. `Fetcher(policy).fetch`.
        query: `search_query`; with `resume` that cursor's query, order and page size count.
        resume: the cursor of the last page that was stored.
        page_size: results a page, at most 2,000.
        base_url: another server of the same API.
        empty_tries: requests for one page before giving up.

    Raises:
        FetchError: as `fetch`; an error that the API reports; a page that stays empty; a page
            that is cut short or not an API answer; a query with more results than the API serves (after the
            last served page): split it by submittedDate.
    """
    cursor = resume or ApiCursor(query, page_size=max(1, min(page_size, MAX_PAGE)))
    while not cursor.finished:
        if cursor.start >= MAX_RESULTS:
            raise FetchError(
                f"the query {cursor.query!r} has {cursor.total:,} results, the arXiv API serves {MAX_RESULTS:,}: "
                "split it by submittedDate:[... TO ...], or harvest with OAI-PMH"
            )
        page = _page(fetch, base_url, cursor, empty_tries)
        yield page
        cursor = page.cursor


def _page(fetch: Fetch, base_url: str, cursor: ApiCursor, empty_tries: int) -> Page[ApiCursor]:
    total = 0
    for _ in range(max(1, empty_tries)):
        fetched = fetch_whole(fetch, _address(base_url, cursor), _CLOSING)
        total, served = _envelope(fetched.body, cursor)
        if served or cursor.start >= total:
            after = replace(cursor, start=cursor.start + served, total=total)
            return Page(fetched, after)
    raise FetchError(
        f"arXiv served no entry from {cursor.start:,} on in {max(1, empty_tries)} requests, though {total:,} results "
        f"match {cursor.query!r}: go on later with the last page's cursor"
    )


def _address(base_url: str, cursor: ApiCursor) -> str:
    wanted = min(cursor.page_size, MAX_RESULTS - cursor.start)
    fields = {
        "search_query": cursor.query,
        "start": cursor.start,
        "max_results": wanted,
        "sortBy": cursor.sort_by,
        "sortOrder": "ascending" if cursor.ascending else "descending",
    }
    return f"{base_url}?{urlencode(fields)}"


def _envelope(body: bytes, cursor: ApiCursor) -> tuple[int, int]:
    """(total results, entries on this page)."""
    problem = _ERROR.search(body)
    if problem is not None:
        raise FetchError(f"the arXiv API refuses {cursor.query!r}: {problem[1].decode('utf-8', 'replace').strip()}")
    total = _TOTAL.search(body)
    if total is None:
        raise FetchError(f"not an arXiv API answer (no totalResults): it begins with {body[:60]!r}")
    return int(total[1]), len(_ENTRY.findall(body))
