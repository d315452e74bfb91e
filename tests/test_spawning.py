"""Run in processes of their own: what Python starts beside the first process is started once, and signals end it."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import os, signal
from multiprocessing import get_context
from service.spawning import signals_blocked, unblock_signals

SIGNALS = (signal.SIGINT, signal.SIGTERM)

def blocked():
    return set(SIGNALS) & signal.pthread_sigmask(signal.SIG_BLOCK, ())

def child(connection):
    connection.send(blocked())
    connection.recv()
    try:
        unblock_signals()
    except KeyboardInterrupt:
        connection.send((blocked(), "heard"))

if __name__ == "__main__":
    # Shells let what runs in the background ignore Ctrl-C, and everything it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    context = get_context("spawn")
    for _ in range(2):
        ours, theirs = context.Pipe()
        process = context.Process(target=child, args=(theirs,))
        with signals_blocked():
            process.start()
        os.kill(process.pid, signal.SIGINT)
        assert ours.recv() == set(SIGNALS)
        ours.send(None)
        assert ours.recv() == (set(), "heard")
        process.join()
        assert process.exitcode == 0 and blocked() == set()
    print("done")
"""


WAITING = """
import signal
from service.spawning import signals_blocked

heard = []
signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
with signals_blocked():
    signal.raise_signal(signal.SIGTERM)
    assert not heard
assert heard == [signal.SIGTERM]
print("done")
"""


@pytest.mark.parametrize("text", [PROGRAM, WAITING])
def test_a_process_hears_signals_once_it_lets_them_through(tmp_path: Path, text: str) -> None:
    program = tmp_path / "program.py"
    program.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, program],
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
    )
    assert (done.stdout, done.stderr) == ("done\n", "")
