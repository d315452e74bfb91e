"""Rates that hold for all processes of a server together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.buckets import Buckets, OwnBuckets, SharedBuckets
from service.api.limits import Rates

PAYING = """
import sys
from pathlib import Path
from service.api.buckets import SharedBuckets
buckets = SharedBuckets(Path(sys.argv[1]))
for _ in range(500):
    buckets.update("ada", lambda known: ((known or (0.0, 1.0))[0] - 1.0, 1.0))
"""


@pytest.fixture
def shared(tmp_path: Path) -> SharedBuckets:
    return SharedBuckets(tmp_path / "rates")


def test_two_processes_pay_from_one_bucket(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PAYING, str(tmp_path / "rates")]
    both = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    assert SharedBuckets(tmp_path / "rates").get("ada") == (-1000.0, 1.0)


def test_a_rate_holds_over_two_servers(tmp_path: Path) -> None:
    moment = 100.0
    servers = [Rates(1.0, 4, clock=lambda: moment, buckets=SharedBuckets(tmp_path / "rates")) for _ in range(2)]
    for server in (*servers, *servers):
        assert server.wait_s("ada") == 0.0
        server.pay("ada", 1)
    assert [server.wait_s("ada") for server in servers] == [1.0, 1.0]
    assert servers[0].wait_s("bob") == 0.0
    moment = 101.0
    assert [server.wait_s("ada") for server in servers] == [0.0, 0.0]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.text(max_size=8), st.floats(-1e6, 1e6)), max_size=30))
def test_shared_levels_are_those_of_one_process(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]]
) -> None:
    own: Buckets = OwnBuckets()
    shared = SharedBuckets(tmp_path_factory.mktemp("rates") / "rates")
    for number, (caller, texts) in enumerate(steps):
        for buckets in (own, shared):
            buckets.update(caller, lambda known: ((known or (0.0, 0.0))[0] + texts, float(number)))  # noqa: B023
    assert [shared.get(caller) for caller, _ in steps] == [own.get(caller) for caller, _ in steps]
    shared.close()


def test_a_full_set_forgets_who_came_first(shared: SharedBuckets) -> None:
    for number in range(20_000):
        shared.update(f"caller {number}", lambda known, n=number: (1.0, float(n)))
    assert shared.get("caller 19999") == (1.0, 19_999.0)
    first = sum(shared.get(f"caller {number}") is not None for number in range(4_000))
    last = sum(shared.get(f"caller {number}") is not None for number in range(16_000, 20_000))
    assert first < last
