"""Cutting documents into entries, so that one broken entry costs no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds.entries import MAX_ENTRY_BYTES, Note, Skipped
from service.feeds.xml_entries import XmlEntry, declarations, elements, entries, papers
from service.feeds.xml_guard import opened
from service.feeds.xml_tree import line


def cut(data, *names):
    return list(entries(opened(data), *(names or ("item",))))


def wordings(data, *names):
    return [line(item.element) if isinstance(item, XmlEntry) else item.reason for item in cut(data, *names)]


def test_entries_come_in_order_with_positions():
    items = cut(b"<r><item>one</item> <item a='b'>two</item><items>no</items><item/></r>")
    assert [(item.position, line(item.element)) for item in items] == [(1, "one"), (2, "two"), (3, "")]


def test_tags_in_comments_and_cdata_begin_nothing():
    assert wordings(b"<r><!-- <item>no</item> --><item><![CDATA[<item>a</item>]]></item><?x <item> ?></r>") == [
        "<item>a</item>"
    ]


def test_the_first_prefix_is_that_of_all():
    data = b'<r xmlns:m="u"><item>a<m:item>b</m:item></item><item>c</item></r>'
    assert wordings(data) == ["ab", "c"]
    assert wordings(b'<x:r xmlns:x="u"><x:item>a<item>b</item></x:item></x:r>') == ["ab"]


def test_end_tags_that_only_begin_alike_end_nothing():
    assert wordings(b"<records><record>a</record></records>", "record") == ["a"]


@pytest.mark.parametrize(
    "broken",
    [
        b"<item><t>two</item>",
        b"<item>two",
        b"<item>two &nope; </t></item>",
        b"<item><x:y>two</x:y></item>",
        b"<item>two<![CDATA[never closed</item>",
        b"<item>two<!-- never closed </item>",
        b"<item a='>two</item>",
        b"<item>tw\xffo</item>",
        b"<item>two\x0b</item>",
    ],
)
def test_a_broken_entry_costs_no_other(broken):
    data = b"<r><item>one</item>" + broken + b"<item>three <![CDATA[<b>]]></item></r>"
    first, second, third = cut(data)
    assert (line(first.element), line(third.element)) == ("one", "three <b>")
    assert second.mended or b"\xff" in broken
    assert line(second.element).startswith("tw")
    assert third.position == 3


def test_namespaces_of_the_frame_hold_inside():
    (item,) = cut(b'<r xmlns:dc="urn:dc"><item><dc:x>a</dc:x></item></r>')
    assert item.element[0].tag == "{urn:dc}x"
    assert not item.mended


def test_entries_in_another_encoding_keep_it_to_themselves():
    assert wordings(b"<r><item>caf\xe9</item><item>caf\xc3\xa9</item></r>") == ["café", "café"]


def test_an_oversized_entry_is_skipped():
    data = b"<r><item>one</item><item>" + b"x" * MAX_ENTRY_BYTES + b"</item><item>three</item></r>"
    first, second, third = cut(data)
    assert isinstance(second, Skipped)
    assert (second.position, third.position) == (2, 3)
    assert "1,048,576" in second.reason
    assert (line(first.element), line(third.element)) == ("one", "three")


@pytest.mark.parametrize(
    "data",
    [
        b"<r>" + b"<a>" * 250 + b"<item>x</item></r>",
        b"<r><item>x</item><item>" + b"<b>" * 250 + b"</b>" * 250 + b"</item></r>",
        b"<r><item/>" + b"<a>" * 250,
    ],
)
def test_deep_nesting_refuses_the_document_before_its_first_entry(data):
    with pytest.raises(FeedError, match="nest more than 200 deep"):
        next(entries(opened(data), "item"))


def test_a_document_type_inside_an_entry_declares_nothing():
    (item,) = cut(b"<r><item><!DOCTYPE x [<!ENTITY a 'b'>]>x &a;</item></r>")
    assert line(item.element) == "]>x &a;"


def test_elements_of_another_name():
    document = opened(b"<r><item>a</item><token>t</token></r>")
    assert [line(item.element) for item in elements(document, "token")] == ["t"]


def test_declarations_escape():
    assert declarations({"": "u", "a": 'x"&amp;<'}) == ' xmlns="u" xmlns:a="x&quot;&amp;&lt;"'


def test_errors_of_a_reader_become_skipped_entries():
    def read(item):
        if item.position == 2:
            raise FeedError("no good")
        return Paper(id=str(item.position), title="t")

    found = list(papers(opened(b"<r><item>a</item><item>b</item><item>c & d</item>"), ("item",), read, "empty"))
    assert [entry.id for entry in found if isinstance(entry, Paper)] == ["1", "3"]
    assert [entry for entry in found if isinstance(entry, Skipped)] == [Skipped(2, "no good")]
    notes = [entry.text for entry in found if isinstance(entry, Note)]
    assert any("mended: 1 (3)" in note for note in notes)
    assert any("breaks off" in note for note in notes)
    assert "empty" not in notes


def test_no_entries_is_a_note():
    assert list(papers(opened(b"<r/>"), ("item",), lambda item: Note(""), "empty")) == [Note("empty")]


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12).map(
    lambda text: " ".join(text.split())
)


@given(st.lists(words, max_size=6), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_well_formed_documents_come_apart_exactly(texts, codec):
    def escaped(text):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    document = "<r>" + "".join(f"<item>{escaped(text)}</item>" for text in texts) + "</r>"
    items = cut(document.encode(codec))
    assert [line(item.element) for item in items] == texts
    assert not any(item.mended for item in items)
