"""Which papers have been met already, in eight bytes each: a dump of any size is folded in flat memory."""

from __future__ import annotations

from array import array
from hashlib import blake2b

_START_BITS = 12
_FULL = 0.6  # linear probing stays short below this share of taken slots


class SeenIds:
    """A set of ids kept as 64-bit hashes in one table that doubles as it fills.

    1,000,000 ids take 16 MiB. Two different ids share a hash with a probability of n^2 / 2^65 over
    n ids (3e-8 for a million); the later paper of such a pair would be taken for a duplicate.
    """

    def __init__(self) -> None:
        self._bits = _START_BITS
        self._table = array("Q", bytes(8 << _START_BITS))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, paper_id: str) -> bool:
        return self._table[self._slot(_hash(paper_id))] != 0

    def add(self, paper_id: str) -> bool:
        """Whether the id is new; from now on it is not."""
        value = _hash(paper_id)
        slot = self._slot(value)
        if self._table[slot]:
            return False
        self._table[slot] = value
        self._count += 1
        if self._count > _FULL * len(self._table):
            self._grow()
        return True

    def _slot(self, value: int) -> int:
        table, mask = self._table, len(self._table) - 1
        slot = value >> (64 - self._bits)
        while table[slot] not in (0, value):
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        old, self._bits = self._table, self._bits + 1
        self._table = array("Q", bytes(8 << self._bits))
        for value in old:
            if value:
                self._table[self._slot(value)] = value


def _hash(paper_id: str) -> int:
    digest = blake2b(paper_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1  # 0 marks a free slot
