"""Provisional themes: given at once, by the same heads, without a change to what the bundle says otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle import ModelBundle
from models.errors import ThemeError
from models.likeness import DEFINITION_WEIGHT, LEFT_OUT_FROM, Background, Coefficients, Overlap, left_out
from models.paper import Paper
from models.provisional import ACCURATE, FAST
from models.tagging import Profile, TagOptions
from models.theme_set import ProvisionalTheme, ThemeSet, define
from tests.tiny import tiny_papers

DEFINITION = "Leader election in replicas, quorum certificates, and atomic broadcast under cold starts."
PAPERS = [
    Paper(
        "new:1", "Quorum certificates for leader election", "We revisit atomic broadcast, leader election in replicas."
    ),
    Paper(
        "new:2", "Tensor-core kernels", "We present shared-memory tiling and warp-level reductions under changing load."
    ),
    Paper("new:3", "", ""),
]
EXAMPLES = tuple(
    Paper(
        f"ex:{n}",
        f"Atomic broadcast and quorum certificates, part {n}",
        "Leader election in replicas with cold starts.",
    )
    for n in range(4)
)


@pytest.fixture(scope="module")
def base(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle, threads=1)


def extended(base: ModelBundle, *examples: Paper) -> ModelBundle:
    return base.with_themes(ThemeSet((define("Replica elections", DEFINITION, group="systems", examples=examples),)))


@pytest.mark.parametrize("profile", ["fast", "accurate"])
def test_a_theme_is_given_at_once_and_marked(base: ModelBundle, profile: Profile) -> None:
    tagging = extended(base, *EXAMPLES).tag(PAPERS, TagOptions(profile, include=("replica-elections",)))[0]
    (tag,) = tagging.tags
    assert (tag.theme, tag.label, tag.source) == ("replica-elections", "Replica elections", "definition")
    assert tag.path == ("systems", "replica-elections")
    assert (
        tag.probability
        >= tag.threshold
        == pytest.approx((FAST if profile == "fast" else ACCURATE).threshold(len(EXAMPLES)), abs=1e-6)
    )


@pytest.mark.parametrize("profile", ["fast", "accurate"])
def test_a_paper_of_another_kind_scores_lower(base: ModelBundle, profile: Profile) -> None:
    near, far, _ = extended(base).tag(PAPERS, TagOptions(profile, min_probability=0.0, include=("replica-elections",)))
    assert near.tags[0].probability > 10 * far.tags[0].probability


def test_an_answer_names_bundle_and_set(base: ModelBundle) -> None:
    bundle = extended(base)
    answer = bundle.tag(PAPERS)[0].to_json()
    assert bundle.provisional is not None
    assert answer["provisional"] == {"sha256": bundle.provisional.digest}
    assert answer["model"] == base.name.to_json()
    assert "provisional" not in base.tag(PAPERS)[0].to_json()


@pytest.mark.parametrize("profile", ["fast", "accurate"])
def test_known_themes_keep_their_probabilities(base: ModelBundle, profile: Profile) -> None:
    papers = [labelled.paper for labelled in tiny_papers(20, 31)]
    options = TagOptions(profile, min_probability=0.0)
    for before, after in zip(base.tag(papers, options), extended(base, *EXAMPLES).tag(papers, options), strict=True):
        known = {tag.theme: tag.probability for tag in after.tags if tag.source == "model"}
        assert known == pytest.approx({tag.theme: tag.probability for tag in before.tags}, abs=1e-6)


def test_evidence_is_found_for_a_provisional_theme(base: ModelBundle) -> None:
    options = TagOptions("fast", "full", include=("replica-elections",))
    (tag,) = extended(base).tag(PAPERS[:1], options)[0].tags
    assert tag.evidence
    assert all(item.text == getattr(PAPERS[0], item.field)[item.start : item.end] for item in tag.evidence)


def test_the_heads_give_the_logit_that_the_coefficients_describe(base: ModelBundle) -> None:
    item = define("Replica elections", DEFINITION, examples=EXAMPLES)
    encoder, texts = base.lexical.encoder, [paper.text for paper in EXAMPLES]
    definition, rows = encoder.encode([item.theme.definition]), encoder.encode(texts)
    overlap = Overlap.of(encoder)
    known = base.dense.encoder.encode([theme.definition for theme in base.taxonomy.themes]).vectors
    background = Background.of(base.dense.papers.full(), known)
    vector, vectors = (base.dense.encoder.encode(t).vectors for t in ([item.theme.definition], texts))
    dense, sparse = background.line(vector[0], vectors), overlap.line(definition, rows)
    text = [PAPERS[1].text]
    features = [
        dense.of(base.dense.encoder.encode(text).vectors)[0],
        sparse.of(encoder.encode(text))[0],
        dense.tail,
        1.0,
        left_out(vectors, lambda some: background.line(vector[0], some)),
        left_out(rows, lambda some: overlap.line(definition, some)),
    ]
    c = ACCURATE
    logit = np.dot([c.dense, c.sparse, c.tail, c.constant], features[:4]) + c.shift(len(EXAMPLES), *features[4:])
    expected = 1.0 / (1.0 + np.exp(-logit))
    options = TagOptions("accurate", min_probability=0.0, include=("replica-elections",))
    (tag,) = base.with_themes(ThemeSet((item,))).tag([PAPERS[1]], options)[0].tags
    assert tag.probability == pytest.approx(expected, rel=2e-3)


def test_promises_move_the_threshold(base: ModelBundle) -> None:
    column = len(base.taxonomy)
    calibration = extended(base).profiles["accurate"].calibration
    strict, lenient = (calibration.thresholds(p)[column] for p in ("precision=0.8", "recall=0.8"))
    assert lenient < calibration.best[column] < strict


def test_overlap_is_in_standard_deviations_of_independent_terms(base: ModelBundle) -> None:
    encoder = base.lexical.encoder
    overlap = Overlap.of(encoder)
    rows = encoder.encode([labelled.paper.text for labelled in tiny_papers(300, 17)])
    scores = overlap.line(encoder.encode([DEFINITION]), rows[:0]).of(rows)
    assert abs(float(np.median(scores))) < 2.0
    assert 0.3 < float(scores.std()) < 5.0


def test_a_definition_of_unknown_words_scores_nothing_by_words(base: ModelBundle) -> None:
    encoder = base.lexical.encoder
    line = Overlap.of(encoder).line(encoder.encode(["xyzzy plugh"]), encoder.encode([]))
    assert not line.weights.any()
    assert line.bias == 0.0


def test_a_line_is_in_standard_deviations_of_the_background() -> None:
    rng = np.random.default_rng(0)
    papers = rng.normal(size=(400, 8)).astype(np.float32)
    background = Background.of(papers, papers[:6])
    for examples in (papers[:0], papers[:3]):
        scores = (line := background.line(papers[7], examples)).of(papers)
        assert float(scores.mean()) == pytest.approx(0.0, abs=1e-6)
        assert float(scores.std()) == pytest.approx(1.0, abs=1e-6)
        assert float((scores > line.tail).mean()) == pytest.approx(0.01, abs=0.004)


def test_too_few_papers_are_refused() -> None:
    with pytest.raises(ThemeError, match="keeps 9 labelled papers"):
        Background.of(np.ones((9, 4), np.float32), np.ones((2, 4), np.float32))


@given(st.integers(0, 6))
def test_left_out_is_the_mean_over_examples_without_themselves(count: int) -> None:
    rng = np.random.default_rng(count)
    papers = rng.normal(size=(60, 5)).astype(np.float32)
    background = Background.of(papers, papers[:3])
    rows = papers[:count]
    found = left_out(rows, lambda some: background.line(papers[50], some))
    if count < LEFT_OUT_FROM:
        assert found == 0.0
        return
    each = [background.line(papers[50], np.delete(rows, n, axis=0)).of(rows[[n]])[0] for n in range(count)]
    assert found == pytest.approx(np.mean(each))


def test_a_definition_counts_as_much_as_its_weight_in_examples() -> None:
    papers = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    background = Background.of(papers, papers[:0])
    definition = papers[3]
    several = np.repeat(definition[None, :], int(DEFINITION_WEIGHT), axis=0)
    alike = background.line(definition, several).weights
    assert alike == pytest.approx(background.line(definition, several[:1]).weights, rel=1e-5)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (define("consensus", DEFINITION), "the bundle has a theme 'consensus' already: choose another name"),
        (define("Elections", DEFINITION, group="nowhere"), "unknown group 'nowhere'"),
    ],
)
def test_a_clash_with_the_taxonomy_shows_at_once(base: ModelBundle, item: ProvisionalTheme, message: str) -> None:
    with pytest.raises(ThemeError, match=message):
        base.with_themes(ThemeSet((item,)))


def test_another_set_takes_the_place_of_the_first(base: ModelBundle) -> None:
    second = extended(base).with_themes(ThemeSet((define("Coral reefs", "Ecology of coral reefs."),)))
    assert second.taxonomy.ids == (*base.taxonomy.ids, "coral-reefs")
    assert second.with_themes(ThemeSet()) is base


def test_thresholds_between_measured_numbers_of_examples_are_in_between() -> None:
    made = Coefficients(1, 1, 0, 0, 0, 0, 0, (0.2, 0.3, 0.4, 0.5), (), ())
    assert [made.threshold(n) for n in (0, 3, 4, 10)] == pytest.approx([0.2, 0.3, 0.35, 0.5])
