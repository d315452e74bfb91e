"""What a server costs is read from the system, its children included."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from models.errors import InputError
from training.load_process import usage_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc here")
_PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "held = b'x' * 50_000_000; print('ready', flush=True); input()"],
    stdin=subprocess.PIPE, stdout=sys.stdout)
input()
child.communicate(b"\\n")
"""


def test_children_are_counted() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        usage = usage_of(parent.pid)
        parent.communicate(b"\n")
    assert usage.processes == 2
    assert usage.rss_mb > 47
    assert 0 < usage.pss_mb <= usage.rss_mb


def test_processor_time_grows_with_work() -> None:
    before = usage_of(os.getpid()).cpu_s
    deadline = time.process_time() + 0.1
    while time.process_time() < deadline:
        pass
    assert usage_of(os.getpid()).cpu_s - before > 0.05


def test_a_process_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no process 4194305"):
        usage_of(4_194_305)
