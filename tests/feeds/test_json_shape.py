import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.feeds.json_shape import looks_like_json, shape


def test_keys_are_told_with_their_way_from_the_top():
    head = json.dumps({"a": {"b": [1, {"c": "x, {"}]}, "d": [["e"], {"f": None}]}).encode()
    assert shape(head) == {"a", "a.b", "a.b[].c", "d", "d[].f"}


def test_lists_and_lines_begin_at_the_top():
    assert shape(b'[{"id": 1}, {"name": 2}]') == {"[].id", "[].name"}
    assert shape(b'{"id": 1}\n{"name": 2}\n') == {"id", "name"}


@given(st.integers(1, 200))
def test_a_text_may_break_off_anywhere(length):
    text = json.dumps({"id": '1 \\ " {', "list": [{"key": "value"}] * 5, "end": "x"}).encode()
    assert shape(text[:length]) <= shape(text)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"a": 1}', True),
        (b'\xef\xbb\xbf [ {"a"', True),
        ('{"a": 1}'.encode("utf-16"), True),
        (b"{}", True),
        (b"[]", True),
        (b"[null", True),
        (b"[1, 2]", False),
        (b"{a: 1}", False),
        (b"<a>", False),
        (b"", False),
    ],
)
def test_json_is_told_from_other_text(head, expected):
    assert looks_like_json(head) is expected


@pytest.mark.parametrize(
    "head", [b'{"' * 30_000, b"[" * 65_536, b'{"a":' * 13_000, b'{"\\"' * 16_000, b'{"a' + b'\\"' * 32_000]
)
def test_hostile_heads_cost_time_in_proportion_to_their_length(head):
    begin = time.process_time()
    shape(head)
    assert time.process_time() - begin < 1
