"""Rules over the model: before it, after it, against each other, and within their time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle import ModelBundle
from models.errors import InputError
from models.paper import Paper
from models.tagging import TagOptions
from service.cli import run
from service.patterns import FIELDS, MATCH_TIMEOUT_S, Pattern
from service.rule_tests import try_rules
from service.ruled import RuledBundle, under_rules
from service.rules import Findings, RuleSet, ThemeRules, load_rules
from tests.tiny import tiny_papers, tiny_taxonomy

TAXONOMY = tiny_taxonomy()
FAST = TagOptions(profile="fast")
PAPER = Paper(
    "arxiv:2603.00001",
    title="Fast {\\it Byzantine}-agreement &amp; more",
    abstract="A quorum of\nreplicas (n > 3f) decides.",
    authors=("Mira Öztürk",),
    categories=("cs.DC", "math.OC"),
    url="https://papers.example/1",
)


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (Pattern("title", "byzantine agreement"), True),
        (Pattern("title", "agreement & more"), True),
        (Pattern("text", "quorum of replicas"), True),
        (Pattern("title", "quorum"), False),
        (Pattern("abstract", "replica"), False),  # whole words
        (Pattern("abstract", "n > 3f"), True),
        (Pattern("authors", "öztürk"), True),
        (Pattern("categories", "math.*"), True),
        (Pattern("primary_category", "math.*"), False),
        (Pattern("categories", "cs"), False),
        (Pattern("categories", "cs?DC"), False),  # nothing but * stands for something else
        (Pattern("id", "arxiv:2603.*"), True),
        (Pattern("doi", "*"), True),
        (Pattern("abstract", expression=r"\bquorum\w*"), True),
        (Pattern("abstract", expression=r"(?-i)QUORUM"), False),
        (Pattern("url", expression=r"^https://papers\."), True),
    ],
)
def test_patterns(pattern: Pattern, found: bool) -> None:
    assert pattern.matches(PAPER) is found


@given(st.sampled_from(sorted(FIELDS)), st.text(min_size=1, max_size=20))
def test_any_phrase_is_a_phrase(field: str, phrase: str) -> None:
    try:
        pattern = Pattern(field, phrase)
    except InputError:
        assert not phrase.strip()
    else:
        pattern.matches(PAPER)


def test_a_slow_expression_is_given_up_on() -> None:
    slow = Pattern("abstract", expression=r"(a|aa)+$")
    paper = Paper("x", abstract="a" * 60 + "!")
    findings = Findings()
    began = time.process_time()
    rules = RuleSet(TAXONOMY, (ThemeRules("consensus", never=(slow,)),))
    assert not rules.verdict(rules.themes[0], paper, findings).taken
    assert time.process_time() - began < 50 * MATCH_TIMEOUT_S
    assert findings.timeouts == {"abstract: /(a|aa)+$/": 1}


def ruled(bundle: ModelBundle, *rules: ThemeRules, skip: tuple[Pattern, ...] = ()) -> RuledBundle:
    return RuledBundle(bundle, RuleSet(bundle.taxonomy, rules, skip))


def test_must_gives_what_the_model_did_not(bundle: ModelBundle) -> None:
    papers = [one.paper for one in tiny_papers(20, 4) if "consensus" not in one.themes]
    under = ruled(bundle, ThemeRules("consensus", must=(Pattern("id", "own:*"),)))
    for before, after in zip(bundle.tag(papers, FAST), under.tag(papers, FAST), strict=True):
        assert [tag.theme for tag in after.tags if tag.source == "rule"] == ["consensus"]
        assert after.tags[0].to_json("scores") | {"label": ""} == {
            "theme": "consensus", "label": "", "path": ["systems", "consensus"],
            "probability": 1.0, "threshold": 0.0, "source": "rule",
        }  # fmt: skip
        assert [t for t in after.tags if t.theme != "consensus"] == [t for t in before.tags if t.theme != "consensus"]
        assert after.scores == before.scores


def test_never_and_only_if_take_away(bundle: ModelBundle) -> None:
    papers = [one.paper for one in tiny_papers(40, 4)]
    never = ThemeRules("consensus", never=(Pattern("text", "quorum certificates"),))
    only = ThemeRules("gpu-kernels", only_if=(Pattern("text", expression="cuda|warp"),))
    changed = 0
    for paper, before, after in zip(
        papers, bundle.tag(papers, FAST), ruled(bundle, never, only).tag(papers, FAST), strict=True
    ):
        gone = {tag.theme for tag in before.tags} - {tag.theme for tag in after.tags}
        wanted = {"consensus"} if never.never[0].matches(paper) else set()
        wanted |= set() if only.only_if[0].matches(paper) else {"gpu-kernels"}
        assert gone == wanted & {tag.theme for tag in before.tags}
        assert ("removed_by_rule" in after.reasons) == bool(gone)
        assert gone or after == before
        changed += bool(gone)
    assert changed


def test_a_conflict_takes_away_and_is_reported(bundle: ModelBundle) -> None:
    rules = ThemeRules("consensus", must=(Pattern("title", "byzantine"),), only_if=(Pattern("text", "nowhere"),))
    under = ruled(bundle, rules)
    (answer,) = under.tag([PAPER], FAST)
    assert "consensus" not in [tag.theme for tag in answer.tags]
    assert "rule_conflict" in answer.reasons
    assert under.findings.conflicts == {"consensus": 1}


def test_skipped_papers_are_not_asked_about(bundle: ModelBundle) -> None:
    papers = [one.paper for one in tiny_papers(6, 4)]
    skip = (Pattern("id", papers[2].id),)
    asked: list[str] = []
    rules = RuleSet(TAXONOMY, (ThemeRules("consensus", must=(Pattern("doi", "*"),)),), skip)

    def answer(batch: object) -> list[object]:
        asked.extend(paper.id for paper in batch)  # type: ignore[attr-defined]
        return bundle.tag(batch, FAST)  # type: ignore[arg-type, return-value]

    answers = rules.tag(papers, answer, bundle.name, Findings())  # type: ignore[arg-type]
    assert asked == [paper.id for paper in papers if paper != papers[2]]
    assert [one.id for one in answers] == [paper.id for paper in papers]
    assert (answers[2].tags, answers[2].reasons) == ((), ("skipped_by_rule",))
    assert ruled(bundle, skip=(Pattern("id", "*"),)).tag(papers, FAST)[0].abstained


def test_options_are_not_overruled(bundle: ModelBundle) -> None:
    under = ruled(bundle, ThemeRules("consensus", must=(Pattern("id", "*"),)))
    for options in (
        TagOptions(exclude=("systems",)),
        TagOptions(include=("gpu-kernels",)),
        TagOptions(under=("learning",)),
    ):
        (answer,) = under.tag([PAPER], options)
        assert "consensus" not in [tag.theme for tag in answer.tags]


def test_no_rules_change_nothing(bundle: ModelBundle) -> None:
    papers = [one.paper for one in tiny_papers(10, 4)]
    assert under_rules(bundle, None) is bundle
    assert ruled(bundle).tag(papers, FAST) == bundle.tag(papers, FAST)


RULES = """
skip:
  - {field: primary_category, phrase: "math.*"}
rules:
  - theme: consensus
    must: [{field: title, phrase: quorum certificates}]
    never: [{field: text, regex: 'atomic\\s+broadcast'}]
  - theme: gpu-kernels
    only_if:
      - {field: text, phrase: cuda occupancy}
      - {field: text, phrase: fused attention kernels}
"""


def test_a_file_of_rules(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    rules = load_rules(file, TAXONOMY)
    assert rules.skip == (Pattern("primary_category", "math.*"),)
    assert rules.themes[0].never == (Pattern("text", expression=r"atomic\s+broadcast"),)
    assert len(rules.themes[1].only_if) == 2


def test_every_problem_of_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "skip: [{field: titel, phrase: a}]\n"
        "rules:\n"
        "- {theme: consensu, must: [{field: title, phrase: a}]}\n"
        "- {theme: consensus, must: [{field: title, regex: '(a'}], never: {}}\n"
        "- {theme: consensus, nver: []}\n"
        "- {theme: consensus, must: [{field: title}], only_if: [3]}\n"
        "- {theme: surveys, must: a}\n"
    )
    with pytest.raises(InputError) as caught:
        load_rules(file, TAXONOMY)
    details = "\n".join(caught.value.details)
    for words in (
        "rules[1]: unknown theme 'consensu'; did you mean consensus?",
        "rules[2].must[1]: the regex '(a' cannot be read",
        "rules[3]: expected a mapping with 'theme' and some of must, never, only_if",
        "rules[4]: theme 'consensus' has rules already",
        "rules[4].must[1]: give either a phrase or a regex",
        "rules[4].only_if[1]: expected a mapping",
        "rules[5].must is str, expected a list",
        "skip[1]: there is no field 'titel'",
    ):
        assert words in details


@pytest.mark.parametrize("text", ["- a", "{", "rulez: []", "a: !!python/object:os.system x", ""])
def test_files_that_are_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(InputError, match="rules"):
        load_rules(file, TAXONOMY)


def test_hits_and_precision_against_labels(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    labelled = [(one.paper, frozenset(one.themes)) for one in tiny_papers(200, 8)]
    report = try_rules(load_rules(file, TAXONOMY), labelled)
    by_kind = {(score.theme, score.kind): score for score in report.scores}
    must, never, only = (
        by_kind[key] for key in (("consensus", "must"), ("consensus", "never"), ("gpu-kernels", "only_if"))
    )
    wanted = [themes for paper, themes in labelled if "quorum certificates" in paper.title.lower()]
    assert (must.hits, must.right) == (len(wanted), sum("consensus" in themes for themes in wanted))
    assert must.precision == 1.0, "titles quote a theme's own phrases"
    assert never.precision == 0.0
    assert never.wrong
    assert only.hits + sum(
        "cuda occupancy" in paper.text.lower() or "fused attention kernels" in paper.text.lower()
        for paper, _ in labelled
    ) == len(labelled)
    assert only.precision is not None
    assert report.papers == 200
    assert report.scores[0].precision is None, "nothing to skip"


def test_the_command(tmp_path: Path, tiny_bundle: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rules, labels = tmp_path / "rules.yaml", tmp_path / "labels.jsonl"
    rules.write_text(RULES)
    lines = [{**one.paper.to_json(), "tags": list(one.themes)} for one in tiny_papers(50, 8)]
    labels.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert run(["rules", "check", str(rules), "--bundle", str(tiny_bundle)]) == 0
    assert "2 themes" in capfd.readouterr().out
    arguments = ["rules", "test", str(rules), "--labels", str(labels), "--bundle", str(tiny_bundle)]
    assert run(arguments) == 0
    out = capfd.readouterr()
    assert "consensus must title: 'quorum certificates'" in out.out
    assert "tried on 50 papers" in out.err
    assert run([*arguments, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["papers"] == 50


def test_rules_of_the_settings_hold_for_the_command_line(
    tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rules, papers = tmp_path / "rules.yaml", tmp_path / "papers.jsonl"
    rules.write_text("rules: [{theme: serverless, must: [{field: id, phrase: 'arxiv:*'}]}]")
    papers.write_text(json.dumps(PAPER.to_json()))
    monkeypatch.setenv("PAPERWIRE_RULES", str(rules))
    assert run(["tag", str(papers), "--bundle", str(tiny_bundle), "--profile", "fast", "--quiet"]) == 0
    tags = json.loads(capfd.readouterr().out)["tags"]
    assert [tag["source"] for tag in tags if tag["theme"] == "serverless"] == ["rule"]


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read the rules \S+none\.yaml: No such file or directory$"):
        load_rules(tmp_path / "none.yaml", TAXONOMY)
