"""Every export format, read back by our own readers and by the libraries of the field."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import bibtexparser
import pyarrow.parquet
import pytest
import rispy
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InputError
from models.paper import Paper
from models.text import clean
from service.feeds import parse
from service.out.bibtex import citation_key
from service.out.citation import Person, person
from service.out.exports import EXPORTS, export, writer
from service.out.table import COLUMNS
from service.out.text import legal_line
from service.store import EVERYTHING, PaperFilter, Store, StoredTag
from tests.out.samples import NAMES, fill
from tests.out.test_feed_forms import HOSTILE, TRICKS
from tests.store.samples import START, make_paper, make_tagging

# What a format has no field for does not come back from it.
_ALL = ("id", "title", "abstract", "version", "authors", "categories", "published", "updated", "url", "doi", "comment")
_CITED = ("id", "title", "abstract", "authors", "url", "doi")
KEPT = {
    "jsonl": _ALL,
    "csv": _ALL,
    "parquet": _ALL,
    "bibtex": _CITED,
    "ris": _CITED,
    "csl-json": (*_CITED, "categories"),
}


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", clock=lambda: START) as opened:
        yield opened


def written(store: Store, name: str, query: Any = EVERYTHING) -> bytes:
    target = io.BytesIO()
    assert export(store, query, NAMES, name, target) == store.listing.count(query)
    return target.getvalue()


@pytest.mark.parametrize("name", KEPT)
def test_papers_come_back(store: Store, name: str) -> None:
    papers = fill(store, 25)
    papers.append(make_paper(90, id="doi:10.1000/ab_c.1", doi="10.1000/AB_c.1", authors=("Guido van Rossum",)))
    papers.append(make_paper(91, id="url:https://papers.example/abs/91", authors=("Ada Lovelace", "Plato")))
    papers.append(
        make_paper(92, id="arxiv:math/0309136", authors=("Martin Luther King Jr.",), published=None, updated=None)
    )
    store.papers.upsert(papers[25:])
    read = parse(written(store, name))
    assert not read.skipped
    assert [values(paper, name) for paper in read.papers] == [values(paper, name) for paper in papers]


def values(paper: Paper, name: str) -> list[object]:
    return [getattr(paper, field) for field in KEPT[name]]


@pytest.mark.parametrize("name", EXPORTS)
def test_an_empty_export_is_whole(store: Store, name: str) -> None:
    data = written(store, name)
    if name in ("csl-json", "zotero"):
        assert json.loads(data) == []
    elif name == "parquet":
        assert pyarrow.parquet.read_table(io.BytesIO(data)).num_rows == 0
    else:
        assert data == b"" or data.count(b"\n") == 1


def test_only_what_was_asked_for(store: Store) -> None:
    fill(store, 25)
    lines = written(store, "jsonl", PaperFilter(any_of=("consensus",), min_probability=0.7)).splitlines()
    tags = [json.loads(line)["tagging"]["tags"] for line in lines]
    assert tags
    assert all(any(tag["theme"] == "consensus" and tag["probability"] >= 0.7 for tag in each) for each in tags)


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(InputError, match="use one of jsonl, csv"):
        writer("docx")


def test_keywords_everywhere(store: Store) -> None:
    paper = make_paper(2)
    store.papers.upsert([paper])
    tags = (StoredTag("consensus", 0.9), StoredTag("surveys", 0.8, "person"), StoredTag("gone-theme", 0.5, "rule"))
    store.taggings.save([make_tagging(paper, tags=tags, primary="consensus", abstained=False, reasons=())])
    (entry,) = bibtexparser.parse_string(written(store, "bibtex").decode()).entries
    assert entry["keywords"] == r"Consensus \& replication, Surveys  reviews, gone-theme"
    assert "themes-1" in entry["x-keywords"]
    (record,) = rispy.loads(written(store, "ris").decode())
    assert record["keywords"] == ["Consensus & replication", "Surveys, reviews", "gone-theme"]
    (item,) = json.loads(written(store, "csl-json"))
    assert item["keyword"] == "Consensus & replication, Surveys  reviews, gone-theme"
    (zotero,) = json.loads(written(store, "zotero"))
    assert zotero["tags"] == [
        {"tag": "Consensus & replication", "type": 1},
        {"tag": "Surveys, reviews"},  # a person's
        {"tag": "gone-theme", "type": 1},
    ]


def test_zotero_items(store: Store) -> None:
    store.papers.upsert([make_paper(1, comment="12 pages"), make_paper(2, id="doi:10.1000/x", doi="10.1000/x")])
    preprint, article = json.loads(written(store, "zotero"))
    assert preprint["itemType"] == "preprint"
    assert preprint["archiveID"] == "arXiv:2603.00001"
    assert preprint["creators"][0] == {"creatorType": "author", "firstName": "Mira", "lastName": "Öztürk"}
    assert preprint["extra"] == "Paperwire: arxiv:2603.00001\n12 pages"
    assert article["itemType"] == "journalArticle"
    assert "repository" not in article


def test_parquet_columns(store: Store) -> None:
    fill(store, 3)
    table = pyarrow.parquet.read_table(io.BytesIO(written(store, "parquet"))).to_pylist()
    assert table[1]["themes"] == ["federated-learning", "consensus"]
    assert table[1]["probabilities"] == pytest.approx([0.9, 0.5])
    assert table[1]["published"] == make_paper(1).published
    assert table[1]["primary_theme"] == "federated-learning"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "＝", "\0="])
def test_spreadsheets_find_no_formula(store: Store, start: str) -> None:
    bad = f"{start}HYPERLINK(A1)"
    store.papers.upsert([make_paper(1, title=bad, abstract=bad, authors=(bad, "B"), comment=bad)])
    header, row = csv.reader(io.StringIO(written(store, "csv").decode(), newline=""))
    assert header == list(COLUMNS)
    for cell in row:
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    assert dict(zip(header, row, strict=True))["title"].endswith("HYPERLINK(A1)")


def check(text: str) -> None:
    papers = [make_paper(1), make_paper(2, title=text, abstract=f"Some {text}", authors=(text, "B")), make_paper(3)]
    papers[1] = make_paper(2, title=text, abstract=f"Some {text}", authors=(text, "Jo B"), comment=text)
    with Store.open(":memory:", clock=lambda: START) as store:
        store.papers.upsert(papers)
        for name in KEPT:
            read = parse(written(store, name)).papers
            assert [paper.id for paper in read] == [paper.id for paper in papers], name
            assert [paper.title for paper in (read[0], read[2])] == [papers[0].title, papers[2].title], name
            assert read[1].abstract.startswith("Some"), name
        assert [p.id for p in parse(written(store, "zotero")).papers] != []


@settings(max_examples=40)
@given(HOSTILE)
def test_hostile_text_costs_no_neighbour(text: str) -> None:
    check(text)


@pytest.mark.parametrize(
    "trick", [*TRICKS, "}", "{", "\\", "$", "a}, title={b", "ER  - ", "TY  - JOUR", "@misc{x,", '"', "%"]
)
def test_known_tricks_cost_no_neighbour(trick: str) -> None:
    check(trick)


PLAIN = st.text(alphabet=st.characters(categories=("L", "N"), max_codepoint=0x24F), min_size=1, max_size=8)


@given(st.lists(st.one_of(PLAIN, st.sampled_from(["&", "%", "#", "100%", "A_b", "C++"])), min_size=1, max_size=6))
def test_plain_titles_survive_latex(words: list[str]) -> None:
    title = " ".join(words)
    with Store.open(":memory:") as store:
        store.papers.upsert([make_paper(1, title=title)])
        (read,) = parse(written(store, "bibtex")).papers
    assert clean(read.title) == clean(title)


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_citation_keys_are_safe_and_differ(one: str, other: str) -> None:
    assert not set(citation_key(one)) & set(' {}(),="#%\\~\n')
    assert (citation_key(one) == citation_key(other)) == (one == other)


@pytest.mark.parametrize(
    ("display", "parts"),
    [
        ("Ada Lovelace", Person("Ada Lovelace", "Ada", "Lovelace")),
        ("Guido van Rossum", Person("Guido van Rossum", "Guido", "van Rossum")),
        ("Plato", Person("Plato")),
        ("{x", Person("{x")),
    ],
)
def test_names_in_parts(display: str, parts: Person) -> None:
    assert person(display) == parts


def test_streams_in_flat_memory(store: Store) -> None:
    """A writer takes papers one by one: none is asked for before the one before it is written."""
    fill(store, 5)
    for name in ("jsonl", "csv", "bibtex", "ris", "csl-json", "zotero"):
        target, seen = io.BytesIO(), []

        def watched(target: io.BytesIO = target, seen: list[int] = seen) -> Iterator[Any]:
            for stored in store.listing.iterate():
                seen.append(target.tell())
                yield stored

        write: Callable[..., int] = writer(name)
        assert write(watched(), NAMES, target) == 5
        assert seen == sorted(set(seen)) or seen[0] == 0
        assert len(set(seen)) == 5, name


def test_text_is_one_line_in_line_formats(store: Store) -> None:
    store.papers.upsert([make_paper(1, title="Two\nlines", abstract="Three\r\nshort\u2028lines")])
    (record,) = rispy.loads(written(store, "ris").decode())
    assert record["title"] == "Two lines"
    assert record["abstract"] == legal_line("Three short lines")
