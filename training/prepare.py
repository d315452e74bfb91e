"""Labels made ready for training: themes settled, unusable papers taken out, papers held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.errors import LabelError
from models.themes import Taxonomy
from models.words import counted
from training.dataset import LabelledPaper
from training.naming import derived, fitting_share, named_by_id
from training.problems import Finding, LabelReport, Place
from training.splits import SMALL, Splits, named_splits, split
from training.validate import usable, validate

_SAME_THEMES = 0.8
"""With fewer of the labels among the themes in use, the labels are taken for themes of their own."""

_FEW = 200
_SPLITS = ("", "train", "dev", "test")
_OF_SPLITTING = ("near_duplicate", "dates_overlap")


@dataclass(frozen=True, slots=True)
class Labels:
    """Labelled papers as they were given.

    Attributes:
        papers: their `split` may say "dev" or "test". dev, test: papers of further files.
        themes: the taxonomy, if one was given. in_use: that of the bundle in use.
    """

    papers: Sequence[LabelledPaper]
    dev: Sequence[LabelledPaper] = ()
    test: Sequence[LabelledPaper] = ()
    themes: Taxonomy | None = None
    in_use: Taxonomy | None = None

    @property
    def everything(self) -> list[LabelledPaper]:
        """All papers of all files."""
        return [*self.papers, *self.dev, *self.test]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What can be trained on.

    Attributes:
        taxonomy: the themes. splits: usable papers by use. problems: what was wrong with the rest.
        remarks: decisions that people should know of, a line each.
    """

    taxonomy: Taxonomy
    splits: Splits
    problems: LabelReport
    remarks: tuple[str, ...]


def prepare(labels: Labels, *, seed: int = 0, strict: bool = False, fine_tuned: bool = False) -> Prepared:
    """Themes, splits and problems of some labels.

    Args:
        strict: refuse labels with errors rather than leave those papers out.
        fine_tuned: an encoder will be trained too, so dev papers are needed however few papers there are.

    Raises:
        LabelError: nothing to train on, or errors under `strict`; `details` names them.
    """
    taxonomy, remark = _taxonomy(labels)
    papers, dev, test = (named_by_id(part, taxonomy) for part in (labels.papers, labels.dev, labels.test))
    given = named_splits(papers, dev, test)
    if given is None:
        splits, problems = _split(papers, taxonomy, seed, strict=strict, fine_tuned=fine_tuned)
    else:
        splits, problems = _as_given(given, taxonomy, strict=strict)
    remarks = [remark, *_odd_splits(papers), f"split: {splits.how}", _scarcity(splits)]
    return Prepared(taxonomy, splits, problems, tuple(filter(None, remarks)))


def _odd_splits(papers: Sequence[LabelledPaper]) -> list[str]:
    """Who writes "validation" means to hold papers out, and would not notice that they are not."""
    counts = Counter(item.split for item in papers if item.split not in _SPLITS)
    return [
        f"warning: {counted(count, 'paper')} of the split {name!r} not held out: only dev and test are"
        for name, count in counts.items()
    ]


def _scarcity(splits: Splits) -> str:
    papers = len(splits.train)
    if papers >= _FEW:
        return ""
    few = f"{counted(papers, 'paper')} to learn from"
    return f"warning: {few}: tags will be poor where a theme has fewer than fifty"


def _taxonomy(labels: Labels) -> tuple[Taxonomy, str]:
    if labels.themes is not None:
        return labels.themes, ""
    if labels.in_use is not None and fitting_share(labels.everything, labels.in_use) >= _SAME_THEMES:
        return labels.in_use, ""
    taxonomy = derived(labels.everything)
    remark = f"{counted(len(taxonomy), 'theme')} taken from the labels: --themes FILE can name and define them"
    return taxonomy, remark


def _as_given(given: Splits, taxonomy: Taxonomy, *, strict: bool) -> tuple[Splits, LabelReport]:
    if not given.train:
        raise LabelError("every paper is held out as dev or test: there is nothing to learn from")
    held = [*(replace(item, split="dev") for item in given.dev), *(replace(item, split="test") for item in given.test)]
    problems = validate(given.train, held, taxonomy)
    train, kept = usable(problems, given.train, held, strict=strict)
    dev, test = (tuple(item for item in kept if item.split == name) for name in ("dev", "test"))
    return Splits(tuple(train), dev, test, given.how), problems


def _split(
    papers: Sequence[LabelledPaper], taxonomy: Taxonomy, seed: int, *, strict: bool, fine_tuned: bool
) -> tuple[Splits, LabelReport]:
    """Repetitions are settled first, or the split itself would tear them apart."""
    first = validate(papers, [], taxonomy)
    kept, _ = usable(first, papers, [], strict=strict)
    few = len(kept) < SMALL
    splits = split(kept, seed=seed, small=0 if fine_tuned else SMALL, tested=not few)
    held = [*splits.dev, *splits.test]
    second = validate(splits.train, held, taxonomy)
    train, _ = usable(second, splits.train, held)
    rows = [row for row in range(len(papers)) if ("train", row) not in first.dropped]
    origin = {id(item): row for item, row in zip(kept, rows, strict=True)}
    found = [_placed(f, splits.train, held, origin) for f in second.findings if f.kind in _OF_SPLITTING]
    problems = replace(second, findings=(*first.findings, *found))
    return replace(splits, train=tuple(train)), problems


def _placed(
    finding: Finding, train: Sequence[LabelledPaper], held: Sequence[LabelledPaper], origin: dict[int, int]
) -> Finding:
    """A finding about split papers, told of their places in the one file they come from."""

    def moved(places: Sequence[Place]) -> tuple[Place, ...]:
        return tuple(("train", origin[id((train if name == "train" else held)[n])]) for name, n in places)

    return replace(finding, places=moved(finding.places), dropped=moved(finding.dropped))
