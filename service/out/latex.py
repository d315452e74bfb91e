r"""Text as LaTeX inside the braces of a BibTeX field, whatever it holds.

Titles of preprints are LaTeX as often as not. What reads as LaTeX (its braces pair, its dollars
pair) is kept, with signs escaped that LaTeX would choke on outside formulas; all else is plain text
and escaped throughout. Braces always pair in the result, for BibTeX, which counts `\{` too, and for
parsers that do not.
"""

from __future__ import annotations

import re

from service.out.text import legal_line

_SIGNS = {
    "\\": "\\textbackslash{}", "{": "\\textbraceleft{}", "}": "\\textbraceright{}", "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}", "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", "_": "\\_",
}  # fmt: skip
_ANY_SIGN = re.compile(r"[\\{}~^&%$#_]")
_MARKUP = re.compile(r"[\\${}]")
_PIECES = re.compile(r"\\\([^$]{0,2000}?\\\)|\\.|\$\$[^$]*\$\$|\$[^$]*\$|(?P<sign>[\^&%#_])|(?P<dollar>\$)")
_BRACE = re.compile(r"\\?[{}]")


def latex(text: str) -> str:
    """The text on one line, fit to stand between braces in BibTeX."""
    line = legal_line(text)
    return _completed(line) if _is_latex(line) else _ANY_SIGN.sub(lambda match: _SIGNS[match[0]], line)


def verbatim(text: str) -> str:
    """An address or identifier fit to stand between braces as it is; braces and backslashes go."""
    return re.sub(r"[\\{}]", "", legal_line(text))


def _is_latex(line: str) -> bool:
    if not _MARKUP.search(line) or line.endswith("\\"):
        return False
    braces = _BRACE.findall(line)
    return (
        _pair([brace[-1] for brace in braces])
        and _pair([brace for brace in braces if len(brace) == 1])
        and not any(match["dollar"] for match in _PIECES.finditer(line))
    )


def _pair(braces: list[str]) -> bool:
    depth = 0
    for brace in braces:
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def _completed(line: str) -> str:
    return _PIECES.sub(lambda match: _SIGNS[match["sign"]] if match["sign"] else match[0], line)
