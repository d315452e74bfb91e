"""A digest as Markdown, HTML or plain text; nothing of a paper's own text becomes markup."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from models.paper import Paper
from models.text import clean
from models.words import counted
from service.out.digest import Digest, Item, Section
from service.out.text import legal_line, web_url

_WIDTH = 88
_MOST_AUTHORS = 4
# CommonMark 2.4: any ASCII punctuation can be escaped; these mean something within a line.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>&#|~$!])")
_LINE_START = re.compile(r"^(\d{0,9})([-+=.)])")
_NOT_IN_MARKDOWN_URL = str.maketrans({"(": "%28", ")": "%29", "<": "%3C", ">": "%3E"})
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:2em auto;padding:0 1em}"
    "li{margin:0 0 1em}blockquote{margin:.3em 0;padding-left:.8em;border-left:3px solid #999}"
    ".about{color:#555}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}.about{color:#aaa}"
    "a{color:#8bf}}"
)


def markdown(digest: Digest) -> str:
    """The digest in CommonMark."""
    lines = [f"# {_md(digest.title)}", "", _md(summary(digest)), ""]
    for section in digest.sections:
        lines += [f"## {_md(_heading(section))}", ""]
        lines += [line for item in section.items for line in _markdown_item(item)]
        lines += ["", *([f"{_md(_rest(section))}", ""] if _rest(section) else [])]
    return "\n".join([*lines, _md(_colophon()), ""])


def plain(digest: Digest) -> str:
    """The digest as text of at most 88 columns."""
    lines = [digest.title, "=" * len(digest.title), "", *_wrapped(summary(digest)), ""]
    for section in digest.sections:
        heading = _heading(section)
        lines += [heading, "-" * len(heading), ""]
        lines += [line for item in section.items for line in _plain_item(item)]
        lines += [_rest(section), ""] if _rest(section) else []
    return "\n".join([*lines, *_wrapped(_colophon()), ""])


def page(digest: Digest) -> str:
    """The digest as one HTML document without scripts and without anything from elsewhere."""
    body = "\n".join(_html_section(section) for section in digest.sections)
    title = html.escape(digest.title)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{html.escape(summary(digest))}</p>\n"
        f'{body}\n<p class="about">{html.escape(_colophon())}</p>\n</body>\n</html>\n'
    )


FORMS: Mapping[str, Callable[[Digest], str]] = {"markdown": markdown, "html": page, "text": plain}
"""Ways to write a digest, by name."""


def summary(digest: Digest) -> str:
    """One sentence: how many papers from when to when, or that there are none."""
    span = f"between {_time(digest.since)} and {_time(digest.until)}"
    if not digest.total:
        return f"No papers {span}."
    papers, themes = counted(digest.total, "paper"), counted(len(digest.sections), "theme")
    return f"{papers} {span}, under {themes}; each paper is listed once."


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _heading(section: Section) -> str:
    label = legal_line(section.label)
    return (
        f"{legal_line(section.group)}: {label} ({section.total:,})" if section.group else f"{label} ({section.total:,})"
    )


def _rest(section: Section) -> str:
    left = section.total - len(section.items)
    return f"... and {counted(left, 'more paper')}." if left else ""


def _colophon() -> str:
    return "Themes and quoted sentences were chosen automatically by Paperwire; percentages are its probabilities."


def _title(paper: Paper) -> str:
    return clean(paper.title) or "(no title)"


def _about(item: Item) -> str:
    paper = item.stored.paper
    names = [clean(name) for name in paper.authors]
    authors = ", ".join(names[:_MOST_AUTHORS]) + (" and others" if len(names) > _MOST_AUTHORS else "")
    sure = f"{item.probability:.0%}" if item.probability else ""
    others = f"also {', '.join(map(clean, item.others))}" if item.others else ""
    return "; ".join(filter(None, (authors, clean(paper.id), sure, others)))


def _md(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _md_line(text: str) -> str:
    """The text where it begins a line, which makes lists and rules of some signs."""
    return _LINE_START.sub(r"\1\\\2", _md(text), count=1)


def _markdown_item(item: Item) -> Iterator[str]:
    title, url = _md(_title(item.stored.paper)), web_url(item.stored.paper.url)
    yield f"- **[{title}](<{url.translate(_NOT_IN_MARKDOWN_URL)}>)**  " if url else f"- **{title}**  "
    yield f"  {_md_line(_about(item))}"
    if item.evidence:
        yield f"  > {_md_line(item.evidence)}"


def _plain_item(item: Item) -> Iterator[str]:
    yield from _wrapped(_title(item.stored.paper), "* ", "  ")
    yield from _wrapped(_about(item), "  ", "  ")
    if item.evidence:
        yield from _wrapped(f'"{item.evidence}"', "    ", "    ")
    url = web_url(item.stored.paper.url)
    yield from ([f"  {url}", ""] if url else [""])


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _html_section(section: Section) -> str:
    items = "\n".join(map(_html_item, section.items))
    rest = f"\n<p>{html.escape(_rest(section))}</p>" if _rest(section) else ""
    return f"<h2>{html.escape(_heading(section))}</h2>\n<ul>\n{items}\n</ul>{rest}"


def _html_item(item: Item) -> str:
    title, url = html.escape(_title(item.stored.paper)), web_url(item.stored.paper.url)
    linked = f'<a href="{html.escape(url)}" rel="noopener noreferrer">{title}</a>' if url else title
    quote = f"<blockquote>{html.escape(item.evidence)}</blockquote>" if item.evidence else ""
    return f'<li><strong>{linked}</strong><br><span class="about">{html.escape(_about(item))}</span>{quote}</li>'
