"""BERT weights written out as an OpenVINO graph, without torch.

The graph is the encoder of Devlin et al. 2019 (post-layer-norm, erf GELU) followed by the mean over
tokens and L2 normalisation of Sentence-BERT (Reimers & Gurevych 2019). One text a call and no
padding, so there is no attention mask to apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
import openvino.opset13 as ops

Weights = Mapping[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class BertShape:
    """Sizes of a BERT encoder: layers, attention heads, hidden width, and the layer-norm epsilon."""

    layers: int = 6
    heads: int = 12
    hidden: int = 384
    epsilon: float = 1e-12


def bert_graph(weights: Weights, shape: BertShape) -> ov.Model:
    """The OpenVINO model of a BERT state dict.

    Args:
        weights: names as in the published MiniLM checkpoint (`embeddings.word_embeddings.weight`,
            `encoder.layer.0.attention.self.query.weight`, ...), float32.
        shape: sizes of the encoder.

    Returns:
        A model with input `input_ids` (1, t) int64 and output `vector` (1, hidden) float32 of unit
        length.
    """
    ids = ops.parameter([1, -1], np.int64, name="input_ids")
    state = _embed(ids, weights, shape)
    for layer in range(shape.layers):
        state = _layer(state, weights, f"encoder.layer.{layer}", shape)
    mean = ops.reduce_mean(state, np.array([1]), keep_dims=False)
    vector = ops.normalize_l2(mean, np.array([1]), 1e-12, "add")
    vector.output(0).get_tensor().set_names({"vector"})
    return ov.Model([vector], [ids], "sentence-encoder")


def save_graph(model: ov.Model, path: Path) -> None:
    """Write `path` (.xml) and its weights beside it (.bin): matrices int8, the rest float16.

    Nodes are named by their place, so that the same weights always give the same bytes.
    """
    for number, node in enumerate(model.get_ordered_ops()):
        node.set_friendly_name(f"node{number}" if node.get_type_name() != "Parameter" else "input_ids")
    ov.save_model(model, str(path), compress_to_fp16=True)


def _embed(ids: Any, weights: Weights, shape: BertShape) -> Any:
    words = ops.gather(_matrix(weights["embeddings.word_embeddings.weight"]), ids, np.int64(0))
    length = ops.gather(ops.shape_of(ids), np.int64(1), np.int64(0))
    positions = ops.range(np.int64(0), length, np.int64(1), output_type="i64")
    places = ops.gather(_matrix(weights["embeddings.position_embeddings.weight"]), positions, np.int64(0))
    kind = weights["embeddings.token_type_embeddings.weight"][0]
    return _norm(
        ops.add(ops.add(words, ops.unsqueeze(places, np.int64(0))), kind), weights, "embeddings.LayerNorm", shape
    )


def _layer(state: Any, weights: Weights, name: str, shape: BertShape) -> Any:
    query, key, value = (
        _heads(_linear(state, weights, f"{name}.attention.self.{part}"), shape) for part in ("query", "key", "value")
    )
    mixed = ops.scaled_dot_product_attention(query, key, value)
    joined = ops.reshape(
        ops.transpose(mixed, np.array([0, 2, 1, 3])), np.array([0, 0, shape.hidden]), special_zero=True
    )
    attended = ops.add(_linear(joined, weights, f"{name}.attention.output.dense"), state)
    state = _norm(attended, weights, f"{name}.attention.output.LayerNorm", shape)
    inner = ops.gelu(_linear(state, weights, f"{name}.intermediate.dense"), "erf")
    return _norm(
        ops.add(_linear(inner, weights, f"{name}.output.dense"), state), weights, f"{name}.output.LayerNorm", shape
    )


def _heads(state: Any, shape: BertShape) -> Any:
    split = ops.reshape(state, np.array([0, 0, shape.heads, shape.hidden // shape.heads]), special_zero=True)
    return ops.transpose(split, np.array([0, 2, 1, 3]))


def _linear(state: Any, weights: Weights, name: str) -> Any:
    product = ops.matmul(state, _matrix(weights[f"{name}.weight"]), False, True)
    return ops.add(product, weights[f"{name}.bias"])


def _norm(state: Any, weights: Weights, name: str, shape: BertShape) -> Any:
    normed = ops.mvn(state, np.array([-1]), normalize_variance=True, eps=shape.epsilon, eps_mode="inside_sqrt")
    return ops.add(ops.multiply(normed, weights[f"{name}.weight"]), weights[f"{name}.bias"])


def _matrix(values: npt.NDArray[np.float32]) -> Any:
    """A weight matrix stored as int8 with one scale a row: a quarter of the size.

    Activations stay in floating point, so no calibration data is needed; vectors keep a cosine
    above 0.998 to those of the original weights.
    """
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / 127.0
    stored = ops.constant(np.rint(values / scale).astype(np.int8))
    return ops.multiply(ops.convert(stored, "f32"), ops.constant(scale.astype(np.float32)))
