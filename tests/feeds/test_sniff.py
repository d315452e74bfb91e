import contextlib
import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from service.feeds import FORMATS, parse, sniff
from tests.feeds import publisher_samples, xml_samples
from tests.feeds.plain_samples import ABSTRACT, SAMPLES, TITLE

XML = {
    "arxiv-atom": xml_samples.ARXIV_ATOM,
    "arxiv-rss": xml_samples.ARXIV_RSS,
    "rdf": xml_samples.ARXIV_RDF,
    "oai-pmh": xml_samples.OAI_DC,
    "publisher-xml": publisher_samples.JATS,
    "syndication": xml_samples.RSS_20,
}
EVERY = {**XML, **SAMPLES}


def test_there_is_a_sample_of_every_format():
    assert set(EVERY) == set(FORMATS)


@pytest.mark.parametrize("name", EVERY)
def test_every_format_is_told_from_its_content_and_gives_papers(name):
    assert sniff(EVERY[name]) == name
    feed = parse(EVERY[name])
    assert feed.format == name and feed.papers


@pytest.mark.parametrize("name", sorted(set(EVERY) - {"parquet"}))
@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n\n  ", b"\xef\xbb\xbf\r\n"])
def test_marks_and_white_space_in_front_do_not_hide_a_format(name, before):
    assert sniff(before + EVERY[name]) == name


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"parquet"}))
def test_text_in_utf_16_is_told_as_well(name):
    assert sniff(SAMPLES[name].decode().encode("utf-16")) == name
    assert parse(SAMPLES[name].decode().encode("utf-16")).papers == parse(SAMPLES[name]).papers


@pytest.mark.parametrize("name", EVERY)
def test_only_the_first_part_is_looked_at(name):
    assert sniff(EVERY[name] + b" " * 200_000) == name


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'<?xml version="1.0"?><opml version="2.0"><body/></opml>', "paperwire feeds import"),
        (b"<!DOCTYPE html><html><head></head></html>", "web page"),
        (b"<html><body>Sorry</body></html>", "web page"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04\x14\x00", "zip archive"),
        (b"\xfd7zXZ\x00\x00", "xz"),
        (b"BZh91AY", "bzip2"),
        (b"SQLite format 3\x00", "export the table as CSV"),
        (b"\x89PNG\r\n", "picture"),
        (b"%0 Journal Article\n%T Quorum leases\n", "EndNote"),
        (b"PMID- 1234567\nTI  - Quorum leases\n", "PubMed"),
        (b"FN Clarivate\nVR 1.0\nPT J\n", "Web of Science"),
        (b"", "empty"),
        (b" \n\t ", "empty"),
    ],
)
def test_what_is_no_feed_is_named_with_the_way_out(data, said):
    with pytest.raises(FeedError, match=said):
        sniff(data)


def test_an_unknown_feed_is_shown_and_the_known_formats_are_listed():
    with pytest.raises(FeedError) as caught:
        sniff(b"Dear editor,\nplease find attached")
    assert "'Dear editor, please find attached'" in str(caught.value)
    assert all(name in str(caught.value) for name in FORMATS)


def test_a_packed_page_is_named_like_a_plain_one():
    with pytest.raises(FeedError, match="web page"):
        parse(gzip.compress(b"<html><body>Sorry</body></html>"))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_format_or_a_feed_error(data):
    try:
        assert sniff(data) in FORMATS
    except FeedError as error:
        assert str(error)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"openalex"}))
def test_one_paper_has_one_text_in_every_format(name):
    """OpenAlex alone cannot: its index of words has lost the white space and what stood in it."""
    paper = parse(SAMPLES[name]).papers[0]
    assert (paper.title, paper.abstract) == (TITLE, ABSTRACT)


@pytest.mark.parametrize(
    "piece",
    [
        b"@a{ ",
        b"\n@",
        b"TY  -",
        b'{"',
        b"[[",
        b"{",
        b'",',
        b"<",
        b"<a ",
        b"<!--",
        b"http://arxiv.org/abs/",
        b" \n",
        b"a\x00",
        b"%0 ",
    ],
)
def test_hostile_beginnings_are_judged_soon(piece):
    head = piece * (65_536 // len(piece))
    begin = time.process_time()
    with contextlib.suppress(FeedError):
        sniff(head)
    assert time.process_time() - begin < 2
