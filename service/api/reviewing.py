"""What people say about papers, into the store: papers it lacks are stored and tagged first.

Our own endpoints, Annif's `learn` and Label Studio's webhook all end here. Every step is a
transaction, in an order in which a kill between two of them leaves nothing that is wrong: a paper
without tags or verdicts, which the same request, sent again, completes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Sequence
from dataclasses import dataclass

from models.errors import InputError, NotFoundError, PaperwireError
from models.paper import Paper
from models.tagging import TagOptions
from service.api.operation import Call
from service.feeds.identity import paper_id
from service.ingest.answers import Tagger, bundle_id
from service.store import Judgement, Store, StoredPaper, StoredTagging, Verdict
from service.store.columns import storable_text
from service.store.folding import refusal
from service.store.reviews import OTHERS

ANYBODY = "local"
"""Who speaks where API keys are off."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one person says about one paper.

    Attributes:
        paper_id, who: the paper and the person. verdicts: theirs on it.
        paper: the paper itself, for a store that lacks it. whole: they say nothing else about it any more.
    """

    paper_id: str
    who: str
    verdicts: tuple[Verdict, ...]
    paper: Paper | None = None
    whole: bool = False


def speaker(call: Call) -> str:
    """Whose word a request carries: the name of its API key."""
    return call.caller.name if call.service.ring is not None else ANYBODY


def id_of(own: str, text: Paper | None = None) -> str:
    """The id of a paper as the store writes it; by its text where it has none of its own, "" without any."""
    known = storable_text(paper_id(own=own))
    return known if known or text is None or not text.text else f"text:{text.digest[:32]}"


def verdict(paper: str, who: str, theme: str, judgement: Judgement | str, note: str = "") -> Verdict:
    """One verdict, given now."""
    return Verdict(paper, theme, Judgement(judgement), who, note)


def completeness(paper: str, who: str, complete: bool) -> Verdict:
    """The verdict that calls a paper's tags complete, or takes that back."""
    return verdict(paper, who, OTHERS, Judgement.REJECT if complete else Judgement.UNSURE)


async def record(call: Call, every: Sequence[Said]) -> list[PaperwireError | None]:
    """Why each of them could not be saved, None where it was; all of these are on disk on return.

    Raises:
        UnavailableError: there is no store, or the engine has no room. StoreError: the store refused.
    """
    store = await asyncio.to_thread(call.service.library.open)
    known = await asyncio.to_thread(_known, store, every)
    problems = [_problem(said, known) for said in every]
    good = [said for said, problem in zip(every, problems, strict=True) if problem is None]
    new = {said.paper_id: said.paper for said in good if said.paper and said.paper_id not in known}
    untagged = [stored.paper for stored in known.values() if stored.tagging is None]
    answers = await _tagged(call, [*new.values(), *untagged])
    await asyncio.to_thread(_save, store, answers, list(new.values()), good)
    return problems


def _known(store: Store, every: Sequence[Said]) -> dict[str, StoredPaper]:
    return {stored.paper.id: stored for stored in store.papers.get_many([said.paper_id for said in every])}


def _problem(said: Said, known: Container[str]) -> PaperwireError | None:
    """Why a paper cannot be judged, or None."""
    reason = refusal(Paper(said.paper_id))
    if reason:
        return InputError(f"paper {said.paper_id[:80]!r}: {reason}")
    if said.paper_id in known:
        return None
    if said.paper is None:
        return NotFoundError(f"the store has no paper {said.paper_id!r}: send it along as 'paper', or add it first")
    if not said.paper.text:
        return InputError(f"paper {said.paper_id!r} has neither title nor abstract: the store cannot take it in")
    return None


async def _tagged(call: Call, papers: Sequence[Paper]) -> Sequence[StoredTagging]:
    """Answers of the live model about papers that have none in the store."""
    if not papers:
        return ()
    bundle = call.engine.bundle
    taggings = await call.wait_for(call.engine.tag(papers, TagOptions(call.settings.profile), bundle))
    call.service.metrics.answered(taggings)
    return Tagger(bundle_id(bundle.name), lambda _: taggings).tag(papers)


def _save(store: Store, answers: Sequence[StoredTagging], new: Sequence[Paper], every: Sequence[Said]) -> None:
    if new:
        store.papers.upsert(new)
    if answers:
        store.taggings.save(answers)
    store.verdicts.replace({(said.paper_id, said.who): said.verdicts for said in every if said.whole})
    store.verdicts.save([one for said in every if not said.whole for one in said.verdicts])
