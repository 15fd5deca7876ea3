"""Darknet's update of the weights: SGD with momentum, Adam or AdamW on summed gradients."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from darknet_torch.cfg.net import NetOptions
from darknet_torch.errors import CfgError
from darknet_torch.layers.base import Layer
from darknet_torch.model.network import Network
from darknet_torch.ops.arithmetic import FAST, Arithmetic
from darknet_torch.reading import guarded
from darknet_torch.training.optimizer_kinds import CSGD, Groups, optimizer_kind
from darknet_torch.training.saved_arrays import saved_array

# The names under which PyTorch's optimizers keep the momentum of an array, and count its updates.
_MOMENTUM, _STEPS = "momentum_buffer", "step"


@dataclass(frozen=True)
class _Rule:
    """How some arrays are updated; the arrays of one rule form a group.

    Attributes:
        rate_scale: factor on the learning rate.
        decays: drawn towards zero.
        from_iteration: updates made before the first of these.
        clip: bound on the values after an update, 0 for none.
    """

    rate_scale: float
    decays: bool
    from_iteration: int
    clip: float


class Optimizer:
    """SGD with momentum, Adam or AdamW, on the summed gradients of a batch.

    Args:
        network: the options of its layers say which arrays are updated, and how.
        arithmetic: whether SGD rounds as C's loops do; with `clip_norm` it does not.
        kind: "sgd", "adam" or "adamw"; None for the cfg's.
        clip_norm: the largest norm of the gradients of all arrays that are updated, taken
            together: of the mean gradient per input, without decay; None for no bound.

    Raises:
        CfgError: PyTorch refuses an option of [net], such as a negative momentum.

    Source: convolutional_layer.c update_convolutional_layer, blas_kernels.cu
    adam_update_gpu, network_kernels.cu update_network_gpu, parser.c set_train_only_bn
    (AlexeyAB). dont_update, burnin_update, train_only_bn, clip, grad_centr and adam act in
    CUDA code alone there, and here everywhere.
    Differs: the gradients of updates that dont_update or burnin_update leave out are
    dropped; in C they add up until the first update.
    """

    def __init__(
        self,
        network: Network,
        arithmetic: Arithmetic = FAST,
        *,
        kind: str | None = None,
        clip_norm: float | None = None,
    ) -> None:
        self.network, self.net = network, network.net
        self.kind, self.clip_norm = optimizer_kind(kind, network.net), clip_norm
        rules: dict[_Rule, list[nn.Parameter]] = {}
        for rule, parameter in _ruled(network):
            rules.setdefault(rule, []).append(parameter)
        self.rules = list(rules)
        groups = [{"params": parameters} for parameters in rules.values()]
        self.inner = self._inner(groups, arithmetic) if groups else None
        self.centred = list(_centred(network))

    def _inner(self, groups: Groups, arithmetic: Arithmetic) -> torch.optim.Optimizer:
        # In C's order gradients go on from the momentum, which their norm must not count.
        exact_order = arithmetic.exact_order and self.clip_norm is None
        with guarded(self.net.where, what="PyTorch refuses the optimizer", error=CfgError):
            inner = self.kind.make(groups, self.net, exact_order=exact_order)
        if not isinstance(inner, CSGD):
            _start_momentum(inner)
        return inner

    def step(
        self,
        rate: float,
        iteration: int,
        inputs: int,
        scaler: torch.amp.GradScaler | None = None,
    ) -> None:
        """Centre and clip the gradients, update the arrays, clip them, and clear the gradients.

        Args:
            rate: the learning rate.
            iteration: number of this update, 1 for the first.
            inputs: how many inputs the gradients are summed over, those of other processes
                included; with dynamic_minibatch it differs from [net] batch=.
            scaler: what the gradients were scaled by, None if by nothing.
        """
        if self.inner is None:
            return
        for rule, group in zip(self.rules, self.inner.param_groups, strict=True):
            group_rate = rate * rule.rate_scale
            group.update(self.kind.settings(self.net, group_rate, inputs, decays=rule.decays))
            rests = iteration < rule.from_iteration
            for parameter in group["params"]:
                if rests or not parameter.requires_grad:  # frozen: no decay, no momentum
                    parameter.grad = None
                elif parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
        if scaler is not None:
            scaler.unscale_(self.inner)
        self._centre()
        self._clip_norm(inputs)
        if scaler is None:
            self.inner.step()
        else:
            scaler.step(self.inner)
            scaler.update()
        self.inner.zero_grad(set_to_none=True)
        self._clip()

    @property
    def can_skip(self) -> bool:
        """Whether `skip_if` works: for PyTorch's fused updates."""
        return self.inner is not None and not isinstance(self.inner, CSGD)

    @torch.no_grad()
    def skip_if(self, broken: Tensor) -> None:
        """Let the next `step` change nothing if `broken`, a bool scalar, is true on the device.

        The gradients become NaN, which the scaler of gradients looks for; without one the fused
        updates take the flag themselves.
        """
        assert self.inner is not None
        self.inner.found_inf = broken.float()  # type: ignore[attr-defined]
        for group in self.inner.param_groups:  # those of one that rests are dropped
            gradients = (array.grad for array in group["params"] if array.grad is not None)
            for gradient in itertools.islice(gradients, 1):
                gradient.masked_fill_(broken, float("nan"))

    @torch.no_grad()
    def _centre(self) -> None:
        """Source: blas_kernels.cu gradient_centralization_kernel (AlexeyAB)."""
        assert self.inner is not None
        for weights in self.centred:
            if weights.grad is None:
                continue
            momentum = self.inner.state[weights].get(_MOMENTUM)
            for values in (weights.grad, momentum):
                if values is not None:
                    values -= values.mean((1, 2, 3), keepdim=True)

    def _clip_norm(self, inputs: int) -> None:
        """Shorten the gradients of all arrays together if their mean per input is too long."""
        if self.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters(), self.clip_norm * inputs)

    @torch.no_grad()
    def _clip(self) -> None:
        assert self.inner is not None
        for rule, group in zip(self.rules, self.inner.param_groups, strict=True):
            if rule.clip and rule.decays:
                for parameter in filter(_learns, group["params"]):
                    parameter.clamp_(-rule.clip, rule.clip)

    def parameters(self) -> Iterator[nn.Parameter]:
        """The arrays that are updated at present: all but those that are frozen."""
        return filter(_learns, self.arrays())

    def arrays(self) -> Iterator[nn.Parameter]:
        """All arrays that are ever updated."""
        groups = self.inner.param_groups if self.inner else []
        return itertools.chain.from_iterable(group["params"] for group in groups)

    def state_dict(self) -> dict[str, object]:
        """The momentum, or Adam's moments."""
        return self.inner.state_dict() if self.inner else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave.

        Raises:
            ValueError: it belongs to another network, or to another optimizer.
        """
        if self.inner and state:
            self._check_kind(state)
            self.inner.load_state_dict(self._with_own_options(state))
            if self.can_skip:
                _start_momentum(self.inner)
            self._lay_out_as_arrays()
            self._check_shapes()
            self.inner.zero_grad()

    def _check_kind(self, state: Mapping[str, Any]) -> None:
        """Refuse the state of another optimizer, which has other values for each array."""
        values = [each for each in state["state"].values() if each]
        if any(each.keys() != self.kind.values for each in values):
            raise ValueError(f"the state is that of another optimizer than {self.kind.name}")

    def _with_own_options(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """A state with the options of this optimizer: another version may have been unfused."""
        assert self.inner is not None
        own, saved = self.inner.state_dict()["param_groups"], state["param_groups"]
        if len(own) != len(saved):
            return dict(state)  # PyTorch refuses it
        groups = [
            {**mine, "params": theirs["params"]} for mine, theirs in zip(own, saved, strict=True)
        ]
        return {**state, "param_groups": groups}

    def _check_shapes(self) -> None:
        """Refuse values that are not of the arrays: PyTorch does not compare their shapes."""
        assert self.inner is not None
        for array, values in self.inner.state.items():
            for name, value in values.items():
                if name == _STEPS:
                    saved_array(value, torch.zeros(()), name)
                elif value is not None or name != _MOMENTUM:  # which may not have started
                    saved_array(value, array, name)

    def _lay_out_as_arrays(self) -> None:
        """Let each momentum have its array's order in memory, which fused updates ask for."""
        assert self.inner is not None
        for array, values in self.inner.state.items():
            for name, value in values.items():
                if isinstance(value, Tensor) and value.shape == array.shape:
                    values[name] = torch.empty_like(array).copy_(value)


def _learns(parameter: nn.Parameter) -> bool:
    """Whether an array is not frozen, see `darknet_torch.training.freezing.freeze`."""
    return parameter.requires_grad


def _start_momentum(inner: torch.optim.Optimizer) -> None:
    """Start momentum at zero, so that a first update that is skipped leaves no arbitrary numbers.

    Adam has none, and starts its moments at zero itself.
    """
    for group in inner.param_groups:
        for array in group["params"] if group.get("momentum") else ():
            if inner.state[array].get(_MOMENTUM) is None:
                inner.state[array][_MOMENTUM] = torch.zeros_like(array)


def _ruled(network: Network) -> Iterator[tuple[_Rule, nn.Parameter]]:
    layers, dialect = network.layers, network.dialect
    only_normalizing = max((x.index for x in layers if x.options.train_only_bn), default=-1)
    frozen = max((x.index for x in layers if x.options.stopbackward == 1), default=-1)
    if dialect.training.frozen_layers_decay:
        frozen = -1
    for layer in layers:
        fixed = layer.index <= only_normalizing or layer.index < frozen
        if fixed or not dialect.trains(layer.section_names[0]):
            continue
        for slot in layer.weight_slots():
            if isinstance(slot.tensor, nn.Parameter):
                yield _rule(layer, slot.decays, network.net), slot.tensor


def _rule(layer: Layer, decays: bool, net: NetOptions) -> _Rule:
    options = layer.options
    first = max(options.dont_update + 1, options.burnin_update * net.burn_in)
    return _Rule(options.learning_rate, decays, first, options.clip or net.clip)


def _centred(network: Network) -> Iterator[Tensor]:
    for layer in network.layers:
        if getattr(layer.options, "grad_centr", False) and getattr(layer, "normalizes", False):
            for slot in layer.weight_slots():
                if slot.decays:
                    yield slot.tensor
