"""Promotion and rollback on disk: one at a time, written down, never half."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BundleError, ConflictError, NotFoundError, StoreError
from service.releases import Candidate, Releases, bundle_in_use, releases_of
from service.releases.ledger import Ledger, Release
from service.settings import load_settings
from tests.tiny import tiny_version

PROMOTING = """
import sys
from pathlib import Path
from service.releases import Releases
releases = Releases(Path(sys.argv[1]), Path(sys.argv[2]))
print("begun", flush=True)
while True:
    for version in ("2", "3"):
        releases.promote(version, "somebody", lambda candidate: candidate)
"""


def taken(candidate: Candidate) -> str:
    return candidate.version


def refused(candidate: Candidate) -> str:
    raise BundleError(f"{candidate.version} does not work")


def live(releases: Releases) -> str:
    return releases.live().version


def test_promotions_and_rollbacks_go_up_and_down_in_steps(releases: Releases) -> None:
    assert live(releases) == "1"
    assert [releases.promote(v, "ada", taken) for v in ("2", "3")] == ["2", "3"]
    assert releases.rollback("3", "bob", taken) == "2"
    assert releases.promote("1", "ada", taken) == "1"
    assert releases.rollback("1", "bob", taken) == "2"
    assert releases.rollback("2", "bob", taken) == "1"
    with pytest.raises(ConflictError, match="nothing was live before"):
        releases.rollback("1", "bob", taken)
    told = [(r.action, r.version, r.who, r.previous.version if r.previous else "") for r in releases.history()]
    assert told == [
        ("promote", "2", "ada", "1"),
        ("promote", "3", "ada", "2"),
        ("rollback", "2", "bob", "3"),
        ("promote", "1", "ada", "2"),
        ("rollback", "2", "bob", "1"),
        ("rollback", "1", "bob", "2"),
    ]


def test_what_was_live_at_a_moment(releases: Releases) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert releases.live_at(long_ago).version == "1"  # type: ignore[union-attr]
    releases.promote("2", "ada", taken)
    releases.promote("3", "ada", taken)
    first, second = releases.history()
    assert first.time <= second.time
    asked = [long_ago, first.time, second.time - timedelta(microseconds=1), second.time, datetime.now(UTC)]
    expected = ["1", "2", "2", "3", "3"] if first.time < second.time else ["1", "3", "1", "3", "3"]
    assert [releases.live_at(moment).version for moment in asked] == expected  # type: ignore[union-attr]


def test_a_bundle_is_known_by_version_name_and_digest(releases: Releases, shelf: Path, tiny_bundle: Path) -> None:
    digest = next(one.sha256 for one in releases.candidates() if one.version == "3")
    name = releases.live().name
    assert releases.promote(f"{name}@2", "ada", taken) == "2"
    assert releases.promote(digest[:12], "ada", taken) == "3"
    assert releases.promote(digest, "ada", taken) is None, "it is live already"
    with pytest.raises(NotFoundError, match=r"versions: 1, 2, .*3"):
        releases.promote(digest[:11], "ada", taken)
    manifest = json.loads((tiny_version(tiny_bundle, shelf / "again", "3") / "manifest.json").read_text())
    (shelf / "again" / "manifest.json").write_text(json.dumps(manifest | {"note": "other data"}))
    with pytest.raises(ConflictError, match=digest[:12]):
        releases.promote("3", "ada", taken)


def test_a_bad_bundle_changes_nothing(releases: Releases, shelf: Path) -> None:
    releases.promote("2", "ada", taken)
    before = releases.stamp()
    with pytest.raises(BundleError, match="does not work"):
        releases.promote("3", "ada", refused)
    assert (live(releases), releases.stamp(), len(releases.history())) == ("2", before, 1)
    (shelf / "bundle-3" / "manifest.json").write_text("{")
    assert "damaged" in next(one.problem for one in releases.candidates() if one.directory.name == "bundle-3")
    with pytest.raises(NotFoundError):
        releases.promote("3", "ada", taken)


def test_one_promotion_at_a_time(releases: Releases, shelf: Path, tiny_bundle: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(candidate: Candidate) -> str:
        begun.set()
        assert go.wait(30)
        return candidate.version

    thread = threading.Thread(target=releases.promote, args=("2", "ada", slow))
    thread.start()
    assert begun.wait(30)
    with pytest.raises(ConflictError, match="under way"):
        Releases(shelf, tiny_bundle).promote("3", "bob", taken)
    go.set()
    thread.join(30)
    assert Releases(shelf, tiny_bundle).promote("3", "bob", taken) == "3"


def test_what_is_live_and_gone_is_told(releases: Releases, shelf: Path, tiny_bundle: Path) -> None:
    releases.promote("2", "ada", taken)
    shutil.rmtree(shelf / "bundle-2")
    with pytest.raises(BundleError, match="put it back"):
        releases.live()
    with pytest.raises(BundleError, match="put it back"):
        bundle_in_use(load_settings(None, {}, {"models": shelf, "bundle": tiny_bundle}))
    assert releases.promote("3", "ada", taken) == "3"
    with pytest.raises(BundleError, match="put it back"):
        releases.rollback("3", "ada", taken)
    assert releases.promote("1", "ada", taken) == "1"


def test_a_damaged_pointer_is_told_and_mended_by_a_promotion(releases: Releases, shelf: Path) -> None:
    releases.promote("2", "ada", taken)
    (shelf / "live.json").write_text('{"format": 1, "rel')
    with pytest.raises(BundleError, match=r"live\.json is damaged"):
        releases.live()
    assert releases.promote("3", "ada", taken) == "3"
    assert [release.version for release in releases.history()] == ["2", "3"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, tiny_bundle: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="`models` names another"):
        Releases(tmp_path / "file" / "models", tiny_bundle).promote("1", "ada", taken)


def test_settings_with_one_bundle_have_no_releases(shelf: Path, tiny_bundle: Path) -> None:
    assert releases_of(load_settings(None, {}, {"bundle": tiny_bundle})) is None
    both = load_settings(None, {}, {"bundle": tiny_bundle, "models": shelf})
    assert bundle_in_use(both) == tiny_bundle
    Releases(shelf, tiny_bundle).promote("2", "ada", taken)
    assert bundle_in_use(both) == shelf / "bundle-2"


@settings(max_examples=60)
@given(st.integers(0, 400), st.booleans())
def test_a_history_torn_anywhere_loses_at_most_what_was_torn(cut: int, repointed: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        told = [Release(datetime(2026, 1, n, tzinfo=UTC), "promote", "t", str(n), f"{n}" * 64, "ada") for n in (1, 2)]
        ledger.add(told[0])
        raw = (ledger.directory / "history.jsonl").read_bytes()
        (ledger.directory / "history.jsonl").write_bytes(raw[:cut])
        assert ledger.releases() == told[:1], "the pointer has what the history lost"
        ledger.add(told[1])
        assert ledger.releases() == told


def test_a_kill_leaves_the_old_or_the_new(shelf: Path, tiny_bundle: Path) -> None:
    releases = Releases(shelf, tiny_bundle)
    releases.promote("3", "ada", taken)
    command = [sys.executable, "-c", PROMOTING, str(shelf), str(tiny_bundle)]
    for round_ in range(6):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            time.sleep(0.01 + 0.013 * round_)
            process.send_signal(signal.SIGKILL)
        told = releases.history()
        assert live(releases) == told[-1].version
        steps = [(one.previous.sha256 if one.previous else "", one.sha256) for one in told]
        assert all(before[1] == after[0] for before, after in pairwise(steps))
        other = "2" if live(releases) == "3" else "3"
        assert releases.promote(other, "ada", taken) == other, "the lock went with the process"
