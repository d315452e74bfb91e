"""Which paper an entry is about: one id for one paper, whatever feed it came from."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import unquote

from models.paper import arxiv_id

# https://www.doi.org/doi-handbook/HTML/encoding-rules.html: "10.", a registrant code, "/", any printable characters.
_DOI = re.compile(
    r"^(?:https?://(?:[a-z-]+\.)?doi\.org/|(?:info:)?doi[:/]\s*)?(10\.\d{4,9}(?:\.\d{1,9})*/\S{1,1000})$", re.IGNORECASE
)
_WEB = re.compile(r"^https?://[^\s/]{1,253}(?:/\S*)?$", re.IGNORECASE)
_BARE_NUMBER = re.compile(r"^\d{2}(\d{2})\.")
_BARE_OLD = re.compile(r"^([a-z-]+)(?:\.[a-z-]+)?/\d{7}", re.IGNORECASE)
# https://arxiv.org/archive, the closed ones included: all that ever gave out ids of the form archive/YYMMNNN.
# https://arxiv.org/archive, the closed ones included.
_ARCHIVE = re.compile(
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|"
    "econ|eess|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|"
    "plasm-ph|q-alg|q-bio|q-fin|quant-ph|solv-int|stat|supr-con",
    re.IGNORECASE,
)
# Entries of our own feeds: the paper's id stands at the end of a tag: URI (RFC 4151).
_OURS = re.compile(r"^tag:[^\s,:]{1,253},\d{4}(?:-\d\d){0,2}:paper/(\S{1,3000})$")
_SUBJECT = re.compile(r"[A-Za-z]{2}|[a-z]{2,6}(?:-[a-z]{2,5})?")


def one_line(text: str) -> str:
    """The text with every run of white space made one space, and none at the ends.

    Feeds wrap titles and abstracts at different columns; every reader passes both through here, so
    that one paper has one text whichever feed it came from. Markup is left alone.
    """
    return " ".join(text.split())


def bare_doi(reference: str) -> str:
    """The DOI without resolver, scheme or closing punctuation, in its own case, or "" if it is none."""
    match = _DOI.match(reference.strip().rstrip(".,;"))
    return match[1] if match else ""


def doi_name(reference: str) -> str:
    """The DOI as `bare_doi`, in lower case: DOIs are case-insensitive (DOI handbook, 2.4)."""
    return bare_doi(reference).lower()


def is_arxiv_category(word: str) -> bool:
    """Whether a word is an arXiv category: an archive (`hep-th`), or one with a subject class (`cs.DC`)."""
    archive, dot, subject = word.partition(".")
    return _ARCHIVE.fullmatch(archive) is not None and (not dot or _SUBJECT.fullmatch(subject) is not None)


def paper_id(*, arxiv: str = "", doi: str = "", url: str = "", own: str = "", title: str = "") -> str:
    """The source-qualified id of a paper out of whatever an entry says about itself, or "".

    In order: the id that an entry of one of our own feeds carries; `arxiv:...` if any argument is an
    arXiv reference (arXiv DOIs and URLs too; old ids keep their archive), `doi:10...` in lower case
    (also where `url` or `own` is a DOI), `url:...`, the source's own id as it stands, `sha256:` and 16
    hex digits of the title without case and white space. "" only if all arguments are blank.
    """
    ours = _OURS.match(own.strip())
    if ours:
        return unquote(ours[1], errors="replace")
    found = _first_arxiv(arxiv, doi, url, own)
    if found:
        return found
    name = doi_name(doi) or doi_name(url) or doi_name(own)
    if name:
        return f"doi:{name}"
    for address in (url.strip(), own.strip()):
        if _WEB.match(address):
            return f"url:{address}"
    return one_line(own) or _title_id(title)


def _first_arxiv(arxiv: str, *elsewhere: str) -> str:
    known = arxiv_id(arxiv)
    if known is None:
        known = next(filter(None, (arxiv_id(text) for text in elsewhere if _is_plausible(text.strip()))), None)
    return known[0] if known else ""


def _is_plausible(text: str) -> bool:
    # Outside a field meant for arXiv ids a bare "1999.1234" or "part/0012345" may be a catalogue number.
    number, old = _BARE_NUMBER.match(text), _BARE_OLD.match(text)
    return (number is None or 1 <= int(number[1]) <= 12) and (old is None or _ARCHIVE.fullmatch(old[1]) is not None)


def _title_id(title: str) -> str:
    wording = one_line(title).casefold()
    return f"sha256:{hashlib.sha256(wording.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}" if wording else ""
