"""Problems of labelled papers as a report: one line each, errors first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from models.words import counted

Severity = Literal["error", "warning"]
Place = tuple[str, int]
"""Split ("train" or "dev") and position in it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem.

    Attributes:
        severity: "error" where papers cannot be used as they are, else "warning".
        kind: what sort of problem, such as "unknown_theme".
        message: one line with line numbers and the remedy.
        places: the papers concerned. dropped: those that `usable` leaves out for it.
    """

    severity: Severity
    kind: str
    message: str
    places: tuple[Place, ...] = ()
    dropped: tuple[Place, ...] = ()

    def __str__(self) -> str:
        return f"{self.severity}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {
            "severity": self.severity,
            "kind": self.kind,
            "message": self.message,
            "papers": len(self.places),
            "dropped": len(self.dropped),
        }


@dataclass(frozen=True)
class LabelReport:
    """All problems of two splits, errors first.

    Attributes:
        train, dev: number of papers. support: papers of each theme in train and dev.
    """

    findings: tuple[Finding, ...]
    train: int
    dev: int
    support: Mapping[str, tuple[int, int]]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Problems that make papers unusable."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Problems worth knowing."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")

    @cached_property
    def dropped(self) -> frozenset[Place]:
        """Papers that `usable` leaves out."""
        return frozenset(place for finding in self.findings for place in finding.dropped)

    def lines(self, limit: int = 10) -> list[str]:
        """Every problem in one line, at most `limit` of a kind, and a line for what is left out."""
        out, told = [], Counter[str]()
        for finding in self.findings:
            told[finding.kind] += 1
            if told[finding.kind] <= limit:
                out.append(str(finding))
        out += [f"... and {n - limit} more: {kind.replace('_', ' ')}" for kind, n in told.items() if n > limit]
        return out

    def summary(self) -> str:
        """One line: how many papers, problems, and papers left out."""
        return (
            f"{self.train} training and {counted(self.dev, 'dev paper')}: {counted(len(self.errors), 'error')}, "
            f"{counted(len(self.warnings), 'warning')}, {counted(len(self.dropped), 'paper')} left out"
        )

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return {
            "train": self.train,
            "dev": self.dev,
            "dropped": len(self.dropped),
            "support": {theme: {"train": a, "dev": b} for theme, (a, b) in self.support.items()},
            "findings": [finding.to_json() for finding in self.findings],
        }
