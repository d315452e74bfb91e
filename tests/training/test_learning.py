from __future__ import annotations

from pathlib import Path

import pytest

from models.bundle import ModelBundle
from tests.tiny import tiny_encoder, tiny_papers, tiny_taxonomy
from training.fit import fit_bundle
from training.job import FitOptions, Job
from training.learning import learning_curve
from training.predictions import predict


def test_the_curve_rises_with_the_labels(tmp_path: Path) -> None:
    options = FitOptions(iterations=20)
    job = Job(tiny_taxonomy(), tiny_encoder(tmp_path / "encoder"), tiny_papers(48, 1), options=options)
    fit_bundle(job, tmp_path / "bundle")
    measured = tiny_papers(60, 2)
    whole = predict(ModelBundle.load(tmp_path / "bundle"), measured, "fast")[0]
    points = learning_curve(job, measured, whole, profile="fast")
    assert [point.papers for point in points] == [12, 24, 48]
    assert points[0].micro_f1 < points[2].micro_f1
    given, truth = whole.given, whole.truth
    assert points[2].micro_f1 == pytest.approx(2 * (given & truth).sum() / (given.sum() + truth.sum()))
