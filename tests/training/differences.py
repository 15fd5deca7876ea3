"""How far what a device computes is from what the CPU computes."""

import torch

# Of the largest value of an array: float32 rounds to 6e-8 of each value, sums of thousands of
# products in another order differ by some 1e-6, and a factor of 10 is left. Products in TF32,
# which round their factors to 10 bits, differ by 1e-4 at least.
FLOAT32 = 1e-5
# Of the norm of a change: between oneDNN's and PyTorch's own convolutions on a CPU it is 3e-5
# where the gradients of a scale cancel, and 1e-6 elsewhere.
CHANGE = 1e-4
ROUNDING = 1e-7  # of the norm of an array: what float32 keeps of it, after every update


def largest_difference(found, expected):
    """The largest difference of two tensors, as a part of the largest value of `expected`.

    Raises:
        AssertionError: a value is not finite, or the shapes differ.
    """
    found, expected = (tensor.detach().double().cpu() for tensor in (found, expected))
    assert found.shape == expected.shape
    assert bool(torch.isfinite(expected).all())
    assert bool(torch.isfinite(found).all())
    difference, largest = float((found - expected).abs().max()), float(expected.abs().max())
    return 0.0 if difference == 0 else difference / largest if largest else float("inf")


def relative_norm(found, expected):
    """The norm of the difference of two tensors, as a part of the norm of `expected`."""
    return _norm(found.double() - expected.double()) / _norm(expected.double())


def unequal_changes(found, expected, network):
    """Describe the changes that differ by more than rounding.

    Args:
        found, expected: {(layer, array): change by a training}.
        network: as it was before both.
    """
    norms = {
        (layer.index, slot.name): float(slot.tensor.detach().double().norm())
        for layer, slot in network.slots()
    }
    return [
        f"{name} of layer {index}: a change of {whole:.3g} differs by {difference:.3g}"
        for (index, name), change in expected.items()
        if not (difference := _norm(found[index, name].double() - change.double()))
        <= CHANGE * (whole := _norm(change.double())) + ROUNDING * norms[index, name]
    ]


def _norm(tensor):
    return float(tensor.norm())
