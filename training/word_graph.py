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

_FAR = 1e4  # taken from what lies beyond a text
_PLACES, _LAST, _TURNED = np.array([1]), np.array([2]), np.array([0, 2, 1])


def word_graph(weights: Weights) -> ov.Model:
    """The OpenVINO model of the network's weights.

    Args:
        weights: float32, by the names of `training.word_network.Net`: `words.weight` (v, d), `places` (limit, d),
            `convolution.weight` (h, d, width), `attention.weight` (k, h), `themes` (k, h), and so on.

    Returns:
        A model with input `words` (n, t) int64, v where a text of at least one word has ended, t at most the limit,
        and output `logits` (n, k) float32.
    """
    words = ops.parameter([-1, -1], np.int64, name="words")
    there = ops.unsqueeze(ops.convert(ops.not_equal(words, np.int64(len(weights["words.weight"]))), "f32"), _LAST)
    state = ops.multiply(_embedded(weights, words), there)
    state = _norm(ops.gelu(_convolved(state, weights, "convolution"), "erf"), weights, "after")
    beyond = ops.multiply(ops.subtract(there, np.float32(1.0)), np.float32(_FAR))
    logits = ops.add(_attended(state, beyond, weights), _overall(state, there, beyond, weights))
    logits.output(0).get_tensor().set_names({"logits"})
    return ov.Model([logits], [words], "word-network")


def _embedded(weights: Weights, words: Any) -> Any:
    """(n, t, d): normed rows of eight bits, made wide only once they are looked up, and what their place adds."""
    table = _normed(weights["words.weight"], weights, "before")
    scale = np.float32(max(np.abs(table).max(), 1e-12) / 127.0)
    narrow = np.concatenate([np.rint(table / scale).astype(np.int8), np.zeros((1, table.shape[1]), np.int8)])
    rows = ops.multiply(ops.convert(ops.gather(ops.constant(narrow), words, np.int64(0)), "f32"), scale)
    longest = ops.slice(ops.shape_of(words), np.array([1]), np.array([2]), np.array([1]))
    places = ops.slice(ops.constant(weights["places"]), np.array([0]), longest, np.array([1]), np.array([0]))
    return ops.add(rows, ops.unsqueeze(places, np.array([0])))


def _normed(table: npt.NDArray[np.float32], weights: Weights, name: str) -> npt.NDArray[np.float32]:
    """The rows after the layer norm, which does not depend on where a word stands."""
    centred = table - table.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + np.float32(EPSILON))
    return np.asarray(scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"], np.float32)


def _convolved(state: Any, weights: Weights, name: str) -> Any:
    """(n, t, h) of (n, t, d): each place with its neighbours, as if empty ones stood before and after the text."""
    kernel = weights[f"{name}.weight"]
    beside = [kernel.shape[2] // 2]
    across = ops.transpose(state, _TURNED)
    found = ops.convolution(across, ops.constant(kernel), [1], beside, beside, [1])
    return ops.add(ops.transpose(found, _TURNED), weights[f"{name}.bias"][None, None])


def _attended(state: Any, beyond: Any, weights: Weights) -> Any:
    """(n, k): what each theme's own head makes of the places, weighed by how far the theme attends to them."""
    both = np.concatenate([weights["attention.weight"], weights["themes"]])
    found = ops.split(ops.matmul(state, ops.constant(both), False, True), np.int64(2), 2)
    attention = ops.softmax(ops.add(found.output(0), beyond), 1)
    spoken = ops.reduce_sum(ops.multiply(attention, found.output(1)), _PLACES)
    return ops.add(spoken, weights["bias"][None])


def _overall(state: Any, there: Any, beyond: Any, weights: Weights) -> Any:
    """(n, k) of the mean and the maximum over all places, through one hidden layer."""
    mean = ops.divide(ops.reduce_sum(ops.multiply(state, there), _PLACES), ops.reduce_sum(there, _PLACES))
    whole = ops.concat([mean, ops.reduce_max(ops.add(state, beyond), _PLACES)], axis=1)
    return _linear(ops.gelu(_linear(whole, weights, "hidden"), "erf"), weights, "overall")


def _linear(state: Any, weights: Weights, name: str) -> Any:
    return ops.add(ops.matmul(state, weights[f"{name}.weight"], False, True), weights[f"{name}.bias"][None])


def _norm(state: Any, weights: Weights, name: str) -> Any:
    normed = ops.mvn(state, np.array([-1]), normalize_variance=True, eps=EPSILON, eps_mode="inside_sqrt")
    return ops.add(ops.multiply(normed, weights[f"{name}.weight"][None, None]), weights[f"{name}.bias"][None, None])
