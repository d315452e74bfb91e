from hypothesis import given, settings
from hypothesis import strategies as st

from service.pipeline.seen import SeenIds


@given(st.lists(st.text(max_size=8)))
@settings(deadline=None)
def test_it_is_a_set(ids):
    seen, truth = SeenIds(), set()
    for paper_id in ids:
        assert (paper_id in seen) == (paper_id in truth)
        assert seen.add(paper_id) == (paper_id not in truth)
        truth.add(paper_id)
    assert len(seen) == len(truth)


def test_it_grows_without_losing_anything():
    seen = SeenIds()
    assert all(seen.add(f"own:{number}") for number in range(20_000))
    assert all(f"own:{number}" in seen for number in range(20_000))
    assert not any(f"own:{number}" in seen for number in range(20_000, 40_000))


def test_half_a_surrogate_pair_is_an_id_like_any_other():
    seen = SeenIds()
    assert seen.add("\ud800")
    assert "\ud800" in seen
