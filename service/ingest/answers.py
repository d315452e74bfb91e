"""A bundle's answers in the form the store keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.bundle import ModelBundle
from models.paper import Paper
from models.tagging import ModelName, Tagging, TagOptions
from service.ingest.noting import TextVectors
from service.store import Clock, Store, StoredTag, StoredTagging
from service.store.database import now

Answer = Callable[[Sequence[Paper]], Sequence[Tagging]]
"""One answer a paper, in order, as `ModelBundle.tag` gives them."""


def bundle_id(name: ModelName) -> str:
    """What the store calls a bundle: its name, version and 16 hex digits of its sha256, `themes@1.2+9f3c...`.

    The digits are what tells bundles apart; name and version are for people.
    """
    return f"{name.name}@{name.version}+{name.sha256[:16]}"


@dataclass(frozen=True, slots=True)
class Tagger:
    """What tags the papers of a run.

    Attributes:
        bundle: the store's name of the bundle, see `bundle_id`. answer: its answers.
        clock: aware present, the time of taggings.
        vectors: notes the vectors that the answers were made of; None keeps none.
    """

    bundle: str
    answer: Answer
    clock: Clock = now
    vectors: TextVectors | None = None

    @classmethod
    def of(cls, bundle: ModelBundle, options: TagOptions | None = None, vectors: TextVectors | None = None) -> Tagger:
        """The tagger that asks a bundle, always under the same options.

        `vectors` are those that this bundle, or one it stands around, tells its vectors to.
        """
        return cls(bundle_id(bundle.name), lambda papers: bundle.tag(papers, options), vectors=vectors)

    def tag(self, papers: Sequence[Paper]) -> list[StoredTagging]:
        """One tagging a paper, in order, ready to be saved."""
        if self.vectors:
            self.vectors.forget()
        answers, moment = self.answer(papers), self.clock()
        return [self._stored(paper, answer, moment) for paper, answer in zip(papers, answers, strict=True)]

    def save(self, store: Store, papers: Sequence[Paper], answers: Sequence[StoredTagging]) -> None:
        """Keep what `tag` just gave for these papers, and their vectors.

        Vectors first: killed in between, a paper has no tags yet and is tagged again by the next
        run, whereas one with tags and without vectors would be left alone.
        """
        if self.vectors:
            self.vectors.save(store, papers)
        store.taggings.save(answers)

    def _stored(self, paper: Paper, answer: Tagging, moment: datetime) -> StoredTagging:
        return StoredTagging(
            paper_id=paper.id,
            version=paper.version,
            bundle=self.bundle,
            profile=answer.profile,
            time=moment,
            tags=tuple(StoredTag(tag.theme, tag.probability, tag.source) for tag in answer.tags),
            primary=answer.primary or "",
            abstained=answer.abstained,
            reasons=answer.reasons,
            novelty=answer.novelty,
            digest=paper.digest,  # so that a text replaced meanwhile is noticed
        )
