"""Invented dumps in several formats, and what a job must answer to them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

import httpx
from starlette.testclient import TestClient

from models.bundle import ModelBundle
from models.paper import Paper
from models.tagging import TagOptions
from service.render import Csv, JsonLines
from tests.api.conftest import wait_until
from tests.tiny import tiny_papers

FAST = TagOptions("fast")
ENDED = ("done", "failed", "cancelled")
OCTETS = {"content-type": "application/octet-stream"}


def papers(count: int, seed: int = 31) -> list[Paper]:
    """Papers with ids of their own."""
    return [item.paper for item in tiny_papers(count, seed)]


def as_lines(some: Sequence[Paper]) -> bytes:
    """JSON Lines."""
    return b"".join(json.dumps({"id": p.id, "title": p.title, "abstract": p.abstract}).encode() + b"\n" for p in some)


def as_table(some: Sequence[Paper]) -> bytes:
    """CSV with a header."""
    out = io.StringIO()
    csv.writer(out).writerows([["id", "title", "abstract"], *([p.id, p.title, p.abstract] for p in some)])
    return out.getvalue().encode()


def as_rss(some: Sequence[Paper]) -> bytes:
    """RSS 2.0."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{escape(p.id)}</guid><title>{escape(p.title)}</title>"
        f"<description>{escape(p.abstract)}</description></item>"
        for p in some
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>New papers</title>{items}</channel></rss>".encode()


def answers(bundle: ModelBundle, some: Sequence[Paper], options: TagOptions = FAST, output: str = "jsonl") -> bytes:
    """What an unbroken run writes."""
    renderer = Csv(options.detail) if output == "csv" else JsonLines(options.detail)
    return renderer.header + renderer.render(bundle.tag(list(some), options))


def send(client: TestClient | httpx.Client, dump: bytes, **query: Any) -> dict[str, Any]:
    """The job of an upload that is taken."""
    answer = client.post("/v1/jobs", content=dump, params={"profile": "fast", **query}, headers=OCTETS)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    return job


def state_of(client: TestClient | httpx.Client, job_id: str) -> dict[str, Any]:
    """The job as it is now."""
    answer = client.get(f"/v1/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(client: TestClient | httpx.Client, job_id: str, seconds: float = 180) -> dict[str, Any]:
    """The job once it has ended."""
    wait_until(lambda: state_of(client, job_id)["state"] in ENDED, seconds)
    return state_of(client, job_id)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and kind of an error answer in our own form."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rpartition(":")[2]
