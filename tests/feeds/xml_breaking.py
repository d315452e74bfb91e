"""Ways to break the samples."""

from __future__ import annotations

from hypothesis import strategies as st

_SNIPPETS = (
    b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?", b"'", b'"', b"/>",
    b"</item>", b"<item>", b"<entry>", b"</entry>", b"<record>", b"</record>", b"<title>", b"</title>", b"<a:b>",
    b"\x00", b"\xff", b"\xe9", b"&#0;", b"&#xD800;", b"&nope;", b"&nbsp;", b' xmlns="x"', b"2603.00001",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"http://[", b"<link href='http://[::'/>",
)  # fmt: skip


@st.composite
def broken(draw: st.DrawFn, documents: tuple[bytes, ...]) -> bytes:
    """One of the documents with a few bytes inserted, taken out, doubled or changed."""
    data = bytearray(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 120)))
        kind = draw(st.sampled_from(["insert", "delete", "double", "noise", "cut"]))
        if kind == "insert":
            data[start:start] = draw(st.sampled_from(_SNIPPETS))
        elif kind == "delete":
            del data[start:end]
        elif kind == "double":
            data[start:start] = data[start:end]
        elif kind == "noise":
            data[start:end] = draw(st.binary(max_size=8))
        elif start:
            del data[start:]
    return bytes(data)
