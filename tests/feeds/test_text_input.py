import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from service.feeds.entries import MAX_ENTRY_BYTES
from service.feeds.text_input import decode, doubts, encoding_of, is_too_large, lines, open_text, rest_of

TEXT = "id,title\n1,Überlegungen zu Größe und Maß – “quoted”\n"


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
def test_the_encoding_is_found_and_the_text_comes_out(codec, name):
    data = TEXT.encode(codec)
    assert encoding_of(data) == name
    assert decode(data) == TEXT
    assert open_text(io.BytesIO(data)).read().removeprefix("\ufeff") == TEXT


def test_only_the_last_resort_is_doubted():
    assert [note.text[:31] for note in doubts(open_text(io.BytesIO("Größe".encode("latin-1"))))] == [
        "the text is not valid UTF-8: re"
    ]
    assert list(doubts(open_text(io.BytesIO("Größe".encode())))) == []


def test_a_character_cut_at_the_end_of_the_head_is_no_doubt():
    data = "Größe".encode()
    assert encoding_of(data[:3]) == "utf-8"
    assert decode(data[:3]) == "Gr"


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])), max_size=20))
def test_lines_are_numbered_and_come_without_their_endings(texts):
    data = "\n".join(texts).encode()
    found = list(lines(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline=None)))
    assert [line.number for line in found] == list(range(1, len(found) + 1))
    assert [line.text for line in found] == "\n".join(texts).removesuffix("\n").split("\n") or not found


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_ending_counts(ending):
    text = open_text(io.BytesIO(ending.join("abc").encode()))
    assert [line.text for line in lines(text)] == ["a", "b", "c"]


def test_an_overlong_line_is_passed_over_and_counted():
    text = io.StringIO("a\n" + "x" * (3 * MAX_ENTRY_BYTES) + "\nb\n")
    assert list(lines(text)) == [(1, "a"), (2, None), (3, "b")]


def test_the_limit_is_in_bytes_not_characters():
    assert not is_too_large("x" * MAX_ENTRY_BYTES)
    assert is_too_large("ü" * (MAX_ENTRY_BYTES // 2 + 1))


def test_a_document_too_long_to_be_read_whole_is_refused(monkeypatch):
    monkeypatch.setattr("service.feeds.text_input.MAX_DOCUMENT_BYTES", 10)
    assert rest_of(io.StringIO("x" * 10), "a library") == "x" * 10
    with pytest.raises(FeedError, match="a library"):
        rest_of(io.StringIO("x" * 11), "a library")


@given(st.binary(max_size=300))
def test_any_bytes_are_some_text(data):
    assert isinstance(decode(data), str)
    assert isinstance(open_text(io.BytesIO(data)).read(), str)
