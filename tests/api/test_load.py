"""The load generator counts what a real server answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.errors import InputError
from training.load import Load, main, read_papers, run_load, tag_bodies


def test_every_request_is_answered_by_the_live_model(server_url: str, bundle: ModelBundle) -> None:
    bodies = tag_bodies(read_papers(None))
    report = run_load(Load(server_url, "/v1/tag?profile=fast", bodies, clients=4, seconds=0.5))
    assert report.errors == {}
    assert report.models == {f"themes@{bundle.name.version}": report.requests}
    assert report.requests > 0
    assert report.p50_ms <= report.p99_ms <= report.max_ms


def test_errors_are_counted_by_status(server_url: str) -> None:
    report = run_load(Load(server_url, "/v1/tag", [b"{}"], clients=2, seconds=0.2))
    assert (report.requests, set(report.errors)) == (0, {"422"})


def test_only_loopback_and_only_with_papers(tmp_path: Path) -> None:
    for url in ("http://192.0.2.1:80", "http://example.org"):
        with pytest.raises(InputError, match="loopback addresses only"):
            run_load(Load(url, "/v1/tag", [b"{}"]))
    with pytest.raises(InputError, match="no papers"):
        run_load(Load("http://127.0.0.1:1", "/v1/tag", []))
    with pytest.raises(InputError, match="cannot read papers"):
        read_papers(tmp_path / "none.jsonl")


def test_the_command_reports_json(server_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([server_url, "--seconds", "0.2", "--clients", "2", "--size", "3", "--profile", "fast"]) == 0
    assert '"requests_per_s"' in capsys.readouterr().out
