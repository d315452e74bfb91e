import subprocess
import sys

import pytest

from models.errors import FeedError
from service.feeds.registry import FORMATS, reader


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_reader_and_a_line_of_description(name):
    assert callable(reader(name).matches) and callable(reader(name).read_stream)
    assert reader(name).matches(b"") is False
    assert FORMATS[name].description and "\n" not in FORMATS[name].description


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(FeedError, match=r"no feed format is called 'xlsx'.*bibtex"):
        reader("xlsx")


def test_formats_are_loaded_when_they_are_asked_for():
    """JSON Lines must not wait for the libraries of other formats."""
    program = (
        "import sys\n"
        "from service.feeds import parse\n"
        'assert parse(b\'{"id": "k", "title": "t"}\').papers\n'
        "heavy = {'feedparser', 'bibtexparser', 'rispy', 'pyarrow'} & set(sys.modules)\n"
        "sys.exit(f'loaded for nothing: {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
