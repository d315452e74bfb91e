"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

from typing import Any

import msgspec

from service.out.channel import Channel, Entry, Mark
from service.out.text import iso_time

MEDIA_TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"


def json_feed(channel: Channel) -> bytes:
    """The document in UTF-8; what is ours stands under `_paperwire`."""
    document: dict[str, Any] = {
        "version": VERSION,
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": channel.link,
        "description": channel.description,
        "language": "en",
        "authors": [{"name": "Paperwire"}],
        "_paperwire": {"id": channel.id, "updated": iso_time(channel.updated), "previous_url": channel.previous},
        "items": [_item(entry) for entry in channel.entries],
    }
    if channel.next:
        document["next_url"] = channel.next
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def _item(entry: Entry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.id,
        "url": entry.link,
        "title": entry.title,
        "content_text": entry.abstract,
        "date_modified": iso_time(entry.updated),
        "authors": [{"name": name} for name in entry.authors],
        "tags": list(dict.fromkeys([*entry.categories, *(mark.theme for mark in entry.marks)])),
        "_paperwire": {
            "categories": list(entry.categories),
            "tags": [_tag(mark) for mark in entry.marks],
            **({"doi": entry.doi} if entry.doi else {}),
        },
    }
    return item | ({"date_published": iso_time(entry.published)} if entry.published else {})


def _tag(mark: Mark) -> dict[str, Any]:
    return {
        "theme": mark.theme,
        "label": mark.label,
        "probability": round(mark.probability, 4),
        "source": mark.source,
        "automatic": mark.automatic,
    }
