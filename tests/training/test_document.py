"""Blocks as HTML and Markdown: the same words, and never markup out of data."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from training.document import Bullets, Figure, Heading, Link, Paragraph, paper_link, plain, table, to_html, to_markdown

HOSTILE = '<script>alert(1)</script> & "q" | `c` *b* _i_ [l](x) $m$ # 1. ~s~ <!-- \\'
_PRINTABLE = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


class _Reader(HTMLParser):
    """Collects tags, attribute names and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.words.append(data)


def _blocks(text: str):
    return [
        Heading(text),
        Paragraph(text),
        Paragraph(text, warning=True),
        Bullets((text, Link(text, "https://example.org/" + text))),
        table((text, "n"), [(text, (text, Link(text, "https://example.org/a b\"'<>")))], (1,)),
        Figure("chart", "<svg></svg>", text),
    ]


def test_data_never_becomes_html_markup():
    tame, wild = (_Reader(to_html(text, _blocks(text))) for text in ("tame", HOSTILE))
    assert wild.tags == tame.tags
    assert wild.attributes == tame.attributes
    assert HOSTILE in wild.words


@given(_PRINTABLE)
def test_no_text_adds_a_tag_or_an_attribute(text):
    tame, wild = (_Reader(to_html(words, _blocks(words))) for words in ("tame", text))
    assert wild.tags == tame.tags
    assert wild.attributes == tame.attributes


def test_the_page_loads_nothing_and_runs_nothing():
    page = to_html("t", _blocks("x"))
    assert "default-src 'none'" in page
    assert not {"script", "link", "img", "iframe", "object"} & set(_Reader(page).tags)


def _shown(markdown: str) -> list[str]:
    """Text of every inline run as a Markdown reader shows it."""
    parser = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    return [
        "".join(child.content if child.type == "text" else f"<{child.type}>" for child in token.children or [])
        for token in parser.parse(markdown)
        if token.type == "inline"
    ]


@given(_PRINTABLE.filter(str.strip))
def test_markdown_shows_any_text_as_it_stands(text):
    words = " ".join(text.split())
    if words:
        assert _shown(to_markdown("t", [Paragraph(text)]))[1:] == [words]
        assert _shown(to_markdown("t", [table(("a", "b"), [(text, "c")])]))[1:] == ["a", "b", words, "c"]


def test_hostile_text_stays_text_in_markdown():
    assert _shown(plain(HOSTILE)) == [HOSTILE]
    html = MarkdownIt("commonmark").enable("table").render(to_markdown("t", _blocks(HOSTILE)))
    assert "<script" not in html
    assert html.count("<td") == 2


def test_markdown_has_a_row_for_every_row_and_a_link_for_every_chart():
    text = to_markdown("t", [table(("a", "b"), [("1", "2"), ("3", "4")], (1,)), Figure("f", "<svg/>", "cap")])
    assert text == "# t\n\n| a | b |\n| --- | ---: |\n| 1 | 2 |\n| 3 | 4 |\n\n![cap](f.svg)\n"


def test_arxiv_ids_lead_to_their_abstract_page_and_nothing_else_does():
    assert paper_link("arxiv:math/0309136") == Link("arxiv:math/0309136", "https://arxiv.org/abs/math/0309136")
    assert paper_link('arxiv:"><b>').url == "https://arxiv.org/abs/%22%3E%3Cb%3E"
    assert paper_link("javascript:alert(1)") == "javascript:alert(1)"
