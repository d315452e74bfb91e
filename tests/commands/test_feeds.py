"""`paperwire feeds`, `sync`, `ingest` and `retag` as people call them."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from models.paper import Paper
from service.cli import run
from service.releases import Releases
from service.store import Store
from tests.fetch.conftest import in_turn, replying, server  # noqa: F401 (a fixture)
from tests.ingest.samples import jsonl, papers
from tests.tiny import tiny_version


class Done(NamedTuple):
    """What a command wrote."""

    out: str
    err: str


@pytest.fixture
def place(tmp_path):
    return tmp_path / "data" / "papers.db"


@pytest.fixture
def command(place, tiny_bundle, capsysbinary, monkeypatch):
    """One command line with a store and a small bundle of its own."""
    for name, value in (("STORE", place), ("BUNDLE", tiny_bundle), ("PROFILE", "fast")):
        monkeypatch.setenv(f"PAPERWIRE_{name}", str(value))
    monkeypatch.setenv("PAPERWIRE_FETCH_NETWORKS", "127.0.0.0/8")

    def call(*arguments, stdin=b"", code=0):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        outcome = run(list(map(str, arguments)))
        done = Done(*(part.decode() for part in capsysbinary.readouterr()))
        assert outcome == code, done.err
        assert "Traceback" not in done.err
        return done

    return call


def test_from_an_address_to_tagged_papers(command, server, place):  # noqa: F811
    server.reply("/feed", jsonl(papers(5)), ETag='"one"')
    done = command("feeds", "add", server.url("/feed"), "--title", "Systems", "--every", "6h")
    assert "is watched" in done.out
    assert "Systems: http://127.0.0.1" in command("feeds", "list").out
    assert command("feeds", "status").out.startswith("NEW ")
    done = command("feeds", "run")
    assert "[1/1] Systems: 5 new, 0 updated, 0 duplicate, 0 skipped" in done.err
    assert "1 feed: 5 new" in done.err and done.out == ""
    assert "no feed is due" in command("feeds", "run").err
    server.reply("/feed", b"", "304 Not Modified")
    assert "Systems: not modified" in command("sync").err
    assert "Systems: not modified" in command("feeds", "run", "Systems").err
    assert command("feeds", "status", "Systems").out.startswith("OK ")
    with Store.open(place) as store:
        assert store.listing.count() == 5 and "" not in store.taggings.bundles()
    assert "watched no longer" in command("feeds", "remove", "Systems").out
    assert "no feeds are watched" in command("feeds", "list").err
    with Store.open(place) as store:
        assert store.listing.count() == 5


def test_a_failing_feed_is_told_and_costs_no_other(command, server):  # noqa: F811
    server.reply("/good", jsonl(papers(2)))
    server.reply("/gone", status="410 Gone")
    command("feeds", "add", server.url("/good"))
    command("feeds", "add", server.url("/gone"))
    done = command("sync")
    assert "FAILED: the server answers 410 Gone" in done.err and "2 feeds, 1 failed: 2 new" in done.err
    assert "FAILING" in command("feeds", "status", "--strict", code=1).out
    command("feeds", "remove", server.url("/good"))
    command("sync", code=3)


def test_a_new_version_is_told_with_what_it_changed(command, server):  # noqa: F811
    first = Paper("arxiv:2603.00007", "Expert routing and gating networks", "We present token dispatch to experts.", 1)
    second = replace(first, version=2, title="Leader election and quorum certificates", abstract="Atomic broadcast.")
    server.on("/feed", in_turn(replying(jsonl([first])), replying(jsonl([second]))))
    command("feeds", "add", server.url("/feed"))
    command("sync")
    done = command("sync")
    assert "0 new, 1 updated, 0 duplicate, 0 skipped, 1 tagged again" in done.err
    assert "arxiv:2603.00007: v1 became v2, tagged again: " in done.err and "+consensus" in done.err


def test_rounds_go_on_until_interrupted(command, server):  # noqa: F811
    body, asked_twice = replying(jsonl(papers(1))), threading.Event()

    def last(connection):
        body(connection)
        asked_twice.set()

    server.on("/feed", in_turn(body, last))
    command("feeds", "add", server.url("/feed"), "--title", "Systems")
    rounds = [sys.executable, "-c", "from service.cli import main; main()", "feeds", "run", "Systems", "--every", "1s"]
    with subprocess.Popen(rounds, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        asked_twice.wait(60)
        process.send_signal(signal.SIGINT)
        told = process.communicate()[1].decode()
    assert process.returncode == 0, told
    assert len(server.heads) == 2 and "stopped;" in told and "Traceback" not in told


def test_lists_go_in_and_out(command, tmp_path):
    listed = tmp_path / "mine.opml"
    listed.write_text(
        '<opml version="2.0"><head/><body><outline text="Systems">'
        '<outline text="Locks" xmlUrl="https://locks.example/rss"/><outline text="No address"/></outline>'
        "</body></opml>"
    )
    command("feeds", "add", "arxiv:cs.DC", "--since", "2026-01-01", "--every", "12h")
    done = command("feeds", "import", listed)
    assert "1 added, 0 watched already, 1 outlines skipped" in done.err and "No address" in done.err
    assert "0 added, 1 watched already" in command("feeds", "import", "-", stdin=listed.read_bytes()).err
    command("feeds", "export", tmp_path / "out.opml")
    assert command("feeds", "export").out.encode() == (tmp_path / "out.opml").read_bytes()
    before = [json.loads(line) for line in command("feeds", "list", "--json").out.splitlines()]
    for source in before:
        command("feeds", "remove", source["url"])
    command("feeds", "import", tmp_path / "out.opml")
    after = [json.loads(line) for line in command("feeds", "list", "--json").out.splitlines()]
    assert [(one["url"], one["interval_s"]) for one in after] == [(one["url"], one["interval_s"]) for one in before]
    assert before[0]["interval_s"] == 43_200 and "2026-01-01" in before[0]["cursor"]


def test_files_are_ingested_and_ingested_again(command, tmp_path, place):
    dump = tmp_path / "dump.jsonl"
    dump.write_bytes(jsonl(papers(40)) + b'{"id": "x"}\n')
    done = command("ingest", dump)
    assert "40 new, 0 updated, 0 duplicate, 1 skipped" in done.err and "skipped: " in done.err
    assert "0 new, 0 updated, 40 duplicate" in command("ingest", dump, "--strict", code=1).err
    assert "0 new" in command("ingest", "-", stdin=dump.read_bytes()).err
    other = tmp_path / "page.html"
    other.write_text("<html></html>")
    done = command("ingest", other, dump, code=3)
    assert "unreadable: " in done.err and "40 duplicate" in done.err
    with Store.open(place) as store:
        assert store.listing.count() == 40


def test_a_promotion_is_previewed_and_then_made(command, tmp_path, tiny_bundle, place):
    dump = tmp_path / "dump.jsonl"
    dump.write_bytes(jsonl(papers(20)))
    command("ingest", dump)
    assert "0 papers of older bundles" in command("retag", "--preview").err
    newer = tmp_path / "newer"
    shutil.copytree(tiny_bundle, newer)
    manifest = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps(manifest | {"version": "2"}))
    shown = json.loads(command("retag", "--preview", "--json", "--bundle", newer).out)
    assert (shown["papers"], shown["changed"], shown["unchanged"]) == (20, 0, 20) and shown["preview"]
    assert "5 papers" in command("retag", "--limit", "5", "--bundle", newer).err
    assert "15 papers" in command("retag", "--bundle", newer).err
    with Store.open(place) as store:
        (name,) = store.taggings.bundles()
    assert "@2+" in name


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["feeds", "add", "gopher://x"], 3, "no source"),
        (["feeds", "add", "https://a.example/", "--every", "soon"], 3, "no duration"),
        (["feeds", "add", "https://a.example/", "--format", "word"], 2, "none of"),
        (["feeds", "add", "https://a.example/", "--since", "2026-01-01"], 3, "no past"),
        (["feeds", "remove", "nothing"], 3, "no watched feed"),
        (["feeds", "run", "--every", "0"], 3, "no time at all"),
        (["feeds", "import", "/no/such/list.opml"], 4, "No such file"),
        (["ingest", "/no/such/file"], 3, "cannot read"),
        (["ingest", "--format", "word", "-"], 2, "none of"),
        (["retag", "--limit", "0"], 2, "limit"),
        (["feeds", "list", "--store", "mysql://x/y"], 4, "does not support"),
    ],
)
def test_mistakes_are_told_in_one_line(command, arguments, code, reason):
    done = command(*arguments, code=code)
    assert reason in done.err and len(done.err.splitlines()) == 1


@pytest.fixture
def promoted(tiny_bundle, tmp_path, monkeypatch):
    """Version 2 of the small bundle, promoted over the one that is served without a promotion."""
    shelf = tmp_path / "models"
    tiny_version(tiny_bundle, shelf / "second", "2")
    monkeypatch.setenv("PAPERWIRE_MODELS", str(shelf))
    Releases(shelf, tiny_bundle).promote("2", "ana", lambda candidate: candidate)


def test_commands_tag_with_the_promoted_bundle_and_say_so(command, server, tmp_path, promoted, tiny_bundle, place):  # noqa: F811
    dump = tmp_path / "dump.jsonl"
    dump.write_bytes(jsonl(papers(3)))
    server.reply("/feed", jsonl(papers(2, seed=31)))
    assert ", by themes@2+" in command("ingest", dump).err
    command("feeds", "add", server.url("/feed"))
    assert ", by themes@2+" in command("sync").err
    with Store.open(place) as store:
        assert [name[:9] for name in store.taggings.bundles()] == ["themes@2+"]
    done = command("tag", dump)
    assert "by themes@2 in " in done.err
    assert {json.loads(line)["model"]["version"] for line in done.out.splitlines()} == {"2"}
    assert "0 papers of older bundles" in command("retag", "--preview").err
    done = command("ingest", dump, "--bundle", tiny_bundle)
    assert "by themes@2" not in done.err, "a bundle that is named wins"
    assert "5 papers of older bundles" in command("retag", "--preview", "--bundle", tiny_bundle).err
    done = command("tag", dump, "--bundle", tiny_bundle)
    assert "by themes@2" not in done.err
    assert "2" not in {json.loads(line)["model"]["version"] for line in done.out.splitlines()}


def test_similar_papers_can_be_found_after_any_run(command, server, tmp_path, place):  # noqa: F811
    dump = tmp_path / "dump.jsonl"
    dump.write_bytes(jsonl(papers(9)))
    done = command("ingest", dump)
    assert "`paperwire vectors fill` has the encoder read 9 papers" in done.err
    server.reply("/feed", jsonl(papers(2, seed=31)))
    command("feeds", "add", server.url("/feed"))
    command("feeds", "run")
    listed = command("vectors", "list").out.splitlines()
    assert [line[0] for line in listed] == ["*", "*"]
    assert {line.split("-")[0]: line.split("\t")[1] for line in listed} == {
        "* encoder": "2 texts",
        "* ngrams": "11 texts",
    }
    assert "4 vectors added" in command("vectors", "fill", "--kind", "encoder", "--limit", "4").err
    assert "5 vectors added" in command("vectors", "fill").err
    assert "0 vectors added" in command("vectors", "fill").err
    assert "has the encoder read" not in command("ingest", dump).err
    with Store.open(place) as store:
        store.vectors.save("old-model", {papers(1)[0].digest: np.ones(3, np.float32)})
    assert "  old-model\t1 text\n" in command("vectors", "list").out
    command("vectors", "drop", "old-model")
    assert "old-model" not in command("vectors", "list").out
    assert "no vectors" in command("vectors", "drop", "old-model", code=3).err
    command("ingest", "-", "--vectors", "none", stdin=jsonl(papers(1, seed=51)))
    assert "11 texts" in command("vectors", "list").out


def test_a_moved_feed_is_found_by_its_old_address(command, server):  # noqa: F811
    server.reply("/old", b"", "301 Moved Permanently", Location="/new")
    server.reply("/new", jsonl(papers(2)))
    command("feeds", "add", server.url("/old"))
    done = command("feeds", "run", server.url("/old"))
    assert f"moved for good to {server.url('/new')}: watched there from now on" in done.err
    assert server.url("/new") in command("feeds", "list").out and "/old" not in command("feeds", "list").out
    assert "2 duplicate" in command("feeds", "run", server.url("/old")).err
    assert command("feeds", "status", server.url("/old")).out.startswith("OK ")
    command("feeds", "add", server.url("/old"))
    done = command("sync")
    assert "that is watched already: remove this one" in done.err
    command("feeds", "remove", server.url("/old"))
    assert server.url("/new") in command("feeds", "list").out, "what is watched goes before what once was"


def test_a_feed_is_added_once(command):
    command("feeds", "add", "https://a.example/rss")
    assert "already" in command("feeds", "add", "https://A.example/rss", code=3).err


def test_titles_cannot_steer_a_terminal(command):
    steering = "\x1b]0;gone\x07"
    command("feeds", "add", "https://example.org/a.rss", "--title", f"Systems{steering}")
    command("queries", "save", "mine", "consensus", "--title", f"My\town{steering}")
    for listing in ("list", "status"):
        told = command("feeds", listing).out
        assert "Systems" in told
        assert "\x1b" not in told
    assert command("queries", "list").out == "mine\tconsensus\tMy own ]0;gone \n"
