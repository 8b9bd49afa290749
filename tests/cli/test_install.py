"""What `meson install` puts down is a working program and a library that C and C++ programs can be built with."""

import os
import pathlib
import shutil
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("MDUP_BIN", "/nonexistent/build/microdup")).parent


def checked(*arguments, **more):
    run = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, timeout=120, **more)
    assert run.returncode == 0, run
    return run.stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    if not (BUILD / "build.ninja").exists() or not shutil.which("meson"):
        pytest.skip("no build folder of Meson")
    root = tmp_path_factory.mktemp("root")
    checked("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    return root


def the_only(root, pattern):
    found = sorted(root.rglob(pattern))
    assert found, f"{pattern} is not installed"
    return found[0]


def library_path(root):
    return {**os.environ, "LD_LIBRARY_PATH": str(the_only(root, "libmicrodup.so").parent)}


def flags(root):
    """As pkg-config gives them with the installed file, the prefix moved under the root."""
    if not shutil.which("pkg-config"):
        pytest.skip("no pkg-config")
    package = the_only(root, "microdup.pc")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(package.parent), "PKG_CONFIG_SYSROOT_DIR": str(root)}
    return checked("pkg-config", "--cflags", "--libs", "microdup", env=environment).split()


def headers(root):
    folder = the_only(root, "version.h").parent
    assert folder.name == "microdup"
    return sorted(path.name for path in folder.glob("*.h"))


def test_programs_run(root):
    environment = library_path(root)
    assert checked(the_only(root, "microdup"), "--version", env=environment).startswith("microdup ")
    assert "--imagespermove" in checked(the_only(root, "microduplicate_screener"), "--help", env=environment)
    assert "--relion_version" in checked(the_only(root, "microdup_relion"), "--help", env=environment)


def test_version_is_one(root):
    version = checked(the_only(root, "microdup"), "--version", env=library_path(root)).split()[1]
    package = the_only(root, "microdup.pc").read_text()
    assert f"Version: {version}" in package.splitlines()


@pytest.mark.parametrize("page", ["microdup.1", "microdup-screen.1", "microdup-relion.1", "microdup_relion.1", "microduplicate_screener.1"])
def test_man_pages(page, root):
    assert list(root.rglob(page + "*")), "not installed"


def test_only_public_headers(root):
    assert {path.parent.name for path in root.rglob("*.h")} == {"microdup"}
    assert "screen.h" in headers(root)


SOURCE = """
#include <stdio.h>
int main(void)
{
    puts(mdup_version());
    return 0;
}
"""


@pytest.mark.parametrize(
    "compiler, ending, options",
    [("gcc", "c", ["-std=c17"]), ("clang", "c", ["-std=c17"]), ("g++", "cpp", ["-std=c++17"]), ("clang++", "cpp", ["-std=c++17"])],
)
def test_program_with_every_header(compiler, ending, options, root, tmp_path):
    if not shutil.which(compiler):
        pytest.skip(f"no {compiler}")
    text = "".join(f"#include <microdup/{name}>\n" for name in headers(root)) + SOURCE
    (tmp_path / f"a.{ending}").write_text(text)
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    checked(compiler, *options, *warnings, f"a.{ending}", "-o", "a", *flags(root), cwd=tmp_path)
    version = checked(the_only(root, "microdup"), "--version", env=library_path(root)).split()[1]
    assert checked(tmp_path / "a", env=library_path(root)) == version + "\n"


def test_each_header_stands_alone(root, tmp_path):
    compilers = [(c, e) for c, e in (("gcc", "c"), ("g++", "cpp")) if shutil.which(c)] or pytest.skip("no compiler")
    for compiler, ending in compilers:
        for name in headers(root):
            (tmp_path / f"h.{ending}").write_text(f"#include <microdup/{name}>\n")
            include = [flag for flag in flags(root) if flag.startswith("-I")]
            checked(compiler, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *include, f"h.{ending}", cwd=tmp_path)


def test_slurm_script(root):
    script = the_only(root, "slurm_microdup.sh")
    text = script.read_text()
    assert text.startswith("#!") and "#SBATCH" in text and "microdup screen" in text
    checked("sh", "-n", script)
