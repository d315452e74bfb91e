"""From labels to a bundle with its report, in one go: what `paperwire train` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from models.bundle import ModelBundle
from models.errors import UnavailableError
from models.paper import Paper
from training.distil import COUNT, sample, soften, within_scope
from training.encoders import MINILM, SHIPPED, Current, choose, find, minilm_directory
from training.evaluate import Evaluation
from training.finetune import Tell, TuneOptions, fine_tune, silent
from training.fit import fit_bundle
from training.job import EncoderSource, FitOptions, Job, SoftPapers
from training.measuring import measure
from training.prepare import Labels, Prepared, prepare
from training.publish import publish
from training.student import StudentOptions
from training.vectors import Progress, no_progress
from training.workplace import held, vectors_of

_LENT_WEIGHT = 0.7  # of a paper with lent probabilities, against a labelled one, when an encoder is fine-tuned


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be trained.

    Attributes:
        labels: the labelled papers. current: the bundle in use, for its encoder and its themes.
        out: directory of the bundle; its report goes beside it. cache: directory of vectors and checkpoints.
        encoder: "shipped", "minilm", a directory, or None to choose by the themes (`training.encoders`).
        outside: papers of other fields. field_categories: as in `training.job.Job`.
        tune: how to fine-tune the encoder; None leaves it as it is.
        unlabelled, count: gives papers to teach the n-gram heads with, anew at each call, and how many of them; a
            fine-tuned encoder learns from them too, with what the bundle in use says, if its themes are the same.
        student: how to train a network for the fast profile; None trains none.
        curve: also draw the learning curve. strict: refuse labels with errors.
    """

    labels: Labels
    current: Current | None
    out: Path
    cache: Path
    encoder: str | None = None
    outside: Sequence[Paper] = ()
    field_categories: tuple[str, ...] = ()
    tune: TuneOptions | None = None
    unlabelled: Callable[[], Iterable[Paper]] | None = None
    count: int = COUNT
    student: StudentOptions | None = None
    name: str = "themes"
    version: str = "1"
    seed: int = 0
    curve: bool = True
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        bundle: its directory. digest: its sha256. report: page with all figures.
        evaluation: the figures. measured_on: of which papers, in words.
    """

    bundle: Path
    digest: str
    report: Path
    evaluation: Evaluation
    measured_on: str

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict: where things are, and the figures that people ask for first."""
        names = ("micro_f1", "macro_f1", "precision_at_1", "ndcg_at_5", "ece")
        figures = {name: self.evaluation.figures[name].to_json() for name in names}
        return {
            "bundle": str(self.bundle),
            "sha256": self.digest,
            "report": str(self.report),
            "metrics": self.evaluation.model["metrics"],
            "measured_on": self.measured_on,
            "figures": figures,
        }


def train(request: Request, *, progress: Progress = no_progress, tell: Tell = silent) -> Outcome:
    """Train, measure and write; the same request gives the same bundle on the same machine.

    A run that was killed goes on from its cache when it is asked for again.

    Args:
        tell: is told what is wrong with the labels and what was decided, a line each.

    Raises:
        LabelError: labels that cannot be trained on. UnavailableError: an optional part is missing.
        BundleError: an encoder that cannot be used, or `out` cannot be written. ConflictError:
            another run uses the cache.
    """
    prepared = prepare(request.labels, seed=request.seed, strict=request.strict, fine_tuned=request.tune is not None)
    for line in (*prepared.problems.lines(), prepared.problems.summary(), *prepared.remarks):
        tell(line)
    with held(request.cache):
        encoder = _encoder(request, prepared, progress, tell)
        tell(f"encoder: {encoder.name}")
        cache = vectors_of(encoder, request.cache)
        job = _job(request, prepared, encoder)
        job = replace(job, soft=_soft(request, job, cache, progress), student=_student(request))
        digest = fit_bundle(job, request.out, cache=cache, work=request.cache, progress=progress)
        bundle = ModelBundle.load(request.out, verify=False)
        measured = measure(job, bundle, prepared.splits.test, curve=request.curve, cache=cache, progress=progress)
    page = publish(bundle, measured, prepared.problems, request.out.with_name(f"{request.out.name}.report"))
    return Outcome(request.out, digest, page, measured.evaluation, measured.what)


def _encoder(request: Request, prepared: Prepared, progress: Progress, tell: Tell) -> EncoderSource:
    if request.tune is None:
        choice = choose(request.encoder, prepared.taxonomy, request.current)
        return find(choice, request.current, request.cache)
    if request.encoder == SHIPPED:
        raise UnavailableError("the shipped encoder is a finished graph: fine-tune from minilm or a directory")
    start = minilm_directory() if (request.encoder or MINILM) == MINILM else Path(request.encoder or "")
    splits, tune = prepared.splits, replace(request.tune, seed=request.seed)
    soft = _lent(request, prepared, progress, tell)
    return fine_tune(
        start, splits.train, splits.dev, prepared.taxonomy, request.cache, tune, soft=soft, progress=progress, tell=tell
    )


def _lent(request: Request, prepared: Prepared, progress: Progress, tell: Tell) -> SoftPapers | None:
    """Unlabelled papers with the probabilities of the bundle in use, where it has the same themes."""
    current = request.current
    if request.unlabelled is None or current is None or current.taxonomy.ids != prepared.taxonomy.ids:
        return None
    tell(f"the encoder learns from unlabelled papers too, with the probabilities of {current.name}")
    teacher = ModelBundle.load(current.directory, verify=False)
    vectors = vectors_of(find(SHIPPED, current, request.cache), request.cache)
    soft = soften(teacher, _unlabelled(request, teacher), vectors, progress=progress)
    return replace(soft, weight=_LENT_WEIGHT)


def _job(request: Request, prepared: Prepared, encoder: EncoderSource) -> Job:
    splits = prepared.splits
    return Job(
        prepared.taxonomy,
        encoder,
        splits.train,
        splits.dev,
        request.outside,
        field_categories=request.field_categories,
        name=request.name,
        version=request.version,
        options=FitOptions(seed=request.seed),
        notes={"training": _notes(request, prepared)},
    )


def _notes(request: Request, prepared: Prepared) -> Mapping[str, Any]:
    """What else decided what the bundle is; nothing that differs from run to run."""
    out: dict[str, Any] = {"seed": request.seed, "split": prepared.splits.how, "test": len(prepared.splits.test)}
    if request.tune is not None:
        out["fine_tuned"] = asdict(replace(request.tune, seed=request.seed, threads=0))
    if request.unlabelled is not None:
        out["distilled"] = request.count
    if student := _student(request):
        out["student"] = asdict(student)
    return out


def _student(request: Request) -> StudentOptions | None:
    return None if request.student is None else replace(request.student, seed=request.seed)


def _soft(request: Request, job: Job, cache: Path, progress: Progress) -> SoftPapers | None:
    """Unlabelled papers with the labels of a bundle that was trained without them."""
    if request.unlabelled is None:
        return None
    directory = request.cache / "teacher"
    fit_bundle(job, directory, cache=cache, progress=progress)
    teacher = ModelBundle.load(directory, verify=False)
    return soften(teacher, _unlabelled(request, teacher), cache, progress=progress)


def _unlabelled(request: Request, teacher: ModelBundle) -> list[Paper]:
    labelled = {item.paper.id for item in request.labels.everything}
    papers = request.unlabelled() if request.unlabelled else ()
    return sample(within_scope(teacher, papers), request.count, labelled)
