import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from models.errors import InputError, SettingsError
from service.pipeline import FileOutput, record_path
from service.pipeline.output import CHECKPOINT_S
from service.pipeline.record import RunRecord, load_record

SETTINGS = {"model": {"sha256": "abc"}, "options": {"top": None, "include": ["consensus"]}}


def ticking(step: float = CHECKPOINT_S) -> Iterator[float]:
    return (n * step for n in count())


def begin(path: Path, *, resume: bool = False, settings: dict | None = None, step: float = CHECKPOINT_S) -> FileOutput:
    clock = ticking(step)
    return FileOutput(path, settings or SETTINGS, resume=resume, clock=lambda: next(clock))


def start(path: Path, *, resume: bool = False) -> RunRecord:
    output = begin(path, resume=resume)
    output.close(complete=False)
    return output.start


def recorded(path: Path) -> RunRecord:
    record = load_record(record_path(path))
    assert record
    return record


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "new" / "tags.jsonl"


def test_a_finished_run_has_a_record_of_itself(out):
    output = begin(out)
    output.write(b"one\ntwo\n", 2, "digest")
    output.close(complete=True)
    assert out.read_bytes() == b"one\ntwo\n"
    assert recorded(out) == RunRecord(SETTINGS, 2, 8, "digest", complete=True)
    assert sorted(file.name for file in out.parent.iterdir()) == ["tags.jsonl", "tags.jsonl.run.json"]


def test_at_any_moment_the_file_holds_what_the_record_says(out):
    output = begin(out)
    for number in range(5):
        output.write(b"line\n", 1, str(number))
        record = recorded(out)
        assert out.stat().st_size >= record.bytes
        assert record.papers >= number
    output.close(complete=False)


def test_between_checkpoints_only_the_output_is_written(out):
    output = begin(out, step=CHECKPOINT_S / 100)
    output.write(b"line\n", 1, "a")
    assert out.read_bytes() == b"line\n"
    assert recorded(out).papers == 0
    output.close(complete=False)
    assert recorded(out).papers == 1


def test_resuming_drops_what_the_record_does_not_speak_of(out):
    first = begin(out)
    first.write(b"one\n", 1, "a")
    first.close(complete=False)
    with out.open("ab") as stream:
        stream.write(b'{"id": "half a rec')
    second = begin(out, resume=True)
    assert (second.start.papers, second.start.bytes, second.start.digest) == (1, 4, "a")
    assert out.read_bytes() == b"one\n"
    second.write(b"two\n", 1, "b")
    second.close(complete=True)
    assert out.read_bytes() == b"one\ntwo\n"
    assert recorded(out) == RunRecord(SETTINGS, 2, 8, "b", complete=True)


def test_resuming_nothing_is_beginning(out):
    assert start(out, resume=True) == RunRecord(SETTINGS)


def test_resuming_a_removed_output_is_beginning(out):
    output = begin(out)
    output.write(b"one\n", 1, "a")
    output.close(complete=False)
    out.unlink()
    assert start(out, resume=True) == RunRecord(SETTINGS)


def test_a_finished_run_stays_finished_when_nothing_is_added(out):
    output = begin(out)
    output.write(b"one\n", 1, "a")
    output.close(complete=True)
    begin(out, resume=True).close(complete=False)
    assert recorded(out).complete


def test_other_settings_cannot_go_on(out):
    output = begin(out)
    output.write(b"one\n", 1, "a")
    output.close(complete=False)
    changed = SETTINGS | {"options": {"top": 3, "include": ["consensus"]}}
    with pytest.raises(SettingsError, match=r'options was .*"top": null.*, is .*"top": 3'):
        begin(out, resume=True, settings=changed)
    assert out.read_bytes() == b"one\n"


def test_an_unfinished_run_is_not_overwritten_by_accident(out):
    output = begin(out)
    output.write(b"one\n", 1, "a")
    output.close(complete=False)
    with pytest.raises(SettingsError, match="1 answers of a run that is not finished: go on with --resume"):
        begin(out)
    out.unlink()
    assert start(out).papers == 0


def test_a_finished_one_is_overwritten(out):
    output = begin(out)
    output.write(b"one\n", 1, "a")
    output.close(complete=True)
    begin(out).close(complete=True)
    assert out.read_bytes() == b""
    assert recorded(out) == RunRecord(SETTINGS, complete=True)


def test_a_file_of_unknown_making_cannot_go_on(out):
    out.parent.mkdir()
    out.write_bytes(b"precious\n")
    with pytest.raises(SettingsError, match=r"no tags\.jsonl\.run\.json beside it"):
        begin(out, resume=True)
    assert out.read_bytes() == b"precious\n"


def test_an_output_cut_short_cannot_go_on(out):
    output = begin(out)
    output.write(b"one\ntwo\n", 2, "a")
    output.close(complete=False)
    out.write_bytes(b"one\n")
    with pytest.raises(InputError, match="cut short"):
        begin(out, resume=True)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"settings": {}, "surprise": 1}', b'{"settings": 3}', b"\xff"])
def test_a_damaged_record_is_an_error_and_protects_nothing(out, damage):
    output = begin(out)
    output.write(b"one\n", 1, "a")
    output.close(complete=False)
    record_path(out).write_bytes(damage)
    with pytest.raises(InputError, match=r"cannot resume: .*start over"):
        begin(out, resume=True)
    begin(out).close(complete=True)


def test_a_record_of_a_later_version_is_an_error(out):
    output = begin(out)
    output.write(b"one\n", 1, "a")
    output.close(complete=False)
    record_path(out).write_text(json.dumps(json.loads(record_path(out).read_text()) | {"format": 99}))
    with pytest.raises(InputError, match="another version"):
        begin(out, resume=True)


def test_two_runs_cannot_write_one_file(out):
    running = begin(out)
    with pytest.raises(SettingsError, match="another run is writing"):
        begin(out)
    running.close(complete=True)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*file/tags\.jsonl"):
        begin(tmp_path / "file" / "tags.jsonl")


def test_a_device_is_written_without_a_record():
    output = begin(Path("/dev/null"))
    output.write(b"one\n", 1, "a")
    output.close(complete=True)
    assert not Path("/dev/null.run.json").exists()
