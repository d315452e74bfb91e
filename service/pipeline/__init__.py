"""Bulk tagging: feeds of any size in, answers out, in flat memory and resumable.

    find_sources(inputs)    files, folders, standard input, addresses
    PaperStream(sources)    their papers, each once; bad entries reported
    tag_all(papers, ...)    batches through a bundle into an output
    FileOutput              a file that a later run can go on with
    Interrupts              Ctrl-C between answers, never inside one

Everything happens in one thread, in order. Reading beside tagging was measured and left out: with
the accurate profile reading is a thousandth of the work, and with the fast one both are Python.
"""

from service.pipeline.interrupts import Interrupts
from service.pipeline.output import FileOutput, Output, StreamOutput
from service.pipeline.reading import Counts, PaperStream, Remark
from service.pipeline.record import record_path
from service.pipeline.run import Progress, Renderer, tag_all
from service.pipeline.sources import STANDARD_INPUT, Source, find_sources

__all__ = [
    "STANDARD_INPUT",
    "Counts",
    "FileOutput",
    "Interrupts",
    "Output",
    "PaperStream",
    "Progress",
    "Remark",
    "Renderer",
    "Source",
    "StreamOutput",
    "find_sources",
    "record_path",
    "tag_all",
]
