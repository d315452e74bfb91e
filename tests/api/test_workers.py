"""A server of two processes: one port, one behaviour, one page of metrics, and nothing lost when one dies."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from service.api.workers import settings_of_one
from service.releases import Releases
from service.settings import load_settings
from tests.api.conftest import wait_until
from tests.api.servers import Server
from tests.tiny import tiny_version

PAPER = {"title": "Leader election in replicas", "abstract": "Quorum certificates for Byzantine agreement."}
PROGRAM = """
import json, sys
from service.api.workers import serve_in_workers
from service.settings import load_settings
if __name__ == "__main__":
    serve_in_workers(load_settings(None, {}, json.loads(sys.argv[1])))
"""
WORKERS = 2


class Running(Server):
    """A server with workers."""

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that serve; Python's own resource tracker is none."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if any("spawn_main" in part for part in child.cmdline())]

    def all_answer_by(self, version: str) -> bool:
        """Whether a dozen new connections, which the kernel spreads, all meet one version."""
        answers = [httpx.post(f"{self.url}/v1/tag", json=PAPER, timeout=30) for _ in range(12)]
        assert {answer.status_code for answer in answers} == {200}
        return {answer.json()["model"]["version"] for answer in answers} == {version}


@contextmanager
def running(**overrides: Any) -> Iterator[Running]:
    settings = {"port": 0, "workers": WORKERS, "batch_wait_ms": 0, **overrides}
    command = [sys.executable, "-c", PROGRAM, json.dumps(settings)]
    with Running.started(command, WORKERS) as server:
        yield server
    assert all("level" in line for line in server.lines), "whatever it says is a line of its log"


@pytest.fixture
def shelf(tiny_bundle: Path, tmp_path: Path) -> Path:
    tiny_version(tiny_bundle, tmp_path / "models" / "bundle-2", "2")
    return tmp_path / "models"


def test_two_workers_serve_promote_count_recover_and_drain(shelf: Path, tiny_bundle: Path) -> None:
    with running(models=str(shelf), bundle=str(tiny_bundle)) as server:
        assert server.all_answer_by("1")
        assert httpx.post(f"{server.url}/v1/models/2:promote", timeout=60).json()["changed"] is True
        wait_until(lambda: server.all_answer_by("2"))
        pages = [httpx.get(f"{server.url}/metrics", timeout=60).text for _ in range(6)]
        assert all('route="/v1/tag",status="200"' in page for page in pages)
        wait_until(lambda: gauge(server.url, "paperwire_ready") == WORKERS)
        wait_until(lambda: gauge(server.url, "paperwire_model", 'version="2"') == WORKERS)
        counted = [gauge(server.url, "paperwire_requests_total", 'route="/v1/tag",status="200"') for _ in range(6)]
        assert len(set(counted)) == 1, "whoever is asked adds up all"

        old = server.workers
        assert len(old) == WORKERS
        old[0].kill()
        assert server.all_answer_by("2"), "connections to the dead one wait for the next"
        wait_until(lambda: len(server.logged("ready")) == WORKERS + 1, 60)
        assert server.logged("a worker ended")[0]["code"] == -signal.SIGKILL
        assert gauge(server.url, "paperwire_ready") <= WORKERS

        workers = server.workers
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        assert not [one for one in workers if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def gauge(url: str, name: str, labels: str = "") -> float:
    """A number of the metrics page, over all its lines that have the labels."""
    page = httpx.get(f"{url}/metrics", timeout=30).text
    lines = [line for line in page.splitlines() if line.startswith(name) and labels in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_workers_end_with_the_process_that_started_them_and_promotions_survive(shelf: Path, tiny_bundle: Path) -> None:
    with running(models=str(shelf), bundle=str(tiny_bundle)) as server:
        workers = server.workers
        with httpx.Client(base_url=server.url, timeout=60) as client:
            asking = threading.Thread(target=lambda: ask(client))
            asking.start()
            wait_until(lambda: (shelf / ".turn").exists())
            server.process.kill()
            asking.join(60)
        psutil.wait_procs(workers, timeout=60)
        assert not [one for one in workers if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    releases = Releases(shelf, tiny_bundle)
    assert releases.live().version in ("1", "2")
    assert len(releases.history()) == (releases.live().version == "2")


def ask(client: httpx.Client) -> None:
    try:
        client.post("/v1/models/2:promote")
    except httpx.TransportError:  # the server was killed while it was at it
        return


def test_a_server_whose_workers_cannot_start_ends(tiny_bundle: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, json.dumps({"port": 0, "workers": 2, "bundle": str(tmp_path)})]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 1
    assert "no bundle at" in done.stderr


def test_a_port_is_not_shared_with_another_server(tiny_bundle: Path) -> None:
    from service.api.sockets import listen
    from service.api.workers import serve_in_workers

    with listen(load_settings(None, {}, {"port": 0}), shared=True) as taken:
        wanted = {"port": taken.getsockname()[1], "workers": 2, "bundle": tiny_bundle, "log_level": "error"}
        with pytest.raises(OSError, match="in use"):
            serve_in_workers(load_settings(None, {}, wanted))


def test_limits_are_divided_among_workers() -> None:
    whole = load_settings(None, {}, {"workers": 4, "queue_texts": 8000, "threads": 8})
    one = settings_of_one(whole, cores=2)
    assert (one.threads, one.queue_texts, one.bodies_bytes) == (2, 2000, whole.bodies_bytes // 4)
    small = settings_of_one(load_settings(None, {}, {"workers": 16}), cores=2)
    assert (small.threads, small.queue_texts) == (1, small.papers_per_request), "a request always fits"
