import json
from pathlib import Path

import pytest

from service.cli import run
from service.store import Judgement, Store, Verdict
from service.store.reviews import OTHERS
from tests.store.samples import make_paper, make_tagging

YES, NO = Judgement.ACCEPT, Judgement.REJECT


@pytest.fixture
def place(tmp_path: Path) -> str:
    """Of four papers one is complete, one judged tag by tag, one judged in part, and one not at all."""
    path = str(tmp_path / "papers.db")
    papers = [make_paper(n) for n in range(4)]
    with Store.open(path) as store:
        store.papers.upsert(papers)
        store.taggings.save([make_tagging(paper, ("consensus", 0.9), ("kv-cache", 0.6)) for paper in papers])
        said = [
            (0, "serverless", YES),
            (0, OTHERS, NO),
            (1, "consensus", NO),
            (1, "kv-cache", YES),
            (2, "gpu-kernels", YES),
        ]
        store.verdicts.save([Verdict(papers[n].id, theme, judgement, "ana") for n, theme, judgement in said])
    return path


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_papers_known_as_a_whole_are_written(place, tmp_path, capsys):
    out = tmp_path / "labels.jsonl"
    assert run(["labels", "--store", place, "--out", str(out)]) == 0
    assert [(row["id"], row["tags"]) for row in rows(out)] == [
        (make_paper(0).id, ["serverless"]),
        (make_paper(1).id, ["kv-cache"]),
    ]
    assert rows(out)[0]["abstract"] == make_paper(0).abstract
    assert capsys.readouterr().err == "paperwire: labelled papers: 2; judged in part only: 1\n"


def test_labels_that_are_there_are_corrected(place, tmp_path, capfd):
    base = tmp_path / "base.jsonl"
    old = [{"id": make_paper(n).id, "title": "Old", "abstract": "Text.", "tags": ["consensus"]} for n in (2, 0, 3)]
    base.write_text("".join(json.dumps(row) + "\n" for row in old), encoding="utf-8")
    assert run(["labels", "--store", place, "--onto", str(base), "--quiet"]) == 0
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(row["id"], row["tags"], row["title"]) for row in found] == [
        (make_paper(2).id, ["consensus", "gpu-kernels"], "Old"),
        (make_paper(0).id, ["serverless"], "Old"),
        (make_paper(3).id, ["consensus"], "Old"),
        (make_paper(1).id, ["kv-cache"], make_paper(1).title),
    ]


def test_labels_by_id_take_their_texts_from_a_corpus(place, tmp_path):
    (tmp_path / "base.tsv").write_text(f"id\tthemes\n{make_paper(0).id}\tconsensus\n", encoding="utf-8")
    corpus, out = tmp_path / "corpus.jsonl", tmp_path / "out.jsonl"
    corpus.write_text(json.dumps({"id": make_paper(0).id, "title": "From the corpus"}) + "\n", encoding="utf-8")
    arguments = ["--onto", str(tmp_path / "base.tsv"), "--corpus", str(corpus), "--out", str(out)]
    assert run(["labels", "--store", place, *arguments]) == 0
    assert (rows(out)[0]["title"], rows(out)[0]["tags"]) == ("From the corpus", ["serverless"])


def test_nothing_labelled_is_said_and_nothing_written(tmp_path, capsys):
    with Store.open(tmp_path / "papers.db") as store:
        store.papers.upsert([make_paper(0)])
        store.verdicts.save([Verdict(make_paper(0).id, "consensus", YES, "ana")])
    out = tmp_path / "labels.jsonl"
    assert run(["labels", "--store", str(tmp_path / "papers.db"), "--out", str(out)]) == 3
    assert "no paper is labelled yet (1 have verdicts)" in capsys.readouterr().err
    assert not out.exists()
