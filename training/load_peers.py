"""Our server beside peers under the same load on the same machine: rounds in turn, then medians and ratios.

    python -m training.load_peers --ours http://127.0.0.1:8000 --infinity http://127.0.0.1:7997
        --annif http://127.0.0.1:5000 --papers papers.jsonl --pid ours=4711 --json peers.json

The servers run already, and all of them get the same papers from this process, one server at a time.
What else the machine does then meets all of them alike. docs/operations.md says how to start the peers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec

from models.errors import InputError, PaperwireError
from training.load import Load, LoadReport, read_papers, run_load, tag_bodies
from training.machine import busy, machine_facts

_WARM_UP_S = 1.5
_MEDIANS = ("requests_per_s", "p50_ms", "p90_ms", "p99_ms", "rss_mb", "pss_mb", "cpu_ms")
_COLUMNS = ("requests_per_s", "p50_ms", "p99_ms", "cpu_ms", "rss_mb", "pss_mb")
_COUNTS = ("errors", "models", "kinds")
_LIMIT = 10
_BESIDE = {"ours accurate": "infinity", "ours fast": "annif"}
"""Whom each profile is compared with: the same encoder, and a fast subject indexer on the same labels."""


class _Theme(msgspec.Struct):
    theme: str
    probability: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class _Ours(msgspec.Struct):
    tags: list[_Theme]
    scores: list[_Theme]
    profile: str
    abstained: bool


class _Vector(msgspec.Struct):
    embedding: Annotated[list[float], msgspec.Meta(min_length=2)]


class _Infinity(msgspec.Struct):
    data: Annotated[list[_Vector], msgspec.Meta(min_length=1, max_length=1)]


class _Subject(msgspec.Struct):
    uri: str
    label: str
    score: Annotated[float, msgspec.Meta(ge=0.0)]


class _Annif(msgspec.Struct):
    results: Annotated[list[_Subject], msgspec.Meta(min_length=1, max_length=_LIMIT)]


@dataclass(frozen=True, slots=True)
class Side:
    """One server under load, or one way of asking it: its name in the table, the load, and its process if known."""

    name: str
    load: Load
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out.

    Attributes:
        machine: what it is, and how busy it was before and after: other work slows all sides.
        sides: by name, the median of each number over the rounds; counts are of all rounds together.
        rounds: by name, every round. ratios: by "ours / peer", requests a second; above 1 ours answers more.
        cpu_ratios: the same of processor time a request; above 1 ours needs less. Without processes none.
    """

    machine: Mapping[str, Any]
    sides: Mapping[str, LoadReport]
    rounds: Mapping[str, Sequence[LoadReport]]
    ratios: Mapping[str, float]
    cpu_ratios: Mapping[str, float]

    @property
    def errors(self) -> dict[str, dict[str, int]]:
        """What went wrong, by side."""
        return {name: report.errors for name, report in self.sides.items() if report.errors}


def ours(url: str, profile: str, papers: Sequence[Mapping[str, Any]]) -> Load:
    """A load on POST /v1/tag; the kind of an answer is the profile that scored it."""
    reads = _reader(_Ours, lambda answer: answer.profile if answer.abstained or answer.tags else None)
    return Load(url, f"/v1/tag?profile={profile}&detail=scores", tag_bodies(papers), kind_of=reads)


def infinity(url: str, papers: Sequence[Mapping[str, Any]], *, model: str, path: str = "/embeddings") -> Load:
    """A load on a server of OpenAI-style embeddings; the kind of an answer is the length of its vector."""
    bodies = [json.dumps({"model": model, "input": [_text(paper)]}).encode() for paper in papers]
    reads = _reader(_Infinity, lambda answer: f"{len(answer.data[0].embedding)} numbers")
    return Load(url, path, bodies, kind_of=reads)


def annif(url: str, papers: Sequence[Mapping[str, Any]], *, project: str) -> Load:
    """A load on a project of an Annif server."""
    bodies = [urlencode({"text": _text(paper), "limit": _LIMIT}).encode() for paper in papers]
    path = f"/v1/projects/{quote(project)}/suggest"
    reads = _reader(_Annif, lambda _: "subjects")
    return Load(url, path, bodies, media_type="application/x-www-form-urlencoded", kind_of=reads)


def compare(sides: Sequence[Side], *, rounds: int = 3, progress: Callable[[str], None] = lambda _: None) -> Comparison:
    """Every side under its load in turn, `rounds` times, after a short warm-up of each.

    Raises:
        InputError: a server is not on this machine, or one of the processes is not there.
    """
    machine = {**machine_facts(), "busy_before": busy()}
    for side in sides:
        progress(f"warm-up: {side.name}")
        run_load(replace(side.load, seconds=min(_WARM_UP_S, side.load.seconds)))
    measured: dict[str, list[LoadReport]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            report = run_load(side.load, server_pid=side.pid)
            measured[side.name].append(report)
            progress(f"round {number + 1}: {side.name}: {report.requests_per_s}/s, p99 {report.p99_ms} ms")
    medians = {name: median_of(reports) for name, reports in measured.items()}
    return Comparison({**machine, "busy_after": busy()}, medians, measured, *ratios_of(medians))


def median_of(reports: Sequence[LoadReport]) -> LoadReport:
    """One report whose numbers are medians, with all seconds, requests, errors and kinds together."""
    found = {name: [v for one in reports if (v := getattr(one, name)) is not None] for name in _MEDIANS}
    medians: dict[str, Any] = {name: round(statistics.median(values), 3) for name, values in found.items() if values}
    counts: dict[str, Any] = {name: _added([getattr(one, name) for one in reports]) for name in _COUNTS}
    return LoadReport(
        seconds=round(sum(one.seconds for one in reports), 2),
        requests=sum(one.requests for one in reports),
        max_ms=max(one.max_ms for one in reports),
        texts_per_s=medians["requests_per_s"],
        **medians,
        **counts,
    )


def ratios_of(sides: Mapping[str, LoadReport]) -> tuple[dict[str, float], dict[str, float]]:
    """Requests a second of ours by those of the peer, and the peer's processor time a request by that of ours."""
    pairs = [(sides[a], sides[b], f"{a} / {b}") for a, b in _BESIDE.items() if a in sides and b in sides]
    speed = {name: round(a.requests_per_s / b.requests_per_s, 2) for a, b, name in pairs if b.requests_per_s}
    cpu = {name: round(b.cpu_ms / a.cpu_ms, 2) for a, b, name in pairs if a.cpu_ms and b.cpu_ms}
    return speed, cpu


def table(comparison: Comparison) -> str:
    """The medians as a table for people, then the ratios, and how busy the machine was."""
    lines = [f"{'':16}" + "".join(f"{name:>16}" for name in (*_COLUMNS, "errors"))]
    for name, report in comparison.sides.items():
        values = [getattr(report, column) for column in _COLUMNS]
        cells = ["-" if value is None else f"{value:.1f}" for value in values]
        lines.append(f"{name:16}" + "".join(f"{cell:>16}" for cell in (*cells, str(sum(report.errors.values())))))
    lines += [f"{name}: {value:g} times the requests a second" for name, value in comparison.ratios.items()]
    lines += [
        f"{name}: {value:g} times the requests a processor second" for name, value in comparison.cpu_ratios.items()
    ]
    machine = comparison.machine
    lines.append(
        f"{machine['cores']} cores; busy {machine['busy_before']} before, {machine['busy_after']} after, a core"
    )
    return "\n".join(lines) + "\n"


def _reader(kind: type[Any], names: Callable[[Any], str | None]) -> Callable[[bytes], str | None]:
    decoder = msgspec.json.Decoder(kind)

    def read(body: bytes) -> str | None:
        try:
            return names(decoder.decode(body))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None

    return read


def _added(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return dict(total)


def _text(paper: Mapping[str, Any]) -> str:
    return f"{paper['title']}. {paper['abstract']}"


def _sides(chosen: argparse.Namespace) -> list[Side]:
    """In the order in which they take turns."""
    papers, pids = read_papers(chosen.papers), dict(map(_pid, chosen.pid))
    loads: list[tuple[str, str, Load]] = []
    if chosen.ours:
        loads.append(("ours accurate", "ours", ours(chosen.ours, "accurate", papers)))
    if chosen.infinity:
        loads.append(("infinity", "infinity", infinity(chosen.infinity, papers, model=chosen.infinity_model)))
    if chosen.ours:
        loads.append(("ours fast", "ours", ours(chosen.ours, "fast", papers)))
    if chosen.annif:
        loads.append(("annif", "annif", annif(chosen.annif, papers, project=chosen.annif_project)))
    if not loads:
        raise InputError("there is no server to compare: give --ours, --infinity or --annif")
    if unknown := set(pids) - {server for _, server, _ in loads}:
        raise InputError(
            f"--pid names {', '.join(sorted(unknown))}, which is not compared: use ours, infinity or annif"
        )
    return [
        Side(name, replace(load, clients=chosen.clients, seconds=chosen.seconds), pids.get(server))
        for name, server, load in loads
    ]


def _pid(given: str) -> tuple[str, int]:
    name, _, number = given.partition("=")
    if not number.isdigit():
        raise InputError(f"--pid {given!r} is not understood: use SERVER=NUMBER, such as ours=4711")
    return name, int(number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Compare running servers on this machine under the same load.")
    parser.add_argument("--ours", metavar="URL", help="Paperwire; asked for both profiles")
    parser.add_argument("--infinity", metavar="URL", help="an infinity-emb server")
    parser.add_argument("--infinity-model", default="model", help="the name it serves its model under")
    parser.add_argument("--annif", metavar="URL", help="an Annif server")
    parser.add_argument("--annif-project", default="themes-omikuji")
    parser.add_argument("--papers", type=Path, help="JSON Lines with title and abstract; default: a few invented ones")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pid", action="append", default=[], metavar="SERVER=PID", help="for memory, processor time")
    parser.add_argument("--json", type=Path, help="also write everything here")
    return parser


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 where every answer was right, 1 where one was not, 2 where nothing could be compared."""
    chosen = _parser().parse_args(arguments)
    try:
        comparison = compare(_sides(chosen), rounds=chosen.rounds, progress=_say)
    except PaperwireError as error:
        _say(str(error))
        return 2
    if chosen.json:
        chosen.json.write_text(json.dumps(asdict(comparison), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(comparison))
    return 1 if comparison.errors else 0


if __name__ == "__main__":
    sys.exit(main())
