from models.words import counted


def test_one_thing_is_named_in_the_singular():
    assert [counted(n, "paper") for n in (0, 1, 2, 12_345)] == ["0 papers", "1 paper", "2 papers", "12,345 papers"]
    assert [counted(n, "entry", "entries") for n in (1, 3)] == ["1 entry", "3 entries"]
