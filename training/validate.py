"""What is wrong with labelled papers, told line by line before anything is trained on them.

Nothing here raises for what the labels hold. `validate` reports, and `usable` takes out what
cannot be used: papers with unknown themes, without text, with contradictory labels, and training
papers that stand among the dev papers too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from models.errors import LabelError, ThemeError
from models.gates import text_reason
from models.themes import Taxonomy
from models.words import counted
from training.dataset import LabelledPaper
from training.duplicates import near_duplicates, normalised
from training.problems import Finding, LabelReport, Place
from training.slices import month

_SHOWN = 5
FEW_PAPERS = 3
"""A theme with fewer papers cannot be learnt, nor measured."""


@dataclass(frozen=True)
class _Splits:
    """Both splits by place, with texts made comparable once."""

    papers: Mapping[Place, LabelledPaper]
    taxonomy: Taxonomy

    @cached_property
    def texts(self) -> dict[Place, str]:
        return {place: normalised(item.paper.text) for place, item in self.papers.items()}

    def of(self, split: str) -> list[Place]:
        return [place for place in self.papers if place[0] == split]

    def where(self, places: Sequence[Place]) -> str:
        """Split and line of each place: train line 12, or train lines 3, 7, dev line 9 and 4 more.

        Papers that are only measured on are one file to their user, and no split.
        """
        shown: dict[str, list[int]] = defaultdict(list)
        for split, position in places[:_SHOWN]:
            shown[split].append(self.papers[split, position].line or position + 1)
        names = {"train": "train ", "dev": "dev " if self.of("train") else ""}
        parts = [f"{names[s]}line{'s' * (len(n) > 1)} {', '.join(map(str, n))}" for s, n in shown.items()]
        rest = len(places) - _SHOWN
        return ", ".join(parts) + (f" and {rest} more" if rest > 0 else "")


def validate(train: Sequence[LabelledPaper], dev: Sequence[LabelledPaper], taxonomy: Taxonomy) -> LabelReport:
    """The report on two splits; either may be empty. 200,000 papers take about a minute."""
    splits = _Splits(
        {(name, n): item for name, papers in (("train", train), ("dev", dev)) for n, item in enumerate(papers)},
        taxonomy,
    )
    found = [finding for check in _CHECKS for finding in check(splits)]
    found.sort(key=lambda finding: finding.severity != "error")
    counts = [Counter(theme for item in papers for theme in set(item.themes)) for papers in (train, dev)]
    support = {theme: (counts[0][theme], counts[1][theme]) for theme in taxonomy.ids}
    return LabelReport(tuple(found), len(train), len(dev), support)


def usable(
    report: LabelReport, train: Sequence[LabelledPaper], dev: Sequence[LabelledPaper], *, strict: bool = False
) -> tuple[list[LabelledPaper], list[LabelledPaper]]:
    """Both splits without what the report drops, and with repeated themes told once.

    Args:
        report: what `validate` said of these very splits. strict: refuse if there is any error.

    Raises:
        LabelError: `strict` and an error, or no paper left in a split that had some; `details` are the errors.
    """
    details = [str(finding) for finding in report.errors]
    if strict and details:
        raise LabelError(
            f"the labels have {counted(len(details), 'error')}; the first: {report.errors[0].message}", details=details
        )
    kept = []
    for split, papers, name in (("train", train, "train"), ("dev", dev, "dev" if train else "labelled")):
        left = [_tidy(item) for n, item in enumerate(papers) if (split, n) not in report.dropped]
        if papers and not left:
            first = f"; the first: {report.errors[0].message}" if report.errors else ""
            raise LabelError(f"none of {counted(len(papers), f'{name} paper')} can be used{first}", details=details)
        kept.append(left)
    return kept[0], kept[1]


def _tidy(item: LabelledPaper) -> LabelledPaper:
    themes = tuple(dict.fromkeys(item.themes))
    return item if themes == item.themes else replace(item, themes=themes)


def _unknown_themes(splits: _Splits) -> Iterator[Finding]:
    places: dict[str, list[Place]] = defaultdict(list)
    for place, item in splits.papers.items():
        for theme in dict.fromkeys(item.themes):
            if theme not in splits.taxonomy.columns:
                places[theme].append(place)
    for theme, found in places.items():
        try:
            splits.taxonomy.column(theme)
        except ThemeError as error:
            message = f"{splits.where(found)}: {error}"
            yield Finding("error", "unknown_theme", message, tuple(found), tuple(found))


def _texts(splits: _Splits) -> Iterator[Finding]:
    """Papers that serving would refuse to tag; without any text they cannot teach either."""
    reasons: dict[str, list[Place]] = defaultdict(list)
    for place, item in splits.papers.items():
        reason = text_reason(item.paper.text)
        if reason:
            reasons[reason].append(place)
    for reason, places in reasons.items():
        words = _REASONS[reason]
        fatal = reason == "no_text"
        yield Finding(
            "error" if fatal else "warning",
            f"text_{reason}",
            f"{splits.where(places)}: {words}",
            tuple(places),
            tuple(places) if fatal else (),
        )


_REASONS = {
    "no_text": "neither title nor abstract holds a word; give the text or take the paper out",
    "too_short": "fewer than three words; such papers are never tagged when served",
    "not_english": "the text is not English; such papers are never tagged when served",
}


def _repeated_themes(splits: _Splits) -> Iterator[Finding]:
    places = [place for place, item in splits.papers.items() if len(set(item.themes)) < len(item.themes)]
    if places:
        message = f"{splits.where(places)}: a theme stands twice in one paper; it counts once"
        yield Finding("warning", "repeated_theme", message, tuple(places))


def _same_id(splits: _Splits) -> Iterator[Finding]:
    keys = ((place, item.paper.id) for place, item in splits.papers.items())
    yield from _same(splits, "id", keys, lambda place: f"id {splits.papers[place].paper.id!r}")


def _same_text(splits: _Splits) -> Iterator[Finding]:
    """Equal texts under other ids; equal ids are told by `_same_id` already."""
    first: dict[tuple[str, str], Place] = {}
    for place, text in splits.texts.items():
        first.setdefault((splits.papers[place].paper.id, text), place)
    keys = ((place, text) for (_, text), place in first.items() if text)
    yield from _same(splits, "text", keys, lambda place: f"the text of {splits.papers[place].paper.id!r}")


def _same(
    splits: _Splits, what: str, keys: Iterable[tuple[Place, str]], name: Callable[[Place], str]
) -> Iterator[Finding]:
    places: dict[str, list[Place]] = defaultdict(list)
    for place, key in keys:
        places[key].append(place)
    for found in places.values():
        if len(found) > 1:
            yield _repetition(splits, what, found, f"{splits.where(found)}: {name(found[0])} occurs {len(found)} times")


def _repetition(splits: _Splits, what: str, found: list[Place], message: str) -> Finding:
    if len({frozenset(splits.papers[place].themes) for place in found}) > 1:
        remedy = "with different themes; none of them is used: settle which is right"
        return Finding("error", f"conflicting_{what}", f"{message} {remedy}", tuple(found), tuple(found))
    dev = [place for place in found if place[0] == "dev"]
    if dev and len(dev) < len(found):
        rest = tuple(place for place in found if place != dev[0])
        message += " in training and dev papers alike; one dev paper is kept, so that it is measured unseen"
        return Finding("error", f"leaked_{what}", message, tuple(found), rest)
    return Finding("warning", f"repeated_{what}", f"{message}; the first is used", tuple(found), tuple(found[1:]))


def _near_duplicates(splits: _Splits) -> Iterator[Finding]:
    train, dev = splits.of("train"), splits.of("dev")
    if not train or not dev:
        return
    texts = splits.texts
    for pair in near_duplicates([texts[place] for place in train], [texts[place] for place in dev]):
        a, b = train[pair.first], dev[pair.second]
        # Equal texts and equal ids are told by the other checks.
        if texts[a] != texts[b] and splits.papers[a].paper.id != splits.papers[b].paper.id:
            ids = f"{splits.papers[a].paper.id} and {splits.papers[b].paper.id}"
            message = f"{splits.where([a, b])}: {ids} share {pair.similarity:.0%} of their word triples; "
            yield Finding("warning", "near_duplicate", f"{message}the training paper is left out", (a, b), (a,))


def _rare_themes(splits: _Splits) -> Iterator[Finding]:
    train = splits.of("train") or splits.of("dev")
    counts = Counter(theme for place in train for theme in set(splits.papers[place].themes))
    for theme in splits.taxonomy.ids if train else ():
        if counts[theme] < FEW_PAPERS:
            papers = {0: "no paper", 1: "one paper"}.get(counts[theme], f"{counts[theme]} papers")
            use = "to learn from" if train[0][0] == "train" else "to measure it on"
            message = f"theme {theme!r} has {papers} {use}: label at least {FEW_PAPERS}, better 50"
            yield Finding("warning", "rare_theme", message)


def _dates(splits: _Splits) -> Iterator[Finding]:
    months = {
        name: [(m, p) for p in splits.of(name) if (m := month(splits.papers[p].paper))] for name in ("train", "dev")
    }
    if not months["train"] or not months["dev"]:
        return
    last, first = max(m for m, _ in months["train"]), min(m for m, _ in months["dev"])
    late = tuple(place for m, place in months["train"] if m > first)
    if late:
        message = (
            f"training papers reach to {last[0]}-{last[1]:02}, dev papers begin in {first[0]}-{first[1]:02}: "
            f"{counted(len(late), 'training paper is', 'training papers are')} newer than the first dev paper, so "
            "figures flatter; split by date"
        )
        yield Finding("warning", "dates_overlap", message, late)


_CHECKS: tuple[Callable[[_Splits], Iterator[Finding]], ...] = (
    _unknown_themes,
    _texts,
    _same_id,
    _same_text,
    _near_duplicates,
    _repeated_themes,
    _rare_themes,
    _dates,
)
