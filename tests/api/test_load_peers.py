"""Servers are compared under the same load: ours stands for the peers too, whose protocols it speaks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from training.load import Load, LoadReport, read_papers, run_load
from training.load_peers import Side, annif, compare, infinity, main, median_of, ours, ratios_of

PAPERS = read_papers(None)


def _short(load: Load) -> Load:
    return replace(load, clients=2, seconds=0.2)


def test_every_protocol_is_asked_and_its_answers_are_read(server_url: str, bundle: ModelBundle) -> None:
    """The kinds show that answers were understood, not just counted."""
    loads = {
        "fast": ours(server_url, "fast", PAPERS),
        "accurate": ours(server_url, "accurate", PAPERS),
        f"{bundle.dense.encoder.dim} numbers": infinity(server_url, PAPERS, model="themes", path="/v1/embeddings"),
        "subjects": annif(server_url, PAPERS, project="themes"),
    }
    for kind, load in loads.items():
        report = run_load(_short(load))
        assert report.errors == {}
        assert report.requests > 0
        assert kind in report.kinds


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"tags":[{"theme":"a","probability":2}]}'])
def test_an_answer_of_another_shape_is_wrong(body: bytes) -> None:
    url = "http://127.0.0.1:1"
    for load in (ours(url, "fast", PAPERS), infinity(url, PAPERS, model="m"), annif(url, PAPERS, project="p")):
        assert load.kind_of is not None
        assert load.kind_of(body) is None


def test_wrong_answers_and_refusals_are_errors_and_never_speed(server_url: str) -> None:
    """Answers of one protocol are wrong for another, and a project that is not there is a 404."""
    confused = replace(_short(ours(server_url, "fast", PAPERS)), kind_of=annif(server_url, PAPERS, project="x").kind_of)
    sides = [Side("confused", confused), Side("missing", _short(annif(server_url, PAPERS, project="none")))]
    found = compare(sides, rounds=2)
    assert found.sides["confused"].requests == found.sides["missing"].requests == 0
    assert {name: set(errors) for name, errors in found.errors.items()} == {
        "confused": {"wrong answer"},
        "missing": {"404"},
    }
    assert found.ratios == {}


def test_numbers_are_medians_and_counts_are_sums() -> None:
    rounds = [
        LoadReport(1.0, 10, 10.0, p99_ms=5.0, max_ms=7.0, rss_mb=100.0, errors={"500": 1}, kinds={"fast": 10}),
        LoadReport(1.0, 40, 40.0, p99_ms=1.0, max_ms=2.0, kinds={"fast": 39, "accurate": 1}),
        LoadReport(1.0, 20, 20.0, p99_ms=3.0, max_ms=3.0, rss_mb=102.0, errors={"500": 2}),
    ]
    median = median_of(rounds)
    assert (median.seconds, median.requests, median.requests_per_s, median.p99_ms) == (3.0, 70, 20.0, 3.0)
    assert (median.max_ms, median.rss_mb, median.cpu_ms) == (7.0, 101.0, None)
    assert (median.errors, median.kinds) == ({"500": 3}, {"fast": 49, "accurate": 1})


def test_each_profile_is_compared_with_its_peer() -> None:
    sides = {
        "ours accurate": LoadReport(requests_per_s=90.0, cpu_ms=20.0),
        "infinity": LoadReport(requests_per_s=30.0, cpu_ms=60.0),
        "ours fast": LoadReport(requests_per_s=600.0),
        "annif": LoadReport(requests_per_s=0.0),
    }
    assert ratios_of(sides) == ({"ours accurate / infinity": 3.0}, {"ours accurate / infinity": 3.0})
    assert ratios_of({"annif": sides["annif"]}) == ({}, {})


def test_the_command_writes_a_table_and_everything(
    server_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "peers.json"
    options = ["--ours", server_url, "--seconds", "0.2", "--rounds", "2", "--clients", "2", "--json", str(out)]
    assert main([*options, "--annif", server_url, "--annif-project", "themes"]) == 0
    written = json.loads(out.read_text())
    assert set(written["sides"]) == {"ours accurate", "ours fast", "annif"}
    assert [len(rounds) for rounds in written["rounds"].values()] == [2, 2, 2]
    assert set(written["ratios"]) == {"ours fast / annif"}
    printed = capsys.readouterr().out
    assert "ours accurate" in printed
    assert "times the requests a second" in printed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "no server to compare"),
        (["--ours", "http://192.0.2.1"], "loopback addresses only"),
        (["--ours", "http://127.0.0.1:1", "--pid", "ours"], "SERVER=NUMBER"),
        (["--ours", "http://127.0.0.1:1", "--pid", "annif=1"], "annif, which is not compared"),
        (["--ours", "http://127.0.0.1:1", "--papers", "none.jsonl"], "cannot read papers"),
    ],
)
def test_what_cannot_be_compared_is_told(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "--seconds", "0.1", "--rounds", "1"]) == 2
    assert words in capsys.readouterr().err


def test_a_server_that_is_not_there_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--ours", "http://127.0.0.1:9", "--seconds", "0.1", "--rounds", "1", "--clients", "2"]) == 1
    assert "0.0" in capsys.readouterr().out
