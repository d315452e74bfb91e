"""Bundles written: beside their place, then renamed, so that a reader sees all of one or none."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from models.errors import BundleError
from models.parts import (
    DENSE,
    FORMAT,
    LEXICAL,
    MANIFEST,
    PROFILES,
    THEMES,
    WORDS,
    Arrays,
    Lexical,
    Parts,
    ProfileSettings,
)


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
    (staging / THEMES).write_text(_json(parts.taxonomy.to_json()), encoding="utf-8")
    (staging / WORDS).write_text(parts.lexical.encoder.tokenizer.to_str(), encoding="utf-8")
    save_file(_lexical_arrays(parts.lexical), staging / LEXICAL)
    save_file(_profile_arrays(parts.profiles), staging / PROFILES)
    save_file(parts.dense_arrays, staging / DENSE)
    for name, source in parts.graph_files.items():
        shutil.copyfile(source, staging / name)
    for path in staging.iterdir():
        path.chmod(0o644)  # safetensors writes files that only their owner may read
    files = {path.name: sha256_of(path) for path in sorted(staging.iterdir())}
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
    network: Arrays = {}
    if lexical.network is not None:
        network = {"network_rows": lexical.network.rows, "network_limit": np.array([lexical.network.limit], np.int64)}
    return {
        **network,
        "keys": lexical.encoder.keys,
        "idf": lexical.encoder.idf.astype(np.float16),
        "order": np.array([lexical.encoder.order], dtype=np.int64),
        "weights": lexical.heads.weights,
        "scale": lexical.heads.scale,
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


def sha256_of(path: Path) -> str:
    """sha256 (hex) of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
