"""A report as blocks, written once and shown as HTML or Markdown; all text is escaped here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to an address."""

    text: str
    url: str


Cell = str | Link | tuple["str | Link", ...]
"""Text, a link, or several of them one after the other."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, of a section unless `level` says otherwise."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `warning` sets it apart."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """Points one below the other."""

    items: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are headers.

    Attributes:
        numbers: columns set flush right.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart: `name` is its file name without ending, `svg` comes from `training.plots`."""

    name: str
    svg: str
    caption: str


Block = Heading | Paragraph | Bullets | Table | Figure


def table(headers: Sequence[str], rows: Sequence[Sequence[Cell]], numbers: Sequence[int] = ()) -> Table:
    """A table of any sequences."""
    return Table(tuple(headers), tuple(tuple(row) for row in rows), frozenset(numbers))


def paper_link(paper_id: str) -> str | Link:
    """An arXiv id as a link to its abstract page, any other id as text."""
    if paper_id.startswith("arxiv:"):
        return Link(paper_id, "https://arxiv.org/abs/" + quote(paper_id.removeprefix("arxiv:"), safe="/"))
    return paper_id


_STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.25rem; margin-top: 2.5rem; border-bottom: 1px solid #8884 }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .7rem; text-align: left; border-bottom: 1px solid #8883; vertical-align: top }
th { border-bottom: 2px solid #8886 } .n { text-align: right } figure { margin: 1rem 0 }
figcaption { opacity: .75; font-size: .9em } svg { width: 100%; height: auto; max-width: 46rem }
.warning { border-left: 4px solid #d55e00; padding: .4rem .8rem; background: #d55e0018 }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def to_html(title: str, blocks: Sequence[Block]) -> str:
    """One self-contained page: no script, nothing loaded from elsewhere, charts within."""
    body = "\n".join(_html_block(block) for block in blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n{body}\n</body>\n</html>\n"
    )


_WARNED = ' class="warning"'


def _html_block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p{_WARNED if block.warning else ''}>{escape(block.text)}</p>"
    if isinstance(block, Bullets):
        return "<ul>" + "".join(f"<li>{_html_cell(item)}</li>" for item in block.items) + "</ul>"
    if isinstance(block, Figure):
        return f"<figure>{block.svg}<figcaption>{escape(block.caption)}</figcaption></figure>"
    return _html_table(block)


def _html_table(block: Table) -> str:
    def row(tag: str, cells: Sequence[Cell]) -> str:
        marks = (' class="n"' if n in block.numbers else "" for n in range(len(cells)))
        return "".join(f"<{tag}{mark}>{_html_cell(cell)}</{tag}>" for mark, cell in zip(marks, cells, strict=True))

    body = "".join(f"<tr>{row('td', cells)}</tr>\n" for cells in block.rows)
    head = f"<thead><tr>{row('th', block.headers)}</tr></thead>"
    return f'<div class="wide"><table>{head}\n<tbody>{body}</tbody></table></div>'


def _html_cell(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return " ".join(_html_cell(part) for part in cell)
    if isinstance(cell, Link):
        return f'<a href="{escape(cell.url)}" rel="noreferrer">{escape(cell.text)}</a>'
    return escape(cell)


_MARKDOWN = re.compile(r"([\\`*_\[\]|~$])")
_LINE_START = re.compile(r"^(\s*)([-+#>=]|\d+[.)])", re.MULTILINE)


def to_markdown(title: str, blocks: Sequence[Block]) -> str:
    """GitHub-flavoured Markdown; figures are links to `NAME.svg` beside it."""
    return "\n\n".join([f"# {plain(title)}", *(_markdown_block(block) for block in blocks)]) + "\n"


def plain(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    one_line = " ".join(text.split())
    escaped = _MARKDOWN.sub(r"\\\1", escape(one_line, quote=False))
    return _LINE_START.sub(lambda m: f"{m[1]}{m[2][:-1]}\\{m[2][-1]}", escaped)


def _markdown_block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {plain(block.text)}"
    if isinstance(block, Paragraph):
        return f"> **Note:** {plain(block.text)}" if block.warning else plain(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {_markdown_cell(item)}" for item in block.items)
    if isinstance(block, Figure):
        return f"![{plain(block.caption)}]({quote(block.name)}.svg)"
    return _markdown_table(block)


def _markdown_table(block: Table) -> str:
    rule = ["---:" if n in block.numbers else "---" for n in range(len(block.headers))]
    rows = [[plain(header) for header in block.headers], rule]
    rows += [[_markdown_cell(cell) for cell in cells] for cells in block.rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _markdown_cell(cell: Cell) -> str:
    if isinstance(cell, tuple):
        return " ".join(_markdown_cell(part) for part in cell)
    if isinstance(cell, Link):
        return f"[{plain(cell.text)}]({quote(cell.url, safe=':/?&=#%')})"
    return plain(cell)
