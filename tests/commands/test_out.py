"""`paperwire export`, `digest` and `queries`, as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.cli import run
from service.feeds import parse
from service.store import Store
from tests.store.samples import make_paper, make_tagging


@pytest.fixture
def place(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "papers.db"
    monkeypatch.setenv("PAPERWIRE_STORE", str(path))
    monkeypatch.setenv("PAPERWIRE_BUNDLE", str(tiny_bundle))
    with Store.open(path) as store:
        papers = [make_paper(n) for n in range(12)]
        store.papers.upsert(papers)
        themes = ("consensus", "gpu-kernels")
        store.taggings.save([make_tagging(paper, (themes[n % 2], 0.9 - n / 20)) for n, paper in enumerate(papers)])
    return path


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet", "bib", "ris", "csl.json"])
def test_export_by_the_name_of_the_file(
    place: Path, tmp_path: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"papers.{ending}"
    assert run(["export", "--theme", "consensus", "--min-probability", "0.6", "--out", str(out)]) == 0
    assert [paper.id for paper in parse(out.read_bytes()).papers] == [f"arxiv:2603.{n:05d}" for n in (0, 2, 4, 6)]
    assert "4 papers exported" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_export_to_standard_output(place: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["export", "--quiet", "--where", "theme:gpu-kernels p>=0.8"]) == 0
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["arxiv:2603.00001"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["export", "--where", "them:x"], 3, "position 1"),
        (["export", "--theme", "consensu"], 3, "did you mean consensus"),
        (["export", "--query", "none"], 3, "no saved query"),
        (["export", "--out", "papers.docx"], 2, "--format"),
        (["export", "--since", "soon"], 3, "no date"),
        (["digest", "--since", "soon"], 3, "no date"),
        (["queries", "save", "mine", "(a"], 3, "position 1"),
        (["queries", "save", "Not a name", "a"], 3, "no query name"),
        (["queries", "remove", "none"], 3, "no saved query"),
    ],
)
def test_mistakes_are_said(
    place: Path, arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    assert words in capsys.readouterr().err


def test_a_failed_export_leaves_what_was_there(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "old.csv"
    out.write_text("precious")
    assert run(["export", "--out", str(out), "--where", "(a"]) == 3
    assert out.read_text() == "precious"


def test_a_place_that_is_not_there_is_named_as_it_was_given(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "nowhere" / "papers.csv"
    assert run(["export", "--out", str(out)]) == 4
    assert capsys.readouterr().err == f"paperwire: No such file or directory: {out}\n"


def test_queries_are_kept_and_used(place: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["queries", "save", "mine", "theme:consensus p>=0.8", "--title", "My own"]) == 0
    assert "2 papers match" in capfd.readouterr().err
    assert run(["queries", "list"]) == 0
    assert capfd.readouterr().out == "mine\ttheme:consensus p>=0.8\tMy own\n"
    assert run(["export", "--quiet", "--query", "mine"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 2
    assert run(["queries", "show", "mine"]) == 0
    assert run(["queries", "remove", "mine"]) == 0
    assert run(["queries", "show", "mine"]) == 3


@pytest.mark.parametrize(
    ("form", "sign"), [("markdown", "## Systems: Consensus (6)"), ("html", "<h2>"), ("text", "---")]
)
def test_digests(place: Path, tmp_path: Path, form: str, sign: str) -> None:
    out = tmp_path / "digest"
    arguments = ["digest", "--since", "1d", "--theme", "consensus", "--max-per-theme", "2"]
    assert run([*arguments, "--format", form, "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert sign in text.replace("\\", "")
    assert "4 more papers" in text
    assert text.count("arxiv:2603.") == 2


def test_an_empty_digest_says_so(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["digest", "--since", "2020", "--until", "2021", "--no-evidence"]) == 0
    assert "No papers between 2020-01-01 00:00 UTC and 2021-01-01 00:00 UTC." in capfd.readouterr().out


def test_digests_by_date_of_the_papers(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["digest", "--since", "1d", "--by", "published", "--no-evidence"]) == 0
    assert "No papers" in capfd.readouterr().out, "the samples are of March"
    assert run(["digest", "--since", "2026-03-01", "--by", "published", "--no-evidence", "--format", "text"]) == 0
    assert "12 papers between 2026-03-01" in capfd.readouterr().out
