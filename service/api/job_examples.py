"""Jobs that the OpenAPI document shows."""

from __future__ import annotations

from typing import Any

from service.api.examples import MODEL

PATH: dict[str, Any] = {"path": "2026/march.jsonl.gz", "profile": "fast", "output": "csv"}
URL: dict[str, Any] = {"url": "https://feeds.example.org/march.atom", "promise": "precision=0.9"}
_ID = "5f0c1c1e8d2f4b6f9a3e7d4c2b1a0987"
JOB: dict[str, Any] = {
    "id": _ID,
    "state": "running",
    "input": {"kind": "upload", "place": "9b" * 32},
    "format": None,
    "output": "jsonl",
    "options": {
        "profile": "fast",
        "detail": "scores",
        "top": None,
        "min_probability": None,
        "promise": "f1",
        "include": [],
        "exclude": [],
        "under": [],
    },
    "owner": "3c9e1f5a7b2d",
    "model": MODEL,
    "progress": {
        "phase": "tagging",
        "papers": 51_200,
        "skipped": 3,
        "duplicates": 120,
        "bytes_read": 73_400_320,
        "bytes_total": 209_715_200,
        "papers_per_s": 1850.5,
        "eta_s": 51.3,
    },
    "error": None,
    "created": "2026-03-04T09:15:00Z",
    "updated": "2026-03-04T09:15:29Z",
    "expires": None,
    "links": {"self": f"/v1/jobs/{_ID}", "result": None, "skipped": None},
}
