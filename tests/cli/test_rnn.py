"""`dtorch rnn generate` and `dtorch rnn validate`, from the command line to their exit status."""

import math
import os
from pathlib import Path

import pytest
import torch

from darknet_torch import load, write_weights
from darknet_torch.cli.main import main
from darknet_torch.inference.character_model import CharacterModel
from tests.cli.command import dtorch
from tests.cli.terminals import terminal

DONE, UNUSABLE = 0, 2

# A model that is certain of the next letter, and one with a state that is not certain.
COUNTING = "[net]\ninputs={}\n[connected]\noutput={}\nactivation=linear\n[softmax]\n"
REMEMBERING = """[net]
inputs=256
time_steps=7
[rnn]
hidden=8
output=8
activation=tanh
[connected]
output=256
activation=linear
[softmax]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A working folder with models."""
    monkeypatch.chdir(tmp_path)
    for name, count in (("counting", 256), ("ascii", 128)):
        Path(f"{name}.cfg").write_text(COUNTING.format(count, count))
        network = load(f"{name}.cfg")
        slots = {slot.name: slot.tensor for slot in network.layers[0].weight_slots()}
        with torch.no_grad():
            slots["weights"].copy_(100 * torch.eye(count).roll(1, 0))
        write_weights(network, f"{name}.weights")
    Path("letters.cfg").write_text(REMEMBERING)
    torch.manual_seed(1)
    write_weights(load("letters.cfg"), "letters.weights")
    return tmp_path


def rnn(command, *arguments, stdin=None):
    return dtorch("rnn", command, *arguments, stdin=stdin)


def generate(*arguments, cfg="letters.cfg"):
    result = rnn("generate", "--cfg", cfg, *arguments)
    assert (result.exit_code, result.stderr) == (DONE, "")
    return result.stdout_bytes


def validate(*arguments, cfg="letters.cfg", **options):
    result = rnn("validate", "--cfg", cfg, *arguments, **options)
    assert (result.exit_code, result.stderr) == (DONE, "")
    return result.stdout


class TestGenerate:
    def test_the_text_continues_the_seed_text(self):
        text = generate("--seed-text", "xab", "--length", 3, cfg="counting.cfg")
        assert text == b"xabcde\n"

    def test_bytes_beyond_ascii_are_written_as_they_are(self):
        text = generate("--seed-text", "é", "--length", 2, cfg="counting.cfg")
        assert text == b"\xc3\xa9\xaa\xab\n"

    def test_a_terminal_gets_text_alone(self, monkeypatch):
        words = "rnn generate --cfg counting.cfg --quiet --length 1 --seed-text".split()
        with terminal(monkeypatch) as shown:
            for seed in ("é\x1a", "\xa0"):
                main([*words, seed], prog_name="dtorch", standalone_mode=False)
        assert shown.getvalue() == "é\\x1a\\x1b\n\xa0\\xa1\n"

    def test_by_default_a_thousand_characters_follow_two_line_ends(self):
        text = generate()
        assert text.startswith(b"\n\n")
        assert len(text) == 2 + 1000 + 1

    def test_a_length_of_zero_prints_only_the_seed_text(self):
        assert generate("--seed-text", "abc", "--length", 0) == b"abc\n"

    def test_a_seed_gives_the_same_text_again(self):
        one, same, other = (generate("--length", 60, "--seed", seed) for seed in (-4, -4, 5))
        assert one == same != other

    def test_the_text_is_what_the_model_generates(self):
        text = generate("--length", 30, "--seed", 4, "--temperature", 0.3, "--seed-text", "ab")
        model = CharacterModel(load("letters.cfg", "letters.weights"))
        expected = bytes(model.generate(b"ab", 30, temperature=0.3, random_seed=4))
        assert text == b"ab" + expected + b"\n"

    @pytest.mark.parametrize(
        "arguments",
        [
            ("--seed-text", ""),
            ("--temperature", 0),
            ("--temperature", -1),
            ("--temperature", "nan"),
            ("--length", -1),
        ],
        ids=lambda arguments: " ".join(map(str, arguments)),
    )
    def test_wrong_usage_prints_no_text(self, arguments):
        result = rnn("generate", "--cfg", "letters.cfg", *arguments)
        assert (result.exit_code, result.stdout_bytes) == (UNUSABLE, b"")
        assert "Error" in result.stderr or "dtorch: cannot generate" in result.stderr

    def test_a_seed_text_that_the_network_does_not_know_is_refused(self):
        result = rnn("generate", "--cfg", "ascii.cfg", "--seed-text", "é")
        assert (result.exit_code, result.stdout_bytes) == (UNUSABLE, b"")
        assert "expected an id below 128, got 195" in result.stderr

    def test_a_model_without_predictions_is_an_error(self):
        network = load("letters.cfg", "letters.weights")
        with torch.no_grad():
            network.layers[1].weight_slots()[0].tensor.fill_(math.nan)
        write_weights(network, "letters.weights")
        assert rnn("generate", "--cfg", "letters.cfg").exit_code == UNUSABLE


class TestValidate:
    CERTAIN = "3 Perplexity: 1.0000    Word Perplexity: 1.0000\n"

    def test_the_text_may_be_a_file(self, folder):
        (folder / "text.txt").write_bytes(b"abcd")
        assert validate("text.txt", cfg="counting.cfg") == self.CERTAIN

    @pytest.mark.parametrize("arguments", [(), ("-",)], ids=["nothing", "-"])
    def test_the_text_may_be_standard_input(self, arguments):
        assert validate(*arguments, cfg="counting.cfg", stdin=b"abcd") == self.CERTAIN

    def test_any_bytes_are_characters(self):
        assert validate(cfg="counting.cfg", stdin=b"\xfc\xfd\xfe\xff") == self.CERTAIN

    def test_it_prints_the_perplexities_of_the_model(self):
        text = b"Once upon a time\nthere was"
        model = CharacterModel(load("letters.cfg", "letters.weights"))
        *_, (by_character, by_word) = model.perplexities(text, seed=b"xy")
        assert validate("--seed-text", "xy", stdin=text) == (
            f"{len(text) - 1} Perplexity: {by_character:.4f}    Word Perplexity: {by_word:.4f}\n"
        )

    def test_verbose_prints_a_line_for_every_character(self):
        result = rnn("validate", "--cfg", "counting.cfg", "--verbose", stdin=b"abcd")
        counts = [line.split()[0] for line in result.stdout.splitlines()]
        assert counts == ["1", "2", "3"]
        assert result.stdout.endswith(self.CERTAIN)
        assert "loaded counting.weights" in result.stderr

    def test_the_perplexity_of_the_impossible_is_infinite(self):
        """The other letters have exp(-100). float32 can hold this number, but not its square."""
        network = load("counting.cfg", "counting.weights")
        with torch.no_grad():
            network.layers[0].weight_slots()[1].tensor.mul_(2)
        write_weights(network, "counting.weights")
        line = validate(cfg="counting.cfg", stdin=b"aab")
        assert line == "2 Perplexity:  inf    Word Perplexity:  inf\n"

    @pytest.mark.parametrize("text", [b"", b"a"])
    def test_less_than_two_characters_are_refused(self, text):
        result = rnn("validate", "--cfg", "letters.cfg", stdin=text)
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "there is nothing to validate" in result.stderr

    @pytest.mark.parametrize("text", ["éa", "aé"], ids=["first", "last"])
    def test_characters_that_the_network_does_not_know_are_refused(self, text):
        result = rnn("validate", "--cfg", "ascii.cfg", stdin=text.encode())
        assert result.exit_code == UNUSABLE
        assert "expected an id below 128, got 195" in result.stderr

    def test_a_text_without_an_end_is_refused(self, tmp_path, monkeypatch):
        os.mkfifo(tmp_path / "pipe")
        for source in ("/dev/zero", str(tmp_path / "pipe")):
            result = rnn("validate", source, "--cfg", "letters.cfg")
            assert result.exit_code == UNUSABLE
            assert f"{source}: cannot be read (a " in result.stderr
        monkeypatch.setattr("darknet_torch.cli.rnn.MOST_AT_ONCE", 3)
        result = rnn("validate", "--cfg", "letters.cfg", stdin=b"text")
        assert "standard input: too long: expected 3 bytes at most" in result.stderr

    def test_a_missing_file_is_reported(self):
        result = rnn("validate", "gone.txt", "--cfg", "letters.cfg")
        assert result.exit_code == UNUSABLE
        assert "gone.txt" in result.stderr


@pytest.mark.parametrize("command", ["generate", "validate"])
class TestUnusableModels:
    def refused(self, command, *arguments):
        result = rnn(command, *arguments, stdin=b"text")
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        return result.stderr

    def test_no_network_is_wrong_usage(self, command):
        assert "no network: expected --cfg CFG --weights FILE" in self.refused(command)

    def test_an_unknown_cfg_is_reported(self, command):
        assert "gone.cfg: no such cfg file" in self.refused(command, "--cfg", "gone.cfg")

    def test_missing_weights_are_reported(self, command, folder):
        options = ("--cfg", "letters.cfg", "--weights", "gone.weights")
        assert "gone.weights: no such weight file" in self.refused(command, *options)
        (folder / "letters.weights").unlink()
        assert "no weights" in self.refused(command, "--cfg", "letters.cfg")

    def test_weights_that_do_not_fit_are_refused(self, command):
        options = ("--cfg", "letters.cfg", "--weights", "ascii.weights")
        assert "ascii.weights: has 48032 bytes left over" in self.refused(command, *options)

    def test_a_network_that_takes_pictures_is_refused(self, command, folder):
        (folder / "kinds.cfg").write_text(
            "[net]\nwidth=2\nheight=2\nchannels=1\n[connected]\noutput=4\n"
        )
        write_weights(load("kinds.cfg"), "kinds.weights")
        assert "not a character model" in self.refused(command, "--cfg", "kinds.cfg")

    def test_an_unknown_device_is_reported(self, command):
        message = self.refused(command, "--cfg", "letters.cfg", "--device", "abacus")
        assert "no such device" in message

    def test_warnings_go_to_standard_error_unless_quiet(self, command, folder):
        (folder / "letters.cfg").write_text(REMEMBERING.replace("hidden", "badkey=1\nhidden"))
        arguments = [command, "--cfg", "letters.cfg"]
        loud, quiet = (rnn(*arguments, *more, stdin=b"text") for more in ([], ["--quiet"]))
        assert loud.stderr.startswith("warning: letters.cfg:5: unknown key 'badkey'")
        assert (loud.exit_code, quiet.exit_code, quiet.stderr) == (DONE, DONE, "")


class TestDarknetsCommandLine:
    MODEL = ("letters.weights", "letters.cfg")  # in any order

    def test_generate_takes_darknets_flags(self):
        words = "-seed a -len 5 -temp 0.5 -srand 3 -nogpu".split()
        ours = generate(
            *("--seed-text", "a", "--length", 5, "--temperature", 0.5, "--seed", 3),
            *("--device", "cpu"),
        )
        found = rnn("generate", *self.MODEL, *words)
        assert (found.exit_code, found.stderr, found.stdout_bytes) == (DONE, "", ours)

    def test_valid_is_validate(self):
        ours = validate("--seed-text", "a", stdin="ab")
        assert rnn("valid", *self.MODEL, "-seed", "a", stdin="ab").stdout == ours
        Path("text.txt").write_text("ab")
        assert rnn("valid", *self.MODEL, "text.txt", "-seed", "a").stdout == ours

    @pytest.mark.parametrize(
        ("command", "words"), [("generate", ["more"]), ("valid", ["a.txt", "more"])]
    )
    def test_more_words_are_refused(self, command, words):
        result = rnn(command, *self.MODEL, *words)
        assert (result.exit_code, result.stdout) == (UNUSABLE, "")
        assert "more: too many words: expected CFG, WEIGHTS" in result.stderr
        assert "--cfg and --weights take any name" in result.stderr
