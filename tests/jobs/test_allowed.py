"""Paths that jobs may name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from service.jobs.allowed import find_allowed, open_allowed, sources_allowed

PART = st.sampled_from(["..", ".", "a", "b", "up", "in", "file", "out", "", "~", "*"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `root` with links that lead out of it and within it, and a secret beside it."""
    place = tmp_path_factory.mktemp("place")
    (place / "root" / "a" / "b").mkdir(parents=True)
    (place / "secret").write_text("secret")
    for folder in (place / "root", place / "root" / "a", place / "root" / "a" / "b"):
        (folder / "file").write_text("file")
        (folder / "up").symlink_to(place)
        (folder / "in").symlink_to(place / "root" / "a")
        (folder / "out").symlink_to(place / "secret")
    return place


@given(parts=st.lists(PART, max_size=6), full=st.booleans())
def test_whatever_is_found_lies_under_a_root(place: Path, parts: list[str], full: bool) -> None:
    root = place / "root"
    name = "/".join([str(root), *parts] if full else parts)
    try:
        found = find_allowed(name, [str(root)])
    except InputError:
        return
    assert found == found.resolve()
    assert found.is_relative_to(root.resolve())
    if found.is_file():
        with open_allowed(found, [str(root)]) as stream:
            assert stream.read() == b"file"


def test_links_put_there_in_between_lead_nowhere(place: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "file").write_text("file")
    found = find_allowed("sub/file", [str(root)])
    (root / "sub" / "file").unlink()
    (root / "sub" / "file").symlink_to(place / "secret")
    with pytest.raises(OSError, match="outside"):
        open_allowed(found, [str(root)])


def test_a_folder_gives_its_files_and_those_that_lead_out_cannot_be_opened(place: Path) -> None:
    root = place / "root"
    sources = sources_allowed(find_allowed("a", [str(root)]), [str(root)])
    names = [str(Path(source.name).relative_to(root)) for source in sources]
    assert names == ["a/b/file", "a/b/out", "a/file", "a/out"]
    for source in sources:
        if source.name.endswith("out"):
            with pytest.raises(OSError, match="outside"):
                source.open()
        else:
            with source.open() as stream:
                assert stream.read() == b"file"


def test_what_is_no_regular_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="no file or folder"):
        find_allowed("pipe", [str(tmp_path)])
    with pytest.raises(OSError, match="no regular file"):
        open_allowed(tmp_path / "pipe", [str(tmp_path)])


def test_a_root_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("file")
    (tmp_path / "root").symlink_to(tmp_path / "real")
    with open_allowed(find_allowed("file", [str(tmp_path / "root")]), [str(tmp_path / "root")]) as stream:
        assert stream.read() == b"file"
