"""What long runs say on stderr."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.commands.speech import Speech, plain
from service.commands.stages import Stages


@given(st.text(max_size=60))
def test_no_line_steers_a_terminal(line):
    shown = plain(line)
    assert len(shown) == len(line)
    assert shown.isprintable()


def test_without_a_bar_lines_go_to_stderr(capsys):
    with Speech() as speech:
        speech.say("two\nlines \x1b[31mred")
    assert capsys.readouterr().err == "paperwire: two lines  [31mred\n"


def test_a_stage_is_told_once_where_there_is_no_terminal(capsys):
    with Stages() as stages:
        for done in range(3):
            stages.show("encoding", done, 3)
        stages.show("fitting", 0, 1)
    assert capsys.readouterr().err == "paperwire: encoding\npaperwire: fitting\n"


def test_a_quiet_run_tells_no_stages(capsys):
    with Stages(quiet=True) as stages:
        stages.show("encoding", 0, 3)
        stages.say("a remark")
    assert capsys.readouterr().err == "paperwire: a remark\n"
