"""What people write to name a source, and what it stands for.

https://papers.example/rss                  a feed
feeds/list.bib, file:///data/list.bib       a file, read again when it has changed
arxiv:cs.DC, arxiv:cat:cs.DC AND ti:quorum  a query of the arXiv API
https://export.arxiv.org/api/query?search_query=cat:cs.DC       the same, at that address
oai:cs:cs:DC                                a set of arXiv's OAI-PMH repository
https://repo.example/oai?verb=ListRecords&metadataPrefix=oai_dc&set=theses    another's
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from models.errors import InputError
from models.paper import arxiv_id
from service.feeds.identity import is_arxiv_category
from service.fetch.addresses import target
from service.fetch.arxiv_api import ARXIV_API
from service.fetch.oai import ARXIV_OAI

_EXAMPLES = "write an http(s) address, a file, arxiv:cat:cs.DC or oai:cs:cs:DC"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


class Kind(StrEnum):
    """How a source is read."""

    FEED = "feed"
    FILE = "file"
    ARXIV = "arxiv"
    OAI = "oai"


@dataclass(frozen=True, slots=True)
class Spec:
    """A source, understood.

    Attributes:
        url: what the store knows it by; `parse_spec(url)` gives the same again.
        kind: how it is read.
        address: where: a URL, the base URL of an API, or a path.
        query: of the arXiv API ("cat:cs.DC"), else "".
        set_spec, prefix: of OAI-PMH, "" for all sets.
        since: first datestamp of an OAI-PMH harvest as the address has it, else "".
    """

    url: str
    kind: Kind
    address: str
    query: str = ""
    set_spec: str = ""
    prefix: str = ""
    since: str = ""

    @property
    def web_address(self) -> str:
        """An address that other programs can open."""
        if self.kind is Kind.ARXIV:
            wanted = {"search_query": self.query, "sortBy": "lastUpdatedDate", "sortOrder": "descending"}
            return f"{self.address}?{urlencode(wanted)}"
        if self.kind is Kind.OAI:
            asked = {"verb": "ListRecords", "metadataPrefix": self.prefix, "set": self.set_spec, "from": self.since}
            return f"{self.address}?{urlencode({name: value for name, value in asked.items() if value})}"
        return self.url

    @property
    def at_arxiv(self) -> bool:
        """Whether arXiv itself serves it: nothing is to be expected on weekends then."""
        host = urlsplit(self.address).hostname or ""
        return self.kind is not Kind.FILE and (host == "arxiv.org" or host.endswith(".arxiv.org"))


def parse_spec(text: str, *, stored: bool = False) -> Spec:
    """The source that a line of text names.

    With `stored` it is the `url` of a source that was added before: its file may be gone by now.

    Raises:
        InputError: none of the forms above, or a file that does not exist.
        FetchError: an address that is refused as such (credentials, odd hosts).
    """
    text = _without_feed(text.strip())
    scheme = _SCHEME.match(text)
    read = _READERS.get(scheme[0].lower()) if scheme else None
    if read is not None:
        spec = read(text)
    elif not text or "://" in text:
        raise InputError(f"{text[:200]!r} is no source: {_EXAMPLES}")
    else:
        spec = _file(Path(text))
    if spec.kind is Kind.FILE and not stored:
        _check_file(Path(spec.address))
    return spec


def _without_feed(text: str) -> str:
    """Browsers and readers write `feed:` before an address, or in the place of `http:`."""
    if text.lower().startswith(("feed:http://", "feed:https://")):
        return text[5:]
    return f"http{text[4:]}" if text.lower().startswith("feed://") else text


def _web(text: str) -> Spec:
    place = target(text)
    url = place.url
    query = parse_qs(urlsplit(url).query)
    bare = url.partition("?")[0]
    if bare.endswith("/api/query") and query.get("search_query"):
        return Spec(url, Kind.ARXIV, bare, query=query["search_query"][0])
    if query.get("verb") == ["ListRecords"]:
        return _set(url, bare, query)
    return Spec(url, Kind.FEED, url)


def _set(url: str, bare: str, query: dict[str, list[str]]) -> Spec:
    first = {name: values[0] for name, values in query.items()}
    prefix, since = first.get("metadataPrefix", "oai_dc"), first.get("from", "")
    return Spec(url, Kind.OAI, bare, set_spec=first.get("set", ""), prefix=prefix, since=since)


def _arxiv(text: str) -> Spec:
    query = " ".join(text.partition(":")[2].split())
    if arxiv_id(query):
        raise InputError(f"{text} names one paper, not a query: `paperwire tag` takes papers; for a feed {_EXAMPLES}")
    if is_arxiv_category(query):
        query = f"cat:{query}"
    if ":" not in query:
        raise InputError(f"the query {text!r} names no field: write for instance arxiv:cat:cs.DC or arxiv:all:{query}")
    return Spec(f"arxiv:{query}", Kind.ARXIV, ARXIV_API, query=query)


def _oai(text: str) -> Spec:
    rest = text.partition(":")[2].strip()
    if rest.lower().startswith(("http://", "https://")):
        url = target(rest).url
        return _set(f"oai:{url}", url.partition("?")[0], parse_qs(urlsplit(url).query))
    if not rest or any(c.isspace() for c in rest):
        raise InputError(
            f"{text!r} names no set: write oai:cs:cs:DC for one of arXiv's, or oai:https://... for another's"
        )
    return Spec(f"oai:{rest}", Kind.OAI, ARXIV_OAI, set_spec=rest, prefix="arXiv")


def _file_url(text: str) -> Spec:
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        raise InputError(f"{text} is on another machine ({parts.netloc}): give its http(s) address")
    return _file(Path(unquote(parts.path)))


def _file(path: Path) -> Spec:
    path = path.expanduser().absolute()
    path = path.parent.resolve() / path.name  # a link to the latest of many files is to stay one
    return Spec(path.as_uri(), Kind.FILE, str(path))


def _check_file(path: Path) -> None:
    if not path.is_file():
        what = "a folder: `paperwire ingest` reads folders" if path.is_dir() else "no file"
        raise InputError(f"{path} is {what}; for a feed {_EXAMPLES}")


_READERS: dict[str, Callable[[str], Spec]] = {
    "http:": _web,
    "https:": _web,
    "file:": _file_url,
    "arxiv:": _arxiv,
    "oai:": _oai,
}
