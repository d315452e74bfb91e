from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.bundle import ModelBundle
from tests.tiny import tiny_encoder, tiny_papers, tiny_taxonomy
from training.crossed import cross_validate
from training.dataset import label_matrix
from training.evaluate import Options
from training.fit import fit_bundle
from training.heads import fold_rows
from training.job import Job


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    return Job(tiny_taxonomy(), tiny_encoder(tmp_path_factory.mktemp("crossed") / "encoder"), tiny_papers(40, 1))


def test_every_paper_is_judged_by_a_bundle_that_has_not_seen_it(job: Job, tmp_path: Path) -> None:
    fit_bundle(job, tmp_path / "bundle")
    bundle = ModelBundle.load(tmp_path / "bundle")
    found = cross_validate(job, bundle, Options("fast", resamples=100))
    assert found.predictions.ids == tuple(item.paper.id for item in job.train)
    assert (found.predictions.truth == label_matrix(job.train, job.taxonomy)).all()
    assert found.model["sha256"] == bundle.name.sha256
    seen = bundle.tag([item.paper for item in job.train])
    own = np.array([[t in {tag.theme for tag in one.tags} for t in job.taxonomy.ids] for one in seen])
    mistakes_of_others = (found.predictions.given != found.predictions.truth).sum()
    assert (own != found.predictions.truth).sum() <= mistakes_of_others


@pytest.mark.parametrize("count", [1, 2, 4, 5, 23])
def test_folds_part_the_papers(count: int) -> None:
    folds = fold_rows(count, 0)
    assert sorted(np.concatenate([left for _, left in folds]).tolist()) == list(range(count))
    assert all(not set(kept) & set(left) and len(kept) + len(left) == count for kept, left in folds)
