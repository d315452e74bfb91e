"""Plain text for encoders: LaTeX, HTML and control characters taken out of titles and abstracts.

Feeds keep markup for display; encoders must not see it. Every pattern here is linear in the
length of its input (no nested quantifiers), so hostile text costs time in proportion to its size.
"""

from __future__ import annotations

import html
import re
import unicodedata

_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9:-]{0,30}(?:\s[^<>]{0,500})?/?>")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_CITE = re.compile(
    r"\\(?:cite[a-z]{0,8}|ref|eqref|label|footnote(?:mark)?|url|href)\*?\s?(?:\[[^\[\]]{0,200}\])?\{[^{}]{0,500}\}"
)
_ACCENT = re.compile(r"\\([`'^\"~=.uvHcdbkr])\s?\{?\\?([A-Za-z])\}?")
_ESCAPED = re.compile(r"\\([%&_#${}])")
_COMMAND = re.compile(r"\\([A-Za-z]{1,40})\*?")
_LATEX_NOISE = re.compile(r"[{}$]|\\[,;:! ()\[\]]|\\\\")
_STYLE_COMMANDS = frozenset(
    "emph textbf textit texttt textsc textrm textsf textsuperscript textsubscript text mathrm mathbf mathcal mathbb "
    "mathsf mathit operatorname boldsymbol bf it tt rm sc em left right big Big bigl bigr begin end underline "
    "hspace vspace quad qquad mbox hbox displaystyle limits nolimits xspace par noindent".split()
)
_COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", '"': "\u0308", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331",
    "k": "\u0328", "r": "\u030a",
}  # fmt: skip


def clean(markup: str) -> str:
    r"""Plain one-line text of a title or abstract that may hold LaTeX, HTML or control characters.

    HTML tags and entities, LaTeX commands (their arguments stay, their names stay only where they
    carry meaning, as in `\alpha`), accents, citations, math delimiters and control characters go;
    runs of white space become one space. Text without markup comes back unchanged except for
    white space. Never raises; `clean(clean(x))` may differ from `clean(x)` only for doubly escaped
    HTML.
    """
    text = markup
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if not text.isprintable():  # which is known in no time, and holds no control character
        text = _CONTROL.sub("", text)
    if "\\" in text:
        text = _plain_latex(text)
    if "$" in text or "{" in text or "}" in text:
        text = _LATEX_NOISE.sub("", text)
    return " ".join(text.split())


def _plain_latex(text: str) -> str:
    text = _CITE.sub(" ", text)
    text = _ACCENT.sub(_accented, text)
    text = _COMMAND.sub(_command, _ESCAPED.sub(_escaped, text))
    return _LATEX_NOISE.sub("", text).replace("\\", " ")


def _escaped(match: re.Match[str]) -> str:
    return match[1] if match[1] in "%&_#" else " "


def _accented(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match[2] + _COMBINING[match[1]]) if _is_accent(match) else match[0]


def _is_accent(match: re.Match[str]) -> bool:
    # `\cup` and `\rho` begin like the letter accents `\c{u}` and `\r{o}`, which need a brace or space.
    return not match[1].isalpha() or match[0][2:3] in ("{", " ")


def _command(match: re.Match[str]) -> str:
    return " " if match[1] in _STYLE_COMMANDS else f" {match[1]} "
