"""Weights read back out of an encoder graph that `training.graph` wrote.

Tensors are found by what they feed, not by name: names do not survive saving.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openvino as ov

from models.errors import BundleError
from training.graph import BertShape

_ATTENTION = "ScaledDotProductAttention"
_PARTS = ("query", "key", "value")
_CHAIN = ("attention.output", "intermediate", "output")


def read_weights(graph: Path) -> tuple[dict[str, npt.NDArray[np.float32]], BertShape]:
    """A BERT state dict in float32, under the names that `training.graph.bert_graph` takes, and its shape.

    Raises:
        BundleError: the graph cannot be read, or is not of that form.
    """
    try:
        nodes = ov.Core().read_model(str(graph)).get_ordered_ops()
        return _state(nodes)
    except (RuntimeError, LookupError, StopIteration) as error:
        reason = str(error).splitlines()[0] if str(error) else "it is not of the form that `paperwire train` writes"
        raise BundleError(f"cannot read weights out of {graph.name}: {reason}") from None


def _state(nodes: list[Any]) -> tuple[dict[str, npt.NDArray[np.float32]], BertShape]:
    attentions = [node for node in nodes if node.get_type_name() == _ATTENTION]
    inward = [[_up(node.input_value(place), "MatMul") for place in range(3)] for node in attentions]
    known = {node.get_friendly_name() for layer in inward for node in layer}
    # Outside of query, key and value each product feeds the next, so their order is that of the layers.
    rest = [n for n in nodes if n.get_type_name() == "MatMul" and n.get_friendly_name() not in known]
    norms = [node for node in nodes if node.get_type_name() == "MVN"]
    out = _embeddings(nodes, norms[0])
    for layer, products in enumerate(inward):
        name = f"encoder.layer.{layer}"
        for part, product in zip(_PARTS, products, strict=True):
            out |= _linear(product, f"{name}.attention.self.{part}")
        for part, product in zip(_CHAIN, rest[3 * layer : 3 * layer + 3], strict=True):
            out |= _linear(product, f"{name}.{part}.dense")
        out |= _norm(norms[1 + 2 * layer], f"{name}.attention.output.LayerNorm")
        out |= _norm(norms[2 + 2 * layer], f"{name}.output.LayerNorm")
    split = _value(_up(attentions[0].input_value(0), "Reshape").input_value(1))
    epsilon = float(norms[0].get_attributes()["eps"])
    return out, BertShape(len(attentions), int(split[-2]), int(split[-2] * split[-1]), epsilon)


def _embeddings(nodes: list[Any], norm: Any) -> dict[str, npt.NDArray[np.float32]]:
    tables = [n for n in nodes if n.get_type_name() == "Gather" and len(n.input_value(0).get_partial_shape()) == 2]
    return {
        "embeddings.word_embeddings.weight": _table(tables, placed=False),
        "embeddings.position_embeddings.weight": _table(tables, placed=True),
        "embeddings.token_type_embeddings.weight": _constant_of(norm.input_value(0).get_node()).reshape(1, -1),
        **_norm(norm, "embeddings.LayerNorm"),
    }


def _table(lookups: list[Any], *, placed: bool) -> npt.NDArray[np.float32]:
    """What rows are looked up in by place or by word: one table, or one of int8 and one of scales."""
    chosen = [n for n in lookups if (n.input_value(1).get_node().get_type_name() == "Range") == placed]
    found = _value(chosen[0].input_value(0))
    for other in chosen[1:]:
        found = found * _value(other.input_value(0))
    return found


def _linear(product: Any, name: str) -> dict[str, npt.NDArray[np.float32]]:
    bias = _constant_of(_fed(product))
    return {f"{name}.weight": _value(product.input_value(1)) / _factors(product), f"{name}.bias": bias.ravel()}


def _factors(product: Any) -> npt.NDArray[np.float32]:
    """What `training.quantise` multiplied the channels' weights by; 1 where it did not."""
    node = product.input_value(0).get_node()
    if node.get_type_name() != "FakeQuantize":
        return np.ones(1, np.float32)
    return np.asarray(_value(node.input_value(2)).ravel() / _value(node.input_value(4)).ravel(), np.float32)


def _norm(norm: Any, name: str) -> dict[str, npt.NDArray[np.float32]]:
    scaled = _fed(norm)
    bias = _constant_of(_fed(scaled))
    return {f"{name}.weight": _constant_of(scaled).ravel(), f"{name}.bias": bias.ravel()}


def _up(output: Any, kind: str) -> Any:
    """The nearest node of a kind that an output comes from, along first inputs."""
    node = output.get_node()
    while node.get_type_name() != kind:
        node = node.input_value(0).get_node()
    return node


def _fed(node: Any) -> Any:
    """The one node that reads a node's output."""
    return next(iter(node.output(0).get_target_inputs())).get_node()


def _constant_of(node: Any) -> npt.NDArray[np.float32]:
    """The input of a sum or product that does not depend on the text."""
    return next(_value(node.input_value(place)) for place in range(2) if _is_constant(node.input_value(place)))


def _is_constant(output: Any) -> bool:
    node = output.get_node()
    if node.get_type_name() == "Parameter":
        return False
    return all(_is_constant(node.input_value(place)) for place in range(node.get_input_size()))


def _value(output: Any) -> npt.NDArray[np.float32]:
    """What a constant, converted or scaled, holds."""
    node = output.get_node()
    kind = node.get_type_name()
    if kind == "Constant":
        return np.asarray(node.data, dtype=np.float32)
    if kind == "Convert":
        return _value(node.input_value(0))
    if kind == "Multiply":
        return np.asarray(_value(node.input_value(0)) * _value(node.input_value(1)), dtype=np.float32)
    raise LookupError(f"a weight is made by {kind}")
