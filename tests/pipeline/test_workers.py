import multiprocessing
import os
from pathlib import Path

import pytest

from models.bundle import ModelBundle
from models.errors import BundleError, UnavailableError
from models.paper import Paper
from models.tagging import TagOptions
from service.pipeline import Work, answering, answering_in
from service.pipeline.workers import FIRST_BATCHES, _serve
from service.render import JsonLines
from tests.tiny import tiny_papers

BATCHES = [[item.paper for item in tiny_papers(5, seed)] for seed in range(FIRST_BATCHES + 5)]


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> ModelBundle:
    return ModelBundle.load(tiny_bundle)


def work(bundle: ModelBundle, **changes: object) -> Work:
    parts = {"bundle": bundle.directory, "sha256": bundle.name.sha256, "options": TagOptions("fast")}
    return Work(**{**parts, "renderer": JsonLines("scores"), **changes})


def test_processes_answer_as_one_does_and_end_with_their_work(bundle):
    order = work(bundle)
    alone = answering(lambda batch: bundle.tag(batch, order.options), order.renderer)
    assert list(answering_in(2, order, bundle)(iter(BATCHES))) == list(alone(iter(BATCHES)))
    assert not multiprocessing.active_children()


def test_a_small_input_starts_no_process(bundle):
    answers = answering_in(2, work(bundle), bundle)(iter(BATCHES[:FIRST_BATCHES]))
    assert [multiprocessing.active_children() for _ in answers] == [[]] * FIRST_BATCHES


def test_leaving_early_ends_the_workers(bundle):
    answers = answering_in(2, work(bundle), bundle)(iter(BATCHES))
    for _ in range(FIRST_BATCHES + 1):
        next(answers)
    assert len(multiprocessing.active_children()) == 2
    answers.close()
    assert not multiprocessing.active_children()


def test_a_bundle_that_was_replaced_is_an_error(bundle):
    with pytest.raises(BundleError, match="was replaced"):
        list(answering_in(1, work(bundle, sha256="0" * 64), bundle)(iter(BATCHES)))


def test_a_worker_ended_from_outside_is_an_error(bundle):
    endless = ([Paper("own:1", "Consensus among replicas")] for _ in range(10_000))
    answers = answering_in(2, work(bundle), bundle)(endless)
    for _ in range(FIRST_BATCHES + 1):
        next(answers)
    multiprocessing.active_children()[0].kill()
    with pytest.raises(UnavailableError, match=r"ended with code -9.*--workers 0"):
        list(answers)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("cut", [0, 3, 10])
def test_a_worker_ends_quietly_when_it_is_left_in_the_middle_of_a_batch(bundle, cut):
    ours, theirs = multiprocessing.Pipe()
    begun = (100).to_bytes(4, "big") + b"half a batch"
    os.write(ours.fileno(), begun[:cut])
    ours.close()
    assert _serve(theirs, work(bundle)) is None
