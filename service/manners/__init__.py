"""What feeds do beyond their papers: announcing days off, going stale, skipping days, withdrawing.

    batch       channel(body), batch_facts(...) -> BatchFacts    what there is to know of one fetch
    health      assess(present, history) -> FeedHealth           what is wrong, in plain sentences
    withdrawn   withdrawal(paper), deleted_records(body)         papers taken back

All pure: bytes, papers and times in, values out.
"""

from service.manners.batch import BatchFacts, Channel, batch_facts, channel
from service.manners.health import FeedHealth, Finding, assess
from service.manners.withdrawn import DeletedRecord, deleted_records, withdrawal

__all__ = [
    "BatchFacts",
    "Channel",
    "DeletedRecord",
    "FeedHealth",
    "Finding",
    "assess",
    "batch_facts",
    "channel",
    "deleted_records",
    "withdrawal",
]
