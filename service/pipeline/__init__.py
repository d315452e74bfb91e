"""Bulk tagging: feeds of any size in, answers out, in flat memory and resumable.

    find_sources(inputs)    files, folders, standard input, addresses
    PaperStream(sources)    their papers, each once; bad entries reported
    tag_all(papers, ...)    batches through a bundle into an output
    FileOutput              a file that a later run can go on with
    Interrupts              Ctrl-C between answers, never inside one

Reading, tagging and writing take turns in one process. With the encoder that costs nothing: reading is
a thousandth of the work, and the encoder uses all cores by itself. With n-grams alone everything is
Python, and `answering_in` spreads it over processes.
"""

from service.pipeline.interrupts import Interrupts
from service.pipeline.output import FileOutput, Output, StreamOutput
from service.pipeline.reading import Counts, PaperStream, Remark
from service.pipeline.record import load_record, record_path, settings_of_run
from service.pipeline.run import BATCH, Progress, Renderer, answering, tag_all
from service.pipeline.sources import STANDARD_INPUT, Source, find_sources
from service.pipeline.workers import Work, answering_in

__all__ = [
    "BATCH",
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
    "Work",
    "answering",
    "answering_in",
    "find_sources",
    "load_record",
    "record_path",
    "settings_of_run",
    "tag_all",
]
