"""What a measurement ran on, and whether anything else ran beside it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "openvino", "tokenizers", "torch", "sentence-transformers")


def machine_facts() -> dict[str, Any]:
    """Processor, cores this process may use, instruction sets, memory, versions; JSON-ready."""
    return {
        "processor": _cpu_line("model name") or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "cores": cores(),
        "instructions": [flag for flag in _FLAGS if flag in (_cpu_line("flags") or _cpu_line("Features")).split()],
        "memory_gib": _memory_gib(),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
    }


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def busy() -> float | None:
    """Processes that wanted a core in the last minute, a core; None where the system does not say.

    Well above 0 before a measurement means that its figures are too low.
    """
    try:
        return round(os.getloadavg()[0] / cores(), 2)
    except OSError:
        return None


def _cpu_line(key: str) -> str:
    """The first value of a key in /proc/cpuinfo, "" where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() == key), "")


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (OSError, ValueError):
        return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
