"""Files of jobs, and who may write them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import StoreError
from service.jobs.folders import JobFolder, old_folders, remove_job, take_slot, take_turn, used_bytes

JOB = "0f" * 16


def test_only_folders_of_jobs_are_counted_and_found_old(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / JOB)
    folder.make()
    folder.input.write_bytes(b"12345")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "of-the-user").write_bytes(b"123")
    assert used_bytes(tmp_path) == 5
    assert used_bytes(tmp_path / "nowhere") == 0
    for name in (JOB, "papers"):
        os.utime(tmp_path / name, (1000, 1000))
    assert old_folders(tmp_path, 2000) == [JOB]
    assert old_folders(tmp_path, 500) == old_folders(tmp_path / "nowhere", 2000) == []
    remove_job(tmp_path, JOB)
    remove_job(tmp_path, JOB)
    assert [path.name for path in tmp_path.iterdir()] == ["papers"]


def test_an_ended_job_keeps_what_is_asked_for(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / JOB)
    folder.make()
    names = ["input", "result.csv", "result.csv.run.json", "skipped.jsonl"]
    for name in names:
        (folder.path / name).touch()
    for name in ("input.part", ".0a1b.part", "result.jsonl"):
        (folder.path / name).touch()
    folder.clear("csv", keep_result=True)
    assert sorted(path.name for path in folder.path.iterdir()) == names[1:]
    folder.clear("csv", keep_result=False)
    assert [path.name for path in folder.path.iterdir()] == ["skipped.jsonl"]
    remove_job(tmp_path, JOB)
    folder.clear("csv", keep_result=True)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="jobs_folder"):
        JobFolder(tmp_path / "file" / JOB).make()


def test_slots_are_as_many_as_are_allowed_and_end_with_their_process(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from service.jobs.folders import take_slot\n"
        "slot = take_slot(Path(sys.argv[1]), 2); print(slot is not None, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "jobs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == b"True\n"
        with take_slot(tmp_path / "jobs", 2) or pytest.fail("there is a second one"):
            assert take_slot(tmp_path / "jobs", 2) is None
        one.kill()
        one.wait(30)
    first, second = take_slot(tmp_path / "jobs", 2), take_slot(tmp_path / "jobs", 2)
    assert first and second
    assert take_turn(tmp_path / "jobs" / ".slot-0") is None
    first.close()
    second.close()
