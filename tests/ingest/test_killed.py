"""Killed at any point and run again, an ingest ends in the store that one run would have made."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from service.feeds import iter_entries
from service.ingest import ingest
from service.store import Store
from tests.ingest.samples import contents, jsonl, papers

ROOT = Path(__file__).parents[2]


def feed():
    """Versions, repetitions and broken lines, a few hundred entries."""
    found = papers(240)
    second = [replace(paper, version=2, abstract=papers(1, 40)[0].abstract) for paper in found[::7]]
    return jsonl(found[:150]) + b'{"id": "broken"}\n' + jsonl(second[:12] + found[150:] + found[:9] + second[12:])


def test_fifty_kills_change_nothing_in_the_end(tmp_path, tagger, tiny_bundle):
    path, place = tmp_path / "feed.jsonl", tmp_path / "killed.db"
    path.write_bytes(feed())
    with Store.open(":memory:") as store, path.open("rb") as stream:
        ingest(iter_entries(stream), store, tagger, source="feed")
        expected = contents(store)
    chance, ends = random.Random(5), []
    command = [sys.executable, "-m", "tests.ingest.killed", str(place), str(tiny_bundle), str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        while len(ends) < 50 or ends[-1] != "done":
            process.stdin.write("go\n")
            process.stdin.flush()
            child = int(process.stdout.readline())
            if len(ends) < 50:
                time.sleep(chance.uniform(0.0, 0.25))
                with contextlib.suppress(ProcessLookupError):  # done before it could be killed
                    os.kill(child, signal.SIGKILL)
            ends.append(process.stdout.readline().strip())
        process.stdin.close()
        assert process.wait(timeout=180) == 0
    assert ends.count("killed") > 20
    with Store.open(place) as store:
        assert store.check() == []
        assert "" not in store.taggings.bundles()
        assert contents(store) == expected
        (name,) = store.vectors.encoders()
        assert store.vectors.count_lacking(name) == 0, "whatever has tags has a vector of the text it shows"
