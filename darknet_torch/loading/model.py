"""The model that is read from one file and written to another: a network, its cfg and names."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from darknet_torch.cfg.dialect import Dialect, find_dialect
from darknet_torch.cfg.grammar import decode_cfg, encode_cfg, parse_cfg, read_cfg_text
from darknet_torch.errors import UsageError, WeightsError
from darknet_torch.model.network import Network, WeightsHeader, build_network
from darknet_torch.model.weights import LoadReport
from darknet_torch.reading import guarded

METADATA_KEY = "darknet_torch"  # under which every written file keeps `Model.metadata`
# The numbers of a header, and what their fields in a weight file can hold.
_INT32 = range(-(2**31), 2**31)
_HEADER = {"major": _INT32, "minor": _INT32, "revision": _INT32, "seen": range(2**64)}
_SIZES = range(2**31)
_BROKEN = "its metadata is broken"
_CONVERT_AGAIN = "convert the original weight file again"


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
        report: what was read; None if nothing was.
    """

    network: Network
    cfg: str
    names: tuple[str, ...] = ()
    layers: int | None = None
    origin: str = ""
    cfg_file: str = "<cfg>"
    weight_file: Path | None = None
    report: LoadReport | None = None

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


@dataclass(frozen=True)
class Metadata:
    """What `Model.metadata` says.

    Attributes:
        cfg: the text of the cfg.
        names: of the classes; may be empty.
        dialect: the code base that the arrays are stored for.
        header: of the weight file.
        layers: how many layers, counted from the first, have trained arrays; None for all.
        width, height: of the input in pixels; None for those of the cfg.
        where: the file that contains it, for messages.
    """

    cfg: str
    names: tuple[str, ...]
    dialect: Dialect
    header: WeightsHeader
    layers: int | None
    width: int | None
    height: int | None
    where: str


def parse_metadata(metadata: str, where: str) -> Metadata:
    """Parse the text of `Model.metadata`.

    Raises:
        WeightsError: it was not written by `Model.metadata`.
    """
    with guarded(
        where,
        expected="JSON as dtorch convert writes it",
        what=_BROKEN,
        fix=_CONVERT_AGAIN,
        error=WeightsError,
    ):
        found: dict[str, Any] = json.loads(metadata)
        header = WeightsHeader(
            **{name: _whole(found["header"][name], allowed) for name, allowed in _HEADER.items()}
        )
        dialect = _dialect(found["dialect"])
        text, names = decode_cfg(encode_cfg(found["cfg"])), tuple(map(str, found["names"]))
        layers = None if found["layers"] is None else _whole(found["layers"], _INT32)
        width, height = (_whole(found[side], _SIZES) or None for side in ("width", "height"))
    return Metadata(text, names, dialect, header, layers, width, height, where)


def model_from_metadata(
    metadata: Metadata,
    *,
    cfg: Path | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Model:
    """The model that `Model.metadata` describes, with uninitialised arrays.

    Args:
        metadata: from `parse_metadata`.
        cfg: a cfg to use instead of the one in the metadata.
        width, height: of the input in pixels, instead of those in the metadata.

    Raises:
        CfgError: as `build_network`.
        WeightsError: the metadata speaks of more layers than the cfg has.
    """
    text, file, own_width, own_height = (
        (metadata.cfg, metadata.where, metadata.width, metadata.height)
        if cfg is None
        else (read_cfg_text(cfg), str(cfg), None, None)
    )
    network = build_network(
        parse_cfg(text, file),
        dialect=metadata.dialect,
        width=own_width if width is None else width,
        height=own_height if height is None else height,
        initialize=False,
    )
    network.header = metadata.header
    layers = covered_layers(network, metadata)
    return Model(network, text, metadata.names, layers, metadata.where, file)


def covered_layers(network: Network, metadata: Metadata) -> int | None:
    """How many layers of `network` the file has trained arrays for; None for all.

    Raises:
        WeightsError: more than the network has.
    """
    if metadata.layers is not None and not 0 <= metadata.layers <= len(network.layers):
        expected = f"0 to {len(network.layers)} layers"
        raise _metadata_error(metadata.where, expected=expected, got=metadata.layers)
    return metadata.layers


def _whole(value: object, allowed: range) -> int:
    """`value` if it is one of the `allowed` whole numbers.

    Raises:
        ValueError: it is not.
    """
    if type(value) is not int or value not in allowed:
        raise ValueError(f"{value!r} is no whole number from {allowed[0]} to {allowed[-1]}")
    return value


def _dialect(name: Any) -> Dialect:
    """The dialect of that name.

    Raises:
        ValueError: there is none.
    """
    try:
        return find_dialect(name)
    except UsageError as error:
        raise ValueError(str(error)) from None


def _metadata_error(where: str, *, expected: str, got: object) -> WeightsError:
    return WeightsError(_BROKEN, where=where, expected=expected, got=got, fix=_CONVERT_AGAIN)
