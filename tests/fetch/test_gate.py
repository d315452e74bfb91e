"""Turns at hosts."""

from __future__ import annotations

import threading
import time

import pytest

from service.fetch.gate import HostGate


class Manual:
    def __init__(self):
        self.now, self.naps = 0.0, []

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.naps.append(seconds)
        self.now += seconds


def gate(clock, *intervals):
    return HostGate(intervals, clock=clock.clock, sleep=clock.sleep)


def test_the_pause_runs_from_the_end_of_a_turn():
    clock = Manual()
    turns = gate(clock, ("arxiv.org", 3.0))
    with turns.turn("export.arxiv.org"):
        clock.now += 10
    clock.now += 1
    with turns.turn("RSS.arxiv.org."):
        assert clock.now == 13
    assert clock.naps == [2.0]


def test_other_hosts_do_not_wait():
    clock = Manual()
    turns = gate(clock, ("arxiv.org", 3.0))
    for host in ("arxiv.org", "notarxiv.org", "arxiv.org.example", "b.example", "b.example"):
        with turns.turn(host):
            pass
    assert clock.naps == []


def test_a_failed_turn_counts_too():
    clock = Manual()
    turns = gate(clock, ("arxiv.org", 3.0))
    with pytest.raises(ValueError), turns.turn("arxiv.org"):
        raise ValueError
    with turns.turn("arxiv.org"):
        pass
    assert clock.naps == [3.0]


def test_postponing_holds_back_the_next_turn_and_never_shortens():
    clock = Manual()
    turns = gate(clock)
    turns.postpone("a.example", 20)
    turns.postpone("a.example", 5)
    with turns.turn("a.example"):
        assert clock.now == 20


def test_postponing_during_the_wait_is_heeded():
    clock = Manual()
    postponed = []

    def sleep(seconds):
        clock.sleep(seconds)
        if not postponed:
            postponed.append(turns.postpone("arxiv.org", 7))

    turns = HostGate((("arxiv.org", 3.0),), clock=clock.clock, sleep=sleep)
    turns.postpone("arxiv.org", 2)
    with turns.turn("arxiv.org"):
        assert clock.now == 9


def test_threads_take_turns_one_at_a_time():
    turns = HostGate((("arxiv.org", 0.002),))
    inside, most, ends = [], [], []

    def work(host):
        for _ in range(5):
            with turns.turn(host):
                inside.append(host)
                time.sleep(0.001)
                most.append(len(inside))
                inside.remove(host)
                ends.append(host)

    threads = [threading.Thread(target=work, args=(f"{name}.arxiv.org",)) for name in ("export", "rss", "oaipmh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ends) == 15
    assert max(most) == 1


def test_a_sleep_that_raises_leaves_the_line_free():
    clock = Manual()

    def stopping(seconds):
        raise KeyboardInterrupt

    turns = HostGate((), clock=clock.clock, sleep=stopping)
    turns.postpone("a.example", 1)
    with pytest.raises(KeyboardInterrupt), turns.turn("a.example"):
        pass
    clock.now = 2
    with turns.turn("a.example"):
        pass
