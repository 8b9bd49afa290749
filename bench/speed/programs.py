"""The programs of build/, and what a run of one costs."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build"
MICRODUP = BUILD / "microdup"
SEARCH = BUILD / "bench" / "speed" / "search_bench"


def version():
    return subprocess.run([MICRODUP, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


class Peak(threading.Thread):
    """Looks at the highest resident memory of a process until it ends: what wait4 tells begins with that of this one."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.path = pathlib.Path(f"/proc/{pid}/status")
        self.kB = 0

    def run(self):
        while True:
            try:
                line = next(line for line in self.path.read_text().splitlines() if line.startswith("VmHWM"))
            except (OSError, StopIteration):
                return
            self.kB = int(line.split()[1])
            time.sleep(0.01)


def cost(command):
    """Seconds on the clock, seconds of processor and peak memory of a program."""
    with tempfile.TemporaryFile() as errors:
        began = time.monotonic()
        child = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=errors)
        peak = Peak(child.pid)
        peak.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        peak.join()
        if child.returncode != 0:
            errors.seek(0)
            raise SystemExit(f"{command[0]}: status {child.returncode}: {errors.read().decode()[-500:]}")
    return {"wall_s": wall_s, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_MB": peak.kB / 1e3}


def screen(listed, threads, *options):
    """A screen from scratch, and the stages it tells."""
    out = pathlib.Path(tempfile.mkdtemp(prefix="microdup-bench-"))
    try:
        found = cost([MICRODUP, "screen", listed, "--o", out / "o", "--j", threads, *options])
        seconds = json.loads((out / "o" / "summary.json").read_text())["seconds"]
    finally:
        shutil.rmtree(out)
    return found | {"read_s": seconds["reading"], "compare_s": seconds["comparing"]}


def search(n, threads, files):
    done = subprocess.run([SEARCH, str(n), str(threads), *map(str, files)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
