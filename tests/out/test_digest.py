"""Digests: grouped, each paper once, capped, explained, and without markup from papers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from models.bundle import ModelBundle
from models.text import clean
from service.out.digest import Digest, DigestWish, digest_of
from service.out.digest_forms import FORMS
from service.out.sentences import evidence_sentence, sentence_around
from service.store import EVERYTHING, PaperFilter, Query, Store
from tests.out.samples import NAMES, fill
from tests.out.test_feed_forms import HOSTILE, TRICKS
from tests.store.samples import START, make_paper, make_tagging
from tests.tiny import tiny_papers


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", clock=lambda: START) as opened:
        yield opened


def made(store: Store, query: Query = EVERYTHING, **wishes: Any) -> Digest:
    wish = DigestWish("New papers", query, START - timedelta(days=1), START, **wishes)
    return digest_of(store, wish, NAMES)


def test_every_paper_once_under_its_primary_theme(store: Store) -> None:
    papers = fill(store, 40)
    digest = made(store, cap=1000)
    shown = {item.stored.paper.id: section.theme for section in digest.sections for item in section.items}
    assert sum(len(section.items) for section in digest.sections) == len(shown) == len(papers) == digest.total
    assert all(shown[stored.paper.id] == stored.tagging.primary for stored in store.listing.iterate() if stored.tagging)
    assert [section.theme for section in digest.sections] == list(NAMES.taxonomy.ids)


def test_wanted_themes_only(store: Store) -> None:
    fill(store, 40)
    digest = made(store, PaperFilter(any_of=("consensus",)), themes=("consensus",), cap=1000)
    (section,) = digest.sections
    assert section.total == store.listing.count(PaperFilter(any_of=("consensus",)))
    assert any(item.stored.tagging.primary != "consensus" for item in section.items)  # type: ignore[union-attr]
    assert "Consensus & replication" not in {other for item in section.items for other in item.others}


def test_caps_keep_the_most_probable(store: Store) -> None:
    fill(store, 60)
    for section in made(store, cap=3).sections:
        everything = made(store, cap=1000)
        whole = next(other for other in everything.sections if other.theme == section.theme)
        assert section.total == whole.total
        assert section.items == whole.items[:3]
        probabilities = [item.probability for item in whole.items]
        assert probabilities == sorted(probabilities, reverse=True)
    for write in FORMS.values():
        assert "and 9 more papers" in write(made(store, cap=3)).replace("\\", "")


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_said(store: Store, form: str) -> None:
    text = FORMS[form](made(store))
    assert "No papers between 2026-03-01 08:00 UTC and 2026-03-02 08:00 UTC." in text


def test_papers_without_a_theme(store: Store) -> None:
    store.papers.upsert([make_paper(1)])
    assert made(store).total == 0
    assert made(store, untagged=True).sections[0].label == "Without a theme"


def test_evidence_of_a_real_bundle(store: Store, tiny_bundle: Path) -> None:
    bundle = ModelBundle.load(tiny_bundle)
    labelled = tiny_papers(20, 71)
    sentences = [evidence_sentence(bundle, one.paper, one.themes[0]) for one in labelled]
    found = [(s, one.paper.abstract) for s, one in zip(sentences, labelled, strict=True) if s]
    assert len(found) > 10, "papers made of a theme's own phrases have evidence for it"
    assert all(clean(sentence) in clean(abstract) for sentence, abstract in found)
    assert evidence_sentence(bundle, labelled[0].paper, "no-such-theme") == ""
    store.papers.upsert([labelled[0].paper])
    store.taggings.save([make_tagging(labelled[0].paper, (labelled[0].themes[0], 0.9))])
    digest = digest_of(store, DigestWish("T", EVERYTHING, START, START), NAMES, bundle)
    assert digest.sections[0].items[0].evidence == sentences[0]


@pytest.mark.parametrize(
    ("text", "marked", "sentence"),
    [
        ("First one. The second, v. fast, one! Third.", "second", "The second, v."),
        ("Only this", "this", "Only this"),
        ("A is 0.5 of B. Next.", "0.5", "A is 0.5 of B."),
        ("One here. Two there. Three.", "here. Two", "One here. Two there."),
    ],
)
def test_sentences(text: str, marked: str, sentence: str) -> None:
    start = text.index(marked)
    assert sentence_around(text, start, start + len(marked)) == sentence


def test_long_sentences_are_cut_between_words() -> None:
    text = " ".join(f"word{n}" for n in range(300))
    start = text.index("word150")
    cut = sentence_around(text, start, start + 7)
    assert cut.startswith("… word")
    assert cut.endswith(" …")
    assert "word150" in cut
    assert set(cut.strip("… ").split()) <= set(text.split())


class Elements(HTMLParser):
    """Names of all elements and values of all addresses of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]


def check(store: Store, text: str) -> None:
    plain = made_of(store, "harmless")
    wild = made_of(store, text)
    assert sorted(set(Elements(FORMS["html"](wild)).names)) == sorted(set(Elements(FORMS["html"](plain)).names))
    assert len(Elements(FORMS["html"](wild)).names) == len(Elements(FORMS["html"](plain)).names)
    for page in (FORMS["html"](wild), MarkdownIt("commonmark").render(FORMS["markdown"](wild))):
        assert all(address.startswith("https://papers.example/") for address in Elements(page).addresses)
        assert not {"script", "img", "iframe", "svg", "code", "hr", "h3"} & set(Elements(page).names)
    assert "\0" not in FORMS["text"](wild)


def made_of(store: Store, text: str) -> Digest:
    paper = make_paper(1, title=text, abstract=text, authors=(text, "Jo B"))
    store.papers.upsert([make_paper(1, title=text, abstract=text, authors=(text, "Jo B"), version=None)])
    digest = made(store, untagged=True)
    (section,) = digest.sections
    (item,) = section.items
    shown = replace(item, stored=replace(item.stored, paper=paper), evidence=clean(text) or "x")
    return replace(digest, sections=(replace(section, items=(shown,)),))


@pytest.mark.parametrize(
    "trick",
    [
        *TRICKS,
        "[x](javascript:alert(1))",
        "![x](y)",
        "`a` **b** # c",
        "- a",
        "1. a",
        "12) a",
        "--- ",
        "+ a",
        "=== a",
        "> a",
        "<img src=x onerror=y>",
    ],
)
def test_known_tricks_are_only_text(store: Store, trick: str) -> None:
    check(store, trick)


@settings(max_examples=30)
@given(HOSTILE)
def test_hostile_text_is_only_text(text: str) -> None:
    with Store.open(":memory:", clock=lambda: START) as store:
        check(store, text)
