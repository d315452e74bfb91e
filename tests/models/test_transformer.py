"""The encoder of a damaged bundle is refused, its part named."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.bundle import SHIPPED
from models.encoders.transformer import GRAPH, TOKENIZER, TransformerEncoder
from models.errors import BundleError


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
    with pytest.raises(BundleError, match=r"cannot load the encoder graph encoder\.xml"):
        TransformerEncoder(tmp_path)
