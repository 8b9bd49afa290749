"""The tables."""

PAIRS_OF_5000 = 5000 * 4999 / 2


def row(cells, widths):
    return "| " + " | ".join(str(c).rjust(w) if i else str(c).ljust(w) for i, (c, w) in enumerate(zip(cells, widths))) + " |"


def table(head, rows):
    rows = [[str(c) for c in r] for r in rows]
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    rule = "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|"
    return "\n".join([row(head, widths), rule, *(row(r, widths) for r in rows)])


def of_machine(r):
    m = r["machine"]
    others = ", ".join(f"{name} {m[name]}" for name in ("fftw", "numpy", "opencv", "scikit-image") if m[name])
    return (f"{m['processor']}, {m['cores']} cores, {m['memory_GB']} GB; {m['system']}; {m['compiler']}; {m['microdup']}; {others}. "
            f"Load of the machine before: {m['load_before']:.1f}. Medians of {r['rounds']} alternating rounds.")


def of_reading(found):
    rows = []
    for kind in found:
        cat, two, one = (kind["runs"][name] for name in ("cat", "screen, 2 threads", "screen, 1 thread"))
        rows.append([kind["type"], kind["files"], f"{kind['GB']:.2f}", f"{cat['wall_s']:.2f}", f"{two['wall_s']:.2f}",
                     f"{two['wall_s'] / cat['wall_s']:.2f}", f"{two['read_s']:.2f}", f"{two['compare_s']:.2f}",
                     f"{two['wall_s'] - two['read_s'] - two['compare_s']:.2f}", f"{kind['GB'] / two['read_s']:.2f}",
                     f"{one['wall_s']:.2f}", f"{one['read_s'] / two['read_s']:.2f}", f"{two['peak_MB']:.0f}"])
    head = ["type", "files", "GB", "cat, s", "screen, s", "/ cat", "reading", "comparing", "rest", "GB/s", "--j 1, s", "reading, j1/j2",
            "peak, MB"]
    return table(head, rows)


def of_search(found):
    rows = []
    for s in found["by_size"]:
        rows.append([s["frames"], s["pairs"], f"{s['search_s']:.2f}", f"{s['cpu_us_a_pair']:.1f}",
                     f"{s['cpu_us_a_pair'] / s['fftw_correlate_us']:.2f}", f"{s['peak_MB']:.0f}"])
    return table(["frames", "pairs", "search, s", "processor, us a pair", "/ FFTW's c2r", "peak, MB"], rows)


def of_5000(found):
    """Where fewer were searched: conditioning goes with the frames, the rest with the pairs."""
    s = found["by_size"][-1]
    if s["frames"] >= 5000:
        return ""
    cpu_s = 1e-6 * s["cpu_us_a_pair"] * s["pairs"] - 1e-6 * s["condition_us"] * s["frames"]
    whole_s = cpu_s / s["pairs"] * PAIRS_OF_5000 + 1e-6 * s["condition_us"] * 5000
    return f"From {s['frames']} frames it follows that 5000 take {whole_s / s['threads']:.0f} s with {s['threads']} threads (not run)."


def of_steps(found, beside):
    s = found["by_size"][-1]
    first, second = ("{} x {}".format(*s[name]) for name in ("first_map", "second_map"))
    rows = [["condition a frame", f"{s['condition_us']:.0f}"], ["expand a spectrum", f"{s['expand_us']:.1f}"],
            [f"first look at a pair ({first})", f"{s['glance_us']:.1f}"], [f"second look ({second})", f"{s['correlate_us']:.1f}"],
            [f"FFTW, c2r of {first} alone", f"{s['fftw_glance_us']:.1f}"], [f"FFTW, c2r of {second} alone", f"{s['fftw_correlate_us']:.1f}"]]
    rows += [[name, "not installed" if us is None else f"{us:.0f}"] for name, us in beside.items()]
    return table([f"one thread, {s['processor']}", "us"], rows)


def of_threads(found):
    one, two = found["threads"]["runs"][1], found["threads"]["runs"][2]
    return (f"{found['threads']['frames']} frames: {one['search_s']:.2f} s with one thread, {two['search_s']:.2f} s with two: "
            f"{one['search_s'] / two['search_s']:.2f} times as fast.")


def of_growth(found):
    rows = [[g["micrographs"], f"{g['wall_s']:.1f}", f"{g['read_s']:.1f}", f"{g['compare_s']:.1f}",
             f"{g['wall_s'] - g['read_s'] - g['compare_s']:.1f}", f"{g['peak_MB']:.0f}",
             f"{(g['peak_MB'] - 200) / g['micrographs']:.2f}"] for g in found]
    return table(["micrographs", "whole, s", "reading", "comparing", "rest", "peak, MB", "(peak - 200) / micrograph"], rows)


def tables(r):
    parts = ["# Speed: what was measured", "Written by `bench/speed/run`; do not edit.", of_machine(r)]
    if "reading" in r:
        parts += ["## Reading", "K3 frames, 5760 x 4092, in the page cache; `cat` of the same files beside the whole screen.", of_reading(r["reading"])]
    if "search" in r:
        parts += ["## Search", "All pairs of frames of 360 x 255, in memory, two threads.", of_search(r["search"]), of_5000(r["search"]),
                  of_threads(r["search"]), of_steps(r["search"], r["beside"])]
    if "growth" in r:
        parts += ["## Growth", "The whole command, on micrographs of the size of a frame.", of_growth(r["growth"])]
    return "\n\n".join(p for p in parts if p) + "\n"
