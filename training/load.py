"""Load on a running server: how many requests a second it answers, and how soon.

    python -m training.load http://127.0.0.1:8000 --papers papers.jsonl --profile fast --seconds 10

Each client is one connection that sends its next request when it has read the answer. HTTP is
written by hand: a client library would cost more than the server under test. Loopback only.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from models.errors import InputError
from training.load_process import usage_of

_INVENTED = (
    ("Pebble: consensus for three-node clusters", "We elect leaders by disk latency and flush once a decision."),
    ("Routing tokens by temperature", "Mixture-of-experts layers waste work on easy tokens; we route by temperature."),
    ("Warm starts for small functions", "We keep containers of short functions alive by forecasting their calls."),
    ("Tiling softmax for narrow heads", "A fused attention kernel keeps partial sums in shared memory."),
    ("Clients that skip rounds", "Federated averaging with personal models lets phones leave and return."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Load:
    """What to send.

    Attributes:
        url: the server. path: with its query. bodies: requests' bodies, sent in turn by all clients.
        media_type: of the bodies. clients: connections. texts: texts in each body.
        seconds: how long; every client sends one request at least.
        kind_of: names the kind of an answer by its body, None where it is wrong; without it a status of 200 is enough.
        patience_s: longest wait for one answer; then its client gives up.
    """

    url: str
    path: str
    bodies: Sequence[bytes]
    media_type: str = "application/json"
    clients: int = 16
    seconds: float = 10.0
    texts: int = 1
    kind_of: Callable[[bytes], str | None] | None = None
    patience_s: float = 60.0


@dataclass(slots=True)
class LoadReport:
    """What came back.

    Attributes:
        seconds: measured. requests: answered rightly. errors: other answers and broken connections, by name.
        requests_per_s, texts_per_s; p50_ms, p90_ms, p99_ms, max_ms: latencies.
        rss_mb, pss_mb, cpu_ms: the server's memory at the end and processor time a request, if its process is known.
        models: versions named by the answers, with counts. kinds: of answers, with counts.
    """

    seconds: float = 0.0
    requests: int = 0
    requests_per_s: float = 0.0
    texts_per_s: float = 0.0
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    rss_mb: float | None = None
    pss_mb: float | None = None
    cpu_ms: float | None = None
    errors: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)


def run_load(load: Load, *, server_pid: int | None = None) -> LoadReport:
    """The report of one load.

    Args:
        server_pid: process whose memory and processor time are read, with those it has started.

    Raises:
        InputError: the server is not on this machine or has another process, or there is nothing to send.
    """
    host = urlsplit(load.url).hostname or ""
    if host != "localhost" and not _is_loopback(host):
        raise InputError(f"{load.url} is not on this machine: loads are sent to loopback addresses only")
    if not load.bodies:
        raise InputError("there are no papers to send")
    before = usage_of(server_pid) if server_pid else None
    report = asyncio.run(_run(load))
    if server_pid and before:
        after = usage_of(server_pid)
        report.rss_mb, report.pss_mb = after.rss_mb, after.pss_mb
        report.cpu_ms = round(1000 * (after.cpu_s - before.cpu_s) / max(report.requests, 1), 3)
    return report


def tag_bodies(papers: Sequence[Mapping[str, Any]], size: int = 1) -> list[bytes]:
    """Bodies of POST /v1/tag, `size` papers in each."""
    groups = [papers[start : start + size] for start in range(0, len(papers) - size + 1, size)]
    return [json.dumps(group[0] if size == 1 else group).encode() for group in groups]


def read_papers(path: Path | None, most: int = 2000) -> list[dict[str, Any]]:
    """Title and abstract of papers in a JSON Lines file; a few invented ones without a file.

    Raises:
        InputError: the file cannot be read or is no JSON Lines.
    """
    if path is None:
        return [{"title": title, "abstract": " ".join([abstract] * 6)} for title, abstract in _INVENTED]
    try:
        with path.open(encoding="utf-8") as lines:
            records = [json.loads(line) for line in itertools.islice(lines, most)]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read papers from {path}: {error}") from None
    return [{"title": record.get("title", ""), "abstract": record.get("abstract", "")} for record in records]


@dataclass(slots=True)
class _Tally:
    """What the clients of one load have seen so far: seconds of right answers, and counts of all."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)


async def _run(load: Load) -> LoadReport:
    bodies, tally = itertools.cycle(load.bodies), _Tally()
    started = time.perf_counter()
    await asyncio.gather(*(_client(load, bodies, started + load.seconds, tally) for _ in range(load.clients)))
    seconds = time.perf_counter() - started
    good, all_ms = tally.statuses.pop("200", 0), np.array(tally.latencies or [0.0]) * 1000
    p50, p90, p99, most = np.percentile(all_ms, (50, 90, 99, 100)).round(1).tolist()
    return LoadReport(
        seconds=round(seconds, 2),
        requests=good,
        requests_per_s=round(good / seconds, 1),
        texts_per_s=round(good * load.texts / seconds, 1),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        max_ms=most,
        errors=dict(tally.statuses),
        models=dict(tally.models),
        kinds=dict(tally.kinds),
    )


async def _client(load: Load, bodies: Iterator[bytes], until: float, tally: _Tally) -> None:
    parts = urlsplit(load.url)
    head = (
        f"POST {load.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {load.media_type}\r\nContent-Length: "
    ).encode()
    try:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError as error:
        tally.statuses[type(error).__name__] += 1
        return
    try:
        while True:
            began = time.perf_counter()
            body = next(bodies)
            writer.write(b"%s%d\r\n\r\n%s" % (head, len(body), body))
            async with asyncio.timeout(load.patience_s):
                status, model, answer = await _answer(reader)
            seconds = time.perf_counter() - began
            tally.models[model] += 1
            _count(load, status, answer, seconds, tally)
            if time.perf_counter() >= until:
                break
    except (OSError, asyncio.IncompleteReadError) as error:
        tally.statuses[type(error).__name__] += 1
    finally:
        writer.close()


def _count(load: Load, status: str, answer: bytes, seconds: float, tally: _Tally) -> None:
    if status == "200" and load.kind_of is not None:
        kind = load.kind_of(answer)
        tally.kinds[kind or "wrong"] += 1
        status = "200" if kind else "wrong answer"
    tally.statuses[status] += 1
    if status == "200":
        tally.latencies.append(seconds)


async def _answer(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status, length, model = head[9:12].decode(), -1, ""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(": ")
        if name.lower() == "content-length":
            length = int(value)
        elif name.lower() == "paperwire-model":
            model = value
    if length < 0:
        raise ConnectionError("an answer without Content-Length: where it ends is not told")
    return status, model, await reader.readexactly(length)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 where every request was answered 200, else 1; the report goes to standard output as JSON."""
    parser = argparse.ArgumentParser(description="Send load to a server on this machine and report how it answers.")
    parser.add_argument("url", help="the server, such as http://127.0.0.1:8000")
    parser.add_argument(
        "--papers", type=Path, help="JSON Lines with title and abstract; default: a few invented papers"
    )
    parser.add_argument("--profile", choices=("fast", "accurate", "auto"), default="auto")
    parser.add_argument("--detail", choices=("ids", "scores", "full"), default="scores")
    parser.add_argument("--path", help="another endpoint that takes the same bodies")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--size", type=int, default=1, help="papers in each request")
    parser.add_argument("--pid", type=int, help="the server's process, for its memory and processor time")
    chosen = parser.parse_args(arguments)
    path = chosen.path or f"/v1/tag?profile={chosen.profile}&detail={chosen.detail}"
    bodies = tag_bodies(read_papers(chosen.papers), chosen.size)
    load = Load(chosen.url, path, bodies, clients=chosen.clients, seconds=chosen.seconds, texts=chosen.size)
    report = run_load(load, server_pid=chosen.pid)
    sys.stdout.write(json.dumps(asdict(report), indent=1) + "\n")
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
