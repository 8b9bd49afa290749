"""compare.py OLD.json NEW.json: what changed between two runs of the detection benchmark."""

import json
import sys

import report

# Times differ from run to run; the others are lists to look into, not results.
LEFT_OUT = ("seconds_per_screen", "frc", "first_seeds", "missed")


def is_share(value):
    """[how many, of how many]"""
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value)


def leaves(value, path=()):
    """Everything that is one figure, by its path; rows of a list by their "pair" of names."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key not in LEFT_OUT:
                yield from leaves(below, (*path, key))
    elif isinstance(value, list) and not is_share(value):
        for k, below in enumerate(value):
            name = below.get("pair", str(k)) if isinstance(below, dict) else str(k)
            yield from leaves(below, (*path, name))
    else:
        yield path, value


def show(value):
    if is_share(value):
        return f"{report.part(value)} ({value[0]}/{value[1]})"
    if isinstance(value, float):
        return f"{value:.3g}"
    return "-" if value is None else str(value)


def change(old, new):
    if is_share(old) and is_share(new) and old[1] and new[1]:
        return f"{new[0] / new[1] - old[0] / old[1]:+.3f}"
    if isinstance(old, (int, float)) and isinstance(new, (int, float)) and not isinstance(old, bool):
        return f"{new - old:+.3g}"
    return ""


def differences(old, new):
    old, new = dict(leaves(old)), dict(leaves(new))
    for path in [*old, *(p for p in new if p not in old)]:
        before, after = old.get(path), new.get(path)
        if path in old and path in new and show(before) == show(after):
            continue
        yield [" / ".join(path), show(before) if path in old else "absent", show(after) if path in new else "absent", change(before, after)]


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: compare.py OLD.json NEW.json")
    loaded = []
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            loaded.append(json.load(file))
    rows = list(differences(*loaded))
    print(report.table(["", "before", "after", "change"], rows) if rows else "no differences")


if __name__ == "__main__":
    main()
