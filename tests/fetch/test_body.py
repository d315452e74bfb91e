"""Bodies: any split, any compression, never past the limit."""

from __future__ import annotations

import contextlib
import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import FetchError
from service.fetch.body import read_body

PACKERS = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "X-GZIP": lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:]),
    "deflate": zlib.compress,
    "identity, deflate": lambda data: zlib.compress(data, wbits=-15),
}


def split(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(data=st.binary(max_size=400), encoding=st.sampled_from(sorted(PACKERS)), size=st.integers(1, 50))
@settings(max_examples=100, deadline=None)
def test_what_was_packed_comes_out_however_it_arrives(data, encoding, size):
    assert read_body(split(PACKERS[encoding](data), size), encoding, 10_000) == data


@given(data=st.binary(min_size=1, max_size=400), encoding=st.sampled_from(["gzip", "deflate"]), lost=st.integers(1, 10))
@settings(max_examples=100, deadline=None)
def test_a_body_that_breaks_off_never_passes_for_whole(data, encoding, lost):
    packed = PACKERS[encoding](data)
    kept = packed[: max(1, len(packed) - lost)]
    with pytest.raises((EOFError, zlib.error)):
        read_body([kept], encoding, 10_000)


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate"]))
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_give_bytes_or_a_known_error(data, encoding):
    with contextlib.suppress(EOFError, zlib.error, FetchError):
        assert isinstance(read_body(split(data, 7), encoding, 1000), bytes)


def test_padding_after_the_last_member_is_ignored_and_not_read():
    def chunks():
        yield gzip.compress(b"whole") + b"\0\0"
        yield b"\0" * 10
        raise AssertionError("read on after the end")

    assert read_body(chunks(), "gzip", 1000) == b"whole"


@pytest.mark.parametrize("encoding", sorted(PACKERS))
def test_the_limit_is_exact(encoding):
    packed = PACKERS[encoding](b"a" * 5000)
    assert len(read_body([packed], encoding, 5000)) == 5000
    with pytest.raises(FetchError, match="larger than 4,999 bytes"):
        read_body([packed], encoding, 4999)


def test_a_bomb_is_unpacked_no_further_than_the_limit():
    taken = []

    def chunks():
        for piece in split(gzip.compress(b"\0" * 50_000_000), 1000):
            taken.append(piece)
            yield piece

    with pytest.raises(FetchError, match="decompressed"):
        read_body(chunks(), "gzip", 1_000_000)
    assert len(taken) < 5


def test_no_chunk_is_taken_past_the_limit():
    def chunks():
        yield b"x" * 10
        yield b"x"
        raise AssertionError("read on past the limit")

    with pytest.raises(FetchError, match="as sent"):
        read_body(chunks(), "", 10)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_in_one_chunk_takes_no_more_memory_than_the_limit(encoding):
    bomb = PACKERS[encoding](b"\0" * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="decompressed"):
            read_body([bomb], encoding, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
