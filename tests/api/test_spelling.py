"""Misspelt options are refused, misspelt fields of papers pointed out where a text is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.api.spelling import misspelt_options, nearest, text_hints
from tests.api.test_tag import CONSENSUS, KERNELS, problem


@pytest.mark.parametrize(
    ("request_", "field", "meant"),
    [
        ({"json": KERNELS, "params": {"profle": "fast"}}, "query", "profile"),
        ({"json": {**KERNELS, "profle": "fast"}}, "profle", "profile"),
        ({"json": {**KERNELS, "minProbability": 0.5}}, "minProbability", "min_probability"),
        ({"json": {"papers": [KERNELS], "detial": "everything"}}, "detial", "detail"),
    ],
)
def test_a_misspelt_option_is_refused_with_the_one_meant(
    client: TestClient, request_: dict[str, Any], field: str, meant: str
) -> None:
    [fault] = problem(client, 422, **request_)["errors"]
    assert fault["field"] == field
    assert f"did you mean `{meant}`?" in fault["message"]


def test_an_option_like_no_other_is_told_which_there_are(client: TestClient) -> None:
    [fault] = problem(client, 422, json=KERNELS, params={"zzz": "1"})["errors"]
    assert "unknown field `zzz`: known are detail, profile, top, " in fault["message"]


@pytest.mark.parametrize("more", [{"funder": [{"name": "A fund"}]}, {"details": {"pages": 3}}, {"topic": "lamps"}])
def test_fields_of_feeds_that_look_like_options_are_ignored(client: TestClient, more: dict[str, Any]) -> None:
    answer = client.post("/v1/tag", json={**KERNELS, **more})
    assert answer.json() == client.post("/v1/tag", json=KERNELS).json()


def test_a_paper_without_text_is_told_which_field_was_meant(client: TestClient) -> None:
    [fault] = problem(client, 422, json=[CONSENSUS, {"abstrct": "We present ...", "doi": "10.1/x"}])["errors"]
    assert fault["field"] == "[1]"
    assert "neither 'title' nor 'abstract'" in fault["message"]
    assert fault["message"].endswith("unknown field `abstrct` is ignored: did you mean `abstract`?")


@pytest.mark.parametrize("detail", ["ids", "scores", "full"])
def test_a_missing_text_brings_a_warning_and_no_other_paper_one(client: TestClient, detail: str) -> None:
    lacking = {"title": "", "Summary": "We present leader election.", "abstract": None, "year": 2026}
    papers = [CONSENSUS, lacking, {"title": "Only a title of a paper"}]
    answers = client.post("/v1/tag", params={"detail": detail}, json={"papers": papers}).json()
    assert [answer.get("warnings") for answer in answers] == [
        None,
        ["unknown field `Summary` is ignored: did you mean `abstract`?"],
        None,
    ]
    streamed = client.post(
        f"/v1/tag/stream?detail={detail}",
        content="".join(json.dumps(paper) + "\n" for paper in papers),
        headers={"content-type": "application/x-ndjson"},
    )
    assert [json.loads(line) for line in streamed.text.splitlines()] == answers


@pytest.mark.parametrize(
    ("name", "meant"), [("profle", "profile"), ("min-probability", "min_probability"), ("TOP", "top"), ("color", "")]
)
def test_the_nearest_name(name: str, meant: str) -> None:
    assert nearest(name, ["profile", "min_probability", "top"]) == meant


@given(st.dictionaries(st.text(max_size=12), st.none() | st.text(max_size=5) | st.floats(allow_nan=False), max_size=5))
def test_any_object_is_looked_through(fields: dict[str, Any]) -> None:
    raw = json.dumps(fields).encode()
    assert len(text_hints(raw)) <= 5
    assert all(fault.field in fields for fault in misspelt_options(raw, many=True))


def test_names_that_are_no_text_are_no_fault_of_ours(client: TestClient) -> None:
    for name in (b"\xff", b"\\ud800"):
        for raw in (b'{"title": "Fused", "%s": 1}' % name, b'{"papers": [{"title": "Fused"}], "%s": 1}' % name):
            assert client.post("/v1/tag", content=raw).status_code in (200, 400, 422)
