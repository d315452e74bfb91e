"""Invented papers and answers that the OpenAPI document shows."""

from __future__ import annotations

from typing import Any

PAPER: dict[str, Any] = {
    "id": "example:1",
    "title": "Pebble: Log-Structured Consensus for Three-Node Clusters",
    "abstract": "We present Pebble, a replicated log that elects its leader by measured disk latency. In clusters of "
    "three nodes it halves the time without a leader after a crash, and its write path needs one flush a decision.",
    "categories": ["cs.DC"],
}
OTHER: dict[str, Any] = {
    "id": "example:2",
    "title": "Routing Tokens by Temperature",
    "abstract": "Mixture-of-experts layers waste work on easy tokens. We route by a learned temperature and train a "
    "sparse language model with a third fewer expert calls.",
}
ONE: dict[str, Any] = {**PAPER, "detail": "scores", "profile": "auto"}
MANY: dict[str, Any] = {"papers": [PAPER, OTHER], "profile": "fast", "top": 3}
TEXT = f"{PAPER['title']}. {PAPER['abstract']}"
MODEL: dict[str, Any] = {"name": "themes", "version": "2026.1", "sha256": "0f" * 32, "taxonomy": "a1" * 32}
ANSWER: dict[str, Any] = {
    "id": "example:1",
    "version": None,
    "title": PAPER["title"],
    "tags": [
        {
            "theme": "consensus",
            "label": "Consensus and replication",
            "path": ["distributed", "consensus"],
            "probability": 0.97,
            "threshold": 0.41,
            "source": "model",
        }
    ],
    "primary": "consensus",
    "abstained": False,
    "reasons": [],
    "novelty": 0.12,
    "truncated": False,
    "profile": "fast",
    "scores": [{"theme": "consensus", "probability": 0.97}, {"theme": "storage-systems", "probability": 0.22}],
    "groups": [{"group": "distributed", "probability": 0.97}],
    "model": MODEL,
}
ANSWER_IDS: dict[str, Any] = {"id": "example:1", "tags": ["consensus"]}
LINES = (
    '{"id": "example:1", "title": "Pebble: Log-Structured Consensus for Three-Node Clusters"}\n'
    '{"id": "example:2", "title": "Routing Tokens by Temperature"}\n'
)
