"""Subscription lists in and out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from service.feeds import FORMATS
from service.ingest import read_opml, write_opml
from service.store import Source

RECORDED = Path(__file__).parents[2].parent / "shared" / "data" / "feeds" / "recorded" / "opml"


def opml(body: str, head: str = "<head><title>Mine</title></head>") -> bytes:
    return f'<?xml version="1.0"?><opml version="2.0">{head}<body>{body}</body></opml>'.encode()


def test_nested_outlines_are_read_with_their_folders():
    listed = read_opml(
        opml(
            '<outline text="Systems"><outline text="Storage">'
            '<outline type="rss" text=" Disks\n and tapes " xmlUrl="https://disks.example/rss"/></outline>'
            '<outline title="Locks" text="ignored" XMLURL="https://locks.example/atom"/></outline>'
        )
    )
    assert [(one.url, one.title, one.folder) for one in listed.outlines] == [
        ("https://disks.example/rss", "Disks and tapes", ("Systems", "Storage")),
        ("https://locks.example/atom", "Locks", ("Systems",)),
    ]
    assert listed.skipped == ()


def test_bad_outlines_are_skipped_with_reasons_and_cost_no_neighbour():
    listed = read_opml(
        opml(
            '<outline text="No address" type="rss"/>'
            '<outline text="Mail" xmlUrl="mailto:somebody"/>'
            '<outline text="Password" xmlUrl="https://user:secret@locks.example/"/>'
            '<outline text="Elsewhere" type="include" url="https://more.example/list.opml"/>'
            '<outline text="Format" xmlUrl="https://a.example/" xmlns:p="https://paperwire.invalid/opml" p:format="x"/>'
            '<outline text="Good" xmlUrl="https://good.example/rss"/>'
            '<outline text="Good again" xmlUrl="https://GOOD.example/rss"/>'
        )
    )
    assert [one.title for one in listed.outlines] == ["Good"]
    assert [(one.position, one.id) for one in listed.skipped] == [
        (1, "No address"),
        (2, "Mail"),
        (3, "Password"),
        (4, "Elsewhere"),
        (5, "Format"),
    ]
    assert all(one.reason for one in listed.skipped)
    assert "secret" not in listed.skipped[2].reason


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not XML",
        b"<html><body/></html>",
        b"<opml><head/></opml>",
        b"<opml><body><outline",
        b'<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><opml><body><outline text="&b;"/></body></opml>',
        b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/hostname">]><opml><body>&x;</body></opml>',
    ],
)
def test_what_is_no_list_is_refused(data):
    with pytest.raises(FeedError, match="no OPML"):
        read_opml(data)


def test_folders_without_end_are_read_to_a_hundred():
    deep = '<outline text="f">' * 150 + '<outline text="x" xmlUrl="https://x.example/"/>' + "</outline>" * 150
    assert read_opml(opml(deep)).outlines == ()


@given(
    st.lists(
        st.builds(
            Source,
            st.sampled_from(
                [
                    "https://a.example/rss?x=1&y=%22",
                    "http://b.example/",
                    "arxiv:cat:cs.DC AND ti:quorum",
                    "oai:cs:cs:DC",
                    "file:///tmp/a%20b.bib",
                    "https://repo.example/oai?verb=ListRecords&metadataPrefix=dim&set=a:b",
                ]
            ),
            title=st.text(max_size=20),
            format=st.sampled_from(["", *FORMATS]),
            interval_s=st.integers(60, 1_000_000),
        ),
        unique_by=lambda source: source.url,
    )
)
def test_a_list_written_here_comes_back_whole(sources):
    listed = read_opml(write_opml(sources))
    assert listed.skipped == ()
    assert [(one.url, one.format, one.interval_s) for one in listed.outlines] == [
        (source.url, source.format, source.interval_s) for source in sources
    ]
    for one, source in zip(listed.outlines, sources, strict=True):
        assert one.title in (" ".join(source.title.split()), source.url) or not source.title.isprintable()


def test_other_programs_find_addresses_they_can_open():
    document = write_opml([Source("arxiv:cat:cs.DC"), Source("oai:cs:cs:DC")]).decode()
    assert 'xmlUrl="https://export.arxiv.org/api/query?search_query=cat%3Acs.DC&amp;' in document
    assert 'xmlUrl="https://oaipmh.arxiv.org/oai?verb=ListRecords&amp;metadataPrefix=arXiv' in document


def test_recorded_lists_are_read_whole():
    if not RECORDED.is_dir():
        pytest.skip("needs the recorded feeds of the shared data")
    for path in sorted(RECORDED.iterdir()):
        data = path.read_bytes()
        listed = read_opml(data)
        assert len(listed.outlines) + len(listed.skipped) > 0, path.name
        assert len(listed.outlines) > 0.9 * data.lower().count(b"xmlurl="), path.name
