import io
from pathlib import Path

import pytest

from models.errors import InputError
from service.pipeline import find_sources


def names(*inputs: Path | str, without: tuple[Path, ...] = ()) -> list[str]:
    found = find_sources([str(name) for name in inputs], lambda _: b"", io.BytesIO(), without=without)
    return [source.name for source in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.xml", "a/z.json", "a/b/c.bib", ".hidden/x.xml", "a/.swp", "tags.jsonl"):
        file = tmp_path / "feeds" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "feeds"


def test_folders_give_their_files_in_order_at_any_depth(folder):
    assert names(folder) == [str(folder / name) for name in ("a/b/c.bib", "a/z.json", "b.xml", "tags.jsonl")]


def test_files_to_leave_out_are_left_out_of_folders(folder):
    assert str(folder / "tags.jsonl") not in names(folder, without=(folder / "a" / ".." / "tags.jsonl",))


def test_a_file_to_be_written_cannot_be_read(folder):
    with pytest.raises(InputError, match=r"tags\.jsonl is to be read and written"):
        names(folder / "tags.jsonl", without=(folder / "tags.jsonl",))


def test_inputs_keep_their_order(folder):
    assert names("-", folder / "b.xml", "https://example.org/feed") == [
        "standard input",
        str(folder / "b.xml"),
        "https://example.org/feed",
    ]


def test_sizes_are_known_for_files_only(folder):
    sources = find_sources([str(folder / "b.xml"), "-"], lambda _: b"", io.BytesIO())
    assert [source.size for source in sources] == [5, None]


def test_each_source_opens_its_own_bytes(folder):
    inputs = [str(folder), "-", "https://example.org/feed"]
    sources = find_sources(inputs, lambda address: address.encode(), io.BytesIO(b"piped"))
    contents = []
    for source in sources:
        with source.open() as stream:
            contents.append(stream.read())
    assert contents == [b"a/b/c.bib", b"a/z.json", b"b.xml", b"tags.jsonl", b"piped", b"https://example.org/feed"]


def test_addresses_are_fetched_when_their_turn_comes():
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return b""

    [source] = find_sources(["https://example.org/feed"], fetch, io.BytesIO())
    assert not asked
    source.open()
    assert asked == ["https://example.org/feed"]


@pytest.mark.parametrize(("inputs", "reason"), [(["nowhere.xml"], r"nowhere\.xml"), (["-", "-"], "twice")])
def test_what_cannot_be_read_is_refused_at_once(inputs, reason):
    with pytest.raises(InputError, match=reason):
        names(*inputs)


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(InputError, match="holds no files"):
        names(tmp_path)
