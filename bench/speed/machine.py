"""On what this runs: processor, memory, versions."""

import ctypes.util
import importlib
import os
import pathlib
import platform
import subprocess

import programs


def from_file(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return ""


def module_version(name):
    try:
        return importlib.import_module(name).__version__
    except ImportError:
        return None


def fftw_version():
    """As the library that is loaded says."""
    path = ctypes.util.find_library("fftw3f")
    if not path:
        return None
    return ctypes.string_at(ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(path), "fftwf_version"))).decode()


def describe():
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=False).stdout.splitlines()
    return {
        "processor": from_file("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_GB": round(int(from_file("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1),
        "load_before": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
        "compiler": compiler[0] if compiler else "",
        "microdup": programs.version(),
        "fftw": fftw_version(),
        "numpy": module_version("numpy"),
        "opencv": module_version("cv2"),
        "scikit-image": module_version("skimage"),
    }
