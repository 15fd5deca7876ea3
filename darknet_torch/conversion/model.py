"""What travels from one file to another: a network and what Darknet's files say of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from darknet_torch.cfg.dialect import Dialect, find_dialect
from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import WeightsError
from darknet_torch.model.network import Network, WeightsHeader, build_network

_ENCODING = "latin-1"  # gives back every byte of a cfg


@dataclass(frozen=True)
class Model:
    """A network with its cfg's text.

    Attributes:
        network: the network, its header included.
        cfg: the text of its cfg, each byte a character.
        names: of the classes; may be empty.
        layers: how many layers from the first have values of their own; None for all. The
            others hold Darknet's starting values, and no weight file has them.
        origin: what it was read from, and cfg_file: where its cfg stands; for messages.
        original: the weight file it was read from, if it was one.
    """

    network: Network
    cfg: str
    names: tuple[str, ...] = ()
    layers: int | None = None
    origin: str = ""
    cfg_file: str = "<cfg>"
    original: Path | None = None

    def build_again(self, dialect: Dialect) -> Network:
        """A network of the same cfg and size in `dialect`, with starting values.

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
        """JSON from which `rebuild` makes the same network again, without its arrays."""
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


def decode_cfg(data: bytes) -> str:
    """The bytes of a cfg as text that `Model.cfg` holds."""
    return data.decode(_ENCODING)


def encode_cfg(text: str) -> bytes:
    """The inverse of `decode_cfg`."""
    return text.encode(_ENCODING)


def rebuild(metadata: str, where: str, *, cfg: Path | None = None, **sizes: int | None) -> Model:
    """The model that `Model.metadata` describes, its arrays without values.

    Args:
        metadata: what travelled along.
        where: the file that it was in.
        cfg: a cfg to take instead of the text in it.
        sizes: `width` and `height`, instead of the cfg's.

    Raises:
        WeightsError: the metadata is not what `Model.metadata` writes.
        CfgError: as `build_network`.
    """
    try:
        found: dict[str, Any] = json.loads(metadata)
        header = WeightsHeader(**{name: int(value) for name, value in found["header"].items()})
        dialect: Dialect = find_dialect(found["dialect"])
        text, names = decode_cfg(encode_cfg(found["cfg"])), tuple(map(str, found["names"]))
        layers = None if found["layers"] is None else int(found["layers"])
        own = {side: int(found[side]) or None for side in ("width", "height")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(
            "its metadata is broken", where=where, got=f"{type(error).__name__}: {error}"
        ) from None
    file = where
    if cfg is not None:
        text, file, own = decode_cfg(cfg.read_bytes()), str(cfg), {}
    chosen = {**own, **{side: size for side, size in sizes.items() if size is not None}}
    network = build_network(
        parse_cfg(text, file),
        dialect=dialect,
        width=chosen.get("width"),
        height=chosen.get("height"),
        initialize=False,
    )
    network.header = header
    if layers is not None and not 0 <= layers <= len(network.layers):
        raise WeightsError(
            "its metadata is broken",
            where=where,
            expected=f"0 to {len(network.layers)} layers",
            got=layers,
        )
    return Model(network, text, names, layers, where, file)
