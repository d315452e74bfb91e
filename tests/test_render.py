import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from models.tagging import Evidence, ModelName, Neighbour, Tag, Tagging
from service.render import COLUMNS, Csv, JsonLines, PaperTable

MODEL = ModelName("themes", "1", "ab" * 32, "cd" * 32)


def tagging(title: str = "Leases without clocks", paper_id: str = "own:1", **changes) -> Tagging:
    evidence = (Evidence("title", 0, 6, "Leases", 0.2),)
    tags = (
        Tag("consensus", "Consensus", ("agreement", "consensus"), 0.91, 0.4, evidence=evidence),
        Tag("storage", "Storage systems", ("data", "storage"), 0.52, 0.5),
    )
    parts = {
        "id": paper_id,
        "version": 2,
        "title": title,
        "tags": tags,
        "reasons": (),
        "scores": (("consensus", 0.91), ("storage", 0.52)),
        "novelty": 0.25,
        "truncated": False,
        "profile": "fast",
        "model": MODEL,
        "neighbours": (Neighbour("own:7", 0.8, ("consensus",)),),
    }
    return Tagging(**{**parts, **changes})


UNTAGGED = {"tags": (), "reasons": ("below_threshold",), "scores": (("gpu-kernels", 0.3),)}
EMPTY = {"tags": (), "reasons": ("no_text",), "scores": ()}


def rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.mark.parametrize("detail", ["ids", "scores", "full"])
def test_json_lines_are_the_answers_of_the_api(detail):
    answers = [tagging(), tagging(**UNTAGGED)]
    lines = JsonLines(detail).render(answers).split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == [answer.to_json(detail) for answer in answers]


@given(st.text(st.characters(), max_size=30))
@settings(deadline=None)
def test_any_title_is_one_line_of_json(title):
    data = JsonLines("scores").render([tagging(title)])
    assert data.count(b"\n") == 1
    assert json.loads(data.decode("utf-8"))["title"] == title


@pytest.mark.parametrize("detail", ["ids", "scores", "full"])
def test_csv_has_the_columns_of_its_detail(detail):
    data = Csv(detail).header + Csv(detail).render([tagging()])
    [row] = rows(data)
    assert list(row) == list(COLUMNS[detail])
    assert row["id"] == "own:1"
    assert row["tags"] == "consensus;storage"


def test_csv_says_why_there_is_no_tag():
    [row] = rows(Csv("scores").header + Csv("scores").render([tagging(**UNTAGGED)]))
    assert (row["tags"], row["primary"], row["reasons"]) == ("", "", "below_threshold")


def test_csv_of_full_detail_has_evidence_and_neighbours():
    [row] = rows(Csv("full").header + Csv("full").render([tagging()]))
    assert (row["evidence"], row["neighbours"]) == ("consensus: Leases", "own:7")


@given(st.text(max_size=30), st.text(max_size=10))
@settings(deadline=None)
def test_no_cell_of_a_csv_is_a_formula(title, paper_id):
    title, paper_id = (text.encode("utf-8", "replace").decode() for text in (title, paper_id))
    [row] = rows(Csv("scores").header + Csv("scores").render([tagging(title, paper_id)]))
    assert row["title"] in (title, f"'{title}")
    assert not any(cell.startswith(tuple("=+-@\t\r\n＝＋－＠")) for cell in row.values())


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_formulas_are_written_as_text(title):
    [row] = rows(Csv("scores").header + Csv("scores").render([tagging(title)]))
    assert row["title"] == f"'{title}"


def table(*answers: Tagging, width: int = 100, colour: bool = False) -> str:
    made = PaperTable(width, colour=colour)
    return (made.header + made.render(answers)).decode()


def test_the_table_shows_paper_tags_and_probabilities():
    lines = table(tagging()).splitlines()
    assert lines[0].split() == ["Paper", "Tags", "Probability"]
    assert lines[1].startswith("Leases without clocks")
    assert lines[1].split("  ")[-1].strip() == "0.91"
    assert "Consensus" in lines[1]
    assert lines[2].startswith("own:1")
    assert "Storage systems" in lines[2]
    assert lines[2].endswith("0.52")


def test_the_table_says_why_there_is_no_tag_and_what_came_nearest():
    text = table(tagging(**UNTAGGED), tagging(**EMPTY))
    assert "no tag: below threshold" in text
    assert "nearest: gpu-kernels" in text
    assert "no tag: no text" in text


def test_columns_stand_alike_in_every_batch():
    made = PaperTable(90, colour=False)
    first, second = made.render([tagging()]).decode(), made.render([tagging("A"), tagging("B" * 80)]).decode()
    assert first.index("Consensus") == second.index("Consensus") == made.header.decode().index("Tags")


@given(st.text(st.characters(), max_size=60), st.integers(1, 200))
@settings(deadline=None, max_examples=50)
def test_no_title_breaks_the_table_or_the_terminal(title, width):
    text = table(tagging(title), width=width)
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text if character != "\n")
    assert "[/]" not in table(tagging("[bold]x[/bold]"))
    assert max(map(cell_len, text.split("\n"))) <= max(width, 60)


def test_only_a_terminal_gets_colours():
    assert "\x1b[" not in table(tagging())
    assert "\x1b[" in table(tagging(), colour=True)
