"""The bundle in the box, on the dev papers and the raw listings of ../shared; skipped where that is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.bundle import SHIPPED, ModelBundle
from models.calibration import expected_calibration_error
from models.evidence import Span, without
from models.scoring import score_texts
from models.tagging import TagOptions
from models.themes import load_taxonomy
from service.feeds import parse
from training.dataset import LabelledPaper, label_matrix, load_labels, read_tsv

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared: labelled papers and recorded feeds")


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return ModelBundle.load()


@pytest.fixture(scope="module")
def dev() -> list[LabelledPaper]:
    return load_labels(SHARED / "labels" / "dev.jsonl")


def test_it_is_whole_small_and_speaks_our_taxonomy(bundle: ModelBundle) -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 60_000_000
    assert bundle.taxonomy.ids == load_taxonomy(ROOT / "data" / "themes.yaml").ids


def test_labels_by_id_name_known_themes_and_hold_no_text() -> None:
    known = set(load_taxonomy(ROOT / "data" / "themes.yaml").ids)
    rows = read_tsv(ROOT / "data" / "labels.tsv")
    assert len({row.id for row in rows}) == len(rows) > 11_000
    assert all(set(row.themes) <= known and " " not in row.id for row in rows)


@needs_shared
@pytest.mark.parametrize(("profile", "least"), [("fast", 0.72), ("accurate", 0.79)])
def test_dev_papers_are_tagged_well_and_honestly(
    bundle: ModelBundle, dev: list[LabelledPaper], profile: str, least: float
) -> None:
    truth = label_matrix(dev, bundle.taxonomy)
    taggings = bundle.tag([p.paper for p in dev], TagOptions(profile=profile))
    given = np.zeros_like(truth)
    for row, tagging in enumerate(taggings):
        given[row, [bundle.taxonomy.column(tag.theme) for tag in tagging.tags]] = True
    assert 2 * (given & truth).sum() / (given.sum() + truth.sum()) > least
    assert given.any(axis=1).mean() > 0.95
    probabilities = score_texts(bundle, [p.paper.text for p in dev[:200]], profile).probabilities
    assert expected_calibration_error(probabilities, truth[:200]) < 0.03


@needs_shared
def test_evidence_on_dev_papers_outweighs_random_stretches(bundle: ModelBundle, dev: list[LabelledPaper]) -> None:
    """Deleting the evidence of 200 dev papers lowers the probability far more than deleting as much elsewhere."""
    rng = np.random.default_rng(0)
    drops, random_drops = [], []
    papers = [p.paper for p in dev[:200]]
    for paper, tagging in zip(papers, bundle.tag(papers, TagOptions(profile="fast", detail="full")), strict=True):
        cuts, columns = [], []
        for tag in tagging.tags:
            for item in tag.evidence[:1]:
                text: str = getattr(paper, item.field)
                start = int(rng.integers(0, max(1, len(text) - (item.end - item.start))))
                cuts += [Span(item.field, item.start, item.end), Span(item.field, start, start + item.end - item.start)]
                columns += [bundle.taxonomy.column(tag.theme)] * 2
        texts = [paper.text] + [without(paper, cut).text for cut in cuts]
        probabilities = score_texts(bundle, texts, "fast").probabilities
        falls = [float(probabilities[0, c] - probabilities[row + 1, c]) for row, c in enumerate(columns)]
        drops += falls[::2]
        random_drops += falls[1::2]
    assert len(drops) > 200
    assert np.mean(drops) > 3 * np.mean(random_drops)


@needs_shared
def test_the_raw_listings_get_sensible_tags(bundle: ModelBundle) -> None:
    papers = [p for path in sorted((SHARED / "feeds").glob("00*.txt")) for p in parse(path.read_bytes()).papers]
    taggings = bundle.tag(papers, TagOptions(profile="accurate"))
    assert len(taggings) == 30
    assert sum(not tagging.abstained for tagging in taggings) >= 28
    for paper, tagging in zip(papers, taggings, strict=True):
        if "missing" in paper.title.lower() or "missing person" in paper.text.lower():
            assert "consensus" not in {tag.theme for tag in tagging.tags}
