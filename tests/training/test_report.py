"""The report: complete, self-contained, without text unless asked, the same every time."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from models.bundle import ModelBundle
from models.paper import Paper
from tests.tiny import tiny_papers, tiny_taxonomy
from training.dataset import LabelledPaper
from training.evaluate import Options, evaluate
from training.figures import CurvePoint
from training.intervals import compare
from training.report import report_blocks, write_report
from training.sections import Extras
from training.validate import validate

SECRET = "Zygomorphic replicas"


@pytest.fixture(scope="module")
def labelled():
    wrong = Paper('own:"><script>alert(1)</script>|', SECRET, "Leader election in replicas and Byzantine agreement.")
    return [*tiny_papers(18, 51), LabelledPaper(wrong, ("gpu-kernels",))]


@pytest.fixture(scope="module")
def found(tiny_bundle, labelled):
    return evaluate(ModelBundle.load(tiny_bundle, threads=1), labelled, Options("fast", resamples=100))


@pytest.fixture(scope="module")
def extras(found, labelled):
    return Extras(
        comparison=compare(found.predictions, found.predictions, times=100),
        learning=[CurvePoint(10, 0.3, 0.2), CurvePoint(40, 0.6, 0.5)],
        labels=validate([], labelled, tiny_taxonomy()),
    )


def test_every_section_is_in_both_forms(found, extras, tmp_path):
    page = write_report(found, tmp_path / "new" / "report", extras)
    html, markdown = page.read_text(), page.with_suffix(".md").read_text()
    for heading in (
        "Figures", "Promises", "Comparison", "Calibration", "Groups", "Themes", "Parts of the papers",
        "Learning curve", "Themes that need labels", "Themes taken for one another", "Most confident mistakes",
        "Labels",
    ):  # fmt: skip
        assert f"<h2>{heading}</h2>" in html
        assert f"\n## {heading}\n" in markdown
    charts = {"reliability", "precision-recall", "themes", "learning-curve"}
    assert {path.stem for path in page.parent.glob("*.svg")} == charts
    assert all(f"({chart}.svg)" in markdown for chart in charts)
    assert html.count("<svg") == len(charts)


def test_no_text_of_a_paper_is_shown_unless_handed_over(found, extras, labelled, tmp_path):
    quiet = write_report(found, tmp_path / "quiet", extras)
    texts = {item.paper.id: item.paper for item in labelled}
    loud = write_report(found, tmp_path / "loud", Extras(texts=texts))
    for name in ("report.html", "report.md"):
        shipped = (quiet.parent / name).read_text()
        assert not any(item.paper.title in shipped or item.paper.abstract[:60] in shipped for item in labelled)
        assert SECRET in (loud.parent / name).read_text()


def test_ids_of_papers_are_data(found, tmp_path):
    page = write_report(found, tmp_path)
    assert "own:&quot;&gt;&lt;script&gt;" in page.read_text()
    assert "<script" not in page.read_text()
    rendered = MarkdownIt("commonmark").enable("table").render((tmp_path / "report.md").read_text())
    assert "<script" not in rendered


def test_the_same_evaluation_gives_the_same_bytes(found, extras, tmp_path):
    one, other = (write_report(found, tmp_path / name, extras) for name in ("a", "b"))
    for path in one.parent.iterdir():
        assert path.read_bytes() == (other.parent / path.name).read_bytes()


def test_training_papers_are_warned_of(tiny_bundle):
    seen = evaluate(ModelBundle.load(tiny_bundle, threads=1), tiny_papers(6, 1), Options("fast", resamples=100))
    warnings = [block.text for block in report_blocks(seen) if getattr(block, "warning", False)]
    assert warnings == ["6 of these papers were in the bundle's training data: the figures flatter it."]


def test_readers_learn_what_thresholds_were_set_on(found):
    told = [block.text for block in report_blocks(found) if "Thresholds" in getattr(block, "text", "")]
    assert told == ["Thresholds and calibration were set on 160 dev papers; on those papers figures flatter."]
