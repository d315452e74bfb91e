"""Pages of a harvest: what `arxiv_api_pages` and `oai_pages` share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.errors import FetchError
from service.fetch.policy import Fetched

Fetch = Callable[[str], Fetched]
"""Gets one address, as `Fetcher.fetch` does."""

CursorT = TypeVar("CursorT")


@dataclass(frozen=True, slots=True)
class Page(Generic[CursorT]):
    """One page of a harvest.

    Attributes:
        fetched: the page, ready for `service.feeds.parse(page.fetched.body)`.
        cursor: where the harvest stands after this page. Store it together with the page's papers;
            handed in as `resume`, it makes an interrupted harvest go on with the next page.
    """

    fetched: Fetched
    cursor: CursorT


def fetch_whole(fetch: Fetch, url: str, closing: re.Pattern[bytes], tries: int = 3) -> Fetched:
    """The answer at `url`, asked for again while its end does not match `closing`.

    A page that breaks off would look like the last page, and the rest of the harvest would be
    missing without a word.

    Raises:
        FetchError: as `fetch`, or every answer was cut short or is of another kind.
    """
    for _ in range(tries):
        fetched = fetch(url)
        if closing.search(fetched.body[-256:]):
            return fetched
    start, end = fetched.body[:60], fetched.body[-60:]
    raise FetchError(f"{url}: the page is cut short or of another kind: it begins with {start!r} and ends with {end!r}")
