import ctypes
import math
import os
import struct

import pytest

from darknet_torch.cfg.numbers import INT32_MAX, INT32_MIN, float32, read_integer, read_number


@pytest.fixture(scope="module")
def libc():
    if os.name == "nt":
        pytest.skip("no C library to compare with on Windows")
    library = ctypes.CDLL(None)
    library.atof.restype = ctypes.c_double
    return library


@pytest.mark.parametrize(
    "text", "0 7 -7 +7 007 64x 64.9 1152#960 1e3 -3,4 8#8 2147483647 0x10".split()
)
def test_integers_are_read_as_atoi_reads_them(libc, text):
    found, _ = read_integer(text)
    assert found == libc.atoi(text.encode())


@pytest.mark.parametrize(
    "text",
    "0 1 -1 +1 .1 -.5 1. 1.e2 1e-4 1E+4 1e 1e+ 0.001#x 1,5 1.5.5 1e40 -1e40 1e-50 1e400 "
    "inf -Infinity 12abc 0x10 0x1p-2".split(),
)
def test_numbers_are_read_as_atof_reads_them_and_held_as_a_float(libc, text):
    found, _ = read_number(text)
    assert found == ctypes.c_float(libc.atof(text.encode())).value


@pytest.mark.parametrize(("text", "value"), [("0x1p99999", "inf"), ("-0x1p99999", "-inf")])
def test_a_hexadecimal_number_beyond_every_float_is_infinite(text, value):
    assert read_number(text) == (float(value), "")


def test_nan_is_a_number_to_atof():
    found, rest = read_number("nan#")
    assert math.isnan(found)
    assert rest == "#"


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [("1152#960", 1152, "#960"), ("64x", 64, "x"), ("-3", -3, ""), ("1e3", 1, "e3")],
)
def test_the_text_after_an_integer_is_returned(text, value, rest):
    assert read_integer(text) == (value, rest)


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [(".5#half", 0.5, "#half"), ("0,001", 0.0, ",001"), ("2e", 2.0, "e"), ("1.5.5", 1.5, ".5")],
)
def test_the_text_after_a_number_is_returned(text, value, rest):
    assert read_number(text) == (value, rest)


@pytest.mark.parametrize("text", ["", "#1", "x1", "-", "+", "--1", ".", "e5", "-x"])
def test_a_text_that_starts_with_no_number_gives_none(text):
    assert read_integer(text) is None
    assert read_number(text) is None


def test_float32_rounds_to_the_nearest_float_and_overflows_to_infinity():
    assert float32(0.1) == struct.unpack("f", struct.pack("f", 0.1))[0] != 0.1
    assert float32(0.9999) != 0.9999
    assert float32(0.5) == 0.5
    assert float32(1e39) == math.inf
    assert float32(-1e39) == -math.inf


@pytest.mark.parametrize("text, value", [("0" * 5000 + "1", 1), ("-" + "0" * 5000 + "7", -7)])
def test_leading_zeros_do_not_count(text, value):
    assert read_integer(text + "x") == (value, "x")


def test_an_integer_of_any_number_of_digits_is_beyond_those_of_c():
    assert read_integer("9" * 5000)[0] > INT32_MAX
    assert read_integer("-" + "9" * 5000)[0] < INT32_MIN


def test_the_bounds_are_those_of_an_integer_of_32_bits():
    assert ctypes.c_int32(INT32_MAX).value == INT32_MAX
    assert ctypes.c_int32(INT32_MIN).value == INT32_MIN == ctypes.c_int32(INT32_MAX + 1).value


@pytest.mark.parametrize("value", [1e300, -1e300])
def test_a_value_too_large_for_a_float_is_infinite_as_in_c(value):
    assert float32(value) == math.copysign(math.inf, value)
