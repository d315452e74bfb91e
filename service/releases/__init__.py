"""Which bundle is live, and which was: bundles on a shelf, a pointer to one, and the history of the pointer.

    shelf     the bundles that can be promoted: those of a directory, and the one served without a promotion
    ledger    the files `live.json` and `history.jsonl`: written so that a kill leaves the old state or the new
    trial     a bundle loaded, checked and run once before it goes live
    releases  promotion and rollback, one at a time over all processes of a machine

The directory is the setting `models`:

    models/<any name>/      bundles, as `paperwire train --out` writes them
    models/live.json        the release that is live; replaced as a whole
    models/history.jsonl    one release a line, oldest first; only appended to
    models/.turn            locked while a promotion is under way
"""

from __future__ import annotations

from service.releases.ledger import Named, Release
from service.releases.releases import Releases, bundle_in_use, releases_of
from service.releases.shelf import Candidate
from service.releases.trial import try_out

__all__ = ["Candidate", "Named", "Release", "Releases", "bundle_in_use", "releases_of", "try_out"]
