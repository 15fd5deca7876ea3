"""[maxpool] against plain loops, and the left border of AlexeyAB's vectorised code."""

import numpy as np
import pytest
import torch

from darknet_torch.cfg.dialect import find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, CfgWarning
from darknet_torch.model.network import build_network

LOWEST = np.finfo(np.float32).min


def build(options, *, channels=2, height=5, width=7, dialect="alexeyab"):
    net = f"[net]\nchannels={channels}\nheight={height}\nwidth={width}\n"
    cfg = net + "\n".join(["[maxpool]", *options.split()])
    return build_network(parse_cfg(cfg), dialect=find_dialect(dialect))


def picture(channels=2, height=5, width=7):
    """Below zero, so that a border of zeros would show."""
    generator = torch.Generator().manual_seed(7)
    return -torch.rand(2, channels, height, width, generator=generator) - 1


def pool(x, size, strides=(1, 1), padding=0):
    """The largest value of each window; the border has the lowest float."""
    count, channels, height, width = x.shape
    out_height = (height + padding - size) // strides[0] + 1
    out_width = (width + padding - size) // strides[1] + 1
    out = np.full((count, channels, out_height, out_width), LOWEST)
    for n, c, i, j in np.ndindex(*out.shape):
        top, left = i * strides[0] - padding // 2, j * strides[1] - padding // 2
        window = x[n, c, max(0, top) : max(0, top + size), max(0, left) : max(0, left + size)]
        out[n, c, i, j] = max([LOWEST, *window.flat])
    return out


def pool_in_blocks(x, size, stride, padding):
    """`pool` as AlexeyAB's AVX code computes it.

    The first outputs of a row come in blocks, a register each. Whether a column of the
    window counts is asked once, for the first output of the block.
    """
    out = pool(x, size, (stride, stride), padding)
    count, channels, height, width = x.shape
    before, memory = padding // 2, x.reshape(-1)
    if stride == 1:
        block, end, columns = 8, out.shape[-1] - 8 - (size - 1), range(size)
    else:
        assert (stride, size) == (2, 2)
        block, end, columns = 4, out.shape[-1] - 4, range(1)
    for start in range(0, end, block):
        for n, c, i in np.ndindex(count, channels, out.shape[2]):
            best = np.full(block, LOWEST)
            for a in range(size):
                for b in columns:
                    row, column = i * stride - before + a, start * stride - before + b
                    if 0 <= row < height and 0 <= column < width:
                        at = column + width * (row + height * (c + channels * n))
                        lanes = memory[at : at + 8]
                        best = np.maximum(best, lanes.reshape(block, -1).max(1))
            out[n, c, i, start : start + block] = best
    return out


@pytest.mark.parametrize(
    ("options", "size", "strides", "padding"),
    [
        ("size=2 stride=2", 2, (2, 2), 1),
        ("size=2 stride=1", 2, (1, 1), 1),
        ("size=3 stride=2", 3, (2, 2), 2),
        ("size=3 stride=1", 3, (1, 1), 2),
        ("size=5 stride=1", 5, (1, 1), 4),
        ("size=13 stride=1", 13, (1, 1), 12),
        ("stride=2", 2, (2, 2), 1),
        ("stride=3", 3, (3, 3), 2),
        ("size=2", 2, (1, 1), 1),
        ("", 1, (1, 1), 0),
        ("size=1 stride=2", 1, (2, 2), 0),
        ("size=2 stride=3", 2, (3, 3), 1),
        ("size=3 stride_x=2 stride_y=1", 3, (1, 2), 2),
        ("size=3 stride=2 stride_y=3", 3, (3, 2), 2),
        ("size=2 stride=2 padding=0", 2, (2, 2), 0),
        *((f"size=3 stride=2 padding={padding}", 3, (2, 2), padding) for padding in range(7)),
        *((f"size=4 stride=1 padding={padding}", 4, (1, 1), padding) for padding in range(12)),
    ],
)
def test_it_is_the_largest_value_of_every_window(options, size, strides, padding):
    network, x = build(options, dialect="alexeyab-cuda"), picture()
    expected = pool(x.numpy(), size, strides, padding)
    (out,) = network(x)
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == expected.shape[1:]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("height", [4, 5, 6])
@pytest.mark.parametrize("width", [1, 4, 7])
def test_odd_and_even_inputs_end_as_in_darknet(height, width):
    x = picture(height=height, width=width)
    (out,) = build("size=2 stride=2", height=height, width=width)(x)
    np.testing.assert_array_equal(out, pool(x.numpy(), 2, (2, 2), 1))


def test_a_2x2_window_of_stride_1_keeps_the_size():
    (out,) = build("size=2 stride=1")(picture())
    assert out.shape == picture().shape


def test_a_window_outside_of_the_picture_gives_the_lowest_float():
    (out,) = build("size=1 stride=1 padding=2", dialect="pjreddie")(torch.zeros(1, 2, 5, 7))
    assert (out[..., 0] == LOWEST).all()
    assert (out[..., 1:-1, 1:-1] == 0).all()


WIDE = [
    (size, width, padding)
    for size, width in ((2, 24), (3, 11), (3, 26), (5, 13), (5, 40), (9, 19), (9, 33))
    # Beyond twice the window the C code reads past the row.
    for padding in sorted({size - 1, size, size + 1, 2 * size - 1, 2 * size})
]


@pytest.mark.parametrize(("size", "width", "padding"), WIDE)
def test_alexeyabs_blocks_of_8_drop_columns_left_of_the_picture(size, width, padding):
    x = picture(height=4, width=width)
    (out,) = build(f"size={size} stride=1 padding={padding}", height=4, width=width)(x)
    np.testing.assert_array_equal(out, pool_in_blocks(x.numpy(), size, 1, padding))


@pytest.mark.parametrize("width", [7, 9, 10, 16, 17])
@pytest.mark.parametrize("padding", range(5))
def test_alexeyabs_blocks_of_4_drop_windows_that_start_left_of_the_picture(width, padding):
    x = picture(width=width)
    (out,) = build(f"size=2 stride=2 padding={padding}", width=width)(x)
    np.testing.assert_array_equal(out, pool_in_blocks(x.numpy(), 2, 2, padding))


def test_a_block_differs_from_the_definition_after_its_first_output():
    x = picture(width=24)
    (out,) = build("size=5 stride=1", width=24)(x)
    columns = np.nonzero(out.numpy() != pool(x.numpy(), 5, (1, 1), 4))[3]
    assert set(columns) == set(range(1, 8))


@pytest.mark.parametrize("dialect", ["pjreddie", "alexeyab-cuda"])
def test_other_dialects_do_not_compute_in_blocks(dialect):
    x = picture(width=24)
    (out,) = build("size=5 stride=1", width=24, dialect=dialect)(x)
    np.testing.assert_array_equal(out, pool(x.numpy(), 5, (1, 1), 4))


def test_training_does_not_compute_in_blocks():
    x = picture(width=24)
    (out,) = build("size=5 stride=1", width=24).train()(x)
    np.testing.assert_array_equal(out, pool(x.numpy(), 5, (1, 1), 4))


def test_unequal_strides_are_not_computed_in_blocks():
    x = picture(width=24)
    (out,) = build("size=5 stride_x=1 stride_y=2", width=24)(x)
    np.testing.assert_array_equal(out, pool(x.numpy(), 5, (2, 1), 4))


def test_a_narrow_row_is_not_computed_in_blocks():
    x = picture(width=12)
    (out,) = build("size=5 stride=1", width=12)(x)
    np.testing.assert_array_equal(out, pool(x.numpy(), 5, (1, 1), 4))


@pytest.mark.parametrize("channels", [4, 5])
@pytest.mark.parametrize("out_channels", [1, 2, 4])
def test_over_channels_it_takes_the_largest_of_every_nth_channel(channels, out_channels):
    x = picture(channels)
    (out,) = build(f"maxpool_depth=1 out_channels={out_channels}", channels=channels)(x)
    expected = np.full((2, out_channels, 5, 7), LOWEST)
    for n, c, i, j in np.ndindex(*x.shape):
        at = n, c % out_channels, i, j
        expected[at] = max(expected[at], x[n, c, i, j])
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(("kind", "taps"), [(1, [1, 2, 1]), (2, [1, 1])])
def test_antialiasing_blurs_every_value_before_the_stride(kind, taps):
    x = picture()
    (out,) = build(f"size=2 stride=2 antialiasing={kind}")(x)
    sharp, reach = pool(x.numpy(), 2, (1, 1), 1), len(taps) // 3
    padded = np.pad(sharp, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    expected = np.zeros(out.shape)
    for n, c, i, j in np.ndindex(*out.shape):
        window = padded[n, c, 2 * i : 2 * i + len(taps), 2 * j : 2 * j + len(taps)]
        expected[n, c, i, j] = (window * np.outer(taps, taps)).sum() / sum(taps) ** 2
    np.testing.assert_allclose(out, expected, rtol=1e-6)  # float32 sums of at most 9 products
    assert out.shape[2:] == ((3, 4) if kind == 1 else (2, 3))


def test_a_window_larger_than_its_input_is_refused():
    with pytest.raises(CfgError, match=r"window of 8 is larger than its input.*got input 2x5x7"):
        build("size=8 padding=0")


def build_depth(options, dialect="alexeyab"):
    """A [maxpool] on pictures of 7x2x3."""
    cfg = ["[net]", "channels=7", "height=2", "width=3", "[maxpool]", *options.split()]
    return build_network(parse_cfg("\n".join(cfg)), dialect=find_dialect(dialect))


def negative_picture():
    """Below zero, so that channels of zeros would show."""
    return -torch.rand(2, 7, 2, 3, generator=torch.Generator().manual_seed(7)) - 1


def largest_over_channels(x, wanted):
    out = np.full((2, wanted, 2, 3), LOWEST)
    for n, g, i, j in np.ndindex(*out.shape):
        for k in range(g, 7, wanted):
            out[n, g, i, j] = max(out[n, g, i, j], x[n, k, i, j])
    return out


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dialect", ["alexeyab", "alexeyab-cuda"])
@pytest.mark.parametrize("wanted", range(1, 8))
def test_over_channels_an_output_is_the_largest_of_every_nth_channel(wanted, dialect, training):
    network = build_depth(f"maxpool_depth=1 out_channels={wanted}", dialect).train(training)
    (out,) = network(negative_picture())
    np.testing.assert_array_equal(out, largest_over_channels(negative_picture().numpy(), wanted))
    shape = network.layers[0].output_shape
    assert (shape.channels, shape.height, shape.width) == out.shape[1:]


def test_over_channels_one_output_is_the_default_and_the_window_does_not_matter():
    (out,) = build_depth("maxpool_depth=1 size=2 stride=2")(negative_picture())
    np.testing.assert_array_equal(out, largest_over_channels(negative_picture().numpy(), 1))


def test_over_channels_more_outputs_than_inputs_are_refused():
    message = (
        r"<cfg>:5: \[maxpool\] maxpool_depth cannot make more channels: "
        r"expected out_channels of 7 at most, got 8"
    )
    with pytest.raises(CfgError, match=message):
        build_depth("maxpool_depth=1 out_channels=8")


def test_pjreddie_ignores_maxpool_depth():
    with pytest.warns(CfgWarning, match="'maxpool_depth' is an option of alexeyab/darknet"):
        network = build_depth("maxpool_depth=1 size=2 stride=2", "pjreddie")
    assert network(negative_picture())[0].shape == (2, 7, 1, 2)
