"""The network over words written out as an OpenVINO graph, without torch; see `models.encoders.word_network`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov
import openvino.opset13 as ops

Weights = Mapping[str, npt.NDArray[np.float32]]

EPSILON = 1e-5
"""Of the layer norms."""


def word_graph(weights: Weights) -> ov.Model:
    """The OpenVINO model of the network's weights.

    Args:
        weights: float32, by the names of `training.word_network.Net`: `words.weight` (v, d), `convolution.weight`
            (h, d, width), `attention.weight` (k, h), `themes` (k, h), and so on.

    Returns:
        A model with input `words` (t,) int64 of at least one word and output `logits` (1, k) float32.
    """
    words = ops.parameter([-1], np.int64, name="words")
    state = _norm(_embedded(weights["words.weight"], words), weights, "before")
    state = _norm(ops.gelu(_convolved(state, weights, "convolution"), "erf"), weights, "after")
    logits = ops.add(_attended(state, weights), _overall(state, weights))
    logits.output(0).get_tensor().set_names({"logits"})
    return ov.Model([logits], [words], "word-network")


def _embedded(table: npt.NDArray[np.float32], words: Any) -> Any:
    """(t, d): rows of eight bits with a scale each, made wide only once they are looked up."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / np.float32(127.0)
    rows = ops.gather(ops.constant(np.rint(table / scale).astype(np.int8)), words, np.int64(0))
    return ops.multiply(ops.convert(rows, "f32"), ops.gather(ops.constant(scale), words, np.int64(0)))


def _convolved(state: Any, weights: Weights, name: str) -> Any:
    """(t, h) of (t, d): each place with its neighbours, as if empty ones stood before and after the text."""
    kernel = weights[f"{name}.weight"]
    beside = [kernel.shape[2] // 2]
    across = ops.unsqueeze(ops.transpose(state, np.array([1, 0])), np.array([0]))
    found = ops.convolution(across, ops.constant(kernel), [1], beside, beside, [1])
    return ops.add(ops.transpose(ops.squeeze(found, np.array([0])), np.array([1, 0])), weights[f"{name}.bias"][None])


def _attended(state: Any, weights: Weights) -> Any:
    """(1, k): for each theme the places it attends to, weighed by its own head."""
    attention = ops.softmax(ops.matmul(state, weights["attention.weight"], False, True), 0)
    places = ops.matmul(attention, state, True, False)
    spoken = ops.reduce_sum(ops.multiply(places, weights["themes"]), np.array([1]))
    return ops.add(ops.unsqueeze(spoken, np.array([0])), weights["bias"][None])


def _overall(state: Any, weights: Weights) -> Any:
    """(1, k) of the mean and the maximum over all places, through one hidden layer."""
    axis = np.array([0])
    whole = ops.concat(
        [ops.reduce_mean(state, axis, keep_dims=True), ops.reduce_max(state, axis, keep_dims=True)], axis=1
    )
    return _linear(ops.gelu(_linear(whole, weights, "hidden"), "erf"), weights, "overall")


def _linear(state: Any, weights: Weights, name: str) -> Any:
    return ops.add(ops.matmul(state, weights[f"{name}.weight"], False, True), weights[f"{name}.bias"][None])


def _norm(state: Any, weights: Weights, name: str) -> Any:
    normed = ops.mvn(state, np.array([-1]), normalize_variance=True, eps=EPSILON, eps_mode="inside_sqrt")
    return ops.add(ops.multiply(normed, weights[f"{name}.weight"][None]), weights[f"{name}.bias"][None])
