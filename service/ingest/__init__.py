"""Feeds into the store: fetched politely, folded, tagged, and picked up where a kill left them.

    spec        what people write to name a source -> Spec (feed, file, arXiv query, OAI-PMH set)
    intake      ingest(entries, store, tagger) -> Tally     batches: stored, tagged, counted
    rounds      visit_all(sources, desk) -> Visit a source  fetch, ingest, remember; failures stay alone
      |- harvest   arXiv API queries and OAI-PMH sets, page by page, with cursors in the store
      `- fetching  plain feeds, several hosts at a time
    schedule    which sources are due; durations as people write them
    status      how every source is doing, in sentences
    opml        subscription lists in and out
    retag       papers that an older bundle tagged: preview, then anew
    noting      vectors kept while a bundle tags; `filling` adds those that stored papers lack

A batch of papers is one transaction, its taggings another, a cursor moves only after both. Whatever
was cut off is done again by the next run, and done twice is the same as done once.
"""

from service.ingest.answers import Tagger, bundle_id
from service.ingest.filling import Filled, fill_vectors
from service.ingest.intake import ingest, tag_pending
from service.ingest.noting import Keep, TextVectors
from service.ingest.opml import Opml, Outline, read_opml, write_opml
from service.ingest.retag import Retagged, preview, retag
from service.ingest.rounds import Desk, Visit, visit_all
from service.ingest.schedule import due_sources, duration_s, duration_text
from service.ingest.spec import Kind, Spec, parse_spec
from service.ingest.status import SourceStatus, source_status
from service.ingest.tally import Retag, Tally

__all__ = [
    "Desk",
    "Filled",
    "Keep",
    "Kind",
    "Opml",
    "Outline",
    "Retag",
    "Retagged",
    "SourceStatus",
    "Spec",
    "Tagger",
    "Tally",
    "TextVectors",
    "Visit",
    "bundle_id",
    "due_sources",
    "duration_s",
    "duration_text",
    "fill_vectors",
    "ingest",
    "parse_spec",
    "preview",
    "read_opml",
    "retag",
    "source_status",
    "tag_pending",
    "visit_all",
    "write_opml",
]
