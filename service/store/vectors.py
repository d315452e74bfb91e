"""Vectors by encoder and text digest, and the papers nearest to one.

A vector belongs to a text, never to a paper: two papers with one text share it, a new version of a
paper has its own, and no paper is ever missing because its text was seen under another id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select

from models.errors import InputError, NotFoundError
from service.store.database import Database, next_id
from service.store.filters import EVERYTHING, Dialect, Query, condition
from service.store.intake import chunks
from service.store.listing import batches, load
from service.store.matrix import Matrix, unit
from service.store.packing import DTYPES, Floats, digest_bytes, packed_row, unpacked_row
from service.store.records import Neighbour, StoredPaper
from service.store.schema import encoders, papers, vectors

_FETCH = 4_096
_LOOK = 2_000  # candidates looked at before a filter is worked out whole
MAX_NEIGHBOURS = 1_000
"""Most neighbours given back."""


class Vectors:
    """Write and read access to vectors; safe to use from several threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._matrices: dict[str, tuple[tuple[int, int], Matrix]] = {}
        self._lock = Lock()

    def save(self, encoder: str, found: Mapping[str, Floats], dtype: str = "f2") -> int:
        """Keep vectors by text digest (64 hex digits); the number that was not there before.

        `dtype` is "f2" (half the size, 11 bits of precision) or "f4"; little-endian on disk. A
        digest that has a vector keeps it: encoder names are versioned, so it would be the same.

        Raises:
            InputError: an empty encoder name, a digest that is none, a vector that is no row of
                finite numbers, or of another length than the encoder's others.
        """
        if not encoder or dtype not in DTYPES:
            raise InputError(
                f"encoder {encoder!r} with dtype {dtype!r}: expected a name and one of {', '.join(DTYPES)}"
            )
        packed = {digest_bytes(digest): packed_row(digest, vector, DTYPES[dtype]) for digest, vector in found.items()}
        with self._database.write("vectors") as connection:
            number = _encoder(connection, encoder) or _add_encoder(connection, encoder)
            there = _there(connection, number, list(packed))
            _check_lengths(
                connection, encoder, number, [data for digest, data in packed.items() if digest not in there], dtype
            )
            new = [
                {"id": row, "encoder": number, "digest": digest, "dtype": dtype, "data": packed[digest]}
                for row, digest in enumerate((d for d in packed if d not in there), next_id(connection, vectors))
            ]
            if new:
                connection.execute(insert(vectors), new)
        return len(new)

    def load(self, encoder: str, digests: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """float32 vectors of length d by digest, of those digests that have one."""
        found: dict[str, NDArray[np.float32]] = {}
        with self._database.read() as connection:
            number = _encoder(connection, encoder)
            for part in chunks([digest_bytes(digest) for digest in digests]) if number else ():
                rows = select(vectors.c.digest, vectors.c.dtype, vectors.c.data)
                for row in connection.execute(rows.where(vectors.c.encoder == number, vectors.c.digest.in_(part))):
                    found[bytes(row.digest).hex()] = unpacked_row(row.dtype, row.data)
        return found

    def missing(self, encoder: str, digests: Sequence[str]) -> list[str]:
        """Those of the digests that have no vector yet, in order, without repetition."""
        there: set[bytes] = set()
        with self._database.read() as connection:
            number = _encoder(connection, encoder)
            for part in chunks([digest_bytes(digest) for digest in digests]) if number else ():
                there |= _there(connection, number, part)
        return [digest for digest in dict.fromkeys(digests) if digest_bytes(digest) not in there]

    def lacking(self, encoder: str, batch: int = 500) -> Iterator[tuple[StoredPaper, ...]]:
        """Batches of the papers whose shown text has no vector of this encoder, in the order the store met them.

        Each batch is a read of its own; papers whose vectors are saved meanwhile no longer count.
        """
        return batches(self._database, lambda connection: _lacks(_encoder(connection, encoder)), batch)

    def count_lacking(self, encoder: str) -> int:
        """How many papers `lacking` would give."""
        with self._database.read() as connection:
            rows = select(func.count()).select_from(papers).where(_lacks(_encoder(connection, encoder)))
            return connection.scalar(rows) or 0

    def counts(self, paper_id: str | None = None) -> dict[str, int]:
        """Vectors by encoder: of all encoders, or of those that have one of what this paper shows."""
        number = func.count(vectors.c.id)
        rows = select(encoders.c.name, number).join(vectors, vectors.c.encoder == encoders.c.id, isouter=True)
        if paper_id is not None:
            shown = select(papers.c.digest).where(papers.c.id == paper_id).scalar_subquery()
            mine = vectors.alias("mine")
            rows = rows.where(exists().where(mine.c.encoder == encoders.c.id, mine.c.digest == shown))
        with self._database.read() as connection:
            found = connection.execute(rows.group_by(encoders.c.name).order_by(encoders.c.name))
            return {row[0]: row[1] for row in found}

    def encoders(self) -> list[str]:
        """Names of the encoders with vectors."""
        with self._database.read() as connection:
            return list(connection.scalars(select(encoders.c.name).order_by(encoders.c.name)))

    def drop(self, encoder: str) -> None:
        """Forget an encoder and all its vectors.

        Raises:
            NotFoundError: it has none.
        """
        with self._database.write("vectors") as connection:
            number = _encoder(connection, encoder)
            if not number:
                raise NotFoundError(f"the store has no vectors of encoder {encoder!r}")
            connection.execute(delete(vectors).where(vectors.c.encoder == number))
            connection.execute(delete(encoders).where(encoders.c.id == number))
            self._database.bump(connection, "dropped vectors")

    def similar(
        self, encoder: str, vector: Floats, *, limit: int = 10, query: Query = EVERYTHING, exclude: Iterable[str] = ()
    ) -> tuple[Neighbour, ...]:
        """The papers whose shown text is nearest to `vector` (d,) by cosine, nearest first; exact.

        `exclude` are paper ids to leave out. The first call reads all vectors of the encoder into
        memory (d + 12 bytes each, see `service.store.matrix`); later calls only add what is new.

        Raises:
            InputError: a vector of the wrong length or not finite, or a limit out of range.
        """
        if not 1 <= limit <= MAX_NEIGHBOURS:
            raise InputError(f"limit is {limit}: expected 1 to {MAX_NEIGHBOURS}")
        matrix = self.warm(encoder)
        wanted = unit(np.asarray(vector, dtype=np.float32))
        if not np.isfinite(wanted).all():
            raise InputError("the vector holds numbers that are not finite")
        if matrix.rows and wanted.shape != (matrix.length,):
            raise InputError(f"the vector has shape {wanted.shape}, those of {encoder!r} have ({matrix.length},)")
        return self._nearest(matrix, wanted, limit, query, frozenset(exclude))

    def similar_to(
        self, encoder: str, paper_id: str, *, limit: int = 10, query: Query = EVERYTHING
    ) -> tuple[Neighbour, ...]:
        """The papers nearest to a stored paper, without itself.

        Raises:
            NotFoundError: there is no such paper, or its text has no vector of this encoder.
        """
        with self._database.read() as connection:
            digest = connection.scalar(select(papers.c.digest).where(papers.c.id == paper_id))
        if digest is None:
            raise NotFoundError(f"there is no paper {paper_id!r} in the store")
        vector = self.load(encoder, [bytes(digest).hex()])
        if not vector:
            raise NotFoundError(f"the text of {paper_id!r} has no vector of encoder {encoder!r}: encode it first")
        return self.similar(encoder, next(iter(vector.values())), limit=limit, query=query, exclude=[paper_id])

    def warm(self, encoder: str) -> Matrix:
        """The matrix of an encoder's vectors, brought up to date with the store."""
        with self._lock, self._database.read() as connection:
            number = _encoder(connection, encoder)
            state = (number, self._database.count(connection, "dropped vectors"))
            known, matrix = self._matrices.get(encoder, (state, Matrix()))
            if known != state:
                matrix = Matrix()
            _extend(connection, number, matrix)
            self._matrices[encoder] = (state, matrix)
            return matrix

    def _nearest(
        self, matrix: Matrix, wanted: NDArray[np.float32], limit: int, query: Query, exclude: frozenset[str]
    ) -> tuple[Neighbour, ...]:
        # A vector may belong to a text that no paper shows any more, or to papers the filter does
        # not take: look at ever more of the nearest, and work the filter out whole if it is narrow.
        scan, narrowed = matrix.scan(wanted), query == EVERYTHING
        number = 4 * limit + len(exclude)
        with self._database.read() as connection:
            while True:
                found = self._rescored(connection, scan.candidates(number), wanted, query, exclude)
                full = len(found) >= limit and scan.is_settled(found[limit - 1][1], number)
                if full or number >= scan.rows:
                    break
                number *= 8
                if number > _LOOK and not narrowed:
                    scan, narrowed = scan.among(self._vector_ids(connection, query)), True
            items = load(connection, [pk for pk, _ in found[:limit]])
        return tuple(Neighbour(item, score) for item, (_, score) in zip(items, found, strict=False))

    def _vector_ids(self, connection: Connection, query: Query) -> list[int]:
        rows = select(vectors.c.id).join(papers, papers.c.digest == vectors.c.digest)
        return list(connection.scalars(rows.where(condition(query, Dialect(self._database.is_sqlite)))))

    def _rescored(
        self,
        connection: Connection,
        ids: Sequence[int],
        wanted: NDArray[np.float32],
        query: Query,
        exclude: frozenset[str],
    ) -> list[tuple[int, float]]:
        rows = select(papers.c.pk, papers.c.id, vectors.c.dtype, vectors.c.data).join(
            vectors, vectors.c.digest == papers.c.digest
        )
        taken = condition(query, Dialect(self._database.is_sqlite, eager=False))
        found: list[tuple[int, float]] = []
        for part in chunks(ids):
            rows_here = connection.execute(rows.where(vectors.c.id.in_(part), taken))
            kept = ((row.pk, unpacked_row(row.dtype, row.data)) for row in rows_here if row.id not in exclude)
            found += ((pk, float(unit(vector) @ wanted)) for pk, vector in kept)
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _encoder(connection: Connection, name: str) -> int:
    return connection.scalar(select(encoders.c.id).where(encoders.c.name == name)) or 0


def _add_encoder(connection: Connection, name: str) -> int:
    number = next_id(connection, encoders)
    connection.execute(insert(encoders).values(id=number, name=name))
    return number


def _lacks(number: int) -> ColumnElement[bool]:
    return ~exists().where(vectors.c.encoder == number, vectors.c.digest == papers.c.digest)


def _there(connection: Connection, number: int, digests: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for part in chunks(digests):
        rows = select(vectors.c.digest).where(vectors.c.encoder == number, vectors.c.digest.in_(part))
        found |= {bytes(row.digest) for row in connection.execute(rows)}
    return found


def _check_lengths(connection: Connection, name: str, number: int, new: Sequence[bytes], dtype: str) -> None:
    lengths = {len(data) // DTYPES[dtype].itemsize for data in new}
    first = select(vectors.c.dtype, vectors.c.data).where(vectors.c.encoder == number).limit(1)
    lengths |= {unpacked_row(row.dtype, row.data).size for row in connection.execute(first)}
    if len(lengths) > 1:
        raise InputError(f"vectors of {name!r} have lengths {sorted(lengths)}: give another encoder another name")


def _extend(connection: Connection, number: int, matrix: Matrix) -> None:
    rows = select(vectors.c.id, vectors.c.dtype, vectors.c.data).where(vectors.c.encoder == number)
    while True:
        part = connection.execute(rows.where(vectors.c.id > matrix.last_id).order_by(vectors.c.id).limit(_FETCH)).all()
        if part:
            matrix.add([row.id for row in part], np.stack([unpacked_row(row.dtype, row.data) for row in part]))
        if len(part) < _FETCH:
            return
