from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle import ModelBundle
from models.errors import BundleError, ThemeError
from models.evidence import Span, without
from models.paper import Paper
from models.tagging import PROFILES, TagOptions
from tests.tiny import outside_papers, tiny_job, tiny_papers
from training.fit import fit_bundle


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


@pytest.fixture(scope="module")
def papers() -> list[Paper]:
    return [labelled.paper for labelled in tiny_papers(40, 3)]


@pytest.mark.parametrize("profile", PROFILES)
def test_held_out_papers_get_their_themes(bundle: ModelBundle, profile: str) -> None:
    labelled = tiny_papers(80, 4)
    taggings = bundle.tag([p.paper for p in labelled], TagOptions(profile=profile))
    exact = sum({t.theme for t in tagging.tags} == set(p.themes) for tagging, p in zip(taggings, labelled, strict=True))
    assert exact >= 70


@pytest.mark.parametrize("profile", PROFILES)
def test_answers_do_not_depend_on_batch_or_order(bundle: ModelBundle, papers: list[Paper], profile: str) -> None:
    options = TagOptions(profile=profile)
    together = [t.to_json() for t in bundle.tag(papers, options)]
    assert [bundle.tag([paper], options)[0].to_json() for paper in papers] == together
    assert [t.to_json() for t in bundle.tag(papers[::-1], options)][::-1] == together


def test_other_fields_are_out_of_scope(bundle: ModelBundle) -> None:
    taggings = bundle.tag(outside_papers(40, seed=77))
    assert sum(t.reasons == ("out_of_scope",) for t in taggings) >= 38


@pytest.mark.parametrize(
    ("title", "abstract", "reason"),
    [
        ("", "", "no_text"),
        ("\u200b\x07 12 !!", "\N{PARTY POPPER}" * 50, "no_text"),
        ("Paxos", "", "too_short"),
        ("$\\alpha$", "", "too_short"),
        ("分散システムにおける合意形成の研究について", "本論文では複製状態機械の高速化手法を提案する。", "not_english"),
        ("نظام موزع للتعلم الاتحادي", "نقترح طريقة جديدة لاختيار العملاء في التعلم الاتحادي", "not_english"),
        (
            "Verteilte Einigung",
            "Wir stellen ein Verfahren vor, das Replikate auch bei langsamen Netzen einigt und Strom spart.",
            "not_english",
        ),
    ],
)
def test_texts_that_cannot_be_tagged_say_why(bundle: ModelBundle, title: str, abstract: str, reason: str) -> None:
    tagging = bundle.tag([Paper("x", title, abstract)])[0]
    assert tagging.abstained
    assert tagging.reasons == (reason,)


def test_a_book_is_cut_and_says_so(bundle: ModelBundle) -> None:
    book = Paper(
        "x", "Quorum certificates in practice", "Byzantine agreement and atomic broadcast for replicas. " * 10_000
    )
    tagging = bundle.tag([book], TagOptions(profile="accurate"))[0]
    assert tagging.truncated
    assert tagging.primary == "consensus"


@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_gets_an_answer(tiny_bundle: Path, title: str, abstract: str) -> None:
    bundle = _loaded(tiny_bundle)
    tagging = bundle.tag([Paper("x", title, abstract)], TagOptions(detail="full"))[0]
    body = tagging.to_json("full")
    assert json.loads(json.dumps(body)) == body
    assert bool(body["tags"]) != body["abstained"]
    assert body["tags"] or body["reasons"]
    for tag in body["tags"]:
        assert 0.0 <= tag["probability"] <= 1.0
        for item in tag["evidence"]:
            assert {"title": title, "abstract": abstract}[item["field"]][item["start"] : item["end"]] == item["text"]


_BUNDLES: dict[Path, ModelBundle] = {}


def _loaded(directory: Path) -> ModelBundle:
    return _BUNDLES.setdefault(directory, ModelBundle.load(directory))


def test_evidence_carries_the_tag_more_than_random_stretches(bundle: ModelBundle, papers: list[Paper]) -> None:
    rng = np.random.default_rng(0)
    options = TagOptions(profile="fast", detail="full")
    drops, random_drops = [], []
    for paper, tagging in zip(papers, bundle.tag(papers, options), strict=True):
        for tag in tagging.tags:
            for item in tag.evidence:
                text: str = getattr(paper, item.field)
                start = int(rng.integers(0, max(1, len(text) - (item.end - item.start))))
                other = Span(item.field, start, start + item.end - item.start)
                column = bundle.taxonomy.column(tag.theme)
                drops.append(
                    tag.probability
                    - _probability(bundle, without(paper, Span(item.field, item.start, item.end)), column)
                )
                random_drops.append(tag.probability - _probability(bundle, without(paper, other), column))
    assert len(drops) > 30
    assert np.mean(drops) > 2 * np.mean(random_drops)


def _probability(bundle: ModelBundle, paper: Paper, column: int) -> float:
    scores = bundle.tag([paper], TagOptions(profile="fast"))[0].scores
    return dict(scores)[bundle.taxonomy.ids[column]]


def test_options_choose_among_themes(bundle: ModelBundle, papers: list[Paper]) -> None:
    everything = bundle.tag(papers, TagOptions(min_probability=0.0))
    assert all(len(t.tags) == 5 or "out_of_scope" in t.reasons for t in everything)
    assert all(len(t.tags) <= 1 for t in bundle.tag(papers, TagOptions(min_probability=0.0, top=1)))
    learning = {
        t.theme
        for tagging in bundle.tag(papers, TagOptions(under=("learning",), min_probability=0.0))
        for t in tagging.tags
    }
    assert learning == {"moe-training", "federated-learning"}
    others = {
        t.theme
        for tagging in bundle.tag(papers, TagOptions(exclude=("learning", "consensus"), min_probability=0.0))
        for t in tagging.tags
    }
    assert others == {"gpu-kernels", "serverless"}
    few = bundle.tag(papers, TagOptions(include=("serverless",)))
    own = {p: bundle.profiles[p].calibration.best[bundle.taxonomy.column("serverless")] for p in bundle.profiles}
    assert all(tag.threshold == pytest.approx(own[tagging.profile]) for tagging in few for tag in tagging.tags)
    with pytest.raises(ThemeError, match="did you mean consensus"):
        bundle.tag(papers, TagOptions(include=("concensus",)))


def test_a_group_is_never_less_probable_than_its_themes(bundle: ModelBundle, papers: list[Paper]) -> None:
    for tagging in bundle.tag(papers):
        groups = dict(tagging.groups)
        for tag in tagging.tags:
            assert groups[tag.path[0]] >= tag.probability


def test_stricter_promises_give_no_more_tags(bundle: ModelBundle, papers: list[Paper]) -> None:
    def count(promise: str) -> int:
        return sum(len(t.tags) for t in bundle.tag(papers, TagOptions(promise=promise)))

    assert count("precision=0.5") >= count("precision=0.9") >= count("precision=0.99")
    assert count("recall=0.99") >= count("recall=0.9") >= count("recall=0.5")


def test_training_twice_gives_the_same_bundle(tiny_bundle: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    fit_bundle(tiny_job(tiny_bundle.with_name(f"{tiny_bundle.name}-encoder")), again)
    assert (again / "manifest.json").read_bytes() == (tiny_bundle / "manifest.json").read_bytes()


@pytest.mark.parametrize(
    "name", ["themes.json", "words.json", "lexical.safetensors", "encoder.bin", "profiles.safetensors"]
)
def test_a_damaged_bundle_is_refused_by_name(tiny_bundle: Path, tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))
    raw = bytearray((copy / name).read_bytes())
    raw[len(raw) // 2] ^= 0x55
    (copy / name).write_bytes(raw)
    with pytest.raises(BundleError, match=name.replace(".", r"\.")):
        ModelBundle.load(copy)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"format": 99, "name": "x"}', b'{"format": 1}', b"\xff\xfe"])
def test_a_damaged_manifest_is_refused(tiny_bundle: Path, tmp_path: Path, raw: bytes) -> None:
    copy = Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))
    (copy / "manifest.json").write_bytes(raw)
    with pytest.raises(BundleError, match=r"damaged manifest\.json"):
        ModelBundle.load(copy)


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no bundle at"):
        ModelBundle.load(tmp_path / "nothing")
