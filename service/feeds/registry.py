"""Every feed format there is: where it is read, and what it is. Adding one is adding a line here.

A format is a module with `matches(head: bytes) -> bool`, which looks at the beginning of a feed, and
one of `read(data: bytes, *, broken: bool)` for formats that only make sense as a whole and
`read_stream(stream)` for those read piece by piece; both give entries and raise FeedError only if the
whole is not that format. `broken` data is known to end early: an entry without its end is left out.
Modules are loaded when they are asked for: several stand on libraries that take time to load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import BinaryIO, Literal, Protocol, cast

from models.errors import FeedError
from service.feeds.decompress import whole
from service.feeds.entries import Entry
from service.feeds.lookahead import until_damage

Family = Literal["xml", "json", "text", "binary"]
"""What a format is written in: decides in which order formats are tried on a feed."""


@dataclass(frozen=True, slots=True)
class Format:
    """One feed format.

    Attributes:
        module: the module that reads it.
        family: what it is written in.
        description: one line for people choosing a format.
        seeks: whether its reader jumps about in the file, and prefers it to a stream.
    """

    module: str
    family: Family
    description: str
    seeks: bool = False


FORMATS: Mapping[str, Format] = {
    "arxiv-atom": Format("service.feeds.arxiv_atom", "xml", "arXiv API replies (Atom)"),
    "arxiv-rss": Format("service.feeds.arxiv_rss", "xml", "arXiv's daily listings (RSS and Atom of rss.arxiv.org)"),
    "rdf": Format("service.feeds.rdf", "xml", "arXiv's old listings (RSS 1.0); other RSS 1.0 is syndication"),
    "oai-pmh": Format("service.feeds.oai", "xml", "OAI-PMH records: oai_dc, arXiv, arXivRaw"),
    "publisher-xml": Format(
        "service.feeds.publisher_xml", "xml", "publishers' XML: JATS, PubMed, Crossref, DataCite, IEEE, OSTI"
    ),
    "syndication": Format("service.feeds.syndication", "xml", "any other RSS or Atom feed"),
    "kaggle": Format("service.feeds.kaggle", "json", "the arXiv metadata snapshot on Kaggle (JSON Lines)"),
    "json-feed": Format("service.feeds.json_feed", "json", "JSON Feed 1.0 and 1.1"),
    "crossref": Format("service.feeds.crossref", "json", "Crossref works, from its REST API or a data file"),
    "openalex": Format("service.feeds.openalex", "json", "OpenAlex works, from its API or snapshot"),
    "semantic-scholar": Format("service.feeds.semantic_scholar", "json", "Semantic Scholar papers, API or data set"),
    "datacite": Format("service.feeds.datacite", "json", "DataCite works, from its REST API or a data file"),
    "csl-json": Format("service.feeds.csl_json", "json", "CSL-JSON of reference managers"),
    "jsonl": Format("service.feeds.jsonl", "json", "Paperwire's own JSON Lines, and any other JSON holding papers"),
    "arxiv-listing": Format("service.feeds.listing", "text", "an arXiv API listing as bare text, its markup lost"),
    "bibtex": Format("service.feeds.bibtex", "text", "BibTeX and BibLaTeX"),
    "ris": Format("service.feeds.ris", "text", "RIS of reference managers"),
    "csv": Format("service.feeds.delimited", "text", "tables with a header: CSV, TSV and their relatives"),
    "parquet": Format("service.feeds.parquet", "binary", "Parquet tables with a row a paper", seeks=True),
}
"""All formats by name; within a family the first that matches is taken, so the particular come first."""


class Reader(Protocol):
    """What a format's module offers, as one shape: documents are read whole, streams piece by piece."""

    def matches(self, head: bytes) -> bool:
        """Whether a feed beginning with `head` is of this format."""

    def read_stream(self, stream: BinaryIO) -> Iterator[Entry]:
        """The entries of a feed; raises FeedError if it is not of this format as a whole."""


class _Document(Protocol):
    def matches(self, head: bytes) -> bool: ...

    def read(self, data: bytes, *, broken: bool = False) -> Iterator[Entry]: ...


@dataclass(frozen=True, slots=True)
class _WholeReader:
    """A reader of streams out of a reader of documents."""

    document: _Document
    what: str

    def matches(self, head: bytes) -> bool:
        return self.document.matches(head)

    def read_stream(self, stream: BinaryIO) -> Iterator[Entry]:
        with until_damage(stream) as (source, met):
            data = whole(source, f"a feed of the format {self.what}")
            yield from self.document.read(data, broken=met.damage is not None)


@cache
def reader(name: str) -> Reader:
    """The reader of the format called `name`, its module loaded.

    Raises:
        FeedError: there is no format of that name; the message lists those there are.
    """
    form = FORMATS.get(name)
    if form is None:
        raise FeedError(f"no feed format is called {name!r}: choose one of {', '.join(FORMATS)}")
    module = import_module(form.module)
    if hasattr(module, "read_stream"):
        return cast(Reader, module)
    return _WholeReader(cast(_Document, module), name)
