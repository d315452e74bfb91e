"""Settings that contradict one another, and folders and files that they name in vain."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.settings import Settings


def contradictions(settings: Settings) -> Iterable[str]:
    """Every pair of settings that cannot hold together, one line each."""
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        yield "tls_certificate and tls_key belong together: give both or neither"
    for name in ("tls_certificate", "tls_key"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            yield f"{name} is {str(path)!r}: there is no such file"
    if settings.keys == "off" and not settings.on_loopback:
        yield f"keys are off but others can reach host {settings.host!r}: leave keys at auto, or host at loopback"
    if settings.keys_required and settings.keys_file is None:
        yield "keys_file is missing: API keys are required; make one with `paperwire keys create` and name its file"
    if settings.papers_per_request > settings.queue_texts:
        yield (
            f"papers_per_request is {settings.papers_per_request}, more than the queue_texts {settings.queue_texts} "
            "that are ever admitted: raise queue_texts"
        )
    yield from (f"cors_origins holds {o!r}: write https://host, or * alone" for o in settings.cors_origins if _odd(o))
    yield from (
        f"jobs_paths holds {folder!r}: {why}" for folder in settings.jobs_paths if (why := _odd_root(folder, settings))
    )


def _odd(origin: str) -> bool:
    scheme, separator, host = origin.partition("://")
    return origin != "*" and (scheme not in ("http", "https") or not separator or not host or "/" in host)


def _odd_root(folder: str, settings: Settings) -> str:
    if not Path(folder).is_absolute() or Path(folder) == Path("/"):
        return "name a folder by its full path"
    place = settings.jobs_place.resolve()
    if place.is_relative_to(Path(folder).resolve()):
        return f"uploads and results of others lie there, in {str(place)!r}: set jobs_folder to a place outside of it"
    return ""


def summary(problems: list[str]) -> str:
    """One line for all problems: the first, and how many more."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"the settings cannot be used: {problems[0]}{more}"
