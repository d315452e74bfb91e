"""A trained model on disk: arrays and a manifest, never code.

    manifest.json         format, name, version, taxonomy fingerprint, data digest, metrics, library
                          versions, and the sha256 of every other file
    themes.json           the taxonomy
    words.json            word splitter of the n-grams (tokenizers)
    lexical.safetensors   n-gram table, idf, heads
    network.xml/.bin      graph of the network over words, in a bundle that has one
    profiles.safetensors  calibration and thresholds of each profile
    encoder.xml/.bin, tokenizer.json, dense.safetensors
                          the encoder's graph and heads, and vectors of labelled papers

A bundle is written beside its place and renamed, so a reader sees all of it or none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from safetensors import SafetensorError
from tokenizers import Tokenizer

from models.calibration import Calibration
from models.classifiers import DenseHeads, SparseHeads
from models.encoders.ngrams import NgramEncoder
from models.encoders.transformer import TransformerEncoder
from models.encoders.word_network import WordNetwork
from models.errors import BundleError
from models.mapped import mapped_arrays
from models.neighbours import LabelledVectors
from models.paper import Paper
from models.parts import (
    DENSE,
    FORMAT,
    LEXICAL,
    MANIFEST,
    PROFILES,
    THEMES,
    WORDS,
    Arrays,
    Dense,
    Lexical,
    ProfileSettings,
)
from models.saving import sha256_of
from models.scoring import OPENING, STAGES
from models.tagging import ModelName, Tagging, TagOptions
from models.theme_set import ThemeSet
from models.themes import Taxonomy

SHIPPED = Path(__file__).parent / "bundles" / "themes"


class ModelBundle:
    """A loaded bundle; its parts are read when first needed.

    Attributes:
        directory: where it lies. manifest: its parsed manifest.
        provisional: themes that it gives by definition alone; see `with_themes`.
    """

    provisional: ThemeSet | None = None

    def __init__(self, directory: Path, manifest: Mapping[str, Any], digest: str, *, threads: int = 0) -> None:
        self.directory = directory
        self.manifest = manifest
        self.name = ModelName(str(manifest["name"]), str(manifest["version"]), digest, str(manifest["taxonomy"]))
        self._threads = threads
        self._lock = Lock()

    @classmethod
    def load(cls, directory: Path = SHIPPED, *, verify: bool = True, threads: int = 0) -> ModelBundle:
        """The bundle in a directory.

        Args:
            directory: by default the one shipped with the package.
            verify: compare every file's sha256 with the manifest (a fifth of a second).
            threads: cores the encoder may use; 0 for all.

        Raises:
            BundleError: missing, damaged, or of a newer format; the file is named.
        """
        raw = _read(directory / MANIFEST)
        try:
            manifest = json.loads(raw)
            _check_manifest(manifest)
        except (ValueError, KeyError, TypeError) as error:
            raise BundleError(f"bundle {directory} has a damaged {MANIFEST}: {error}") from None
        if verify:
            _verify(directory, manifest["files"])
        bundle = cls(directory, manifest, hashlib.sha256(raw).hexdigest(), threads=threads)
        if bundle.taxonomy.fingerprint != manifest["taxonomy"]:
            raise BundleError(
                f"bundle {directory}: themes.json does not match the taxonomy of the manifest; take the bundle anew"
            )
        return bundle

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """The themes the bundle gives."""
        return Taxonomy.from_json(json.loads(_read(self.directory / THEMES)))

    @property
    def lexical(self) -> Lexical:
        """The n-gram half."""
        with self._lock:
            return self._lexical

    @property
    def dense(self) -> Dense:
        """The encoder half."""
        with self._lock:
            return self._dense

    @cached_property
    def _lexical(self) -> Lexical:
        arrays = _arrays(self.directory / LEXICAL)
        scope, scope_bias = arrays["scope"].astype(np.float32), float(arrays["scope_bias"][0])
        heads = SparseHeads(arrays["weights"], arrays["scale"], arrays["bias"], scope, scope_bias)
        words = Tokenizer.from_str(_read(self.directory / WORDS).decode())
        order = int(arrays["order"][0])
        encoder = NgramEncoder(words, arrays["keys"], arrays["idf"].astype(np.float32), order)
        return Lexical(encoder, heads, self._network(arrays))

    def _network(self, arrays: Arrays) -> WordNetwork | None:
        if "network_rows" not in arrays:
            return None
        limit = int(arrays["network_limit"][0])
        return WordNetwork(self.directory, arrays["network_rows"], limit, threads=self._threads)

    @cached_property
    def _dense(self) -> Dense:
        arrays = _arrays(self.directory / DENSE)
        encoder = TransformerEncoder(self.directory, max_tokens=int(arrays["max_tokens"][0]), threads=self._threads)
        papers = LabelledVectors(arrays["vectors"])
        ids = tuple(bytes(arrays["ids"]).decode().split("\n")) if len(papers) else ()
        columns = np.split(arrays["label_columns"], arrays["label_ends"][:-1]) if len(papers) else []
        labels = tuple(tuple(int(c) for c in row) for row in columns)
        heads, opening = DenseHeads(arrays["weights"], arrays["bias"]), int(arrays.get("opening", [0])[0])
        return Dense(encoder, heads, papers, ids, labels, arrays["novelty"], opening)

    @cached_property
    def profiles(self) -> dict[str, ProfileSettings]:
        """Settings of the stages "fast" and "accurate", and of "opening" in a bundle that has it."""
        arrays = _arrays(self.directory / PROFILES)
        return {name: _profile(arrays, name) for name in STAGES if name != OPENING or f"{name}.scalars" in arrays}

    @property
    def field_categories(self) -> tuple[str, ...]:
        """Categories of sources, such as "cs.DC", whose papers are in scope whatever they say."""
        return tuple(self.manifest.get("field_categories", ()))

    def tag(self, papers: Sequence[Paper], options: TagOptions | None = None) -> list[Tagging]:
        """One answer a paper, in order; never raises for what a paper holds.

        An answer does not depend on the other papers of the call.

        Raises:
            ThemeError: an unknown theme or group in the options.
        """
        from models.tagger import tag_papers  # the tagger needs this module's types

        return tag_papers(self, papers, options or TagOptions())

    def with_themes(self, themes: ThemeSet) -> ModelBundle:
        """A view of the bundle that gives provisional themes too; the bundle itself stays as it is.

        Raises:
            ThemeError: a theme has the id or label of a known one, or names an unknown group.
        """
        from models.provisional import ExtendedBundle  # most runs have no provisional theme

        return ExtendedBundle(self, themes) if themes.themes else self


def _profile(arrays: Arrays, name: str) -> ProfileSettings:
    parts = (arrays[f"{name}.{part}"] for part in ("weights", "bias", "precision", "recall", "best"))
    floor, scope_floor, unsure = (float(v) for v in arrays[f"{name}.scalars"])
    return ProfileSettings(Calibration(*parts), floor, scope_floor, arrays[f"{name}.novelty"], unsure)


def _check_manifest(manifest: Mapping[str, Any]) -> None:
    if manifest["format"] != FORMAT:
        raise ValueError(f"format {manifest['format']!r}, this version reads {FORMAT}: update Paperwire or train anew")
    for key in ("name", "version", "taxonomy", "files"):
        if not manifest[key]:
            raise ValueError(f"'{key}' is empty")


def _verify(directory: Path, files: Mapping[str, str]) -> None:
    for name, expected in files.items():
        if Path(name).name != name or not (directory / name).is_file():
            raise BundleError(f"bundle {directory} lacks {name}: take the bundle anew")
        if sha256_of(directory / name) != expected:
            raise BundleError(
                f"bundle {directory}: {name} is damaged (its sha256 differs from the manifest): take the bundle anew"
            )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"no bundle at {path.parent}: {path.name}: {error.strerror}") from None


def _arrays(path: Path) -> Arrays:
    try:
        return mapped_arrays(path)
    except (SafetensorError, OSError) as error:
        raise BundleError(f"bundle {path.parent}: {path.name} cannot be read: {error}") from None
