"""Jobs over HTTP: what is sent is tagged as `paperwire tag` would, looked after, and cleared away."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.tagging import TagOptions
from service.api.app import create_app
from service.api.keys import create_key
from service.jobs.folders import used_bytes
from service.settings import load_settings
from service.store import Store
from tests.api.conftest import BASE, serving, wait_until
from tests.api.dumps import (
    OCTETS,
    answers,
    as_lines,
    as_rss,
    as_table,
    ended,
    papers,
    problem,
    send,
    state_of,
)

SOME = papers(24)
Opened = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture
def opened(bundle: ModelBundle, tmp_path: Path) -> Opened:
    """A function that opens a client of an application with a store of its own."""

    @contextmanager
    def open_client(**overrides: Any) -> Iterator[TestClient]:
        options = {"batch_wait_ms": 0, "store": str(tmp_path / "papers.db"), "jobs_lease_s": 2, **overrides}
        app = create_app(load_settings(None, {}, options), bundle)
        with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
            wait_until(lambda: client.get("/health/ready").status_code == 200)
            yield client

    return open_client


def test_dumps_of_any_format_are_tagged_as_the_command_line_does(opened: Opened, bundle: ModelBundle) -> None:
    lines = as_lines(SOME)
    sent = {
        "lines": (lines, {}),
        "gzip": (gzip.compress(lines), {}),
        "zstd": (zstandard.compress(lines), {"output": "csv"}),
        "rss": (as_rss(SOME), {"format": "syndication"}),
        "table": (as_table(SOME), {"detail": "ids"}),
    }
    with opened(jobs_at_once=2) as client:
        jobs = {name: send(client, dump, **query) for name, (dump, query) in sent.items()}
        for name, job in jobs.items():
            done = ended(client, job["id"])
            assert done["state"] == "done", done
            assert (done["progress"]["papers"], done["progress"]["phase"]) == (len(SOME), "ended")
            assert done["model"]["sha256"] == bundle.name.sha256
            result = client.get(done["links"]["result"])
            options = TagOptions("fast", "ids" if name == "table" else "scores")
            output = "csv" if name == "zstd" else "jsonl"
            if name == "rss":  # whose ids are made from what the feed calls its entries
                assert len(result.content.splitlines()) == len(SOME)
            else:
                assert result.content == answers(bundle, SOME, options, output), name
            assert result.headers["content-type"] == (
                "text/csv; charset=utf-8" if output == "csv" else "application/x-ndjson"
            )
        listed = client.get("/v1/jobs", params={"limit": 2}).json()
        rest = client.get(listed["next_url"]).json()
        newest = [job["id"] for job in (*listed["jobs"], *rest["jobs"])]
        assert newest == [job["id"] for job in reversed(jobs.values())][:4]
        page = client.get("/metrics").text
        assert 'paperwire_jobs_ended_total{state="done"} 5.0' in page
        assert f"paperwire_job_papers_total {5 * len(SOME)}.0" in page
        wait_until(lambda: 'paperwire_jobs{state="done"} 5.0' in client.get("/metrics").text)


def test_options_are_as_for_tag_and_the_body_of_a_named_dump_wins(
    opened: Opened, bundle: ModelBundle, tmp_path: Path
) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "a.jsonl").write_bytes(as_lines(SOME[:12]))
    (folder / "b.jsonl").write_bytes(as_lines(SOME[8:]))
    wish = {"path": ".", "profile": "fast", "top": 1, "under": ["systems"], "min_probability": 0.2}
    with opened(jobs_paths=(str(folder),)) as client:
        answer = client.post("/v1/jobs", json=wish, params={"profile": "accurate", "top": 3})
        assert answer.status_code == 202, answer.text
        done = ended(client, answer.json()["id"])
        assert (done["input"]["kind"], done["options"]["top"], done["options"]["profile"]) == ("path", 1, "fast")
        options = TagOptions("fast", top=1, under=("systems",), min_probability=0.2)
        assert client.get(done["links"]["result"]).content == answers(bundle, SOME, options)
        assert done["progress"]["duplicates"] == 4
        assert (folder / "a.jsonl").exists(), "what is the user's stays where it is"


def test_what_is_left_out_is_told(opened: Opened) -> None:
    dump = as_lines(SOME[:3]) + b'{"id": "own:broken"}\n{"id": 7, "title"\n' + as_lines(SOME[3:5])
    with opened() as client:
        done = ended(client, send(client, dump)["id"])
        assert (done["progress"]["papers"], done["progress"]["skipped"]) == (5, 2)
        told = [json.loads(line) for line in client.get(done["links"]["skipped"]).text.splitlines()]
        assert [(one["kind"], one["source"], one["position"]) for one in told] == [
            ("skipped", "upload", 4),
            ("skipped", "upload", 5),
        ]


def test_results_are_sent_in_parts_too(opened: Opened, bundle: ModelBundle) -> None:
    whole = answers(bundle, SOME)
    with opened() as client:
        done = ended(client, send(client, as_lines(SOME))["id"])
        place = done["links"]["result"]
        first = client.get(place)
        assert first.headers["accept-ranges"] == "bytes"
        assert f"{done['id']}.jsonl" in first.headers["content-disposition"]
        part = client.get(place, headers={"range": "bytes=100-", "if-range": first.headers["etag"]})
        assert (part.status_code, part.content) == (206, whole[100:])
        assert client.get(place, headers={"range": "bytes=100-", "if-range": '"other"'}).content == whole
        assert client.get(place, headers={"range": "bytes=-7"}).content == whole[-7:]
        for odd in ("lines=1-2", "bytes=", "bytes=9-1", "bytes=a-b", f"bytes={'9' * 30}-"):
            ignored = client.get(place, headers={"range": odd})
            assert (ignored.status_code, ignored.content) == (200, whole), odd
        beyond = client.get(place, headers={"range": f"bytes={len(whole)}-"})
        assert problem(beyond) == (416, "no-such-range")
        assert beyond.headers["content-range"] == f"bytes */{len(whole)}"


@pytest.mark.parametrize(
    ("dump", "query", "words"),
    [
        (b"", {}, "the body is empty"),
        (b"nothing that anybody knows", {}, ""),
        (gzip.compress(as_lines(SOME), mtime=0)[:40], {}, "cut short"),
        (b"\x28\xb5\x2f\xfdgarbage", {}, "damaged"),
        (as_lines(SOME), {"format": "papyrus"}, "is none of"),
        (as_lines(SOME), {"theme": "x"}, "theme"),
        (as_lines(SOME), {"include": "no-such-theme"}, "no-such-theme"),
        (as_lines(SOME), {"promise": "precision=2"}, "promise"),
    ],
    ids=["empty", "unknown", "short", "damaged", "format", "parameter", "theme", "promise"],
)
def test_bad_uploads_are_refused_at_once_and_leave_nothing(
    opened: Opened, tmp_path: Path, dump: bytes, query: dict[str, str], words: str
) -> None:
    with opened(jobs_at_once=0) as client:
        answer = client.post("/v1/jobs", content=dump, params=query, headers=OCTETS)
        assert problem(answer)[0] == 422
        assert words in answer.text
        assert client.get("/v1/jobs").json() == {"jobs": [], "next": None, "next_url": None}
        assert used_bytes(tmp_path / "jobs") == 0


def test_uploads_have_limits(opened: Opened, tmp_path: Path) -> None:
    dump = as_lines(SOME)

    def chunked() -> Iterator[bytes]:
        yield from (dump[n : n + 1000] for n in range(0, len(dump), 1000))

    with opened(jobs_at_once=0, jobs_input_bytes=len(dump), jobs_disk_bytes=2 * len(dump), jobs_waiting=2) as client:
        assert problem(client.post("/v1/jobs", content=dump + b" ", headers=OCTETS)) == (413, "too-long")
        first = client.post("/v1/jobs", content=chunked(), headers=OCTETS)
        assert first.status_code == 202
        padded = (yielded for yielded in [*chunked(), b" "])
        assert problem(client.post("/v1/jobs", content=padded, headers=OCTETS)) == (413, "too-long")
        assert send(client, dump)["state"] == "queued"
        waiting = client.post("/v1/jobs", content=dump, headers=OCTETS)
        assert problem(waiting) == (503, "overloaded")
        assert waiting.headers["retry-after"] == "60"
        assert client.delete(first.headers["location"]).status_code == 204
        assert send(client, dump)["state"] == "queued", "what is removed makes room"
        assert used_bytes(tmp_path / "jobs") == 2 * len(dump)
    with opened(jobs_at_once=0, jobs_disk_bytes=len(dump) + 1) as client:
        assert problem(client.post("/v1/jobs", content=dump, headers=OCTETS)) == (507, "no-room")
        for job in client.get("/v1/jobs").json()["jobs"]:
            client.delete(job["links"]["self"])
        send(client, dump[:1000].rpartition(b"\n")[0])
        assert problem(client.post("/v1/jobs", content=chunked(), headers=OCTETS)) == (507, "no-room")


def test_media_types(opened: Opened) -> None:
    dump = as_lines(SOME)
    with opened(jobs_at_once=0) as client:
        for kind in ("application/x-ndjson", "application/x-www-form-urlencoded", "text/plain; charset=utf-8", None):
            headers = {"content-type": kind} if kind else {}
            assert client.post("/v1/jobs", content=dump, headers=headers).status_code == 202, kind
        form = client.post("/v1/jobs", files={"file": dump})
        assert problem(form) == (415, "unsupported-media-type")
        assert "--data-binary" in form.json()["detail"]
        coded = client.post("/v1/jobs", content=dump, headers={**OCTETS, "content-encoding": "br"})
        assert problem(coded) == (415, "unsupported-media-type")
        packed = client.post("/v1/jobs", content=gzip.compress(dump), headers={**OCTETS, "content-encoding": "gzip"})
        assert packed.status_code == 202
        both = client.post("/v1/jobs", json={"path": "x", "url": "https://feeds.example/x"})
        assert problem(both) == (422, "invalid-input")
        assert problem(client.post("/v1/jobs", json={})) == (422, "invalid-input")
        assert problem(client.post("/v1/jobs", json=dump.decode().splitlines()[0])) == (422, "invalid-input")


def test_a_dump_sent_as_json_is_told_how_to_be_sent(opened: Opened) -> None:
    rows = [{"id": one.id, "title": one.title, "abstract": one.abstract} for one in SOME]
    entries = json.dumps(rows).encode()
    kind = {"content-type": "application/json"}
    with opened(jobs_at_once=0, body_bytes=len(entries) + 100) as client:
        for dump, slug in (
            (entries, (422, "invalid-input")),
            (json.dumps({"papers": rows}).encode(), (422, "invalid-input")),
            (json.dumps(rows[0]).encode(), (422, "invalid-input")),
            (as_lines(SOME[:3]), (422, "invalid-input")),
            (entries[:-1], (422, "invalid-input")),
            (b"@article{own:1, title = {", (400, "malformed")),
            (b"[" * 100_000, (413, "too-long")),
            (b"[" * 2_000, (422, "invalid-input")),
        ):
            answer = client.post("/v1/jobs", content=dump, headers=kind)
            assert problem(answer) == slug, dump[:30]
            assert "--data-binary @dump" in answer.json()["detail"]
            assert "--data-binary @dump" in answer.json()["errors"][0]["message"]
        packed = client.post("/v1/jobs", content=gzip.compress(entries), headers={**kind, "content-encoding": "gzip"})
        assert problem(packed) == (415, "unsupported-media-type") and "--data-binary @dump" in packed.text
        misspelt = client.post("/v1/jobs", json={"url": "https://feeds.example/x", "detial": "full"})
        assert problem(misspelt) == (422, "invalid-input") and "--data-binary" not in misspelt.text
        assert not client.get("/v1/jobs").json()["jobs"]
    with opened() as client:
        for dump in (entries, json.dumps({"papers": rows}).encode()):
            done = ended(client, send(client, dump)["id"])
            assert (done["state"], done["progress"]["papers"]) == ("done", len(rows)), "as it was told"


def test_paths_lead_nowhere_but_under_allowed_folders(opened: Opened, tmp_path: Path) -> None:
    allowed, secret = tmp_path / "dumps", tmp_path / "secret.jsonl"
    (allowed / "sub").mkdir(parents=True)
    secret.write_bytes(as_lines(SOME))
    (allowed / "good.jsonl").write_bytes(as_lines(SOME))
    (allowed / "link.jsonl").symlink_to(secret)
    (allowed / "up").symlink_to(tmp_path)
    (allowed / "sub" / "inside.jsonl").symlink_to(allowed / "good.jsonl")
    with opened(jobs_at_once=0) as client:
        assert problem(client.post("/v1/jobs", json={"path": "good.jsonl"})) == (403, "paths-not-allowed")
    with opened(jobs_at_once=0, jobs_paths=(str(allowed),)) as client:
        outside = ["../secret.jsonl", str(secret), "link.jsonl", "up/secret.jsonl", "up", "/etc/passwd", "~/x", "a\0b"]
        for path in (*outside, "sub/../../secret.jsonl", "x" * 4000, "missing.jsonl"):
            answer = client.post("/v1/jobs", json={"path": path})
            assert problem(answer) == (422, "invalid-input"), path
            assert "under the folders that jobs may read" in answer.text
        for path in ("good.jsonl", str(allowed / "good.jsonl"), "sub/../good.jsonl", "sub/inside.jsonl", "sub"):
            answer = client.post("/v1/jobs", json={"path": path})
            assert answer.status_code == 202, path
        assert client.get("/v1/jobs").json()["jobs"][1]["input"]["place"] == str(allowed / "good.jsonl")


def test_private_addresses_are_refused(opened: Opened) -> None:
    with opened(jobs_at_once=0) as client:
        for url in (
            "http://127.0.0.1:8000/v1/jobs",
            "http://localhost/x",
            "http://[::1]/x",
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.7/dump",
            "http://2130706433/",
            "https://ana:pass@feeds.example/dump",
            "file:///etc/passwd",
            "no address",
        ):
            answer = client.post("/v1/jobs", json={"url": url})
            assert problem(answer) == (422, "invalid-input"), url
            assert "pass@" not in answer.text
        assert client.post("/v1/jobs", json={"url": "https://feeds.example/dump"}).status_code == 202


@contextmanager
def publishing(dump: bytes, *, announced: bool = True) -> Iterator[str]:
    """An address on this machine where a dump is to be had."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if announced:
                self.send_header("Content-Length", str(len(dump)))
            self.end_headers()
            self.wfile.write(dump)

        def log_message(self, *_: object) -> None:
            """Nothing: tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/dump"
        server.shutdown()
        thread.join(30)


def test_a_dump_is_fetched_where_that_is_allowed(opened: Opened, bundle: ModelBundle, tmp_path: Path) -> None:
    dump = as_lines(SOME)
    with publishing(gzip.compress(dump)) as url, opened(fetch_networks=("127.0.0.0/8",)) as client:
        job = client.post("/v1/jobs", json={"url": url, "profile": "fast"}).json()
        done = ended(client, job["id"])
        assert (done["state"], done["input"]) == ("done", {"kind": "url", "place": url}), done
        assert client.get(done["links"]["result"]).content == answers(bundle, SOME)
        assert not (tmp_path / "jobs" / job["id"] / "input").exists()


@pytest.mark.parametrize("announced", [True, False])
def test_a_fetched_dump_that_is_too_large_names_the_setting(opened: Opened, announced: bool) -> None:
    dump = as_lines(SOME)
    limits = {"fetch_networks": ("127.0.0.0/8",), "jobs_input_bytes": len(dump) - 1}
    with publishing(dump, announced=announced) as url, opened(**limits) as client:
        failed = ended(client, client.post("/v1/jobs", json={"url": url}).json()["id"])
        assert failed["state"] == "failed"
        assert failed["error"].startswith(url) and f"{len(dump) - 1:,} " in failed["error"]
        assert "`jobs_input_bytes`" in failed["error"] and "max_bytes" not in failed["error"]


def test_jobs_belong_to_their_key(opened: Opened, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    heads = {
        name: {"authorization": f"Bearer {create_key(keys, name, scopes)[1]}"}
        for name, scopes in (("ana", ["tag"]), ("bo", ["tag"]), ("ada", ["admin"]), ("rex", ["review"]))
    }
    with opened(jobs_at_once=0, keys="on", keys_file=keys) as client:
        made = client.post("/v1/jobs", content=as_lines(SOME), headers={**heads["ana"], **OCTETS})
        assert made.status_code == 202
        place = made.headers["location"]
        assert client.get(place, headers=heads["ana"]).json()["owner"] == made.json()["owner"]
        for method, path in (
            ("GET", place),
            ("POST", f"{place}:cancel"),
            ("DELETE", place),
            ("GET", f"{place}/result"),
        ):
            other = client.request(method, path, headers=heads["bo"])
            assert problem(other) == (404, "not-found")
            assert problem(client.request(method, path)) == (401, "key-missing")
            assert problem(client.request(method, path, headers=heads["rex"])) == (403, "scope-missing")
        counts = {
            name: len(client.get("/v1/jobs", headers=heads[name]).json()["jobs"]) for name in ("ana", "bo", "ada")
        }
        assert counts == {"ana": 1, "bo": 0, "ada": 1}
        assert client.post(f"{place}:cancel", headers=heads["ada"]).json()["state"] == "cancelled"


def test_cancelled_and_removed_jobs_leave_no_files(opened: Opened, tmp_path: Path) -> None:
    dump = as_lines(papers(40_000, 7))
    with opened(jobs_threads=1) as client:
        running, queued = send(client, dump), send(client, as_lines(SOME))
        wait_until(lambda: state_of(client, running["id"])["progress"]["papers"] > 0, 120)
        now = state_of(client, running["id"])
        assert now["progress"]["phase"] == "tagging"
        assert 0 < now["progress"]["bytes_read"] <= now["progress"]["bytes_total"] == len(dump)
        assert problem(client.get(f"/v1/jobs/{running['id']}/result")) == (409, "conflict")
        assert client.post(f"/v1/jobs/{queued['id']}:cancel").json()["state"] == "cancelled"
        assert client.post(f"/v1/jobs/{queued['id']}:cancel").json()["state"] == "cancelled", "and again"
        assert client.post(f"/v1/jobs/{running['id']}:cancel").json()["state"] == "cancelled"
        wait_until(lambda: used_bytes(tmp_path / "jobs") == 0)
        again = send(client, dump)
        wait_until(lambda: state_of(client, again["id"])["progress"]["papers"] > 0, 120)
        assert client.delete(f"/v1/jobs/{again['id']}").status_code == 204
        assert client.get(f"/v1/jobs/{again['id']}").status_code == 404
        wait_until(lambda: used_bytes(tmp_path / "jobs") == 0)
        done = ended(client, send(client, as_lines(SOME))["id"])
        assert done["state"] == "done", "the next one has its turn"
        assert problem(client.post(f"/v1/jobs/{done['id']}:cancel")) == (409, "conflict")
        assert client.delete(f"/v1/jobs/{done['id']}").status_code == 204
        assert used_bytes(tmp_path / "jobs") == 0


def test_what_a_killed_server_left_of_cancelled_jobs_is_cleared_away(opened: Opened, tmp_path: Path) -> None:
    with opened(jobs_at_once=0) as client:
        cancelled, running = (send(client, as_lines(SOME))["id"] for _ in range(2))
    with Store.open(tmp_path / "papers.db") as store:
        for _ in range(2):
            store.jobs.claim("killed", lease_s=-1)
        store.jobs.cancel(cancelled)
    with opened(jobs_at_once=0) as client:
        wait_until(lambda: not (tmp_path / "jobs" / cancelled).exists())
        assert state_of(client, cancelled)["state"] == "cancelled"
        assert (tmp_path / "jobs" / running / "input").exists()


def test_a_job_is_stopped_where_files_take_too_much_room(opened: Opened, tmp_path: Path) -> None:
    with opened(jobs_at_once=0) as client:
        job = send(client, as_lines(papers(40_000, 7)))
    with opened(jobs_disk_bytes=1000) as client:
        failed = ended(client, job["id"])
        assert (failed["state"], failed["links"]["result"]) == ("failed", None)
        assert "`jobs_disk_bytes`" in failed["error"]
        wait_until(lambda: used_bytes(tmp_path / "jobs") == 0)


def test_a_job_that_runs_too_long_fails_and_says_how_far_it_came(opened: Opened, tmp_path: Path) -> None:
    with opened(jobs_timeout_s=2.5, jobs_threads=1) as client:
        job = send(client, as_lines(papers(40_000, 7)), profile="accurate")
        failed = ended(client, job["id"])
        assert (failed["state"], failed["links"]["result"]) == ("failed", None)
        told = failed["error"]
        assert told.startswith("the job has run longer than 2.5 s (`jobs_timeout_s`) with ") and "kept" in told
        assert f" {failed['progress']['papers']:,} papers answered" in told
        wait_until(lambda: used_bytes(tmp_path / "jobs") == 0)
        assert ended(client, send(client, as_lines(SOME))["id"])["state"] == "done", "the next one has its turn"


@contextmanager
def stalling() -> Iterator[str]:
    """An address on this machine that takes connections and answers nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/dump"


def test_the_time_of_a_job_counts_over_restarts(opened: Opened, tmp_path: Path) -> None:
    def ran_s(job_id: str) -> float:
        with Store.open(tmp_path / "papers.db") as store:
            return float(store.jobs.get(job_id).progress.get("ran_s", 0.0))

    local = {"fetch_networks": ("127.0.0.0/8",)}
    with stalling() as url:
        with opened(jobs_timeout_s=0, **local) as client:
            job_id = client.post("/v1/jobs", json={"url": url}).json()["id"]
            wait_until(lambda: ran_s(job_id) >= 1.5)
        before = ran_s(job_id)
        with opened(jobs_timeout_s=0, **local) as client:
            wait_until(lambda: ran_s(job_id) != before)
            assert before < ran_s(job_id)
            assert state_of(client, job_id)["state"] == "running"
        with opened(jobs_timeout_s=before, **local) as client:
            failed = ended(client, job_id)
            assert failed["state"] == "failed" and "`jobs_timeout_s`) with 0 papers answered" in failed["error"]


@pytest.mark.parametrize("how", ["removed", "cancelled"])
def test_an_upload_whose_job_is_gone_is_told_so(bundle: ModelBundle, tmp_path: Path, how: str) -> None:
    dump, place = as_lines(papers(500, 4)), tmp_path / "jobs"
    options = {"port": 0, "store": str(tmp_path / "papers.db"), "jobs_at_once": 0, "jobs_waiting": 1}
    settings = load_settings(None, {}, options)
    with serving(settings, bundle) as url, httpx.Client(base_url=url, timeout=60) as client:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(dump)}\r\n\r\n"
        with socket.create_connection((client.base_url.host, client.base_url.port), timeout=60) as connection:
            connection.sendall(head.encode() + dump[:1000])
            wait_until(lambda: any(path.name.endswith(".part") for path in place.glob("*/.*")))
            here = client.get("/v1/jobs").json()["jobs"][0]["links"]["self"]
            other = client.post("/v1/jobs", content=dump, headers=OCTETS)
            assert problem(other) == (503, "overloaded"), "what arrives will wait"
            gone = client.delete(here) if how == "removed" else client.post(f"{here}:cancel")
            assert gone.is_success
            connection.sendall(dump[1000:])
            assert connection.recv(100).startswith(b"HTTP/1.1 409")
        wait_until(lambda: not list(place.iterdir()))


def test_jobs_that_fail_say_why(opened: Opened, tmp_path: Path) -> None:
    folder = tmp_path / "dumps"
    folder.mkdir()
    (folder / "odd.bin").write_bytes(b"nothing that anybody knows")
    with opened(jobs_paths=(str(folder),), jobs_keep_s=3600) as client:
        by_path = client.post("/v1/jobs", json={"path": "odd.bin"}).json()
        (folder / "sub").mkdir()
        (folder / "sub" / "link").symlink_to(tmp_path / "papers.db")
        by_link = client.post("/v1/jobs", json={"path": "sub"}).json()
        by_url = client.post("/v1/jobs", json={"url": "https://no-such-host.invalid/dump"}).json()
        failed = ended(client, by_path["id"])
        assert (failed["state"], failed["links"]["result"]) == ("failed", None)
        assert "cannot be read" in failed["error"]
        assert failed["expires"] > failed["updated"]
        refused = client.get(f"/v1/jobs/{by_path['id']}/result")
        assert problem(refused) == (409, "conflict")
        assert "it failed" in refused.json()["detail"]
        led_out = ended(client, by_link["id"])["error"]
        assert led_out == "the input cannot be read: it lies outside of the folders that jobs may read"
        client.post(f"/v1/jobs/{by_url['id']}:cancel")


def test_without_a_store_one_is_made_for_the_first_job(bundle: ModelBundle, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path))
        app = create_app(load_settings(None, {}, {"batch_wait_ms": 0, "jobs_at_once": 0}), bundle)
        with TestClient(app, base_url=BASE) as client:
            assert client.get("/v1/jobs").json()["jobs"] == []
            assert problem(client.get("/v1/jobs/5")) == (404, "not-found")
            assert not (tmp_path / "paperwire").exists()
            job = send(client, as_lines(SOME))
            assert state_of(client, job["id"])["state"] == "queued"
            assert (tmp_path / "paperwire" / "papers.db").exists()
            assert (tmp_path / "paperwire" / "jobs" / job["id"] / "input").exists()


def test_a_store_that_cannot_be_made_is_named(bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    options = {"batch_wait_ms": 0, "store": str(tmp_path / "file" / "papers.db"), "jobs_at_once": 0}
    with TestClient(create_app(load_settings(None, {}, options), bundle), base_url=BASE) as client:
        answer = client.post("/v1/jobs", content=as_lines(SOME), headers=OCTETS)
        assert problem(answer) == (503, "store-unavailable")
        assert "papers.db" in answer.json()["detail"]


def test_ended_jobs_are_forgotten_after_their_time(opened: Opened, tmp_path: Path) -> None:
    with opened(jobs_at_once=0) as client:
        jobs = [send(client, as_lines(SOME)) for _ in range(2)]
    with Store.open(tmp_path / "papers.db") as store:
        store.jobs.cancel(jobs[0]["id"])
    with opened(jobs_at_once=0, jobs_keep_s=0.001) as client:
        wait_until(lambda: client.get(f"/v1/jobs/{jobs[0]['id']}").status_code == 404)
        assert state_of(client, jobs[1]["id"])["state"] == "queued"
        wait_until(lambda: not (tmp_path / "jobs" / jobs[0]["id"]).exists())
        assert (tmp_path / "jobs" / jobs[1]["id"] / "input").exists()


def test_pages_of_other_sites_start_nothing(opened: Opened) -> None:
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://page.example", **OCTETS}
    with opened(jobs_at_once=0) as client:
        assert problem(client.post("/v1/jobs", content=as_lines(SOME), headers=foreign)) == (403, "foreign-page")
        assert problem(client.post("/v1/models/1:promote", headers=foreign)) == (403, "foreign-page")
    with opened(jobs_at_once=0, cors_origins=("https://page.example",)) as client:
        assert client.post("/v1/jobs", content=as_lines(SOME), headers=foreign).status_code == 202
