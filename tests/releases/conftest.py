"""A shelf of small bundles: the same model under several versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.releases import Releases
from tests.tiny import tiny_version


@pytest.fixture
def shelf(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A directory of bundles 2 and 3; 1 is the one served without a promotion."""
    for version in ("2", "3"):
        tiny_version(tiny_bundle, tmp_path / "models" / f"bundle-{version}", version)
    return tmp_path / "models"


@pytest.fixture
def releases(shelf: Path, tiny_bundle: Path) -> Releases:
    """Releases on that shelf."""
    return Releases(shelf, tiny_bundle)
