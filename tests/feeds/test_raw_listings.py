"""The two raw listings against an expectation made by reading them, kept as digests: the texts stay outside."""

import hashlib
from pathlib import Path

import pytest

from service.feeds import parse

FEEDS = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"

# id, version, updated, published, then 96 bits of the sha256 of title and abstract (white space made single blanks).
LINES = (
    "2603.08163 2 2026-03-10T09:34:33Z 2026-03-09T09:44:13Z 696c3be5d0840e3022603f20 4d211ad9993d30156bf577d1",
    "2603.07685 2 2026-03-10T06:23:58Z 2026-03-08T15:42:43Z e8b802b639b5b4ce68e97c20 83a36b801fc515ae6ade8a84",
    "2603.09229 1 2026-03-10T05:54:52Z 2026-03-10T05:54:52Z c39609ede5b0039be29acb15 3ffa6ea2fdb3678459ebfe97",
    "2603.09216 1 2026-03-10T05:39:03Z 2026-03-10T05:39:03Z 262f1b52166693f620103170 0c023a2b254c3f10a19fa1cc",
    "2603.09191 1 2026-03-10T05:03:06Z 2026-03-10T05:03:06Z 8131146c750bdae266db8fca 7034fbc918ffce77b0363c64",
    "2603.09122 1 2026-03-10T02:55:37Z 2026-03-10T02:55:37Z cd70abb8788b3c80b08b3c46 dfbb8719acf0fcb596d7b53c",
    "2407.00011 2 2026-03-10T00:44:02Z 2024-04-28T14:05:13Z 4971316c6341360e51101f4a 5516a98bd18893a782ed63d8",
    "2603.09038 1 2026-03-10T00:12:47Z 2026-03-10T00:12:47Z a37fb925ee1211bfe6852eb6 542af231ea62a491c786d2a1",
    "2603.09032 1 2026-03-10T00:07:38Z 2026-03-10T00:07:38Z dc5fd076e4b6934d6894a742 a2422229f935a3810b3b5db3",
    "2603.09025 1 2026-03-09T23:45:00Z 2026-03-09T23:45:00Z 8df76d346f7e23e64ac46add ce9e9c190be66397bae1824d",
    "2603.08960 1 2026-03-09T21:48:04Z 2026-03-09T21:48:04Z 7fd377fbac9c19a19454aafd aebe9507151bdaca670d3429",
    "2603.08954 1 2026-03-09T21:40:17Z 2026-03-09T21:40:17Z f36ca277d08e97d9cd2a725c 9daae6fb393fddf31d39165d",
    "2603.08911 1 2026-03-09T20:28:17Z 2026-03-09T20:28:17Z 818b39e31e7661b2827c7e2e 835639da45f728e42944e4c3",
    "2603.08854 1 2026-03-09T19:14:23Z 2026-03-09T19:14:23Z 9450a450aba4983b8d1b05a0 ac17886ddcbefb3bca69b7fc",
    "2603.08797 1 2026-03-09T18:01:10Z 2026-03-09T18:01:10Z cda14e1aab7a10a7f5f31dc7 d7c892318f865ad381ad56c3",
)
RUN = (
    "2412.15411 5 2026-03-19T00:31:05Z 2024-12-19T21:34:44Z 31e83a7343b434a437bb8b9f ea0dce7b92536d5da5e7d154",
    "2603.12214 2 2026-03-18T21:48:39Z 2026-03-12T17:34:04Z e186354258fd9780bcf892be a0ce6afe8e37bf62af37a8da",
    "2505.01821 5 2026-03-18T13:31:23Z 2025-05-03T13:55:38Z d96c2248147ebeec0977fa87 8ce6b921b486918d4bcdbe62",
    "2210.06154 2 2026-03-18T13:06:42Z 2022-10-12T12:59:18Z 5bd43c33c97c4063dbcad1e6 6ea5f7dacfb7075fb199d927",
    "2603.18104 1 2026-03-18T12:36:19Z 2026-03-18T12:36:19Z 52cd0cf272b5423f92743b85 f34893ded44315d76c877491",
    "2603.17614 1 2026-03-18T11:25:48Z 2026-03-18T11:25:48Z a1eb4606bb75a495a76fd130 bba5209d4c228d9dfe1518d0",
    "2603.11101 2 2026-03-18T08:30:14Z 2026-03-11T09:09:35Z 20598088b6a62a93492fed6b 54e5fc4512e5815601abd178",
    "2603.17456 1 2026-03-18T07:53:28Z 2026-03-18T07:53:28Z a368bd4c883037e2dbe4af0b 9eb6d19c4471e14f63aacd36",
    "2603.17435 1 2026-03-18T07:21:21Z 2026-03-18T07:21:21Z 52793598b8d047dbd1a74bab 7c4a7f8bf8bb9f6e655d03c7",
    "2603.17280 1 2026-03-18T02:15:40Z 2026-03-18T02:15:40Z 9b7def3688cda85077a7b13c 3beb67eff7ee28ffc34a5970",
    "2404.19725 8 2026-03-17T23:12:52Z 2024-04-30T17:19:52Z fb49bda25f456fbff6c8b46f 479a73d6f80cb149945a2231",
    "2603.17168 1 2026-03-17T21:59:59Z 2026-03-17T21:59:59Z 1edc115d676fb0cdeed9d1dd 7852d1385266cb5047ef89c6",
    "2603.16850 1 2026-03-17T17:55:01Z 2026-03-17T17:55:01Z f1752c9cc0d3c2ba45bc2170 2bc56b682c304de7e578865a",
    "2502.20692 3 2026-03-17T17:21:20Z 2025-02-28T03:50:14Z f6ff7cc8591436d32f93ba5e f6c0004cb62c27e8db1bc3cb",
    "2603.16812 1 2026-03-17T17:16:41Z 2026-03-17T17:16:41Z 8e20e60f2c6e21325866960a 083ec98a304328dfdb99e264",
)
AUTHOR_COUNTS = (9, 45, 13, 11, 7, 4, 4, 7, 7, 4, 2, 2, 6, 2, 3)
DOIS = {"arxiv:2505.01821": "10.1109/COMST.2026.3669216", "arxiv:2603.16850": "10.25740/vf943fc9855"}


def listing(beginning):
    found = sorted(FEEDS.glob(f"{beginning}_*.txt"))
    if not found:
        pytest.skip(f"needs the raw listing {beginning}_*.txt of the shared data")
    return parse(found[0].read_bytes())


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def as_expected(paper):
    times = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (paper.updated, paper.published))
    name = paper.id.removeprefix("arxiv:")
    return " ".join([name, str(paper.version), *times, digest(paper.title), digest(paper.abstract)])


@pytest.mark.parametrize(("beginning", "expected"), [("000", LINES), ("001", RUN)])
def test_every_field_is_as_it_was_read_by_eye(beginning, expected):
    feed = listing(beginning)
    assert feed.format == "arxiv-listing"
    assert tuple(map(as_expected, feed.papers)) == expected
    assert feed.skipped == () and feed.duplicates == 0


def test_the_two_listings_have_no_paper_in_common():
    assert not {row.split()[0] for row in LINES} & {row.split()[0] for row in RUN}


def test_authors_on_lines_of_their_own_are_counted_right_and_the_doubt_is_told():
    feed = listing("000")
    assert tuple(len(paper.authors) for paper in feed.papers) == AUTHOR_COUNTS
    assert not any("NVIDIA" in author for paper in feed.papers for author in paper.authors)
    assert len(feed.notes) == 1 and feed.notes[0].startswith("15 entries: ")


def test_authors_that_run_together_are_never_guessed_and_that_is_told():
    feed = listing("001")
    assert all(paper.authors == () and paper.comment for paper in feed.papers)
    assert {paper.id: paper.doi for paper in feed.papers if paper.doi} == DOIS
    assert len(feed.notes) == 1 and "authors were not read" in feed.notes[0]
