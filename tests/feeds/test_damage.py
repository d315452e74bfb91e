"""Compressed feeds that break off: what comes back is whole papers, the first of those the whole feed has."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds import Entry, Skipped, iter_entries
from tests.feeds import publisher_samples, xml_samples
from tests.feeds.plain_samples import SAMPLES

XML = {
    name.lower(): value
    for name, value in (vars(xml_samples) | vars(publisher_samples)).items()
    if isinstance(value, bytes) and not name.startswith("_") and name not in ("HTML_PAGE", "ARXIV_ERROR", "OAI_ERROR")
}
TRICKY = (
    b'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>Lamp news</title>'
    + b"".join(
        b"<item><title>Lamp %d</title><description><![CDATA[How to write <item><title>no</title></item> and "
        b"</rss> in a feed of lamps]]></description><!-- </item> --><link>http://lamps.example/%d</link></item>"
        % (n, n)
        for n in range(4)
    )
    + b"</channel></rss>"
)
ITEMS = {
    "meta": {"items": [{"id": "no", "title": "Not a paper"}]},
    "items": [
        {"id": f"k{n}", "title": f"Lamp {n}", "abstract": "One light.", "items": [{"id": "x", "title": "Inner"}]}
        for n in range(4)
    ],
}
FEEDS = {
    **{name: data for name, data in SAMPLES.items() if name != "parquet"},
    **XML,
    "tricky": TRICKY,
    "utf-16": TRICKY.decode().encode("utf-16"),
    "minified": json.dumps(ITEMS).encode(),
    "indented": json.dumps(ITEMS, indent=1).encode(),
}
PACKS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "stored": lambda data: gzip.compress(data, 0),
    "zstd": zstandard.ZstdCompressor().compress,
}


def papers(entries: list[Entry]) -> list[Paper]:
    return [entry for entry in entries if isinstance(entry, Paper)]


def read(data: bytes) -> list[Entry]:
    """The entries of a feed; none where it is refused as a whole."""
    try:
        return list(iter_entries(io.BytesIO(data)))
    except FeedError as error:
        return [Skipped(0, str(error))]


@pytest.mark.parametrize("name", FEEDS)
@given(share=st.floats(0, 1, exclude_max=True), pack=st.sampled_from(sorted(PACKS)))
def test_papers_of_a_cut_feed_are_the_first_of_the_whole_one(name: str, share: float, pack: str) -> None:
    packed = PACKS[pack](FEEDS[name])
    found = read(packed[: int(share * len(packed))])
    kept = papers(found)
    assert kept == papers(read(FEEDS[name]))[: len(kept)]
    assert any(isinstance(entry, Skipped) for entry in found)


@pytest.mark.parametrize(("name", "count"), [("tricky", 4), ("utf-16", 4), ("minified", 4), ("indented", 4)])
def test_no_whole_paper_before_the_cut_is_lost(name: str, count: int) -> None:
    packed = PACKS["stored"](FEEDS[name])
    found = read(packed[:-10])  # 8 bytes of gzip at its end, two of the document's
    assert len(papers(found)) == count
    assert isinstance(found[-1], Skipped)
    assert "gzip data damaged or cut short after" in found[-1].reason
    assert found[-1].position == count + 1


def test_a_cut_in_the_middle_costs_the_entries_behind_it() -> None:
    packed = PACKS["stored"](TRICKY)
    found = read(packed[: packed.index(b"Lamp 2") + 40])
    assert [paper.title for paper in papers(found)] == ["Lamp 0", "Lamp 1"]
    assert [entry.position for entry in found if isinstance(entry, Skipped)] == [3]


def test_a_cut_before_the_first_whole_entry_is_an_error_that_names_it() -> None:
    packed = PACKS["stored"](TRICKY)
    with pytest.raises(FeedError, match="gzip data damaged or cut short"):
        list(iter_entries(io.BytesIO(packed[: packed.index(b"Lamp 0") + 40])))
