"""The public surface of the room: parse, iter_entries, recognised."""

import gzip
import io
import itertools
import json
import random

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

import service.feeds
from models.errors import FeedError
from models.paper import Paper
from service.feeds import FORMATS, Note, Skipped, iter_entries, parse, recognised
from tests.feeds.plain_samples import PAPER, SAMPLES
from tests.feeds.test_sniff import EVERY


def line(**fields):
    return json.dumps({"id": "arxiv:2602.01234", "title": "Quorum leases", **fields}).encode() + b"\n"


def test_what_is_exported_exists():
    assert all(hasattr(service.feeds, name) for name in service.feeds.__all__)


def test_versions_and_cross_lists_of_a_paper_are_folded_and_counted():
    feed = parse(
        line(version=1, categories=["cs.DC"])
        + line(version=3, title="Quorum leases, final", categories=["cs.DB"])
        + line(version=2, categories=["cs.LG"])
        + line(id="arxiv:2602.09999")
    )
    assert [(paper.id, paper.version) for paper in feed.papers] == [("arxiv:2602.01234", 3), ("arxiv:2602.09999", None)]
    assert feed.papers[0].title == "Quorum leases, final"
    assert feed.papers[0].categories == ("cs.DB", "cs.DC", "cs.LG")
    assert feed.duplicates == 2


def test_entries_of_a_stream_are_not_folded_and_the_stream_stays_open():
    stream = io.BytesIO(line(version=1) + b"{broken}\n" + line(version=2))
    found = list(iter_entries(stream))
    assert [type(entry) for entry in found] == [Paper, Skipped, Paper]
    assert not stream.closed


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_every_format_may_be_packed(name, pack):
    assert parse(pack(EVERY[name])) == parse(EVERY[name])


@pytest.mark.parametrize("name", EVERY)
def test_streams_give_what_bytes_give(name):
    found_name, entries = recognised(io.BytesIO(EVERY[name]))
    assert found_name == name
    assert [entry for entry in entries if isinstance(entry, Paper)] == list(parse(EVERY[name], name).papers)


def test_an_unknown_format_is_an_error_at_once():
    with pytest.raises(FeedError, match="'xlsx'"):
        parse(b"", "xlsx")
    with pytest.raises(FeedError, match="'xlsx'"):
        iter_entries(io.BytesIO(b"{}"), "xlsx")
    with pytest.raises(FeedError, match="no known feed format"):
        iter_entries(io.BytesIO(b"hello"))


def test_a_named_format_that_does_not_fit_gives_a_skipped_entry_with_the_reason():
    feed = parse(b"hello", "bibtex")
    assert (feed.format, feed.papers) == ("bibtex", ())
    assert "no BibTeX" in feed.skipped[0].reason


class Endless(io.RawIOBase):
    """A feed without end: a beginning, then one entry over and over."""

    def __init__(self, beginning, entry):
        self._ready = beginning
        self._entry = entry
        self.given = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        while len(self._ready) < len(buffer):
            self._ready += self._entry * 200
        buffer[:] = self._ready[: len(buffer)]
        self._ready = self._ready[len(buffer) :]
        self.given += len(buffer)
        return len(buffer)


ENDLESS = {
    "jsonl": (b"", line()),
    "kaggle": (b"", SAMPLES["kaggle"].splitlines(keepends=True)[0]),
    "arxiv-listing": (
        b"",
        b"http://arxiv.org/abs/2602.01234v1Leases2026-02-11T08:00:09ZWe log.2026-02-11T08:00:09ZAda Vane",
    ),
    "ris": (b"", SAMPLES["ris"]),
    "csv": (b"id,title\n", b"k1,Quorum leases\n"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_papers_come_while_the_feed_is_still_being_read(name):
    source = Endless(*ENDLESS[name])
    found_name, entries = recognised(io.BufferedReader(source))
    assert found_name == name
    papers = [entry for entry in itertools.islice(entries, 20_000) if isinstance(entry, Paper)]
    assert len(papers) >= 19_990
    assert source.given <= 20_000 * len(ENDLESS[name][1]) + (3 << 20)


# Bytes of every kind: none, any, and feeds with damage of the sorts that happen.


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.binary(max_size=400))
def test_any_bytes_read_as_any_format_raise_nothing(name, data):
    feed = parse(data, name)
    assert feed.format == name


@given(data=st.binary(max_size=400))
def test_any_bytes_raise_nothing_but_feed_errors(data):
    try:
        assert parse(data).format in FORMATS
    except FeedError as error:
        assert str(error)


def damaged(data, seed):
    """The feed with a few pieces lost, doubled, moved or overwritten."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = min(len(data), start + chance.choice([1, 2, 8, 40, 400]))
        noise = chance.choice(
            [b"", data[start:end] * 2, b"\x00", b'"', b"{", b"}", b"\n", b"\xff\xfe", b"<", b"&#0;", b"\\"]
        )
        data = data[:start] + noise + data[end:]
    return data


@pytest.mark.parametrize("name", EVERY)
@given(seed=st.integers(0, 2**32))
def test_damaged_feeds_of_every_format_raise_nothing_but_feed_errors(name, seed):
    data = damaged(EVERY[name], seed)
    feed = parse(data, name)
    assert all(isinstance(paper, Paper) and paper.id and (paper.title or paper.abstract) for paper in feed.papers)
    assert all(skipped.reason for skipped in feed.skipped)
    try:
        parse(data)
    except FeedError as error:
        assert str(error)


@pytest.mark.parametrize("name", EVERY)
@given(seed=st.integers(0, 2**32))
def test_one_feed_read_as_another_format_raises_nothing(name, seed):
    other = random.Random(seed).choice(list(FORMATS))
    assert parse(EVERY[name], other).format == other


def test_the_sample_of_our_own_format_is_the_paper_it_was_written_from():
    assert parse(SAMPLES["jsonl"]).papers[0] == PAPER


def test_notes_are_kept_apart_from_papers():
    assert list(iter_entries(io.BytesIO(b'{"papers": []}'))) == [Note("empty result: the feed holds no entries")]
    assert parse(b'{"papers": []}').notes == ("empty result: the feed holds no entries",)
