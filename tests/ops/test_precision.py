"""The precision of layers."""

import pytest
import torch

from darknet_torch.errors import ArgumentError
from darknet_torch.ops.precision import Precision
from darknet_torch.ops.precision_names import PRECISIONS

CPU, CUDA = torch.device("cpu"), torch.device("cuda")  # the latter also where there is none


def conv_switch():
    return torch.backends.cudnn.conv.fp32_precision


@pytest.mark.parametrize("name", PRECISIONS)
def test_a_precision_has_its_name(name):
    assert Precision.named(name).name == name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        (
            "float8",
            ("unknown precision", "float32 or tf32 or bfloat16 or float16", "got 'float8' (str)"),
        ),
        ("bf16", ("got 'bf16'", "did you mean 'bfloat16'?")),
        (torch.float16, ("unknown precision", "got torch.dtype")),
        (None, ("unknown precision", "got None")),
    ],
)
def test_another_word_is_refused(name, parts):
    with pytest.raises(ArgumentError) as error:
        Precision.named(name)
    for part in parts:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("float32", "ieee"), ("tf32", "tf32"), ("bfloat16", "ieee"), ("float16", "ieee")],
)
def test_the_switches_are_set_while_a_cuda_device_computes(name, wanted):
    before = conv_switch()
    with Precision(name).computing(CUDA):
        assert conv_switch() == wanted
    with Precision(name).computing(torch.device("cuda:1")):
        assert conv_switch() == wanted
    assert conv_switch() == before


@pytest.mark.parametrize("device", [CPU, torch.device("mps")])
def test_other_devices_leave_the_switches_alone(device):
    before = conv_switch()
    for name in PRECISIONS:
        with Precision(name).computing(device):
            assert conv_switch() == before


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("float32", torch.float32),
        ("tf32", torch.float32),
        ("bfloat16", torch.bfloat16),
        ("float16", torch.float16),
    ],
)
def test_layers_compute_in_the_type_of_the_precision(name, dtype):
    values = torch.ones(2, 2)
    with Precision(name).autocast(CPU):
        assert (values @ values).dtype == dtype
    with torch.autocast("cpu", torch.bfloat16), Precision(name).autocast(CPU):
        assert (values @ values).dtype == dtype


def test_pytorch_has_no_int8_and_says_how_to_prepare_it():
    with pytest.raises(ArgumentError) as error:
        Precision.named("int8")
    assert error.value.got == "int8"
    assert "dtorch bench CFG WEIGHTS --precision int8 --data DATA" in error.value.fix
