"""The model that is read from one file and written to another: a network, its cfg and names."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from darknet_torch.cfg.dialect import Dialect, find_dialect
from darknet_torch.cfg.grammar import decode_cfg, encode_cfg, parse_cfg, read_cfg_text
from darknet_torch.errors import WeightsError
from darknet_torch.model.network import Network, WeightsHeader, build_network

METADATA_KEY = "darknet_torch"  # under which every written file keeps `Model.metadata`
# The numbers of a header, and what their fields in a weight file can hold.
_INT32 = range(-(2**31), 2**31)
_HEADER = {"major": _INT32, "minor": _INT32, "revision": _INT32, "seen": range(2**64)}
_SIZES = range(2**31)
_LONGEST_LINE = 200


@dataclass(frozen=True)
class Model:
    """A network together with the text of its cfg.

    Attributes:
        network: the network, including the header of its weight file.
        cfg: the text of its cfg, see `cfg.grammar.decode_cfg`.
        names: of the classes; may be empty.
        layers: how many layers, counted from the first, were read; None for all. The others
            have Darknet's starting values and are not written to weight files.
        origin: what it was read from, for messages.
        cfg_file: where its cfg was read from, for messages.
        weight_file: the weight file it was read from; None if it was read from another kind of
            file, or was rewritten since.
    """

    network: Network
    cfg: str
    names: tuple[str, ...] = ()
    layers: int | None = None
    origin: str = ""
    cfg_file: str = "<cfg>"
    weight_file: Path | None = None

    def new_network(self, dialect: Dialect) -> Network:
        """A new network of the same cfg and input size in `dialect`, with starting values.

        Raises:
            CfgError: as `build_network`.
        """
        net = self.network.net
        return build_network(
            parse_cfg(self.cfg, self.cfg_file),
            dialect=dialect,
            width=net.width or None,
            height=net.height or None,
        )

    def metadata(self) -> str:
        """JSON from which `model_from_metadata` builds the same model, without its arrays."""
        return json.dumps(
            {
                "cfg": self.cfg,
                "names": self.names,
                "dialect": self.network.dialect.name,
                "header": asdict(self.network.header),
                "layers": self.layers,
                "width": self.network.net.width,
                "height": self.network.net.height,
            }
        )


def model_from_metadata(
    metadata: str,
    where: str,
    *,
    cfg: Path | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Model:
    """The model that `Model.metadata` describes, with uninitialised arrays.

    Args:
        metadata: from `Model.metadata`.
        where: the file that contains it.
        cfg: a cfg to use instead of the one in the metadata.
        width, height: of the input in pixels, instead of those in the metadata.

    Raises:
        WeightsError: the metadata was not written by `Model.metadata`.
        CfgError: as `build_network`.
    """
    try:
        found: dict[str, Any] = json.loads(metadata)
        header = WeightsHeader(
            **{name: _whole(found["header"][name], allowed) for name, allowed in _HEADER.items()}
        )
        dialect: Dialect = find_dialect(found["dialect"])
        text, names = decode_cfg(encode_cfg(found["cfg"])), tuple(map(str, found["names"]))
        layers = None if found["layers"] is None else _whole(found["layers"], _INT32)
        own_width, own_height = (
            _whole(found[side], _SIZES) or None for side in ("width", "height")
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _metadata_error(
            where,
            expected="JSON as dtorch convert writes it",
            got=_one_line(f"{type(error).__name__}: {error}"),
        ) from None
    file = where
    if cfg is not None:
        text, file, own_width, own_height = read_cfg_text(cfg), str(cfg), None, None
    network = build_network(
        parse_cfg(text, file),
        dialect=dialect,
        width=own_width if width is None else width,
        height=own_height if height is None else height,
        initialize=False,
    )
    network.header = header
    if layers is not None and not 0 <= layers <= len(network.layers):
        raise _metadata_error(where, expected=f"0 to {len(network.layers)} layers", got=layers)
    return Model(network, text, names, layers, where, file)


def _whole(value: object, allowed: range) -> int:
    """`value` if it is one of the `allowed` whole numbers.

    Raises:
        ValueError: it is not.
    """
    if type(value) is not int or value not in allowed:
        raise ValueError(f"{value!r} is no whole number from {allowed[0]} to {allowed[-1]}")
    return value


def _one_line(text: str) -> str:
    """`text` as one short line, since a broken file may contain anything."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}..."


def _metadata_error(where: str, *, expected: str, got: object) -> WeightsError:
    return WeightsError(
        "its metadata is broken",
        where=where,
        expected=expected,
        got=got,
        fix="convert the original weight file again",
    )
