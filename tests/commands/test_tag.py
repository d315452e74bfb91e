import csv
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from models.paper import Paper
from service.cli import run
from service.commands.voice import Voice
from service.pipeline import Counts, Progress, record_path
from tests.tiny import tiny_papers

PAPERWIRE = [sys.executable, "-c", "from service.cli import main; main()"]
SAMPLE = Path(__file__).parents[2] / "data" / "sample_feed.atom"


def write_feed(path: Path, papers: list[Paper]) -> Path:
    path.write_text("".join(json.dumps(paper.to_json()) + "\n" for paper in papers), encoding="utf-8")
    return path


class Done(NamedTuple):
    """What a command wrote."""

    stdout: bytes
    stderr: bytes


@pytest.fixture
def command(tiny_bundle, capsysbinary, monkeypatch):
    def tag(*arguments: object, stdin: bytes = b"", code: int = 0) -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        outcome = run(["tag", "--bundle", str(tiny_bundle), *map(str, arguments)])
        done = Done(*capsysbinary.readouterr())
        assert outcome == code, done.stderr.decode()
        assert b"Traceback" not in done.stderr
        return done

    return tag


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return write_feed(tmp_path / "feed.jsonl", [item.paper for item in tiny_papers(12, 3)])


def answers(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.splitlines()]


def test_a_feed_becomes_json_lines_and_a_summary(command, feed):
    done = command(feed)
    assert [answer["id"] for answer in answers(done.stdout)] == [f"own:3-{n}" for n in range(12)]
    assert all(answer["tags"] or answer["reasons"] for answer in answers(done.stdout))
    assert re.search(rb"paperwire: 12 papers tagged \(\d+ with a theme\), in ", done.stderr)


def test_the_sample_feed_is_read_as_it_is(command):
    assert len(answers(command(SAMPLE, "--quiet").stdout)) == 12


def test_standard_input_is_an_input(command, feed):
    assert command("-", stdin=feed.read_bytes()).stdout == command(feed).stdout


def test_folders_and_files_are_one_stream_without_duplicates(command, feed, tmp_path):
    folder = tmp_path / "more"
    folder.mkdir()
    write_feed(folder / "a.jsonl", [item.paper for item in tiny_papers(14, 3)])
    (folder / "notes.pdf").write_bytes(b"%PDF-1.7")
    done = command(feed, folder)
    assert [answer["id"] for answer in answers(done.stdout)] == [f"own:3-{n}" for n in range(14)]
    assert b"12 duplicates" in done.stderr
    assert re.search(rb"unreadable: .*notes\.pdf: this is a PDF", done.stderr)


def test_bad_entries_are_reported_and_counted(command, feed, tmp_path):
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(feed.read_bytes() + b"{broken\n\x1b]0;evil\x07\n")
    for arguments, code in ((), 0), (("--strict",), 1):
        done = command(damaged, *arguments, code=code)
        assert len(answers(done.stdout)) == 12
        assert re.search(rb"skipped: .*damaged\.jsonl:13: not JSON", done.stderr)
        assert b"2 entries skipped" in done.stderr
        assert b"\x1b" not in done.stderr


def test_only_the_first_of_many_bad_entries_are_told_one_by_one(command, tmp_path):
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(b'{"id": "own:1", "title": "Quorum certificates"}\n' + b"{broken\n" * 300)
    done = command(damaged)
    assert done.stderr.count(b"skipped: ") == 100
    assert b"further skipped entries are only counted" in done.stderr
    assert b"300 entries skipped" in done.stderr


@pytest.mark.parametrize(("answered", "pace"), [(2, "1 paper/s"), (4, "2 papers/s"), (0, "0 papers/s")])
def test_the_pace_of_a_summary_is_in_the_right_number(capsys, answered, pace):
    with Voice([], bar=False) as voice:
        voice.summarise(Progress(answered=answered, seconds=2.0), Counts())
    assert f"in 2.0 s ({pace})" in capsys.readouterr().err


def test_csv_by_name_of_the_file_or_by_option(command, feed, tmp_path):
    command(feed, "--out", tmp_path / "tags.csv")
    by_option = command(feed, "--output", "csv").stdout
    assert (tmp_path / "tags.csv").read_bytes() == by_option
    assert len(list(csv.DictReader(io.StringIO(by_option.decode(), newline="")))) == 12


def test_options_reach_the_answers(command, feed):
    limited = answers(command(feed, "--top", 1, "--min-probability", 0.01, "--profile", "accurate").stdout)
    assert {len(answer["tags"]) for answer in limited} == {1}
    assert {answer["profile"] for answer in limited} == {"accurate"}
    only = answers(command(feed, "--include", "consensus,serverless", "--exclude", "serverless").stdout)
    assert {tag["theme"] for answer in only for tag in answer["tags"]} == {"consensus"}
    under = answers(command(feed, "--under", "learning", "--detail", "ids").stdout)
    assert {theme for answer in under for theme in answer["tags"]} <= {"moe-training", "federated-learning"}
    full = answers(command(feed, "--detail", "full", "--promise", "precision=0.9").stdout)
    assert all("neighbours" in answer for answer in full)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--top", "0"), "--top"),
        (("--min-probability", "2"), "--min-probability"),
        (("--promise", "soon"), "promise 'soon'"),
        (("--include", "consensu"), "unknown theme 'consensu'"),
        (("--profile", "best"), "--profile"),
        (("--format", "docx"), "docx"),
        (("--resume",), "--out"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_wrong_usage_is_code_2_and_one_line(command, feed, arguments, reason):
    done = command(feed, *arguments, code=2)
    assert reason in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert not done.stdout


@pytest.mark.parametrize(
    ("content", "reason"), [(b"%PDF-1.7", "PDF"), (b"", "empty"), (b"<html><body>no</body></html>", "web page")]
)
def test_an_input_that_is_no_feed_is_code_3(command, feed, tmp_path, content, reason):
    odd = tmp_path / "odd"
    odd.write_bytes(content)
    done = command(odd, feed, code=3)
    assert reason in done.stderr.decode()
    assert len(answers(done.stdout)) == 12


def test_an_input_that_is_not_there_is_code_3_before_anything_is_done(command, feed, tmp_path):
    done = command(feed, tmp_path / "nowhere", code=3)
    assert not done.stdout
    assert done.stderr.count(b"\n") == 1


def test_addresses_of_this_machine_are_refused(command):
    done = command("http://127.0.0.1:9/feed", code=3)
    assert b"unreadable: http://127.0.0.1:9/feed: " in done.stderr


def test_a_missing_or_damaged_bundle_is_code_4(command, feed, tmp_path, tiny_bundle):
    assert b"no bundle at" in command(feed, "--bundle", tmp_path, code=4).stderr
    for file in tiny_bundle.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "lexical.safetensors").write_bytes(b"damaged")
    assert b"lexical.safetensors is damaged" in command(feed, "--bundle", tmp_path, code=4).stderr


def test_the_output_cannot_be_an_input(command, feed):
    assert b"read and written" in command(feed, "--out", feed, code=3).stderr
    assert feed.stat().st_size


def test_a_full_disk_is_code_4_and_one_line(command, feed):
    done = command(feed, "--out", "/dev/full", code=4)
    assert done.stderr == b"paperwire: No space left on device: /dev/full\n"


def test_a_reader_that_goes_away_ends_it_quietly(tiny_bundle, tmp_path):
    many = write_feed(tmp_path / "many.jsonl", [item.paper for item in tiny_papers(3000, 4)])
    line = [*PAPERWIRE, "tag", "--bundle", str(tiny_bundle), "--profile", "fast", str(many)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.fixture(scope="module")
def long_feed(tmp_path_factory) -> Path:
    papers = [item.paper for item in tiny_papers(4000, 5)]
    return write_feed(tmp_path_factory.mktemp("long") / "long.jsonl", papers)


@pytest.fixture(scope="module")
def whole(tiny_bundle, long_feed) -> bytes:
    line = [*PAPERWIRE, "tag", "--bundle", str(tiny_bundle), "--profile", "fast", str(long_feed)]
    return subprocess.run(line, capture_output=True, timeout=120, check=True).stdout


def start(bundle: Path, feed: Path, out: Path, *arguments: str) -> subprocess.Popen[bytes]:
    line = [*PAPERWIRE, "tag", "--bundle", str(bundle), "--profile", "fast", str(feed), "--out", str(out), *arguments]
    return subprocess.Popen(line, stderr=subprocess.PIPE)


def wait_for_papers(process: subprocess.Popen[bytes], out: Path, count: int) -> None:
    """Until the run has recorded so many papers, or ended."""
    while process.poll() is None:
        with suppress(OSError, ValueError):
            if json.loads(record_path(out).read_bytes())["papers"] >= count:
                return
        time.sleep(0.005)


@pytest.mark.parametrize("workers", ["0", "2"])
def test_killed_again_and_again_it_still_gives_the_same_bytes(tiny_bundle, long_feed, whole, tmp_path, workers):
    out, kills = tmp_path / "tags.jsonl", 0
    for papers in (0, 1, 1500):
        with start(tiny_bundle, long_feed, out, "--resume", "--workers", workers) as process:
            wait_for_papers(process, out, papers)
            process.kill()
            process.communicate()
        kills += process.returncode == -signal.SIGKILL
        assert out.read_bytes().startswith(whole[:1]) or not out.stat().st_size
    with start(tiny_bundle, long_feed, out, "--resume", "--workers", workers) as process:
        told = process.communicate()[1].decode()
    assert process.returncode == 0
    assert out.read_bytes() == whole
    assert kills
    assert "answered before" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_whole_answers_and_says_how_to_go_on(tiny_bundle, long_feed, whole, tmp_path, number):
    out = tmp_path / "tags.jsonl"
    with start(tiny_bundle, long_feed, out) as process:
        wait_for_papers(process, out, 1)
        process.send_signal(number)
        told = process.communicate()[1].decode()
    assert process.returncode == 130
    assert "go on with: paperwire tag " in told
    assert told.rstrip().endswith("--resume")
    answered = out.read_bytes()
    assert whole.startswith(answered)
    assert answered.endswith(b"\n")
    with start(tiny_bundle, long_feed, out, "--resume") as process:
        process.communicate()
    assert out.read_bytes() == whole


def test_going_on_with_other_options_is_refused(command, feed, tmp_path):
    out = tmp_path / "tags.jsonl"
    command(feed, "--out", out)
    before = out.read_bytes()
    done = command(feed, "--out", out, "--resume", "--top", 1, code=2)
    assert b"begun otherwise" in done.stderr
    assert b"12 answered before" in command(feed, "--out", out, "--resume").stderr
    assert out.read_bytes() == before


def on_terminal(arguments: list[str], *, stdout_too: bool) -> tuple[bytes, bytes]:
    """What a command writes to a terminal, and to standard output if that is none."""
    ours, theirs = pty.openpty()
    stdout = theirs if stdout_too else subprocess.PIPE
    with subprocess.Popen([*PAPERWIRE, *arguments], stdin=theirs, stdout=stdout, stderr=theirs) as process:
        os.close(theirs)
        shown, piped = b"", process.stdout.read() if process.stdout else b""
        with suppress(OSError):  # the terminal is gone when the command is
            while data := os.read(ours, 4096):
                shown += data
    os.close(ours)
    assert process.returncode == 0
    return shown, piped


def test_on_a_terminal_the_answer_is_a_table(tiny_bundle):
    shown, _ = on_terminal(["tag", "--bundle", str(tiny_bundle), str(SAMPLE)], stdout_too=True)
    assert b"Probability" in shown
    assert b"arxiv:2613.00101" in shown
    assert b'{"id"' not in shown


def test_a_terminal_shows_progress_when_answers_go_elsewhere(tiny_bundle, tmp_path):
    feed = write_feed(tmp_path / "feed.jsonl", [item.paper for item in tiny_papers(700, 6)])
    arguments = ["tag", "--bundle", str(tiny_bundle), "--profile", "fast", str(feed)]
    shown, piped = on_terminal(arguments, stdout_too=False)
    assert b"tagging" in shown
    assert b"%" in shown
    assert len(piped.splitlines()) == 700
    assert b"tagging" not in on_terminal([*arguments, "--quiet"], stdout_too=False)[0]
