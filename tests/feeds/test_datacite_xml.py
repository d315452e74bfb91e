"""DataCite resources, and which of them are papers."""

from datetime import UTC, datetime

import pytest

from models.paper import Paper
from service.feeds.entries import Skipped
from service.feeds.publisher_xml import read
from tests.feeds.publisher_samples import DATACITE

MARCH_9 = datetime(2026, 3, 9, tzinfo=UTC)


def test_datacite():
    assert list(read(DATACITE)) == [
        Paper(
            id="doi:10.1000/data.1",
            title="Lamps: A report",
            abstract="We report.",
            authors=("Ada Ode", "LAMP Group"),
            categories=("lamps",),
            published=MARCH_9,
            doi="10.1000/DATA.1",
        )
    ]


@pytest.mark.parametrize("kind", [b"Dataset", b"Software", b"Image"])
def test_datacite_also_holds_what_is_no_paper(kind):
    (entry,) = read(DATACITE.replace(b'General="Report"', b'General="' + kind + b'"'))
    assert entry == Skipped(1, f"DataCite calls this a {kind.decode()}, not a text", "10.1000/DATA.1")
