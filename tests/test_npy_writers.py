"""NumPy's and cryosparc-tools' tables, read and written by us.

MDUP_NPY_DUMP is the path of npy_dump (built beside the unit tests).  What is not given, or which package cannot be imported, is skipped.
"""

import json
import os
import random
import subprocess

import pytest

numpy = pytest.importorskip("numpy")


def run(*arguments):
    program = os.environ.get("MDUP_NPY_DUMP")
    if not program:
        pytest.skip("MDUP_NPY_DUMP is not set")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def dump(path):
    result = run(path)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def text_of(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, numpy.bool_)):
        return str(int(value))
    return float(value) if isinstance(value, (float, numpy.floating)) else int(value)


def assert_same(path, array):
    """Every field and every value as NumPy has it."""
    read = dump(path)
    assert read["records"] == len(array)
    assert read["record_bytes"] == array.dtype.itemsize
    assert [field["name"] for field in read["fields"]] == list(array.dtype.names)
    for field in read["fields"]:
        dtype, offset = array.dtype.fields[field["name"]][:2]
        assert field["offset"] == offset
        assert field["item_bytes"] * field["n_items"] == dtype.itemsize
        if dtype.base.kind not in "biufSU":
            assert field["values"] == []
            continue
        values = [text_of(v) for v in array[field["name"]].reshape(-1).tolist()]
        for seen, value in zip(field["values"], values, strict=True):
            # Negative integers are given as doubles.
            as_number = type(value) if isinstance(value, str) or value >= 0 else float
            assert as_number(seen) == as_number(value)


def array_of(dtype, n, seed=1):
    rng = random.Random(seed)
    array = numpy.zeros(n, dtype=dtype)
    for name in array.dtype.names:
        kind, shape = array.dtype[name].base.kind, array[name].shape
        flat = array[name].reshape(-1).copy()
        for i in range(flat.size):
            if kind in "SU":
                width = flat.dtype.itemsize // (4 if kind == "U" else 1)
                letters = "abc/_.-0" + ("\u00e9\u4e2d\U0001f9ea" if kind == "U" else "")
                flat[i] = "".join(rng.choice(letters) for _ in range(rng.randint(0, width)))
            elif kind == "b":
                flat[i] = rng.random() < 0.5
            elif kind in "iu":
                info = numpy.iinfo(flat.dtype)
                flat[i] = rng.choice([info.min, info.max, 0, 1, rng.randint(info.min, info.max)])
            elif kind == "f":
                flat[i] = rng.uniform(-1000, 1000)
        array[name] = flat.reshape(shape)
    return array


TYPES = ["?"] + [order + kind for order in "<>" for kind in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 U5 c8 M8[ns]".split()]
TYPES += ["S1", "S40", "V7", "f8"]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_type(tmp_path, version):
    dtype = [(f"field {i}/{t}", t, shape) for i, t in enumerate(TYPES) for shape in [(), (2,), (2, 3)][i % 3 : i % 3 + 1]]
    array = array_of(dtype, 7)
    with open(tmp_path / "a.cs", "wb") as file:
        numpy.lib.format.write_array(file, array, version=version)
    assert_same(tmp_path / "a.cs", array)


def test_padding_titles_and_nested_records(tmp_path):
    dtype = numpy.dtype({"names": ["a", "b"], "formats": ["<u1", "<u4"], "offsets": [2, 8], "itemsize": 16})
    array = numpy.zeros(3, dtype=dtype)
    array["b"] = [1, 2, 3]
    numpy.save(tmp_path / "padded.npy", array)
    assert_same(tmp_path / "padded.npy", array)
    array = numpy.zeros(3, dtype=[(("a title", "a"), "<u2"), ("it's", [("x", "<f4"), ("y", "<f8", (2, 2))], (3,)), ("z", "S3")])
    array["z"] = [b"xy", b"", b"zzz"]
    numpy.save(tmp_path / "nested.npy", array)
    assert_same(tmp_path / "nested.npy", array)


def test_long_header(tmp_path):
    """Over 65535 bytes NumPy writes version 2."""
    array = numpy.zeros(2, dtype=[(f"a_field_with_a_long_name/{i}", "<u2") for i in range(3000)])
    array["a_field_with_a_long_name/2999"] = [7, 8]
    with pytest.warns(UserWarning):
        numpy.save(tmp_path / "long.npy", array)
    assert (tmp_path / "long.npy").read_bytes()[6] == 2
    assert_same(tmp_path / "long.npy", array)


@pytest.mark.parametrize("n", [0, 1, 10, 1000])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_numpy_reads_what_is_left(tmp_path, n, step):
    array = array_of([("uid", "<u8"), ("path", "S40"), ("shape", "<u4", (2,)), ("psize", "<f4")], n)
    numpy.save(tmp_path / "a.npy", array)
    result = run(tmp_path / "a.npy", tmp_path / "b.npy", step)
    assert (result.returncode, result.stderr) == (0, "")
    left = numpy.load(tmp_path / "b.npy")
    want = array[numpy.arange(n) % step != 0]
    assert left.dtype == array.dtype
    assert left.tobytes() == want.tobytes()


@pytest.mark.parametrize(
    "array, message",
    [
        (numpy.zeros(3), "an array of numbers, not a table of records"),
        (numpy.zeros((2, 2), dtype=[("a", "<u2")]), "the array is not one-dimensional"),
        (numpy.array([(1, "x")], dtype=[("a", "<u2"), ("p", "O")]), "the field 'p' holds Python objects"),
        (numpy.array(["x", None], dtype=object), "an array of numbers, not a table of records"),
    ],
)
def test_refused(tmp_path, array, message):
    numpy.save(tmp_path / "x.npy", array, allow_pickle=True)
    result = run(tmp_path / "x.npy")
    assert result.returncode == 1
    assert result.stderr.startswith(f"{tmp_path}/x.npy: ") and message in result.stderr


def dataset(n):
    Dataset = pytest.importorskip("cryosparc.dataset").Dataset
    data = Dataset.allocate(
        n,
        [
            ("micrograph_blob/path", "O"),
            ("micrograph_blob/idx", "<u4"),
            ("micrograph_blob/shape", "<u4", (2,)),
            ("micrograph_blob/psize_A", "<f4"),
            ("mscope_params/exp_group_id", "<u4"),
            ("ctf/type", "O"),
        ],
    )
    data["micrograph_blob/path"] = [f"J2/motioncorrected/{i}_patch_aligned.mrc" for i in range(n)]
    data["micrograph_blob/psize_A"] = 0.83
    data["micrograph_blob/shape"] = numpy.full((n, 2), [4092, 5760])
    return data


@pytest.mark.parametrize("n", [0, 1, 100])
def test_dataset_both_ways(tmp_path, n):
    data = dataset(n)
    data.save(tmp_path / "a.cs")
    assert_same(tmp_path / "a.cs", numpy.load(tmp_path / "a.cs"))
    assert run(tmp_path / "a.cs", tmp_path / "b.cs", 3).returncode == 0
    left = type(data).load(tmp_path / "b.cs")
    want = data.mask(numpy.arange(n) % 3 != 0) if n else data
    assert left == want


def test_compressed_dataset_is_refused(tmp_path):
    data = dataset(3)
    data.save(tmp_path / "c.cs", format=2)
    result = run(tmp_path / "c.cs")
    assert result.returncode == 1
    assert result.stderr == (
        f"{tmp_path}/c.cs: a cryoSPARC dataset in the compressed format CSDAT, which is not read; write it as an ordinary "
        ".cs file with cryosparc-tools: Dataset.load('in.cs').save('out.cs')\n"
    )
    type(data).load(tmp_path / "c.cs").save(tmp_path / "d.cs")
    assert run(tmp_path / "d.cs").returncode == 0
