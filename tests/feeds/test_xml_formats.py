"""What every XML format promises: the right one is recognised, and no bytes make one raise anything but FeedError."""

import importlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds.entries import Announced, Note, Skipped
from tests.feeds import publisher_samples, xml_samples
from tests.feeds.xml_breaking import broken

FORMATS = {
    name: importlib.import_module(f"service.feeds.{name}")
    for name in ("arxiv_atom", "arxiv_rss", "rdf", "oai", "publisher_xml", "syndication")
}
EXPECTED = {
    "arxiv_atom": "arxiv_atom",
    "arxiv_error": "arxiv_atom",
    "arxiv_rss": "arxiv_rss",
    "arxiv_atom_listing": "arxiv_rss",
    "arxiv_rdf": "rdf",
    "rss_20": "syndication",
    "rss_091": "syndication",
    "rss_10": "syndication",
    "atom_10": "syndication",
    "oai_dc": "oai",
    "oai_arxiv": "oai",
    "oai_error": "oai",
    "jats": "publisher_xml",
    "pubmed": "publisher_xml",
    "crossref": "publisher_xml",
    "datacite": "publisher_xml",
    "ieee": "publisher_xml",
    "osti": "publisher_xml",
    "html_page": None,
}
RECORDED = Path(__file__).parents[2].parent / "shared" / "data" / "feeds" / "recorded"
FOLDERS = (
    "arxiv_api arxiv_rss oai_arxiv oai_errors_and_small oai_other general_feeds journal_feeds lab_blogs derived_feeds "
    "publisher_xml other_xml"
).split()
SAMPLES = {
    name.lower(): value
    for name, value in (vars(xml_samples) | vars(publisher_samples)).items()
    if isinstance(value, bytes) and not name.startswith("_")
}
any_document = st.binary(max_size=300) | broken(tuple(SAMPLES.values()))


def recognised(data):
    """The format the registry would take: the particular ones come before `syndication`."""
    return next((name for name, module in FORMATS.items() if module.matches(data[:65_536])), None)


def read_all(name, data):
    return list(FORMATS[name].read(data))


def test_every_sample_has_an_expectation():
    assert set(SAMPLES) == set(EXPECTED)


@pytest.mark.parametrize("sample", sorted(EXPECTED))
def test_the_format_is_told_from_the_content(sample):
    assert recognised(SAMPLES[sample]) == EXPECTED[sample]


@pytest.mark.parametrize("sample", sorted(EXPECTED))
@pytest.mark.parametrize("codec", ["utf-16", "utf-8-sig", "utf-32"])
def test_the_encoding_changes_nothing(sample, codec):
    name = EXPECTED[sample]
    if name is None:
        return
    # Whoever converts a file may leave its declaration as it was.
    text = SAMPLES[sample].decode("iso-8859-1" if sample == "rss_091" else "utf-8")
    data = text.encode(codec)
    assert recognised(data) == name
    assert read_all(name, data) == read_all(name, SAMPLES[sample])


@pytest.mark.parametrize("name", FORMATS)
@given(data=any_document)
def test_no_bytes_raise_anything_but_feed_error(name, data):
    FORMATS[name].matches(data)
    try:
        entries = read_all(name, data)
    except FeedError as error:
        assert str(error)
        return
    positions = [entry.position for entry in entries if isinstance(entry, Skipped)]
    assert positions == sorted(positions)
    assert all(isinstance(entry, Paper | Skipped | Note | Announced) for entry in entries)
    assert all(entry.id and (entry.title or entry.abstract) for entry in entries if isinstance(entry, Paper))


@pytest.mark.parametrize("name", FORMATS)
def test_a_web_page_is_called_one(name):
    with pytest.raises(FeedError, match="HTML page"):
        read_all(name, xml_samples.HTML_PAGE)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "data", [b"", b" \n", b"hello", b"{}", b"\x1f\x8b\x08\x00", b"<?xml version='1.0'?>", b"<other/>"]
)
def test_what_is_not_the_format_is_refused(name, data):
    assert not FORMATS[name].matches(data)
    with pytest.raises(FeedError):
        read_all(name, data)


@pytest.mark.parametrize("name", FORMATS)
def test_entities_are_refused(name):
    sample = next(key for key, expected in EXPECTED.items() if expected == name)
    start = SAMPLES[sample].index(b"<", 60 if sample == "jats" else 5)
    body = SAMPLES[sample][start:].split(b"?>")[-1]
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]>' + body[body.index(b"<") :]
    with pytest.raises(FeedError, match="entities"):
        read_all(name, bomb)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="needs the recorded feeds of ../shared")
@pytest.mark.parametrize("folder", FOLDERS)
def test_recorded_feeds_are_read_to_the_last_entry(folder):
    index = (line.split("\t") for line in (RECORDED / "INDEX.tsv").read_text("utf-8").splitlines()[1:])
    counts = {row[0]: int(row[3]) for row in index if row[0].startswith(f"{folder}/") and row[3].isdigit()}
    assert counts
    for path, count in counts.items():
        data = (RECORDED / path).read_bytes()
        name = recognised(data)
        assert name is not None, path
        entries = read_all(name, data)
        said = sum(not isinstance(entry, Note | Announced) for entry in entries)
        answered = any(isinstance(entry, Note) and "error" in entry.text for entry in entries)
        # The index counts arXiv's error entry as an entry, and none of OSTI's records.
        assert said == count or (answered and count == 1 and said == 0) or (folder == "other_xml" and said), path
        assert all(entry.reason for entry in entries if isinstance(entry, Skipped)), path
