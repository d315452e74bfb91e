import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FeedError
from service.feeds.lookahead import PiecewiseReader, look_ahead, read_up_to


class Trickle(PiecewiseReader):
    """A pipe: pieces of any size, damage at the end if asked for."""

    def __init__(self, pieces, damaged=False):
        super().__init__()
        self.pieces = [piece for piece in pieces if piece]
        self.damaged = damaged

    def next_piece(self, size):
        if not self.pieces:
            if self.damaged:
                raise FeedError("damaged")
            return b""
        piece = self.pieces.pop(0)
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]


@given(st.lists(st.binary(max_size=30), max_size=20), st.integers(0, 200))
def test_nothing_is_lost_or_doubled_however_the_pieces_come(pieces, size):
    data = b"".join(pieces)
    head, rest = look_ahead(io.BufferedReader(Trickle(pieces)), size)
    assert head == data[:size]
    assert rest.read() == data


def test_the_given_stream_stays_open():
    source = io.BytesIO(b"abc")
    _, rest = look_ahead(source, 1)
    rest.close()
    assert not source.closed


def test_what_came_before_damage_is_still_seen():
    head, rest = look_ahead(io.BufferedReader(Trickle([b"abc"], damaged=True)), 10)
    assert head == b"abc"
    assert rest.read1(3) == b"abc"
    with pytest.raises(FeedError):
        rest.read1(1)


def test_damage_before_everything_is_raised():
    with pytest.raises(FeedError):
        look_ahead(io.BufferedReader(Trickle([], damaged=True)), 10)


def test_short_reads_are_made_up_for():
    assert read_up_to(io.BufferedReader(Trickle([b"ab", b"c", b"def"])), 5) == b"abcde"
