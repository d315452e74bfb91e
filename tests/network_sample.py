"""A small network over words with seeded random weights, and a bundle that has it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from models.bundle import ModelBundle
from models.calibration import Calibration
from models.encoders.word_network import NETWORK_GRAPH, NETWORK_WEIGHTS, WordNetwork
from models.parts import Parts, ProfileSettings
from models.saving import save_bundle
from models.scoring import FAST
from tests.tiny import tiny_taxonomy
from training.graph import save_graph
from training.word_graph import Weights, word_graph

KNOWN, LIMIT = 40, 70
_EMBEDDING, _WIDTH, _SPAN, _HIDDEN = 16, 24, 3, 12
_SAY = np.float32(0.8)


@cache
def network_weights() -> Weights:
    """Seeded random weights by the names of `training.word_graph`, each set about as large as a trained one."""
    rng, themes = np.random.default_rng(3), len(tiny_taxonomy())

    def matrix(*shape: int, size: float = 0.3) -> np.ndarray:
        return rng.normal(0.0, size, shape).astype(np.float32)

    linear = {
        f"{name}.{part}": matrix(*shape)
        for name, rows, columns in (("hidden", _HIDDEN, 2 * _WIDTH), ("overall", themes, _HIDDEN))
        for part, shape in (("weight", (rows, columns)), ("bias", (rows,)))
    }
    norms = {
        f"{name}.{part}": matrix(width, size=0.1) + np.float32(part == "weight")
        for name, width in (("before", _EMBEDDING), ("after", _WIDTH))
        for part in ("weight", "bias")
    }
    return (
        linear
        | norms
        | {
            "words.weight": matrix(KNOWN, _EMBEDDING, size=1.0),
            "places": matrix(LIMIT, _EMBEDDING),
            "convolution.weight": matrix(_WIDTH, _EMBEDDING, _SPAN),
            "convolution.bias": matrix(_WIDTH),
            "attention.weight": matrix(themes, _WIDTH),
            "themes": matrix(themes, _WIDTH),
            "bias": matrix(themes),
        }
    )


def save_network(directory: Path) -> Path:
    """Write the network's graph into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    save_graph(word_graph(network_weights()), directory / NETWORK_GRAPH)
    return directory


def network_bundle(base: Path, directory: Path) -> ModelBundle:
    """A bundle with the network beside the n-gram heads; its say is fixed, not fitted."""
    own = ModelBundle.load(base)
    graph = save_network(directory.with_name(f"{directory.name}-network"))
    words = max(own.lexical.encoder.tokenizer.get_vocab().values()) + 1
    network = WordNetwork(graph, (np.arange(words) % KNOWN).astype(np.int32), LIMIT)
    lexical = replace(own.lexical, network=network)
    profiles = {stage: _heard(settings) for stage, settings in own.profiles.items()}
    assert FAST in profiles
    files = {name: base / name for name in ("encoder.xml", "encoder.bin", "tokenizer.json")}
    files |= {name: graph / name for name in (NETWORK_GRAPH, NETWORK_WEIGHTS)}
    dense = load_file(base / "dense.safetensors")
    save_bundle(Parts(own.taxonomy, lexical, profiles, dense, files, {"name": "heard", "version": "1"}), directory)
    return ModelBundle.load(directory)


def _heard(settings: ProfileSettings) -> ProfileSettings:
    known: Calibration = settings.calibration
    weights = np.vstack([known.weights, np.full_like(known.weights[:1], _SAY)])
    return replace(settings, calibration=replace(known, weights=weights))
