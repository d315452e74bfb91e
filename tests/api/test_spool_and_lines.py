"""The spool keeps order through memory and disk; lines do not depend on how bytes arrive."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.lines import Line, LineSplitter
from service.api.spool import MEMORY_BYTES, Spool


def test_order_through_memory_and_disk() -> None:
    async def scenario() -> None:
        spool = Spool(8 * MEMORY_BYTES)
        pieces = [bytes([n]) * 300_000 for n in range(20)]
        for piece in pieces[:12]:
            await spool.put(piece)
        first = await spool.get()
        for piece in pieces[12:]:
            await spool.put(piece)
        await spool.end()
        rest = [first]
        while data := await spool.get():
            rest.append(data)
        spool.close()
        assert b"".join(rest) == b"".join(pieces)

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_full_spool_makes_its_writer_wait() -> None:
    async def scenario() -> None:
        spool = Spool(0)
        await spool.put(b"x" * MEMORY_BYTES)
        late = asyncio.create_task(spool.put(b"y"))
        await asyncio.sleep(0.01)
        assert not late.done()
        assert len(await spool.get()) == MEMORY_BYTES
        await late
        assert await spool.get() == b"y"

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_disk_is_used_again_once_it_was_read() -> None:
    async def scenario() -> None:
        spool = Spool(500_000)
        for _ in range(10):
            await spool.put(b"m" * MEMORY_BYTES)
            await spool.put(b"d" * 400_000)
            got = b""
            while len(got) < MEMORY_BYTES + 400_000:
                got += await spool.get()
            assert got == b"m" * MEMORY_BYTES + b"d" * 400_000
        spool.close()

    asyncio.run(asyncio.wait_for(scenario(), 30))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=12).map(lambda b: b.replace(b"\n", b" ")), max_size=8), st.data())
def test_lines_do_not_depend_on_chunks(parts: list[bytes], data: st.DataObject) -> None:
    text = b"\n".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    splitter, found = LineSplitter(10), []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        found += splitter.feed(text[start:end])
    found += splitter.finish()
    numbered = enumerate(parts, start=1)
    expected = [Line(n, part if len(part) <= 10 else None) for n, part in numbered if part.strip() or len(part) > 10]
    assert found == expected
