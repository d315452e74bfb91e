"""What people write to name a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import FetchError, InputError
from service.fetch.arxiv_api import ARXIV_API
from service.fetch.oai import ARXIV_OAI
from service.ingest import Kind, parse_spec


@pytest.mark.parametrize(
    ("text", "kind", "url"),
    [
        ("https://Papers.example/rss#top", Kind.FEED, "https://papers.example/rss"),
        (" feed://papers.example/rss ", Kind.FEED, "http://papers.example/rss"),
        ("feed:https://papers.example/rss", Kind.FEED, "https://papers.example/rss"),
        ("arxiv:cs.DC", Kind.ARXIV, "arxiv:cat:cs.DC"),
        ("arxiv:cat:cs.DC  AND\tti:quorum", Kind.ARXIV, "arxiv:cat:cs.DC AND ti:quorum"),
        ("oai:cs:cs:DC", Kind.OAI, "oai:cs:cs:DC"),
        ("oai:https://repo.example/oai?set=x", Kind.OAI, "oai:https://repo.example/oai?set=x"),
    ],
)
def test_a_source_is_known_by_one_name_however_it_was_written(text, kind, url):
    spec = parse_spec(text)
    assert (spec.kind, spec.url) == (kind, url)
    assert parse_spec(spec.url) == spec


def test_queries_are_asked_at_arxiv_or_where_the_address_says():
    ours = parse_spec("arxiv:cat:cs.DC AND ti:quorum")
    assert (ours.address, ours.query) == (ARXIV_API, "cat:cs.DC AND ti:quorum")
    theirs = parse_spec("http://mirror.example/api/query?search_query=cat:cs.DC+AND+ti:quorum&max_results=3")
    assert (theirs.kind, theirs.address, theirs.query) == (Kind.ARXIV, "http://mirror.example/api/query", ours.query)
    assert ours.at_arxiv and not theirs.at_arxiv
    assert ours.web_address.startswith(f"{ARXIV_API}?search_query=cat%3Acs.DC+AND+ti%3Aquorum&")


def test_sets_are_arxivs_or_another_repositorys():
    ours = parse_spec("oai:cs:cs:DC")
    assert (ours.address, ours.set_spec, ours.prefix) == (ARXIV_OAI, "cs:cs:DC", "arXiv")
    theirs = parse_spec("https://repo.example/oai?verb=ListRecords&metadataPrefix=dim&set=theses&from=2026-01-05")
    assert (theirs.kind, theirs.address) == (Kind.OAI, "https://repo.example/oai")
    assert (theirs.set_spec, theirs.prefix, theirs.since) == ("theses", "dim", "2026-01-05")
    assert (
        theirs.web_address == "https://repo.example/oai?verb=ListRecords&metadataPrefix=dim&set=theses&from=2026-01-05"
    )


def test_a_file_is_known_by_its_whole_path_and_may_be_gone_later(tmp_path, monkeypatch):
    path = tmp_path / "a list.bib"
    path.write_text("@article{a, title={Quorums}}")
    monkeypatch.chdir(tmp_path)
    spec = parse_spec("a list.bib")
    assert spec.kind is Kind.FILE and Path(spec.address) == path and spec.url == path.as_uri()
    assert parse_spec(spec.url) == spec
    path.unlink()
    assert parse_spec(spec.url, stored=True) == spec
    with pytest.raises(InputError, match="no file"):
        parse_spec(spec.url)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no source"),
        ("gopher://papers.example/", "no source"),
        ("arxiv:2603.00001", "names one paper"),
        ("arxiv:quorum", "names no field"),
        ("oai:", "names no set"),
        ("file://elsewhere/list.bib", "another machine"),
        ("nowhere.bib", "no file"),
    ],
)
def test_what_names_no_source_is_refused_with_a_reason(text, reason):
    with pytest.raises(InputError, match=reason):
        parse_spec(text)


def test_a_folder_is_no_source(tmp_path):
    with pytest.raises(InputError, match="folder"):
        parse_spec(str(tmp_path))


def test_addresses_with_passwords_are_refused():
    with pytest.raises(FetchError):
        parse_spec("https://user:secret@papers.example/rss")
