"""Real servers killed in the middle of jobs: whatever dies, a job ends with the bytes of an unbroken run."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from models.bundle import ModelBundle
from models.tagging import TagOptions
from service.jobs.folders import used_bytes
from tests.api.conftest import wait_until
from tests.api.dumps import answers, as_lines, ended, papers, send, state_of
from tests.api.servers import Server

PROGRAM = "import sys; from service.cli import main; sys.exit(main())"
SLOW = TagOptions("accurate")
LEASE_S = 4


class JobServer(Server):
    """A `paperwire serve` that runs jobs."""

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def processes(self) -> list[psutil.Process]:
        """Those that tag dumps."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [one for one in below if is_tagging(one)]


def is_tagging(process: psutil.Process) -> bool:
    try:
        return "service.jobs.process" in process.cmdline()
    except psutil.Error:  # it is ending
        return False


class Place:
    """Where the servers of a test keep everything."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder, self.bundle = folder, bundle

    @contextmanager
    def serving(self, **more: Any) -> Iterator[JobServer]:
        settings = {"port": 0, "jobs_lease_s": LEASE_S, "jobs_threads": 1, "batch_wait_ms": 0, "workers": 1, **more}
        settings |= {"bundle": str(self.bundle), "store": str(self.folder / "papers.db")}
        config = self.folder / "paperwire.toml"
        config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
        command = [sys.executable, "-c", PROGRAM, "serve", "--config", str(config)]
        with JobServer.started(command, int(settings["workers"])) as server:
            yield server


@pytest.fixture
def place(tmp_path: Path, tiny_bundle: Path) -> Place:
    return Place(tmp_path, tiny_bundle)


def answered(client: httpx.Client, job_id: str, more_than: int = 0) -> int:
    """How many papers are answered, once they are more than before."""
    wait_until(lambda: state_of(client, job_id)["progress"]["papers"] > more_than, 120)
    return int(state_of(client, job_id)["progress"]["papers"])


def replaced(server: JobServer) -> None:
    """Return once the process that tags was killed and another is there."""
    old = server.processes()
    old[0].kill()
    wait_until(lambda: bool(server.processes()) and server.processes() != old, 60)


def test_a_job_outlives_servers_and_its_own_processes(place: Place, bundle: ModelBundle) -> None:
    some = papers(2_000, 5)
    job_id, seen, killed = "", 0, 0
    for number in range(3):
        with place.serving() as server, server.client() as client:
            if not job_id:
                job_id = send(client, as_lines(some), profile="accurate")["id"]
            seen = answered(client, job_id, more_than=seen)
            if number == 1:
                replaced(server)
                seen = answered(client, job_id, more_than=seen)
            if seen == len(some):  # on a quick machine
                break
            killed += 1
            working = server.processes()
            server.process.send_signal(signal.SIGTERM if number == 2 else signal.SIGKILL)
            assert server.process.wait(60) == (0 if number == 2 else -signal.SIGKILL)
            psutil.wait_procs(working, 30)
            assert not [one for one in working if one.is_running()], "it ends with its server"
    assert killed >= 2
    with place.serving() as server, server.client() as client:
        done = ended(client, job_id)
        assert done["state"] == "done", done
        assert client.get(done["links"]["result"]).content == answers(bundle, some, SLOW)
        assert done["progress"]["papers"] == len(some)
        counted = re.search(r"^paperwire_job_papers_total (\S+)$", client.get("/metrics").text, re.MULTILINE)
        assert counted is not None
        assert float(counted[1]) <= len(some) - seen, "each paper counts where it was answered"


def begun(server: JobServer, client: httpx.Client, job_id: str) -> None:
    """Return once the job was claimed, or had ended before."""
    wait_until(lambda: bool(server.logged("a job begins")) or state_of(client, job_id)["state"] == "done", 60)


def test_servers_killed_at_any_moment(place: Place, bundle: ModelBundle) -> None:
    some = papers(1_500, 6)
    job_id = ""
    for number in range(3):
        with place.serving() as server, server.client() as client:
            job_id = job_id or send(client, as_lines(some), output="csv")["id"]
            begun(server, client, job_id)
            time.sleep(0.4 * number)
            server.process.kill()
    with place.serving() as server, server.client() as client:
        done = ended(client, job_id)
        assert client.get(done["links"]["result"]).content == answers(bundle, some, output="csv")


def test_an_upload_that_was_cut_off_is_cleared_away(place: Place) -> None:
    dump = as_lines(papers(500, 4))
    with place.serving(jobs_at_once=0) as server, server.client() as client:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {2 * len(dump)}\r\n\r\n"
        with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
            connection.sendall(head.encode() + dump)
            wait_until(lambda: [one["state"] for one in client.get("/v1/jobs").json()["jobs"]] == ["receiving"])
        wait_until(lambda: client.get("/v1/jobs").json()["jobs"] == [])
        assert used_bytes(place.folder / "jobs") == 0, "the client went away"
        with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
            connection.sendall(head.encode() + dump)
            wait_until(lambda: [one["state"] for one in client.get("/v1/jobs").json()["jobs"]] == ["receiving"])
            server.process.kill()
            server.process.wait(60)
    time.sleep(LEASE_S + 0.5)
    with place.serving(jobs_at_once=0) as server, server.client() as client:
        wait_until(lambda: client.get("/v1/jobs").json()["jobs"] == [])
        wait_until(lambda: used_bytes(place.folder / "jobs") == 0)


def test_with_two_workers_each_job_runs_once_and_a_dead_worker_s_is_taken_over(
    place: Place, bundle: ModelBundle
) -> None:
    some = papers(1_500, 8)
    with place.serving(workers=2, jobs_at_once=2, jobs_lease_s=10) as server, server.client() as client:
        small = [send(client, as_lines(papers(20, seed)))["id"] for seed in range(6)]
        assert [ended(client, job_id)["state"] for job_id in small] == ["done"] * 6
        assert sorted(line["job"] for line in server.logged("a job begins")) == sorted(small)
        long = send(client, as_lines(some), profile="accurate")["id"]
        answered(client, long)
        assert len(server.processes()) == 1
        server.processes()[0].parent().kill()
        with server.client() as other:  # connections to the one that was killed are gone
            done = ended(other, long)
            assert other.get(done["links"]["result"]).content == answers(bundle, some, SLOW)
            assert len([line for line in server.logged("a job begins") if line["job"] == long]) == 2
            wait_until(lambda: 'paperwire_jobs{state="done"} 7.0' in other.get("/metrics").text)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
