"""A trained model on disk: arrays and a manifest, never code.

    manifest.json         format, name, version, taxonomy fingerprint, data digest, metrics, library
                          versions, and the sha256 of every other file
    themes.json           the taxonomy
    words.json            word splitter of the n-grams (tokenizers)
    lexical.safetensors   n-gram table, idf, heads
    profiles.safetensors  calibration and thresholds of each profile
    encoder.xml/.bin, tokenizer.json, dense.safetensors
                          the encoder's graph and heads, and vectors of labelled papers

A bundle is written beside its place and renamed, so a reader sees all of it or none.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from models.calibration import Calibration
from models.classifiers import DenseHeads, SparseHeads, quantised
from models.encoders.ngrams import NgramEncoder
from models.encoders.transformer import TransformerEncoder
from models.errors import BundleError
from models.paper import Paper
from models.tagging import ModelName, Tagging, TagOptions
from models.themes import Taxonomy

FORMAT = 1
MANIFEST = "manifest.json"
SHIPPED = Path(__file__).parent / "bundles" / "themes"

Arrays = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Lexical:
    """The n-gram half of a bundle, enough for the fast profile."""

    encoder: NgramEncoder
    heads: SparseHeads


@dataclass(frozen=True, slots=True)
class Dense:
    """The encoder half of a bundle.

    Attributes:
        vectors: (m, d) float32 unit vectors of labelled papers. ids: their ids.
        labels: their theme columns.
        novelty: (101,) float32 quantiles of a new paper's distance to its neighbours.
    """

    encoder: TransformerEncoder
    heads: DenseHeads
    vectors: npt.NDArray[np.float32]
    ids: tuple[str, ...]
    labels: tuple[tuple[int, ...], ...]
    novelty: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """How one profile turns logits into tags.

    Attributes:
        calibration: of the profile's scorers (n-grams; or encoder and n-grams).
        floor: the most probable theme is given from this probability on when nothing passes its threshold.
        scope_floor: scope logit below which a paper is out of scope.
        novelty: (101,) float32 quantiles of the energy score, for the profile without vectors.
        unsure: expected number of wrong decisions above which "auto" asks the accurate profile.
    """

    calibration: Calibration
    floor: float
    scope_floor: float
    novelty: npt.NDArray[np.float32]
    unsure: float


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a bundle is saved from."""

    taxonomy: Taxonomy
    lexical: Lexical
    profiles: Mapping[str, ProfileSettings]
    dense_arrays: Arrays
    encoder_files: Mapping[str, Path]
    manifest: Mapping[str, Any]


class ModelBundle:
    """A loaded bundle; its parts are read when first needed.

    Attributes:
        directory: where it lies. manifest: its parsed manifest.
    """

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
        return Taxonomy.from_json(json.loads(_read(self.directory / "themes.json")))

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
        arrays = _arrays(self.directory / "lexical.safetensors")
        weights = arrays["weights"].astype(np.float32) * arrays["scale"]
        heads = SparseHeads(weights, arrays["bias"], arrays["scope"].astype(np.float32), float(arrays["scope_bias"][0]))
        words = Tokenizer.from_str(_read(self.directory / "words.json").decode())
        order = int(arrays["order"][0])
        return Lexical(NgramEncoder(words, arrays["keys"], arrays["idf"].astype(np.float32), order), heads)

    @cached_property
    def _dense(self) -> Dense:
        arrays = _arrays(self.directory / "dense.safetensors")
        encoder = TransformerEncoder(self.directory, max_tokens=int(arrays["max_tokens"][0]), threads=self._threads)
        vectors = arrays["vectors"].astype(np.float32) / np.float32(127.0)
        ids = tuple(bytes(arrays["ids"]).decode().split("\n")) if len(vectors) else ()
        columns = np.split(arrays["label_columns"], arrays["label_ends"][:-1]) if len(vectors) else []
        labels = tuple(tuple(int(c) for c in row) for row in columns)
        return Dense(encoder, DenseHeads(arrays["weights"], arrays["bias"]), vectors, ids, labels, arrays["novelty"])

    @cached_property
    def profiles(self) -> dict[str, ProfileSettings]:
        """Settings of "fast" and "accurate"."""
        arrays = _arrays(self.directory / "profiles.safetensors")
        return {name: _profile(arrays, name) for name in ("fast", "accurate")}

    def tag(self, papers: Sequence[Paper], options: TagOptions | None = None) -> list[Tagging]:
        """One answer a paper, in order; never raises for what a paper holds.

        An answer does not depend on the other papers of the call.

        Raises:
            ThemeError: an unknown theme or group in the options.
        """
        from models.tagger import tag_papers  # the tagger needs this module's types

        return tag_papers(self, papers, options or TagOptions())


def save_bundle(parts: Parts, directory: Path) -> str:
    """Write a bundle atomically; comes back with the sha256 of its manifest, the bundle's identity.

    Files are written to a sibling directory and renamed; an older bundle at the place is kept as
    it is until then. The same parts give the same bytes.

    Raises:
        BundleError: the place exists and is no bundle, or cannot be written.
    """
    if directory.exists() and not (directory / MANIFEST).exists():
        raise BundleError(f"{directory} exists and is no bundle: name a new directory")
    staging = directory.with_name(f".{directory.name}.{os.getpid()}.new")
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        digest = _write(parts, staging)
        _swap(staging, directory)
    except OSError as error:
        raise BundleError(f"cannot write the bundle {directory}: {error}") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return digest


def _write(parts: Parts, staging: Path) -> str:
    (staging / "themes.json").write_text(_json(parts.taxonomy.to_json()), encoding="utf-8")
    (staging / "words.json").write_text(parts.lexical.encoder.tokenizer.to_str(), encoding="utf-8")
    save_file(_lexical_arrays(parts.lexical), staging / "lexical.safetensors")
    save_file(_profile_arrays(parts.profiles), staging / "profiles.safetensors")
    save_file(parts.dense_arrays, staging / "dense.safetensors")
    for name, source in parts.encoder_files.items():
        shutil.copyfile(source, staging / name)
    for path in staging.iterdir():
        path.chmod(0o644)  # safetensors writes files that only their owner may read
    files = {path.name: _sha256(path) for path in sorted(staging.iterdir())}
    manifest = {"format": FORMAT, **parts.manifest, "taxonomy": parts.taxonomy.fingerprint, "files": files}
    raw = _json(manifest).encode()
    (staging / MANIFEST).write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


def _swap(staging: Path, directory: Path) -> None:
    old = directory.with_name(f".{directory.name}.{os.getpid()}.old")
    if directory.exists():
        directory.rename(old)
    staging.rename(directory)
    shutil.rmtree(old, ignore_errors=True)


def _lexical_arrays(lexical: Lexical) -> Arrays:
    values, scale = quantised(lexical.heads.weights)
    return {
        "keys": lexical.encoder.keys,
        "idf": lexical.encoder.idf.astype(np.float16),
        "order": np.array([lexical.encoder.order], dtype=np.int64),
        "weights": values,
        "scale": scale,
        "bias": lexical.heads.bias.astype(np.float32),
        "scope": lexical.heads.scope.astype(np.float16),
        "scope_bias": np.array([lexical.heads.scope_bias], dtype=np.float32),
    }


def _profile_arrays(profiles: Mapping[str, ProfileSettings]) -> Arrays:
    out: Arrays = {}
    for name, profile in profiles.items():
        for part in ("weights", "bias", "precision", "recall", "best"):
            out[f"{name}.{part}"] = np.ascontiguousarray(getattr(profile.calibration, part), dtype=np.float32)
        out[f"{name}.novelty"] = profile.novelty.astype(np.float32)
        out[f"{name}.scalars"] = np.array([profile.floor, profile.scope_floor, profile.unsure], dtype=np.float32)
    return out


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
        if _sha256(directory / name) != expected:
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
        return dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise BundleError(f"bundle {path.parent}: {path.name} cannot be read: {error}") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
