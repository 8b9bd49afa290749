"""A folder of src/ includes only from itself, from the layers above its line in meson.build, and from include/microdup."""
import re
import sys

from source_tree import ROOT, c_files, finish, name, without_comments

ONLY_DOORS = {"fftw3.h": {"src/image/fft.c"}, "tiffio.h": {"src/formats/tiff.c"}, "expat.h": {"src/formats/epu_xml.c"},
              "jpeglib.h": {"src/formats/jpeg.c"}, "cairo-pdf.h": {"src/formats/pdf.c"}, "cairo.h": {"src/formats/pdf.c"},
              "sqlite3.h": {"src/session/database.c"}}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def layers():
    text = (ROOT / "meson.build").read_text()
    found = re.search(r"foreach layer : \[(.*?)\]", text, re.DOTALL)
    return re.findall(r"'([^']+)'", found.group(1))


def problems_of(path, order):
    text = without_comments(path.read_text(), literals_too=False)
    parts = path.relative_to(ROOT).parts
    layer = parts[1] if parts[0] == "src" else None
    for match in INCLUDE.finditer(text):
        bracket, header = match.groups()
        where = "{}:{}: includes {}".format(name(path), text.count("\n", 0, match.start(1)) + 1, header)
        doors = ONLY_DOORS.get(header.rsplit("/", 1)[-1])
        if doors and name(path) not in doors:
            yield where + ", which is for {} only".format(" and ".join(sorted(doors)))
        folder = header.split("/")[0] if "/" in header else None
        if parts[0] == "include" and bracket == '"':
            yield where + ": a public header includes only public ones, as <microdup/...>"
        if bracket == "<" and folder == "microdup" and not (ROOT / "include" / header).exists() \
                and header != "microdup/version.h":
            yield where + ", which is no public header"
        if bracket != '"' or parts[0] != "src":
            continue
        if folder is None and (path.parent / header).exists():
            yield where + ": write it with its folder"
        elif folder not in order:
            yield where + ", which is in no layer"
        elif order.index(folder) > order.index(layer):
            yield where + ": {} lies above {}".format(folder, layer)


def main():
    order = layers()
    files = c_files("src", "include")
    problems = [p for path in files for p in problems_of(path, order)]
    problems += ["src/{}: in no layer of meson.build".format(folder.name) for folder in sorted((ROOT / "src").iterdir())
                 if folder.is_dir() and folder.name not in order]
    return finish(problems, len(files), "files")


if __name__ == "__main__":
    sys.exit(main())
