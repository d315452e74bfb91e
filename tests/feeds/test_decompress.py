import gzip
import io
import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from models.paper import Paper
from service.feeds import Skipped, iter_entries, parse
from service.feeds.decompress import FREE_BYTES, MAX_RATIO, compression, decompressed, whole

RECORD = b'{"id": "arxiv:2602.01234", "title": "Quorum leases", "abstract": "We revisit leases."}\n'


def zstd(data, **options):
    return zstandard.ZstdCompressor(**options).compress(data)


def unpacked(data):
    return decompressed(io.BytesIO(data)).read()


@given(st.binary(max_size=4000), st.lists(st.sampled_from([gzip.compress, zstd]), max_size=3))
def test_up_to_three_layers_come_off(data, layers):
    # Data that looks compressed by chance would rightly lose a layer of its own.
    packed = data if not compression(data) else b"x" + data
    expected = packed
    for layer in layers:
        packed = layer(packed)
    assert unpacked(packed) == expected


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_several_members_are_one_feed(pack):
    data = pack(b"one ") + pack(b"") + pack(b"two")
    assert unpacked(data) == b"one two"


def test_a_stream_without_its_size_in_the_header_is_read():
    out = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(out, closefd=False) as writer:
        writer.write(os.urandom(300_000))
    assert len(unpacked(out.getvalue())) == 300_000


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_papers_before_a_cut_are_kept_and_the_cut_is_told(pack):
    lines = b"".join(RECORD.replace(b"01234", str(10_000 + i).encode()) for i in range(5000))
    noise = os.urandom(100_000).hex().encode()
    packed = pack(lines + b'{"id": "x", "title": "' + noise + b'"}\n')
    found = list(iter_entries(io.BytesIO(packed[: len(packed) * 3 // 4])))
    assert sum(isinstance(entry, Paper) for entry in found) >= 1000
    assert isinstance(found[-1], Skipped) and "cut short" in found[-1].reason


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("damage", [lambda data: data[:12], lambda data: data[:4] + b"\xff" * 20 + data[24:]])
def test_damage_in_the_first_bytes_is_an_error_that_names_it(pack, damage):
    with pytest.raises(FeedError, match="damaged or cut short"):
        parse(damage(pack(RECORD * 20)))


def test_garbage_after_the_last_member_costs_nothing_before_it():
    feed = parse(gzip.compress(RECORD) + b"<html>")
    assert len(feed.papers) == 1 and "damaged" in feed.skipped[0].reason


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_bombs_are_refused_while_they_unfold(pack):
    bomb = pack(b"\n" * (FREE_BYTES * 2))
    assert len(bomb) * MAX_RATIO < FREE_BYTES
    with pytest.raises(FeedError, match="decompression bomb"):
        unpacked(bomb)


def test_a_fourth_layer_is_refused():
    data = RECORD
    for _ in range(4):
        data = gzip.compress(data)
    with pytest.raises(FeedError, match="more than 3 times"):
        parse(data)


def test_a_zstd_window_that_would_fill_the_memory_is_refused():
    options = zstandard.ZstdCompressionParameters(window_log=28, write_content_size=False)
    data = zstandard.ZstdCompressor(compression_params=options).compressobj()
    packed = data.compress(RECORD) + data.flush()
    with pytest.raises(FeedError, match="zstd"):
        unpacked(packed)


def test_whole_documents_have_a_limit_that_names_the_way_out(monkeypatch):
    monkeypatch.setattr("service.feeds.decompress.MAX_DOCUMENT_BYTES", 1 << 20)
    assert whole(io.BytesIO(b"x" * (1 << 20)), "a feed") == b"x" * (1 << 20)
    with pytest.raises(FeedError, match=r"a feed over 1 MiB .* JSON Lines"):
        whole(io.BytesIO(b"x" * ((1 << 20) + 1)), "a feed")
