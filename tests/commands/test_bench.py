"""`paperwire bench`: a table for people, JSON for programs."""

from __future__ import annotations

import json

from service.cli import run
from tests.tiny import tiny_papers


def test_a_table_and_a_file(tiny_bundle, tmp_path, capsys):
    labels = tmp_path / "labels.jsonl"
    rows = ({**item.paper.to_json(), "tags": list(item.themes)} for item in tiny_papers(20, 3))
    labels.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = tmp_path / "bench.json"
    command = ["bench", "--labels", str(labels), "--bundle", str(tiny_bundle), "--runs", "1", "--json", str(out)]
    assert run(command) == 0
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines()[1:4]] == ["fast", "accurate", "auto"]
    assert "20 papers, medians, runs: 1; " in told
    record = json.loads(out.read_text())
    assert record["data"]["papers"] == 20
    assert all(row["micro_f1"] is not None for row in record["rows"])
    assert record["machine"]["cores"] >= 1


def test_invented_papers_and_json_alone(tiny_bundle, capsys):
    assert run(["bench", "--papers", "6", "--bundle", str(tiny_bundle), "--runs", "1", "--json", "-"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["data"]["labelled"] is False
    assert [row["micro_f1"] for row in record["rows"][:3]] == [None] * 3


def test_a_file_that_cannot_be_written(tiny_bundle, tmp_path, capsys):
    out = tmp_path / "nowhere" / "bench.json"
    command = ["bench", "--papers", "2", "--bundle", str(tiny_bundle), "--runs", "1", "--json", str(out)]
    assert run(command) == 3
    assert "cannot write" in capsys.readouterr().err
