"""Weights come back out of a graph as they went in, to within half an int8 step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.errors import BundleError
from tests.tiny import tiny_encoder
from training.graph import BertShape, bert_graph, save_graph
from training.reading import read_weights


def random_weights(shape: BertShape, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)

    def values(*size: int) -> np.ndarray:
        return rng.normal(0, 0.3, size).astype(np.float32)

    h = shape.hidden
    out = {
        "embeddings.word_embeddings.weight": values(50, h),
        "embeddings.position_embeddings.weight": values(40, h),
        "embeddings.token_type_embeddings.weight": values(1, h),
        "embeddings.LayerNorm.weight": values(h),
        "embeddings.LayerNorm.bias": values(h),
    }
    sizes = {
        part: (h, h)
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
    }
    sizes |= {"intermediate.dense": (3 * h, h), "output.dense": (h, 3 * h)}
    for layer in range(shape.layers):
        for part, size in sizes.items():
            out[f"encoder.layer.{layer}.{part}.weight"] = values(*size)
            out[f"encoder.layer.{layer}.{part}.bias"] = values(size[0])
        for norm in ("attention.output.LayerNorm", "output.LayerNorm"):
            out[f"encoder.layer.{layer}.{norm}.weight"], out[f"encoder.layer.{layer}.{norm}.bias"] = (
                values(h),
                values(h),
            )
    return out


@pytest.mark.parametrize("shape", [BertShape(1, 2, 8), BertShape(3, 4, 16, 1e-6)])
def test_every_tensor_comes_back(tmp_path: Path, shape: BertShape) -> None:
    weights = random_weights(shape, 3)
    save_graph(bert_graph(weights, shape), tmp_path / "encoder.xml")
    found, told = read_weights(tmp_path / "encoder.xml")
    assert (told.layers, told.heads, told.hidden) == (shape.layers, shape.heads, shape.hidden)
    assert told.epsilon == pytest.approx(shape.epsilon)
    assert set(found) == set(weights)
    for name, values in weights.items():
        assert found[name].shape == values.shape
        step = np.abs(values).max(axis=-1, keepdims=True) / (127.0 if "embeddings" in name else 63.0)
        assert (np.abs(found[name] - values) <= 0.52 * step + 1e-3).all(), name


def test_what_is_written_again_gives_the_same_vectors(tmp_path: Path) -> None:
    from models.encoders.transformer import TransformerEncoder

    first = tiny_encoder(tmp_path / "first").directory
    weights, shape = read_weights(first / "encoder.xml")
    second = tmp_path / "second"
    second.mkdir()
    save_graph(bert_graph(weights, shape), second / "encoder.xml")
    (second / "tokenizer.json").write_bytes((first / "tokenizer.json").read_bytes())
    texts = ["Leader election in replicas", "Tensor-core kernels"]
    one, two = (TransformerEncoder(place, max_tokens=64, threads=1).encode(texts).vectors for place in (first, second))
    assert (one * two).sum(axis=1) == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("content", ["", "<net/>"])
def test_no_graph(tmp_path: Path, content: str) -> None:
    (tmp_path / "encoder.xml").write_text(content)
    with pytest.raises(BundleError, match=r"cannot read weights out of encoder\.xml"):
        read_weights(tmp_path / "encoder.xml")


def test_another_graph(tmp_path: Path) -> None:
    import openvino as ov
    import openvino.opset13 as ops

    given = ops.parameter([1, 2], np.float32)
    ov.save_model(ov.Model([ops.relu(given)], [given], "other"), str(tmp_path / "encoder.xml"))
    with pytest.raises(BundleError, match="cannot read weights out of"):
        read_weights(tmp_path / "encoder.xml")
