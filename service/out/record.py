"""A stored paper as one JSON object: the same in JSON Lines and from the API.

The members of `Paper.to_json` come first, so our own reader gives back the paper as it was; what the
store and the model add stands beside them under names that no paper's field has.
"""

from __future__ import annotations

from typing import Any

from service.out.names import ThemeNames
from service.out.text import iso_time
from service.store import StoredPaper, StoredTag, StoredTagging

AUTOMATIC = frozenset(("model", "definition", "rule"))
"""Sources of a tag that are no person."""


def is_automatic(tag: StoredTag) -> bool:
    """Whether a machine gave the tag."""
    return tag.source in AUTOMATIC


def paper_record(stored: StoredPaper, names: ThemeNames) -> dict[str, Any]:
    """JSON-ready dict of a paper with its current tagging, null where it was never tagged."""
    return {
        **stored.paper.to_json(),
        "first_seen": iso_time(stored.first_seen),
        "changed": iso_time(stored.changed),
        "withdrawn": stored.withdrawn,
        "stale": stored.stale,
        "tagging": None if stored.tagging is None else tagging_record(stored.tagging, names),
    }


def tagging_record(tagging: StoredTagging, names: ThemeNames) -> dict[str, Any]:
    """JSON-ready dict of one tagging, tags most probable first."""
    return {
        "tags": [tag_record(tag, names) for tag in tagging.tags],
        "primary": tagging.primary or None,
        "abstained": tagging.abstained,
        "reasons": list(tagging.reasons),
        "novelty": None if tagging.novelty is None else round(tagging.novelty, 4),
        "profile": tagging.profile,
        "bundle": tagging.bundle,
        "time": iso_time(tagging.time),
    }


def tag_record(tag: StoredTag, names: ThemeNames) -> dict[str, Any]:
    """JSON-ready dict of one tag."""
    return {
        "theme": tag.theme,
        "label": names.label(tag.theme),
        "path": list(names.path(tag.theme)),
        "probability": round(tag.probability, 4),
        "source": tag.source,
        "automatic": is_automatic(tag),
    }
