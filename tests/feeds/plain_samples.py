"""One short feed of every format that is no XML; the papers in them are invented."""

import io
import json

import pyarrow
from pyarrow import parquet

from models.paper import Paper

TITLE, ABSTRACT = "Quorum leases, revisited", "We revisit $\\log n$ leases & measure them."
PAPER = Paper(id="arxiv:2602.01234", title=TITLE, abstract=ABSTRACT, version=2, authors=("Ada Vane", "Bo Lund"))
_KAGGLE = {
    "id": "2602.01234",
    "submitter": "Ada Vane",
    "title": TITLE,
    "categories": "cs.DC cs.DB",
    "abstract": f"  {ABSTRACT}\n",
    "versions": [{"version": "v1", "created": "Mon, 2 Feb 2026 19:18:42 GMT"}],
    "update_date": "2026-02-03",
    "authors_parsed": [["Vane", "Ada", ""]],
}
_FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Lab notes",
    "items": [{"id": "1", "url": "https://lab.example/1", "title": TITLE, "content_text": ABSTRACT}],
}
_CROSSREF = {
    "message-type": "work-list",
    "message": {
        "items": [{"DOI": "10.1000/l", "title": [TITLE], "abstract": ABSTRACT, "issued": {"date-parts": [[2026]]}}]
    },
}
_OPENALEX = {
    "meta": {"count": 1},
    "results": [{"id": "https://openalex.org/W1", "title": TITLE, "abstract_inverted_index": {"We": [0], "log": [1]}}],
}
_S2 = {"total": 1, "data": [{"paperId": "0f", "title": TITLE, "abstract": ABSTRACT, "year": 2026}]}
_DATACITE = {
    "data": {
        "id": "10.1000/l",
        "attributes": {
            "titles": [{"title": TITLE}],
            "creators": [{"name": "Vane, Ada"}],
            "descriptions": [{"description": ABSTRACT, "descriptionType": "Abstract"}],
        },
    }
}
_CSL = [
    {"id": "vane26", "type": "article", "title": TITLE, "abstract": ABSTRACT, "issued": {"date-parts": [[2026, 2]]}}
]


def _table() -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([{"id": "k1", "title": TITLE, "abstract": ABSTRACT}]), out)
    return out.getvalue()


SAMPLES = {
    "kaggle": f"{json.dumps(_KAGGLE)}\n{json.dumps({**_KAGGLE, 'id': 'hep-th/9901001'})}\n".encode(),
    "json-feed": json.dumps(_FEED, indent=1).encode(),
    "crossref": json.dumps(_CROSSREF).encode(),
    "openalex": json.dumps(_OPENALEX).encode(),
    "semantic-scholar": json.dumps(_S2).encode(),
    "datacite": json.dumps(_DATACITE).encode(),
    "csl-json": json.dumps(_CSL, indent=2).encode(),
    "jsonl": f"{json.dumps(PAPER.to_json())}\n{json.dumps({'title': TITLE, 'summary': ABSTRACT})}\n".encode(),
    "arxiv-listing": (
        f"https://arxiv.org/api/Qx7Example+Zk\n2026-02-12T00:00:00Z\n2\n0\n10\nhttp://arxiv.org/abs/2602.01234v2\n{TITLE}\n"
        f"2026-02-11T08:00:09Z\n{ABSTRACT}\n2026-01-30T17:45:00Z\n12 pages\nAda Vane\nBo Lund\n"
        f"http://arxiv.org/abs/hep-th/9901001v1{TITLE}2026-02-11T08:00:09Z{ABSTRACT}2026-02-11T08:00:09ZAda VaneBo Lund"
    ).encode(),
    "bibtex": f"@misc{{v26,\n title = {{{TITLE}}},\n abstract = {{{ABSTRACT}}},\n author = {{Vane, A.}}\n}}\n".encode(),
    "ris": f"TY  - JOUR\nTI  - {TITLE}\nAB  - {ABSTRACT}\nAU  - Vane, Ada\nER  - \n".encode(),
    "csv": f'id,title,abstract\nk1,"{TITLE}","{ABSTRACT}"\nk2,"Logs","They ""grow"".\nAnd grow."\n'.encode(),
    "parquet": _table(),
}
"""Name of a format to a feed in it."""
