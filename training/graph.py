"""BERT weights written out as an OpenVINO graph, without torch.

The graph is the encoder of Devlin et al. 2019 (post-layer-norm, erf GELU) followed by the mean over
tokens and L2 normalisation of Sentence-BERT (Reimers & Gurevych 2019). One text a call and no
padding, so there is no attention mask to apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
import openvino.opset13 as ops

Weights = Mapping[str, npt.NDArray[np.float32]]
Reading = Callable[[Any, str], Any]
"""Of what a linear layer reads, (t, k), and the layer's name, such as `encoder.layer.0.output`: what it shall read."""

_FACTOR = 63.0
"""Largest weight of a product: processors without VNNI add two products in 16 bits, which 127 would overflow."""


@dataclass(frozen=True, slots=True)
class BertShape:
    """Sizes of a BERT encoder: layers, attention heads, hidden width, and the layer-norm epsilon."""

    layers: int = 6
    heads: int = 12
    hidden: int = 384
    epsilon: float = 1e-12


def bert_graph(weights: Weights, shape: BertShape, reading: Reading = lambda state, _: state) -> ov.Model:
    """The OpenVINO model of a BERT state dict.

    Args:
        weights: names as in the published MiniLM checkpoint (`embeddings.word_embeddings.weight`,
            `encoder.layer.0.attention.self.query.weight`, ...), float32.
        shape: sizes of the encoder.
        reading: asked before each linear layer; query, key and value are one, `attention.self`.

    Returns:
        A model with input `input_ids` (1, t) int64 and output `vector` (1, hidden) float32 of unit
        length.
    """
    ids = ops.parameter([1, -1], np.int64, name="input_ids")
    state = _embed(ops.squeeze(ids, np.array([0])), weights, shape)
    for layer in range(shape.layers):
        state = _layer(state, weights, f"encoder.layer.{layer}", shape, reading)
    mean = ops.reduce_mean(state, np.array([0]), keep_dims=True)
    vector = ops.normalize_l2(mean, np.array([1]), 1e-12, "add")
    vector.output(0).get_tensor().set_names({"vector"})
    return ov.Model([vector], [ids], "sentence-encoder")


def save_graph(model: ov.Model, path: Path) -> None:
    """Write `path` (.xml) and its weights beside it (.bin): matrices int8, most of the rest float16.

    Nodes are named by their place, so that the same weights always give the same bytes.
    """
    for number, node in enumerate(model.get_ordered_ops()):
        node.set_friendly_name(f"node{number}" if node.get_type_name() != "Parameter" else "input_ids")
    ov.save_model(model, str(path), compress_to_fp16=True)


def _embed(ids: Any, weights: Weights, shape: BertShape) -> Any:
    words = rows_of(weights["embeddings.word_embeddings.weight"], ids)
    length = ops.gather(ops.shape_of(ids), np.int64(0), np.int64(0))
    positions = ops.range(np.int64(0), length, np.int64(1), output_type="i64")
    places = rows_of(weights["embeddings.position_embeddings.weight"], positions)
    kind = weights["embeddings.token_type_embeddings.weight"][:1]
    return _norm(ops.add(ops.add(words, places), kind), weights, "embeddings.LayerNorm", shape)


def _layer(state: Any, weights: Weights, name: str, shape: BertShape, reading: Reading) -> Any:
    inward = reading(state, f"{name}.attention.self")
    query, key, value = (
        _heads(_linear(inward, weights, f"{name}.attention.self.{part}"), shape) for part in ("query", "key", "value")
    )
    mixed = ops.squeeze(ops.scaled_dot_product_attention(query, key, value), np.array([0]))
    joined = ops.reshape(ops.transpose(mixed, np.array([1, 0, 2])), np.array([0, shape.hidden]), special_zero=True)
    joined = reading(joined, f"{name}.attention.output")
    attended = ops.add(_linear(joined, weights, f"{name}.attention.output.dense"), state)
    state = _norm(attended, weights, f"{name}.attention.output.LayerNorm", shape)
    inner = ops.gelu(_linear(reading(state, f"{name}.intermediate"), weights, f"{name}.intermediate.dense"), "erf")
    outward = _linear(reading(inner, f"{name}.output"), weights, f"{name}.output.dense")
    return _norm(ops.add(outward, state), weights, f"{name}.output.LayerNorm", shape)


def _heads(state: Any, shape: BertShape) -> Any:
    """(1, heads, t, width) of (t, hidden)."""
    split = ops.reshape(state, np.array([0, shape.heads, shape.hidden // shape.heads]), special_zero=True)
    return ops.unsqueeze(ops.transpose(split, np.array([1, 0, 2])), np.array([0]))


def _linear(state: Any, weights: Weights, name: str) -> Any:
    product = ops.matmul(state, _matrix(weights[f"{name}.weight"], _FACTOR), False, True)
    return ops.add(product, weights[f"{name}.bias"][None])


def _norm(state: Any, weights: Weights, name: str, shape: BertShape) -> Any:
    normed = ops.mvn(state, np.array([-1]), normalize_variance=True, eps=shape.epsilon, eps_mode="inside_sqrt")
    return ops.add(ops.multiply(normed, weights[f"{name}.weight"][None]), weights[f"{name}.bias"][None])


def rows_of(table: npt.NDArray[np.float32], numbers: Any) -> Any:
    """Rows of a table stored as int8, made wide only once they are looked up: the runtime keeps no wide table."""
    stored, scale = _narrow(table, 127.0)
    axis = np.int64(0)
    found = ops.convert(ops.gather(ops.constant(stored), numbers, axis), "f32")
    return ops.multiply(found, ops.gather(ops.constant(scale), numbers, axis))


def _matrix(values: npt.NDArray[np.float32], largest: float = 127.0) -> Any:
    """A matrix stored as int8 with one scale a row: a quarter of the size."""
    stored, scale = _narrow(values, largest)
    return ops.multiply(ops.convert(ops.constant(stored), "f32"), ops.constant(scale))


def _narrow(values: npt.NDArray[np.float32], largest: float) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """int8 values and a (r, 1) float32 scale for each row."""
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / np.float32(largest)
    return np.rint(values / scale).astype(np.int8), scale.astype(np.float32)
