"""Graphs run by OpenVINO, several inferences at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BundleError
from models.scores import FloatMatrix

Ids = npt.NDArray[np.int64]

_KEPT = 200  # compiled products, each for one length of text: 40 MiB less than by default, and no slower
_CALLERS = 2  # one computes while the other takes up what came out, so that no core waits


class Runner:
    """A compiled graph with one input of numbers and one output of rows.

    Args:
        graph: as `read_graph` gives it. path: where it was read, for errors.
        threads: cores to use; 0 takes all there are.

    Attributes:
        width: of the output's rows.

    Raises:
        BundleError: the graph cannot be compiled.
    """

    def __init__(self, graph: Any, path: Path, threads: int = 0) -> None:
        self._compiled = _compile(graph, path, threads)
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(_CALLERS):
            self._idle.put(None)
        self.width = int(self._compiled.output(0).partial_shape[1].get_length())

    def run(self, inputs: Sequence[Ids], rows: Sequence[Sequence[int]]) -> FloatMatrix:
        """(n, width) float32. Safe to call from threads; two of them are served at a time, the runtime's cores shared.

        Args:
            inputs: of the shape that the graph wants.
            rows: where the first rows that each input gives belong among the n; the others are left out.
        """
        found = np.empty((sum(map(len, rows)), self.width), dtype=np.float32)
        queue = self._idle.get()
        try:
            if queue is None:
                queue = self._queue()
            _run(queue, inputs, rows, found)
        finally:
            self._idle.put(queue)
        return found

    def _queue(self) -> Any:
        import openvino as ov

        return ov.AsyncInferQueue(self._compiled)


def _run(queue: Any, inputs: Sequence[Ids], rows: Sequence[Sequence[int]], found: FloatMatrix) -> None:
    def store(request: Any, places: Sequence[int]) -> None:
        found[places] = request.get_output_tensor(0).data[: len(places)]

    queue.set_callback(store)
    try:
        for numbers, places in zip(inputs, rows, strict=True):
            queue.start_async({0: numbers}, places)
    finally:
        queue.wait_all()  # an interrupt must not leave inferences running behind a queue that is given up


def read_graph(path: Path) -> Any:
    """The OpenVINO model in a file.

    Raises:
        BundleError: it cannot be read.
    """
    import openvino as ov

    try:
        return ov.Core().read_model(str(path))
    except RuntimeError as error:
        raise _unusable(path, error) from None


def _compile(graph: Any, path: Path, threads: int) -> Any:
    import openvino as ov

    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": "bf16",
        "CPU_RUNTIME_CACHE_CAPACITY": _KEPT,
    }
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    try:
        return ov.Core().compile_model(graph, "CPU", options)
    except RuntimeError as error:
        raise _unusable(path, error) from None


def _unusable(path: Path, error: RuntimeError) -> BundleError:
    return BundleError(f"cannot load the graph {path.name}: {str(error).splitlines()[0]}")
