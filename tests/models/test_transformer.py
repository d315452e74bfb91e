"""What an encoder reads; one of a damaged bundle is refused, its part named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from models.bundle import SHIPPED
from models.encoders.transformer import GRAPH, TOKENIZER, TransformerEncoder, readable_tokens
from models.errors import BundleError
from tests.tiny import tiny_encoder


@pytest.mark.parametrize(
    "content", [None, b"", b"{}", b"\xff\xfe", b'{"version": "1.0", "model": {"type": "WordPiece"}}']
)
def test_a_tokenizer_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / TOKENIZER).write_bytes(content)
    with pytest.raises(BundleError, match=r"cannot read tokenizer\.json: "):
        TransformerEncoder(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"\x00\x01"])
def test_a_graph_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    (tmp_path / TOKENIZER).write_bytes((SHIPPED / TOKENIZER).read_bytes())
    if content is not None:
        (tmp_path / GRAPH).write_bytes(content)
    with pytest.raises(BundleError, match=r"cannot load the graph encoder\.xml"):
        TransformerEncoder(tmp_path)


def test_no_text_is_read_beyond_the_graph_s_positions(tmp_path: Path) -> None:
    directory = tiny_encoder(tmp_path / "encoder").directory
    encoder = TransformerEncoder(directory, max_tokens=256)
    encoded = encoder.encode(["a " * 126, "a " * 300, "a " * 127])
    assert encoder.max_tokens == readable_tokens(directory, 256) == 128
    assert encoded.tokens.tolist() == [128, 128, 128]
    assert encoded.truncated.tolist() == [False, True, True]
    np.testing.assert_array_equal(encoded.vectors[1:], encoded.vectors[[0, 0]])


def test_the_shipped_encoder_has_positions_for_what_it_reads() -> None:
    assert readable_tokens(SHIPPED, 10_000) == 512


def test_a_tokenizer_without_marks_of_beginning_and_end_is_refused(tmp_path: Path) -> None:
    directory = tiny_encoder(tmp_path / "encoder").directory
    tokenizer = Tokenizer.from_file(str(directory / TOKENIZER))
    tokenizer.post_processor = None
    tokenizer.save(str(directory / TOKENIZER))
    with pytest.raises(BundleError, match="marks no beginning and end"):
        TransformerEncoder(directory)
