"""embed.py OUTPUT page.html parts.html page.css early.js page.js: the files of the page as C arrays.

parts.html holds many: each begins behind a line "<!-- part NAME: ... -->".  The page's security policy lets no script run but the two:
the SHA-256 of their bytes are written too.
"""
import base64
import hashlib
import pathlib
import re
import sys

PART = re.compile(rb"^<!-- part (\w+).*-->\n", re.MULTILINE)
BYTES_A_LINE = 24


def c_array(name, data):
    lines = [", ".join(str(byte if byte < 128 else byte - 256) for byte in data[at : at + BYTES_A_LINE])
             for at in range(0, len(data), BYTES_A_LINE)]
    return "static const char %s_text[] = {\n%s};\nconst mdup_page_part mdup_page_%s = {%s_text, sizeof %s_text};\n" % (
        name, ",\n".join(lines), name, name, name)


def parts_of(text):
    found = list(PART.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    for match, end in zip(found, ends):
        yield match.group(1).decode(), text[match.end() : end]


def sha256(data):
    return base64.b64encode(hashlib.sha256(data).digest())


def main(output, *inputs):
    page, parts, css, early, js = (pathlib.Path(path).read_bytes() for path in inputs)
    named = [("html", page), ("css", css), ("early_js", early), ("early_js_sha256", sha256(early)), ("js", js),
             ("js_sha256", sha256(js))] + list(parts_of(parts))
    text = '/* Made by embed.py. */\n#include "publish/page/parts.h"\n' + "".join(c_array(*each) for each in named)
    pathlib.Path(output).write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
