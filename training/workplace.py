"""The directory where a run keeps what it would be slow to make again; one run at a time uses it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import ConflictError, StoreError
from training.job import EncoderSource
from training.vectors import encoder_digest


@contextmanager
def held(directory: Path) -> Iterator[Path]:
    """The directory, made if need be and kept from other runs until the block ends, or the process does.

    Raises:
        ConflictError: another run uses it. StoreError: it cannot be made.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        stream = (directory / "lock").open("w")
    except OSError as error:
        raise StoreError(f"cannot use the cache {directory}: {error.strerror}") from None
    with stream:
        try:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConflictError(
                f"another run is using the cache {directory}: wait for it, or name another --cache"
            ) from None
        yield directory


def vectors_of(encoder: EncoderSource, cache: Path) -> Path:
    """The file for vectors of an encoder: they depend on its weights and on how much it reads."""
    return cache / f"vectors-{encoder_digest(encoder.directory)[:16]}-{encoder.max_tokens}.f16"
