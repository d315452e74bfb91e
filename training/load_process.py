"""What a server costs its machine, read from /proc: memory and processor time of a process and all it started."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError

_PROC = Path("/proc")
_TICKS = float(os.sysconf("SC_CLK_TCK"))


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a server at one moment.

    Attributes:
        processes: how many it has. rss_mb: MiB in memory, pages that they share counted for each.
        pss_mb: MiB in memory, shared pages divided among those who share them; 0 where it may not be read.
        cpu_s: processor seconds used since they began.
    """

    processes: int
    rss_mb: float
    pss_mb: float
    cpu_s: float


def usage_of(pid: int) -> Usage:
    """What a process and its descendants use now (Linux).

    Raises:
        InputError: there is no such process.
    """
    if not (_PROC / str(pid)).is_dir():
        raise InputError(f"there is no process {pid}: give the server's own process id, on a machine with /proc")
    family = _family(pid)
    return Usage(
        processes=len(family),
        rss_mb=round(sum(_kilobytes(one, "status", "VmRSS:") for one in family) / 1024, 1),
        pss_mb=round(sum(_kilobytes(one, "smaps_rollup", "Pss:") for one in family) / 1024, 1),
        cpu_s=sum(_cpu_s(one) for one in family),
    )


def _family(pid: int) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children[int(fields[1])].append(int(folder.name))
    family = [pid]
    for one in family:  # grows as it goes
        family += children[one]
    return family


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on (proc(5)); none once it has ended. Names may hold brackets."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _cpu_s(pid: int) -> float:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _kilobytes(pid: int, file: str, name: str) -> int:
    found = [line.split() for line in _read(pid, file).splitlines() if line.startswith(name)]
    return int(found[0][1]) if found else 0


def _read(pid: int, file: str) -> str:
    try:
        return (_PROC / str(pid) / file).read_text()
    except OSError:  # it has ended, or is another user's
        return ""
