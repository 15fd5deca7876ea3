"""`convert` restores every byte, refuses what it cannot convert, and keeps existing files."""

import json
import struct

import pytest
import torch

from darknet_torch import load
from darknet_torch.cfg.zoo import find_cfg
from darknet_torch.conversion.convert import convert
from darknet_torch.errors import CfgError, UsageError, WeightsError
from darknet_torch.export.graphs import GraphOptions
from darknet_torch.model.loading import load_with_report
from tests.checkpoints.backbone_modules import randomized
from tests.checkpoints.port_modules import CFG as PORT_CFG
from tests.checkpoints.port_modules import PORTS, Port, head_inputs, pictures
from tests.checkpoints.test_resnet import ResNet
from tests.conversion.small_models import DETECTOR, NET, write_model
from tests.toy.files import CFG, NAMES, WEIGHTS

STATES = ["pt", "pth", "safetensors"]
NORMALISED = "[convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
FEED = f"{NET}{NORMALISED}[maxpool]\nsize=8\nstride=8\n"
CFGS = {
    "connected": f"{FEED}[connected]\noutput=5\nbatch_normalize=1\n[connected]\noutput=3\n",
    "recurrent": "[net]\ninputs=4\ntime_steps=2\n[lstm]\noutput=3\nbatch_normalize=1\n"
    "[gru]\noutput=2\n[rnn]\noutput=3\n",
    "lone batchnorm": f"{FEED}[batchnorm]\n[local]\nfilters=2\nsize=2\n",
    "detector": DETECTOR,
}
ALEXEYABS = {
    "weighted shortcut": f"{FEED}[convolutional]\nfilters=4\n[shortcut]\nfrom=-2\n"
    "weights_type=per_channel\nweights_normalization=softmax\n",
    "implicit": f"{FEED}[implicit]\nfilters=4\natoms=1\n",
    "crnn": f"{FEED}[crnn]\noutput=2\nhidden=4\npad=1\n",
}
CASES = [(dialect, cfg) for dialect in ("alexeyab", "pjreddie") for cfg in CFGS]
CASES += [("alexeyab", cfg) for cfg in ALEXEYABS]


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def round_trip(folder, weights, kind, **options):
    """Convert `weights` to a file of `kind` and back; the new weight file and both reports."""
    state, back = folder / f"state.{kind}", folder / "back.weights"
    there = convert(weights, state, **options)
    again = convert(state, back)
    return back, there, again


class TestRoundTrip:
    @pytest.mark.parametrize("kind", STATES)
    @pytest.mark.parametrize(("dialect", "name"), CASES)
    def test_restores_every_byte(self, dialect, name, kind, tmp_path):
        _, weights = write_model(tmp_path, {**CFGS, **ALEXEYABS}[name], dialect)
        back, there, again = round_trip(tmp_path, weights, kind, dialect=dialect)
        assert back.read_bytes() == weights.read_bytes()
        assert there.restores is True
        assert again.restores is None
        assert (there.worst, again.worst) == (0, 0)
        assert there.differences[0].values == sum(
            slot.tensor.numel()
            for _, slot in load(weights.with_suffix(".cfg"), dialect=dialect).slots()
        )

    def test_says_what_it_does(self, tmp_path):
        _, weights = write_model(tmp_path, DETECTOR)
        state, stages = tmp_path / "state.pt", []
        convert(weights, state, dialect_to="pjreddie", on_stage=stages.append)
        assert stages == [
            f"reading {weights}",
            "rewriting the model",
            f"writing {state}",
            f"comparing {state} with the model",
        ]

    @pytest.mark.parametrize("version", [(0, 1, 0), (0, 2, 0), (0, 1001, 5), (2000, 0, 0)])
    @pytest.mark.parametrize("dialect", ["alexeyab", "pjreddie"])
    @pytest.mark.parametrize("kind", ["pt", "safetensors"])
    def test_restores_every_kind_of_header(self, kind, dialect, version, tmp_path):
        """32 bits of `seen` in old files, transposed matrices in marked ones."""
        _, weights = write_model(tmp_path, CFGS["connected"], dialect, version=version)
        back, there, _ = round_trip(tmp_path, weights, kind, dialect=dialect)
        assert back.read_bytes() == weights.read_bytes()
        assert there.restores is True

    @pytest.mark.parametrize("kind", ["pt", "safetensors"])
    def test_restores_the_number_of_pictures_beyond_32_bits(self, kind, tmp_path):
        _, weights = write_model(tmp_path, seen=2**40 + 3)
        back, _, _ = round_trip(tmp_path, weights, kind)
        assert struct.unpack("<3iQ", back.read_bytes()[:20]) == (0, 2, 5, 2**40 + 3)

    @pytest.mark.parametrize("kind", ["pt", "safetensors"])
    def test_restores_a_partial_file(self, kind, tmp_path):
        cfg, weights = write_model(tmp_path, cutoff=1)
        partial = weights.rename(tmp_path / "small.conv.1")
        back, there, again = round_trip(tmp_path, partial, kind, cfg=cfg)
        assert back.read_bytes() == partial.read_bytes()
        assert there.restores is True
        assert there.layers == again.layers == 1
        assert "partial: the first 1 layers" in there.lines()

    def test_restores_the_whole_toy(self, tmp_path):
        back, there, _ = round_trip(tmp_path, WEIGHTS, "pt", names=NAMES)
        assert back.read_bytes() == WEIGHTS.read_bytes()
        assert there.restores is True
        assert back.with_suffix(".cfg").read_bytes() == CFG.read_bytes()
        assert back.with_suffix(".names").read_bytes() == NAMES.read_bytes()

    def test_restores_every_byte_through_two_kinds_of_file(self, tmp_path):
        _, weights = write_model(tmp_path)
        convert(weights, tmp_path / "a.safetensors")
        convert(tmp_path / "a.safetensors", tmp_path / "b.pt")
        convert(tmp_path / "b.pt", tmp_path / "c.weights")
        assert (tmp_path / "c.weights").read_bytes() == weights.read_bytes()

    @pytest.mark.parametrize("kind", ["pt", "safetensors"])
    def test_keeps_a_given_input_size(self, kind, tmp_path):
        """The matrix of a [connected] is as long as the picture is large."""
        cfg, weights = write_model(tmp_path, CFGS["connected"].replace("width=32", "width=64"))
        cfg.write_text(CFGS["connected"])
        back, there, _ = round_trip(tmp_path, weights, kind, width=64)
        assert back.read_bytes() == weights.read_bytes()
        assert there.restores is True

    def test_reports_that_bytes_left_over_are_lost(self, tmp_path):
        _, weights = write_model(tmp_path)
        weights.write_bytes(weights.read_bytes() + bytes(8))
        report = convert(weights, tmp_path / "small.pt", strict=False)
        assert report.restores is False
        assert report.lines()[-1].endswith("the original in its values, but not byte for byte")

    def test_keeps_the_dialect(self, tmp_path):
        _, weights = write_model(tmp_path, CFGS["recurrent"], "pjreddie")
        convert(weights, tmp_path / "a.pt", dialect="pjreddie")
        convert(tmp_path / "a.pt", tmp_path / "b.weights")  # without --dialect
        assert (tmp_path / "b.weights").read_bytes() == weights.read_bytes()


class TestCompanions:
    @pytest.fixture
    def state(self, tmp_path):
        write_model(tmp_path)
        path = tmp_path / "state.pt"
        convert(tmp_path / "small.weights", path, names=["cat", "dög"])
        return path

    def test_cfg_and_names_are_written_next_to_a_new_weight_file(self, state, tmp_path):
        report = convert(state, tmp_path / "new.weights")
        assert (tmp_path / "new.cfg").read_text() == DETECTOR
        assert (tmp_path / "new.names").read_text("utf-8") == "cat\ndög\n"
        assert report.notes == tuple(f"also wrote {tmp_path / name}" for name in NEW)

    def test_existing_files_are_kept_and_reported(self, state, tmp_path):
        for name in NEW:
            (tmp_path / name).write_text("mine")
        report = convert(state, tmp_path / "new.weights")
        assert [(tmp_path / name).read_text() for name in NEW] == ["mine", "mine"]
        assert report.notes == tuple(
            f"kept {tmp_path / name}, which is not the one of the model" for name in NEW
        )

    def test_existing_files_with_equal_contents_are_not_reported(self, state, tmp_path):
        convert(state, tmp_path / "new.weights")
        assert convert(state, tmp_path / "new.weights").notes == ()

    def test_without_names_there_is_no_names_file(self, tmp_path):
        write_model(tmp_path)
        convert(tmp_path / "small.weights", tmp_path / "a.pt")
        convert(tmp_path / "a.pt", tmp_path / "new.weights")
        assert files(tmp_path) == ["a.pt", "new.cfg", "new.weights", "small.cfg", "small.weights"]

    def test_nothing_is_written_next_to_a_rewritten_weight_file(self, tmp_path):
        write_model(tmp_path)
        convert(tmp_path / "small.weights", tmp_path / "p.weights", dialect_to="pjreddie")
        assert files(tmp_path) == ["p.weights", "small.cfg", "small.weights"]


NEW = ("new.cfg", "new.names")


class TestRefusals:
    @pytest.fixture
    def weights(self, tmp_path):
        return write_model(tmp_path)[1]

    def test_a_file_is_not_written_over_itself(self, weights, tmp_path):
        content = weights.read_bytes()
        (tmp_path / "link.weights").symlink_to(weights)
        for dst in (weights, tmp_path / "link.weights"):
            with pytest.raises(
                UsageError, match=r"cannot be written over an input: .*; give another"
            ):
                convert(weights, dst, dialect_to="pjreddie")
        assert weights.read_bytes() == content

    @pytest.mark.parametrize("name", ["model.tflite", "model", "model.conv.x"])
    def test_an_unknown_suffix_is_refused(self, name, weights, tmp_path):
        with pytest.raises(UsageError, match=r"unknown suffix: expected \.weights \.pt .*got"):
            convert(weights, tmp_path / name)

    @pytest.mark.parametrize("dst", ["a.pt", "a.safetensors", "a.weights"])
    def test_graph_options_for_a_file_of_arrays_are_refused(self, dst, weights, tmp_path):
        with pytest.raises(UsageError, match=r"graph options are for \.onnx"):
            convert(weights, tmp_path / dst, graph=GraphOptions())

    @pytest.mark.parametrize("suffix", ["onnx", "torchscript", "ts", "pt2"])
    def test_a_graph_as_source_is_refused(self, suffix, tmp_path):
        path = tmp_path / f"model.{suffix}"
        path.write_bytes(b"PK\x03\x04")
        with pytest.raises(UsageError, match="graphs can be written, not read: expected a weight"):
            convert(path, tmp_path / "model.weights")

    def test_weights_without_a_cfg_are_refused(self, weights, tmp_path):
        weights.with_suffix(".cfg").unlink()
        expected = r"small\.weights: does not say which network .* --cfg CFG, or small\.cfg next"
        with pytest.raises(UsageError, match=expected):
            convert(weights, tmp_path / "a.pt")

    def test_a_plain_state_dict_needs_a_cfg(self, weights, tmp_path):
        network = load(weights.with_suffix(".cfg"), weights)
        torch.save(network.state_dict(), tmp_path / "plain.pt")
        with pytest.raises(UsageError, match="does not say which network"):
            convert(tmp_path / "plain.pt", tmp_path / "a.weights")
        report = convert(
            tmp_path / "plain.pt", tmp_path / "a.weights", cfg=weights.with_suffix(".cfg")
        )
        assert report.worst == 0
        got = load(weights.with_suffix(".cfg"), tmp_path / "a.weights").state_dict()
        for key, value in network.state_dict().items():
            torch.testing.assert_close(got[key], value, rtol=0, atol=0)

    def test_bytes_left_over_are_refused(self, weights, tmp_path):
        weights.write_bytes(weights.read_bytes() + bytes(8))
        with pytest.raises(WeightsError, match="8 bytes left over"):
            convert(weights, tmp_path / "a.pt")
        assert files(tmp_path) == ["small.cfg", "small.weights"]

    @pytest.mark.parametrize(
        ("option", "dialect"),
        [
            ("dontload", "alexeyab"),
            ("dontloadscales", "alexeyab"),
            ("dontsave", "pjreddie"),
            ("numload", "pjreddie"),
        ],
    )
    def test_a_layer_not_read_as_it_is_written_is_refused(
        self, option, dialect, weights, tmp_path
    ):
        """Darknet would not read again what it writes for such a cfg."""
        convert(weights, tmp_path / "a.pt", dialect=dialect)
        cfg = tmp_path / "part.cfg"
        cfg.write_text(DETECTOR.replace("filters=14", f"filters=14\n{option}=1"))
        expected = (
            r"^layer 1 \[convolutional\] \(.*part\.cfg:12\) is not read from weight files in the "
            r"way it is written to them: expected a cfg without dontload="
        )
        with pytest.raises(WeightsError, match=expected):
            convert(tmp_path / "a.pt", tmp_path / "b.weights", cfg=cfg, dialect=dialect)
        assert not (tmp_path / "b.weights").exists()
        assert convert(tmp_path / "a.pt", tmp_path / "b.pt", cfg=cfg, dialect=dialect).worst == 0

    def test_a_missing_source_is_reported(self, tmp_path):
        (tmp_path / "gone.cfg").write_text(DETECTOR)
        for name in ("gone.weights", "gone.pt", "gone.safetensors"):
            with pytest.raises(WeightsError, match=rf"{name}: no such"):
                convert(tmp_path / name, tmp_path / "out.weights")

    def test_a_state_dict_of_another_cfg_is_refused(self, weights, tmp_path):
        convert(weights, tmp_path / "a.pt")
        other = tmp_path / "other.cfg"
        other.write_text(DETECTOR.replace("filters=8", "filters=4"))
        with pytest.raises(
            WeightsError, match=r"6 arrays of the state_dict do not fit the cfg.*--cfg"
        ):
            convert(tmp_path / "a.pt", tmp_path / "b.weights", cfg=other)

    def test_an_unknown_checkpoint_is_refused(self, tmp_path):
        torch.save({"encoder.weight": torch.ones(2)}, tmp_path / "odd.pt")
        with pytest.raises(
            WeightsError, match=r"odd\.pt: is not a checkpoint of a known program.*encoder\.weight"
        ):
            convert(tmp_path / "odd.pt", tmp_path / "a.weights", cfg="yolov3")

    def test_a_missing_folder_is_reported(self, weights, tmp_path):
        with pytest.raises(WeightsError, match=r"cannot be written \(No such file"):
            convert(weights, tmp_path / "no" / "a.pt")


class TestFailure:
    """After a failure an older DST is unchanged, and no other file remains."""

    @pytest.fixture
    def old(self, tmp_path):
        write_model(tmp_path)
        path = tmp_path / "model.pt"
        path.write_bytes(b"older")
        return path

    def check(self, old, tmp_path):
        assert old.read_bytes() == b"older"
        assert files(tmp_path) == ["model.pt", "small.cfg", "small.weights"]

    def test_of_the_comparison(self, old, tmp_path, monkeypatch):
        monkeypatch.setattr("darknet_torch.conversion.formats.compare_arrays", worse)
        expected = r"model\.pt: was not written: it would differ from its source \(all arrays\)"
        with pytest.raises(WeightsError, match=expected):
            convert(tmp_path / "small.weights", old)
        self.check(old, tmp_path)

    def test_of_the_writer(self, old, tmp_path, monkeypatch):
        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(torch, "save", full)
        with pytest.raises(WeightsError, match=r"cannot be written \(No space left"):
            convert(tmp_path / "small.weights", old)
        self.check(old, tmp_path)

    def test_by_an_interrupt(self, old, tmp_path, monkeypatch):
        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("darknet_torch.conversion.formats.compare_arrays", interrupted)
        with pytest.raises(KeyboardInterrupt):
            convert(tmp_path / "small.weights", old)
        self.check(old, tmp_path)

    def test_of_a_graph_that_differs_too_much(self, tmp_path):
        write_model(tmp_path)
        path = tmp_path / "model.torchscript"
        path.write_bytes(b"older")
        folded = GraphOptions(fold=True)
        convert_graph = {"graph": folded, "tolerance": -1.0}  # even an equal graph differs by more
        with pytest.raises(WeightsError, match=r"expected a difference of -1 at most"):
            convert(tmp_path / "small.weights", path, **convert_graph)
        assert path.read_bytes() == b"older"
        assert files(tmp_path) == ["model.torchscript", "small.cfg", "small.weights"]


def worse(*_):
    from darknet_torch.conversion.comparison import Difference

    return Difference(1e-6, "all arrays", 1)


class TestCheckpoints:
    @pytest.mark.parametrize("port", PORTS)
    def test_of_a_port_gives_weights_with_equal_outputs(self, port, tmp_path):
        module = Port(PORTS[port])
        torch.save({"epoch": 3, "model": module.state_dict()}, tmp_path / "best.pt")
        (tmp_path / "port.cfg").write_text(PORT_CFG)
        dst = tmp_path / "port.weights"
        report = convert(tmp_path / "best.pt", dst, cfg=tmp_path / "port.cfg")
        assert report.restores is None
        assert report.layers is None
        network, read = load_with_report(tmp_path / "port.cfg", dst)
        assert read.complete
        with torch.inference_mode():
            wanted = module(pictures())
        for got, want in zip(head_inputs(network, pictures()), wanted, strict=True):
            # Float32 through six layers of up to 144 terms; a wrong epsilon is off by a tenth.
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)

    def test_of_a_backbone_needs_no_cfg(self, tmp_path):
        model = randomized(ResNet((2, 2, 2, 2), bottleneck=False)).float()
        torch.save(model.state_dict(), tmp_path / "resnet18.pth")
        report = convert(tmp_path / "resnet18.pth", tmp_path / "r.weights")
        assert "checkpoint" in report.origin
        network, read = load_with_report(tmp_path / "r.cfg", tmp_path / "r.weights")
        assert read.complete
        assert len(network.layers) == len(load("resnet18-torch").layers)

    def test_of_a_detectors_backbone_gives_a_partial_file(self, tmp_path):
        model = randomized(ResNet((2, 2, 2, 2), bottleneck=False)).float()
        torch.save(model.state_dict(), tmp_path / "resnet18.pth")
        body = find_cfg("resnet18-torch").read_text().partition("[avgpool]")[0]
        detector = tmp_path / "detector.cfg"
        detector.write_text(
            f"{body}[convolutional]\nfilters=14\nactivation=linear\n"
            "[yolo]\nclasses=2\nnum=2\nanchors=8,8, 16,12\n"
        )
        dst = tmp_path / "resnet18.conv.40"
        report = convert(tmp_path / "resnet18.pth", dst, cfg=detector)
        _, read = load_with_report(detector, dst)
        assert not read.complete
        assert read.missing == (len(load(detector).layers) - 2,)
        assert f"partial: the first {report.layers} layers" in report.lines()


def test_a_safetensors_file_that_starts_like_a_pickle_is_read(tmp_path):
    """It starts with the length of its header, whose first byte may be that of a pickle."""
    first = 0x80
    _, weights = write_model(tmp_path)
    path = tmp_path / "a.safetensors"
    for length in range(256):
        convert(weights, path, names=["x" * length])
        if path.read_bytes()[0] == first:
            break
    assert path.read_bytes()[0] == first
    convert(path, tmp_path / "b.weights")
    assert (tmp_path / "b.weights").read_bytes() == weights.read_bytes()


@pytest.mark.parametrize("name", ["model.weights", "model.bin", "model.ckpt", "model"])
def test_a_checkpoint_may_have_any_suffix(name, tmp_path):
    _, weights = write_model(tmp_path)
    convert(weights, tmp_path / "a.pt")
    (tmp_path / "a.pt").rename(tmp_path / name)
    convert(tmp_path / name, tmp_path / "back.weights")
    assert (tmp_path / "back.weights").read_bytes() == weights.read_bytes()


def test_given_names_are_kept(tmp_path):
    _, weights = write_model(tmp_path)
    convert(weights, tmp_path / "a.pt", names=["one", "two"])
    convert(tmp_path / "a.pt", tmp_path / "b.pt")
    convert(tmp_path / "b.pt", tmp_path / "c.pt", names=["eins", "zwei"])
    convert(tmp_path / "c.pt", tmp_path / "d.weights")
    assert (tmp_path / "d.names").read_text() == "eins\nzwei\n"


def test_an_error_in_the_cfg_is_reported_with_file_and_line(tmp_path):
    cfg, weights = write_model(tmp_path)
    cfg.write_text(f"{NET}[nonsense]\n")
    with pytest.raises(CfgError, match=r"small\.cfg:5"):
        convert(weights, tmp_path / "a.pt")


def test_another_dialect_than_the_files_own_is_refused(tmp_path):
    state = tmp_path / "toy.pt"
    convert(WEIGHTS, state, cfg=CFG)
    with pytest.raises(UsageError) as caught:
        convert(state, tmp_path / "toy.weights", dialect="pjreddie")
    assert str(caught.value) == (
        f"{state}: contains a model of another dialect: expected alexeyab, got --dialect "
        "pjreddie; leave out --dialect; to rewrite the model, give --dialect-to pjreddie"
    )
    assert files(tmp_path) == ["toy.pt"]


@pytest.mark.parametrize("layers", [-1, 1000])
def test_an_impossible_number_of_layers_is_refused(layers, tmp_path):
    state = tmp_path / "toy.pt"
    convert(WEIGHTS, state, cfg=CFG)
    loaded = torch.load(state, weights_only=True)
    metadata = json.loads(loaded._metadata["darknet_torch"])
    loaded._metadata["darknet_torch"] = json.dumps({**metadata, "layers": layers})
    torch.save(loaded, state)
    with pytest.raises(WeightsError) as caught:
        convert(state, tmp_path / "toy.weights")
    count = len(load(CFG).layers)
    assert str(caught.value) == (
        f"{state}: its metadata is broken: expected 0 to {count} layers, got {layers}; convert "
        "the original weight file again"
    )


class TestNames:
    """Names that are not given are found as `dtorch detect` finds them."""

    @staticmethod
    def stored(tmp_path, weights):
        report = convert(weights, tmp_path / "to" / "a.pt")
        return load(tmp_path / "to" / "a.pt").names, report.notes

    @pytest.fixture(autouse=True)
    def target(self, tmp_path):
        (tmp_path / "to").mkdir()

    def test_the_names_next_to_the_weights_are_stored(self, tmp_path):
        _, weights = write_model(tmp_path)
        (tmp_path / "small.names").write_text("one\ntwo\n")
        assert self.stored(tmp_path, weights) == (("one", "two"), ())

    def test_names_inside_the_source_come_before_those_next_to_it(self, tmp_path):
        _, weights = write_model(tmp_path)
        convert(weights, tmp_path / "b.pt", names=["eins", "zwei"])
        (tmp_path / "b.names").write_text("one\ntwo\n")
        assert self.stored(tmp_path, tmp_path / "b.pt") == (("eins", "zwei"), ())

    def test_a_note_says_that_there_are_none(self, tmp_path):
        _, weights = write_model(tmp_path)
        note = "note: no names of classes found; --names FILE stores them"
        assert self.stored(tmp_path, weights) == ((), (note,))
        assert convert(weights, tmp_path / "copy.weights").notes == ()

    def test_another_number_of_names_is_not_stored(self, tmp_path):
        _, weights = write_model(tmp_path)
        (tmp_path / "small.names").write_text("one\ntwo\nthree\n")
        names, notes = self.stored(tmp_path, weights)
        assert names == ()
        assert "small.names has 3 names for 2 classes, so none are stored" in notes[0]
