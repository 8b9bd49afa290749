"""The measurements: each thing once a round, the rounds one after the other, medians of the rounds."""

import statistics

import programs
import sessions


FRAMES_FOR_THREADS = 700  # so many that there is a first look


def medians(rounds):
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}


def alternate(things, rounds):
    """things: names and what to call for one measurement; it gives a dict of numbers."""
    found = {name: [] for name in things}
    for _ in range(rounds):
        for name, measure in things.items():
            found[name].append(measure())
    return {name: medians(of_name) for name, of_name in found.items()}


def cat(folder):
    return programs.cost(["sh", "-c", 'exec cat "$0"/Micrographs/* >/dev/null', folder])


def reading(folders, rounds):
    """`cat FILES >/dev/null` beside a screen of the same files, all in the page cache."""
    found = []
    for kind, folder in folders.items():
        listed = folder / "list.txt"
        cat(folder)  # into the cache
        things = {"cat": lambda: cat(folder), "screen, 2 threads": lambda: programs.screen(listed, 2),
                  "screen, 1 thread": lambda: programs.screen(listed, 1)}
        of_kind = alternate(things, rounds)
        files = list((folder / "Micrographs").iterdir())
        found.append({"type": kind, "files": len(files), "GB": sum(f.stat().st_size for f in files) / 1e9, "runs": of_kind})
    return found


def search(files, sizes, rounds):
    """Of frames in memory: by number of frames, and one thread beside two."""
    by_size = [programs.search(n, 2, files[:n]) for n in sizes]
    n = FRAMES_FOR_THREADS
    threads = alternate({t: lambda t=t: numbers_of(programs.search(n, t, files[:n])) for t in (1, 2)}, rounds)
    return {"by_size": by_size, "threads": {"frames": n, "runs": threads}}


def numbers_of(found):
    return {name: value for name, value in found.items() if isinstance(value, (int, float))}


def growth(files, sizes):
    """The whole command, on files that are as small as the frames made of them."""
    folder = files[0].parent.parent
    return [{"micrographs": n} | programs.screen(sessions.write_part(folder, n), 2) for n in sizes]
