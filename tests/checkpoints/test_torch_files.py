"""A file of torch.save is read without running code, and anything else is a WeightsError."""

import argparse
import collections
import datetime
import decimal
import io
import pathlib
import pickle
import random
import types
import uuid
import zipfile
from collections import OrderedDict
from functools import partial

import numpy as np
import pytest
import torch

from darknet_torch.checkpoints.torch_files import read_torch_file
from darknet_torch.errors import WeightsError

FORMATS = pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
UTC = datetime.UTC
VALUES = [
    *(np.dtype(code).type(1) for code in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split()),
    *(np.str_("word"), np.str_(""), np.bytes_(b"\xff")),
    *(np.datetime64("2020-01-02", "D"), np.timedelta64(3, "ms")),
    *(pathlib.PurePosixPath("/runs/train"), pathlib.PureWindowsPath(r"C:\runs")),
    *(argparse.Namespace(rate=0.1, names=["a"]), types.SimpleNamespace(rate=0.1)),
    *(datetime.datetime(2020, 1, 2, 3, tzinfo=UTC), datetime.date(2020, 1, 2)),
    *(datetime.time(1, 2), datetime.timedelta(days=3)),
    *(decimal.Decimal("1.5"), uuid.UUID(int=7), slice(1, 5, 2), 2**70, 1 + 2j),
    *(b"", b"\x80\xff", bytearray(b"ab"), {1, 2}, frozenset({1, 2}), frozenset(), (1, (2,))),
    *(collections.Counter("aab"), OrderedDict(a=1), torch.Size([1, 2]), torch.float16),
    *(collections.defaultdict(list, a=[1]), collections.defaultdict(int, a=1)),
    *(collections.defaultdict(dict), torch.device("cuda:1"), OrderedDict),
]
ARRAYS = [
    *(np.ones(2, code) for code in "b1 i1 u2 u8 f2 f4 c16 >i4 >f8".split()),
    *(np.array(["ab", "c"]), np.array([None, "a"], object), np.array(3.0), np.zeros((0, 3))),
    *(np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(["2020"], "M8[s]")),
]


@pytest.fixture
def write(tmp_path):
    """A function that writes bytes, or saves an object, to a file; the path."""

    def write(content, is_zip=True):
        path = tmp_path / "some.pt"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path, _use_new_zipfile_serialization=is_zip)
        return path

    return write


def with_pickle(data, change):
    """The archive `data` with its pickle changed, and right checksums."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(result, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, change(content) if name.endswith("data.pkl") else content)
    return result.getvalue()


def error_of(path):
    with pytest.raises(WeightsError) as caught:
        read_torch_file(path)
    assert "\n" not in str(caught.value)
    assert caught.value.where == path
    return caught.value


@FORMATS
def test_plain_values_come_back(is_zip, write):
    loaded = read_torch_file(write(dict(enumerate(VALUES)), is_zip))
    for index, value in enumerate(VALUES):
        assert loaded[index] == value, value


@FORMATS
@pytest.mark.parametrize("module", ["numpy._core", "numpy.core"], ids=["numpy2", "numpy1"])
def test_numpy_arrays_come_back(module, is_zip, write):
    data = write(ARRAYS, is_zip).read_bytes()

    def rename(pickled):
        return pickled.replace(b"numpy._core.", module.encode() + b".")

    loaded = read_torch_file(write(with_pickle(data, rename) if is_zip else rename(data)))
    for found, array in zip(loaded, ARRAYS, strict=True):
        assert found.dtype == array.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, array)


def test_what_could_do_more_than_hold_data_becomes_plainer(write):
    values = [pathlib.Path("a"), collections.deque([1, 2], maxlen=3), range(3), np.float32]
    path, items, numbers, _ = read_torch_file(write(values))
    assert type(path) is pathlib.PurePosixPath
    assert items == [1, 2]
    assert numbers == slice(0, 3, 1)


def test_a_path_of_python_3_13_is_read(write):
    data = write([pathlib.PosixPath("a/b")]).read_bytes()
    renamed = with_pickle(data, lambda p: p.replace(b"cpathlib\n", b"cpathlib._local\n"))
    assert read_torch_file(write(renamed)) == [pathlib.PurePosixPath("a/b")]


@pytest.mark.parametrize(
    "name", ["builtins getattr", "os system", "posix system", "zoneinfo ZoneInfo", "io open"]
)
def test_other_names_are_refused(name, write):
    data = write([slice(1, 2)]).read_bytes()
    module, _, function = name.partition(" ")
    found = f"c{module}\n{function}\n".encode()
    path = write(with_pickle(data, lambda p: p.replace(b"c__builtin__\nslice\n", found)))
    assert function in error_of(path).got


def test_types_are_only_named(write):
    """A type that only stands as a value cannot be called, to count for ever or to fill memory."""
    for call in (
        b"c__builtin__\nlist\n(tR",
        b"cnumpy\nndarray\nK\x05\x85R",
        b"cdarknet_torch\nStoredArray\nJ\xff\xff\xff\x7f\x85R",
        b"c__builtin__\nbytes\nJ\xff\xff\xff\x7f\x85R",
        b"c__builtin__\nfrozenset\nJ\xff\xff\xff\x7f\x85R",
    ):
        error_of(write(with_pickle(write([]).read_bytes(), lambda p, c=call: p[:2] + c + b".")))


@pytest.mark.parametrize("code", ["V8", "f99999", "O4", "f8,f8", "x"])
def test_other_types_of_numpy_are_refused(code, write):
    data = write([np.float64(1)]).read_bytes()
    old, new = (b"X" + len(c).to_bytes(4, "little") + c for c in (b"f8", code.encode()))
    path = write(with_pickle(data, lambda p: p.replace(old, new)))
    assert "cannot be read" in error_of(path).what


def test_a_wrong_byte_is_found_by_its_checksum(write):
    data = bytearray(write({"a": torch.full((100,), 7.0)}).read_bytes())
    data[data.index(torch.full((2,), 7.0).numpy().tobytes())] ^= 1
    error = error_of(write(bytes(data)))
    assert error.got == "the checksum of its part some/data/0 is wrong"
    assert error.expected == "a file that torch.save wrote"
    assert error.fix == "fetch it again, in binary mode"


@FORMATS
def test_an_array_that_repeats_one_number_without_end_is_refused(is_zip, write):
    endless = torch.ones(1, dtype=torch.float16).expand(10**12)
    error = error_of(write({"a": [endless]}, is_zip))
    assert error.what == "would take far more memory than it has bytes"
    assert error.got == "2000000000000 bytes"


def _hexadecimal(times):
    """The bytes b"aa", encoded again and again, each time twice as long."""
    text = b"c_codecs\nencode\n" * times + b"c_codecs\nencode\nX\2\0\0\0aaX\6\0\0\0latin1\x86R"
    return text + b"X\3\0\0\0hex\x86R" * times


@FORMATS
@pytest.mark.parametrize(
    "value",
    [
        b"c__builtin__\nbytearray\nJ\xff\xff\xff\x7f\x85R",
        b"cbuiltins\nbytearray\nq\5(J\xff\xff\xff\x7ftR",
        b"]q\0(cbuiltins\nbytearray\nq\1h\1J\xff\xff\xff\x7f\x85Re",
        b"]q\0(J\xff\xff\xff\x7f\x85q\1cbuiltins\nbytearray\nh\1Re",
        _hexadecimal(30),
        b"](X\xe8\3\0\0%bq\1%be" % (b"a" * 1000, b"c_codecs\nencode\nh\1h\1\x86R" * 200),
    ],
)
def test_bytes_without_end_are_refused_before_they_are_made(is_zip, value, write, monkeypatch):
    data = write({"a": 1}, is_zip).read_bytes()
    marked = b"K\x01s."
    if is_zip:
        path = write(with_pickle(data, lambda content: content.replace(marked, value + b"s.")))
    else:
        assert data.count(marked) == 1
        path = write(data.replace(marked, value + b"s."))
    monkeypatch.setattr(torch, "load", None)  # it would make them
    assert "would take far more memory" in str(error_of(path))


def test_a_small_archive_of_a_large_file_is_refused(tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(2**22))
    assert error_of(path).what == "would take far more memory than it has bytes"


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (torch.ones(2).to_sparse(), "torch.sparse_coo, on cpu"),
        (torch.ones(2, device="meta"), "torch.strided, on meta"),
        (torch.ones(2, dtype=torch.complex64), "torch.complex64, torch.strided"),
    ],
)
def test_an_array_of_another_kind_is_refused(value, got, write):
    error = error_of(write({"model": {"a": value}}))
    assert error.what == "contains arrays of a kind that is not read"
    assert got in error.got


def test_a_dictionary_with_attributes_is_refused(write):
    """They could replace its methods."""
    state = OrderedDict(a=torch.ones(1))
    state.note = 5
    assert "has attributes" in error_of(write(state)).got


def test_values_that_contain_themselves_are_read(write):
    loop = {"a": torch.ones(1), "list": []}
    loop["list"].append(loop)
    assert read_torch_file(write(loop))["a"] == 1


def test_a_folder_and_a_missing_file_are_named(tmp_path):
    assert error_of(tmp_path).what == "is a folder"
    assert error_of(tmp_path / "gone.pt").what == "no such file"


def test_another_pickle_protocol_is_named(tmp_path):
    path = tmp_path / "some.pt"
    for protocol in (3, 4, 5):
        torch.save({"a": torch.ones(1), "b": b"x"}, path, pickle_protocol=protocol)
        error = error_of(path)
        assert "another pickle protocol" in error.what
        assert "without pickle_protocol=" in error.fix


def test_a_torchscript_program_is_named(tmp_path):
    path = tmp_path / "program.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("program/constants.pkl", pickle.dumps((), 2))
    error = error_of(path)
    assert error.what.startswith("is a TorchScript program")
    assert "torch.jit.load" in error.fix


@FORMATS
def test_a_refused_class_is_named_with_the_way_to_export(is_zip, write):
    error = error_of(write({"model": torch.nn.Linear(1, 1)}, is_zip))
    assert error.got == "torch.nn.modules.linear.Linear"
    assert "some.pt', map_location='cpu', weights_only=False)" in error.fix
    assert f"torch.load('{error.where}'" in error.fix
    assert "some-state.pt'" in error.fix


@pytest.mark.parametrize("content", [{}, {"model": torch.nn.Linear(1, 1)}, torch.nn.Linear(1, 1)])
def test_the_way_to_export_works(content, write, monkeypatch):
    path = write({"a": torch.ones(1), "no": print} if content == {} else content)
    monkeypatch.chdir(path.parent)
    command = error_of(path).fix.partition('python -c "')[2].rstrip('"')
    exec(command, {})  # what a user would do, with a file of this test
    assert read_torch_file(path.with_name("some-state.pt")) is not None


@FORMATS
def test_damaged_files_give_our_error_and_no_other(is_zip, write):
    """Bytes changed, cut off, inserted or cleared, in 200 seeded ways."""
    content = {
        "model": OrderedDict(a=torch.ones(3), b=torch.zeros(2, 2, dtype=torch.float16)),
        "results": [np.float64(1), np.ones(2), pathlib.PurePosixPath("a"), {"b": [True, 2.5]}],
    }
    data = write(content, is_zip).read_bytes()
    generator, refused = random.Random(0), 0
    for turn in range(100):
        damage = partial(damaged, generator=generator)
        path = write(with_pickle(data, damage) if is_zip and turn % 2 else damage(data))
        try:
            read_torch_file(path)
        except WeightsError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 30


def damaged(data, generator):
    """`data` with some bytes changed, removed, inserted or cleared."""
    place, length = generator.randrange(len(data)), generator.choice([1, 4, 40])
    new = generator.choice(
        [b"", bytes(length), b"\xff" * length, generator.randbytes(1), generator.randbytes(length)]
    )
    removed = generator.choice([0, len(new), len(data)])
    return data[:place] + new + data[place + removed :]
