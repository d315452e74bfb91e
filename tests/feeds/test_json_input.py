import contextlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds.entries import MAX_ENTRY_BYTES, Note, Skipped
from service.feeds.json_input import json_entries, json_records, parse_json, unwrapped

records = st.lists(
    st.dictionaries(st.text(max_size=8), st.text(max_size=12) | st.integers(), min_size=1, max_size=4), max_size=12
)


def found(text, containers=("items",)):
    return list(json_records(io.StringIO(text), containers))


def values(text, containers=("items",)):
    return [record.record for record in found(text, containers)]


@given(
    records, st.sampled_from(["lines", "array", "array by lines", "pretty", "inside", "sequence", "one after another"])
)
def test_records_come_out_the_same_however_they_are_arranged(items, arrangement):
    each = [json.dumps(item) for item in items]
    text = {
        "lines": "\n".join(each),
        "array": json.dumps(items),
        "array by lines": "[\n" + ",\n".join(each) + "\n]",
        "pretty": json.dumps(items, indent=2),
        "inside": json.dumps({"next": None, "items": items}, indent=1),
        "sequence": "".join(f"\x1e{one}\n" for one in each),
        "one after another": "\n".join(json.dumps(item, indent=1) for item in items),
    }[arrangement]
    if not items and arrangement in ("lines", "sequence", "one after another"):
        with pytest.raises(FeedError, match="empty"):
            values(text)
    elif not any("items" in item for item in items):
        assert values(text) == items


def test_lines_have_their_line_number_and_records_of_documents_their_place():
    assert [record.position for record in found('{"a":1}\n\n{"a":2}\n')] == [1, 3]
    assert [record.position for record in found('{"items":[{"a":1},\n{"a":2}]}')] == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}\n{"a": oops}\n{"a": 3}\n',
        '{"a": oops}\n{"a": 2}\n{"a": 3}\n',
        '{"a": 1}\n<html>\n{"a": 3}\n',
        '{"a": 1}\n{"a": 2}\n{"a": 3',
        '{"a": 1} {"b": 2}\n{"a": 2}\n{"a": 3}\n',
        "[\n" + '{"a": 1},\n{"a" 2},\n{"a": 3}\n]',
    ],
)
def test_a_broken_line_costs_itself_alone(text):
    everything = found(text)
    assert len(everything) == 3
    assert [bool(record.problem) for record in everything].count(True) == 1
    assert all("not JSON" in record.problem for record in everything if record.problem)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_line_over_the_limit_costs_itself_alone(place):
    rows = ['{"a": 1}', '{"a": 2}', '{"a": 3}']
    rows[place] = json.dumps({"a": "x" * MAX_ENTRY_BYTES})
    everything = found("\n".join(rows))
    assert [record.position for record in everything if "too large" in record.problem] == [place + 1]
    assert len(everything) == 3


def test_a_long_document_on_one_line_is_no_overlong_record():
    items = [{"a": "x" * 1000} for _ in range(2000)]
    assert values(json.dumps({"items": items})) == items


def test_records_before_a_break_in_a_document_are_kept():
    text = json.dumps({"title": "feed", "items": [{"a": 1}, {"a": 2}, {"a": 3}]})
    everything = found(text[: text.rindex("3")])
    assert [record.record for record in everything] == [{"a": 1}, {"a": 2}, None]
    assert "breaks off" in everything[-1].problem


@pytest.mark.parametrize("text", ["", " \n ", "oops", "{oops", '{"items": oops}', "[oops]"])
def test_what_is_no_json_at_all_is_an_error(text):
    with pytest.raises(FeedError):
        found(text)


def test_nesting_and_numbers_without_end_are_refused():
    with pytest.raises(FeedError, match="nested too deep"):
        parse_json("[" * 100_000)
    with pytest.raises(FeedError, match="not JSON"):
        parse_json("9" * 10_000)


def test_half_a_surrogate_pair_is_made_a_replacement_character_and_a_whole_one_a_letter():
    assert parse_json(r'"\ud83d"') == "\ufffd"
    assert parse_json(r'["\ud83d\ude00", "\udc00x"]') == ["😀", "\ufffdx"]


def test_line_ends_and_tabs_inside_strings_are_let_through():
    assert parse_json('"a\tb\nc"') == "a\tb\nc"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 2], [1, 2]),
        ({"items": [1]}, [1]),
        ({"items": {"a": 1}}, [{"a": 1}]),
        ({"items": "many"}, [{"items": "many"}]),
        ({"abstract": "a", "items": [1]}, [{"abstract": "a", "items": [1]}]),
        ({"id": "k", "title": "t", "items": [1]}, [{"id": "k", "title": "t", "items": [1]}]),
        ({"reply": {"docs": [1, 2]}}, [1, 2]),
        (None, [None]),
    ],
)
def test_records_are_unwrapped_but_a_record_is_no_wrapping(value, expected):
    assert unwrapped(value, ("items", "reply.docs")) == expected


def test_what_is_no_object_is_skipped_and_nothing_is_noted():
    def build(position, record):
        return Paper(id=str(position))

    def entries(text):
        return list(json_entries(io.BytesIO(text), ("items",), build))

    assert entries(b'[null, 3, "x", [1], true]') == [
        Skipped(place, f"expected a JSON object, found {kind}")
        for place, kind in enumerate(["null", "a number", "a string", "a list", "a truth value"], start=1)
    ]
    assert entries(b'{"items": []}') == [Note("empty result: the feed holds no entries")]


@given(st.text(st.sampled_from('{}[]",:\\\n \x1ea1nul\ud800'), max_size=60))
def test_nothing_but_feed_errors_is_raised(text):
    with contextlib.suppress(FeedError):
        found(text)
