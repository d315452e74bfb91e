from __future__ import annotations

import pytest

from models.errors import LabelError
from models.paper import Paper
from tests.tiny import tiny_taxonomy
from training.dataset import LabelledPaper
from training.naming import derived, fitting_share, named_by_id


def labelled(*themes: str) -> LabelledPaper:
    return LabelledPaper(Paper("own:1"), themes)


def test_labels_become_themes_the_most_frequent_first() -> None:
    papers = [labelled("deep learning"), labelled("proof theory", "deep learning"), labelled()]
    taxonomy = derived(papers)
    assert taxonomy.ids == ("deep-learning", "proof-theory")
    assert [theme.label for theme in taxonomy.themes] == ["deep learning", "proof theory"]
    assert named_by_id(papers, taxonomy)[1].themes == ("proof-theory", "deep-learning")


@pytest.mark.parametrize("label", ["a, b; c | d", "x" * 400, " ", "логика", "中文 标签", "🦉"])
def test_any_label_makes_a_usable_id(label: str) -> None:
    taxonomy = derived([labelled(label)])
    assert len(taxonomy) == 1
    assert named_by_id([labelled(label)], taxonomy)[0].themes == taxonomy.ids or not label.strip()


def test_labels_that_would_be_one_id_are_refused() -> None:
    with pytest.raises(LabelError, match="'deep learning' and 'deep-learning'"):
        derived([labelled("deep learning", "deep-learning")])


def test_no_label_at_all_is_refused() -> None:
    with pytest.raises(LabelError, match="no paper carries a theme"):
        derived([labelled(), labelled()])


def test_names_and_ids_both_fit() -> None:
    taxonomy = tiny_taxonomy()
    papers = [labelled("consensus", "GPU KERNELS", "Moe training"), labelled("astrology")]
    assert fitting_share(papers, taxonomy) == 0.75
    assert named_by_id(papers, taxonomy)[0].themes == ("consensus", "gpu-kernels", "moe-training")
    assert named_by_id(papers, taxonomy)[1].themes == ("astrology",)
    assert fitting_share([labelled()], taxonomy) == 1.0
