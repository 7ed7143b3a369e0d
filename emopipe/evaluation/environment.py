"""On what an evaluation ran: versions, the machine, and the commit of the code."""

import os
import platform
import subprocess
import sys
from pathlib import Path


def machine():
    """Return the machine: processor, cpus (that may be used), memory_gb, and gpus in use."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"processor": _processor(), "cpus": cpus, "memory_gb": _memory(), "gpus": _gpus()}


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _memory():
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _gpus():
    """Return the names of graphics cards, if TensorFlow was imported anyway."""
    tensorflow = sys.modules.get("tensorflow")
    try:
        devices = tensorflow.config.list_physical_devices("GPU") if tensorflow else []
        details = [tensorflow.config.experimental.get_device_details(d) for d in devices]
    except Exception:  # whatever a driver says: figures do not depend on it
        return []
    return [str(detail.get("device_name", "GPU")) for detail in details]


def commit():
    """Return the commit of the checkout that the package runs from, "" where there is none.

    With "-dirty" behind it where files were changed since.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40",
               "--exclude=*"]  # fmt: skip
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return process.stdout.strip()
