"""Character models, on small networks whose predictions can be computed by hand."""

import math
from collections import Counter
from itertools import islice

import pytest
import torch

from darknet_torch.cfg.grammar import parse_cfg
from darknet_torch.errors import CfgError, DarknetError, UsageError
from darknet_torch.inference.character_model import CharacterModel
from darknet_torch.model.network import build_network

RECURRENT = """[net]
inputs=40
time_steps=7
[rnn]
hidden=12
output=12
activation=tanh
[connected]
output=40
activation=linear
[softmax]
"""
TEXT = bytes([3, 32, 7, 10, 39, 0, 9, 9, 32, 1])  # with a space, a line's end and a tab


def remembering():
    """A network whose predictions depend on everything it has read."""
    torch.manual_seed(5)
    network = build_network(parse_cfg(RECURRENT))
    with torch.no_grad():
        for _, slot in network.slots():
            slot.tensor.mul_(3)
    return network


def predicting(weights, biases):
    """A network that predicts from the last character: softmax(weights[:, last] + biases)."""
    count = len(biases)
    text = f"[net]\ninputs={count}\n[connected]\noutput={count}\nactivation=linear\n[softmax]"
    network = build_network(parse_cfg(text))
    slots = {slot.name: slot.tensor for slot in network.layers[0].weight_slots()}
    with torch.no_grad():
        slots["weights"].copy_(weights)
        slots["biases"].copy_(torch.tensor(biases))
    return network


def always(*probabilities):
    """A network that predicts the same after any text."""
    count = len(probabilities)
    return predicting(torch.zeros(count, count), [math.log(p) for p in probabilities])


def counting(count):
    """A network that is certain of the next higher character, and of 0 after the last."""
    return predicting(100 * torch.eye(count).roll(1, 0), [0.0] * count)


def read_all(network, characters):
    model = CharacterModel(network)
    return [model.read(character) for character in characters]


class TestReading:
    @pytest.mark.parametrize("precision", ["bfloat16", "float16"])
    def test_probabilities_are_float32_in_16_bits(self, precision):
        exact = CharacterModel(always(0.8, 0.2)).read(0)
        found = CharacterModel(always(0.8, 0.2), precision=precision).read(0)
        assert found.dtype == torch.float32
        # The logits are rounded to 8 bits; the softmax of them is not.
        assert found.tolist() == pytest.approx(exact.tolist(), abs=2**-8)
        assert float(found.sum()) == pytest.approx(1, abs=1e-6)

    def test_an_unknown_precision_is_refused(self):
        with pytest.raises(UsageError, match=r"unknown precision: .*got 'half'"):
            CharacterModel(counting(3), precision="half")

    def test_reading_returns_the_probabilities_of_the_next_character(self):
        first, _, last = read_all(counting(5), [2, 0, 4])
        # The other characters have exp(-100) each.
        assert first.tolist() == pytest.approx([0, 0, 0, 1, 0])
        assert last.tolist() == pytest.approx([1, 0, 0, 0, 0])

    def test_earlier_characters_are_remembered(self):
        _, after_one = read_all(remembering(), [1, 3])
        _, after_two = read_all(remembering(), [2, 3])
        assert not torch.allclose(after_one, after_two, rtol=1e-3)

    def test_a_new_model_resets_the_state_of_the_network(self):
        network = remembering()
        first = read_all(network, TEXT)
        again = read_all(network, TEXT)
        assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))

    def test_the_network_is_put_into_evaluation_mode(self):
        network = remembering().train()
        CharacterModel(network)
        assert not network.training

    @pytest.mark.parametrize("character", [40, 255, -1])
    def test_an_unknown_character_is_refused(self, character):
        with pytest.raises(UsageError, match=rf"expected an id below 40, got {character}"):
            CharacterModel(remembering()).read(character)


class TestGenerating:
    def generate(self, network, seed, length, **options):
        return list(CharacterModel(network).generate(seed, length, **options))

    def test_generated_characters_follow_the_seed(self):
        assert self.generate(counting(9), b"\x01\x05", 5) == [6, 7, 8, 0, 1]

    def test_the_given_number_of_characters_is_generated(self):
        assert self.generate(counting(9), b"\x01", 0) == []

    def test_the_whole_seed_is_read_first(self):
        whole = self.generate(remembering(), TEXT, 30, random_seed=1)
        model = CharacterModel(remembering())
        for character in TEXT[:-1]:
            model.read(character)
        assert list(model.generate(TEXT[-1:], 30, random_seed=1)) == whole
        assert self.generate(remembering(), TEXT[-1:], 30, random_seed=1) != whole

    def test_generated_characters_are_read_too(self):
        model = CharacterModel(remembering())
        text = list(model.generate(TEXT, 9, temperature=1, random_seed=1))
        expected = read_all(remembering(), [*TEXT, *text[:-1], 3])[-1]
        assert torch.equal(model.read(3), expected)

    def test_the_same_random_seed_gives_the_same_text(self):
        one, same, other = (
            self.generate(remembering(), b"\x01", 40, random_seed=seed) for seed in (1, 1, 2)
        )
        assert one == same != other

    def test_without_a_random_seed_texts_differ(self):
        texts = {tuple(self.generate(always(0.5, 0.5), b"\0", 60)) for _ in range(3)}
        assert len(texts) == 3  # by chance equal once in 2 ** 59

    @pytest.mark.parametrize(("each", "drawn"), [(9e-5, False), (1.2e-4, True)])
    def test_characters_less_likely_than_one_in_ten_thousand_are_never_drawn(self, each, drawn):
        others = 1500
        rows = [0.0] * others + [math.log((1 - each * others) / each)]
        text = (
            f"[net]\ninputs={others + 1}\n[connected]\noutput=1\nactivation=linear\n"
            f"[connected]\noutput={others + 1}\nactivation=linear\n[softmax]"
        )
        network = build_network(parse_cfg(text))
        with torch.no_grad():
            for _, slot in network.slots():
                slot.tensor.zero_()
            network.layers[1].weight_slots()[0].tensor.copy_(torch.tensor(rows))
        text = self.generate(network, b"\0", 200, temperature=1, random_seed=1)
        assert (set(text) != {others}) is drawn  # else one in 1e12 that none of them is drawn

    def test_a_low_temperature_makes_likely_characters_more_likely(self):
        def share(temperature):
            network, count = always(0.6, 0.4), 400
            text = self.generate(network, b"\0", count, temperature=temperature, random_seed=3)
            return Counter(text)[0] / count

        # 400 draws are within 0.1 of the probability, which is 4 standard deviations.
        assert share(1) == pytest.approx(0.6, abs=0.1)
        assert share(0.2) == pytest.approx(0.6**5 / (0.6**5 + 0.4**5), abs=0.1)
        assert share(20) == pytest.approx(0.5, abs=0.1)

    def test_the_temperature_of_the_cfg_is_restored_afterwards(self):
        model = CharacterModel(always(0.8, 0.2))
        list(model.generate(b"\0", 3, temperature=0.1))
        assert model.read(0).tolist() == pytest.approx([0.8, 0.2])

    @pytest.mark.parametrize(
        ("seed", "temperature"), [(b"", 1), (b"a", 0), (b"a", -1), (b"a", math.nan)]
    )
    def test_an_empty_seed_and_a_temperature_of_0_or_less_are_refused(self, seed, temperature):
        message = "expected a seed of one character or more, a temperature above 0"
        with pytest.raises(UsageError, match=message):
            self.generate(counting(128), seed, 3, temperature=temperature)

    @pytest.mark.parametrize("prediction", [math.nan, -1.0, 1e-5])
    def test_probabilities_that_are_all_tiny_are_an_error(self, prediction):
        text = "[net]\ninputs=3\n[connected]\noutput=3\nactivation=linear"
        network = build_network(parse_cfg(text))
        with torch.no_grad():
            for _, slot in network.slots():
                slot.tensor.fill_(prediction if slot.name == "biases" else 0)
        with pytest.raises(DarknetError):
            self.generate(network, b"\0", 1)

    def test_a_seed_with_an_unknown_character_is_refused(self):
        with pytest.raises(UsageError, match=r"expected an id below 9, got 97 \('a'\)"):
            self.generate(counting(9), b"\0a\0", 3)


class TestPerplexity:
    def perplexities(self, network, text, **options):
        return list(CharacterModel(network).perplexities(text, **options))

    def by_hand(self, text, predictions):
        """Compute two to the power of the mean bits per character, and per word."""
        bits = [-math.log2(p[then]) for p, then in zip(predictions, text[1:], strict=True)]
        words = [1 + sum(c in b" \n\t" for c in text[1:end]) for end in range(2, len(text) + 1)]
        sums = [sum(bits[:count]) for count in range(1, len(bits) + 1)]
        return [
            (2 ** (total / count), 2 ** (total / words[count - 1]))
            for count, total in enumerate(sums, 1)
        ]

    def test_perplexities_equal_those_computed_from_the_predictions(self):
        predictions = read_all(remembering(), TEXT[:-1])
        expected = self.by_hand(TEXT, predictions)
        found = self.perplexities(remembering(), TEXT)
        assert len(found) == len(TEXT) - 1
        for pair, pair_by_hand in zip(found, expected, strict=True):
            assert pair == pytest.approx(pair_by_hand)

    def test_the_seed_is_read_first_and_does_not_count(self):
        seed = b"\x04\x05"
        predictions = read_all(remembering(), seed + TEXT[:-1])[len(seed) :]
        found = self.perplexities(remembering(), TEXT, seed=seed)
        assert found[-1] == pytest.approx(self.by_hand(TEXT, predictions)[-1])
        assert found[-1] != pytest.approx(self.perplexities(remembering(), TEXT)[-1])

    def test_the_perplexity_of_a_certain_text_is_one(self):
        assert self.perplexities(counting(9), bytes(range(4)))[-1] == pytest.approx((1, 1))

    def test_the_perplexity_stays_infinite_after_an_impossible_character(self):
        network = predicting(torch.zeros(3, 3), [0.0, 0.0, -200.0])  # exp(-200) is 0 in float32
        found = self.perplexities(network, bytes([0, 1, 2, 0, 1]))
        assert found[0] == pytest.approx((2, 2))
        assert found[1:] == [(math.inf, math.inf)] * 3

    def test_the_perplexity_per_word_may_overflow_to_infinity(self):
        """Twelve characters of 2**-100 in one word: 2**1200."""
        network = always(1, 2.0**-100)
        by_character, by_word = self.perplexities(network, bytes([0] + [1] * 12))[-1]
        assert by_character == pytest.approx(2.0**100, rel=1e-3)  # log in float32, times 100
        assert by_word == math.inf

    @pytest.mark.parametrize("text", [b"", b"a"])
    def test_less_than_two_characters_are_refused(self, text):
        message = f"expected two characters or more, got {len(text)}"
        with pytest.raises(UsageError, match=message):
            self.perplexities(counting(128), text)

    @pytest.mark.parametrize("text", [b"a\0\0", b"\0a\0", b"\0\0a"], ids=["first", "amid", "last"])
    def test_a_text_with_an_unknown_character_is_refused(self, text):
        with pytest.raises(UsageError, match=r"expected an id below 9, got 97 \('a'\)"):
            self.perplexities(always(*[1 / 9] * 9), text)

    def test_perplexities_are_yielded_one_by_one(self):
        endless = CharacterModel(counting(9)).perplexities(bytes(range(9)) * 1000)
        assert len(list(islice(endless, 3))) == 3


class TestUnsuitableNetworks:
    @pytest.mark.parametrize(
        ("text", "got"),
        [
            ("inputs=4\n[connected]\noutput=5", "4 inputs, 5 outputs"),
            ("width=1\nheight=1\nchannels=4\n[connected]\noutput=4", "4 inputs, 4 outputs"),
        ],
        ids=["other outputs than inputs", "takes pictures"],
    )
    def test_networks_that_are_not_character_models_are_refused(self, text, got):
        network = build_network(parse_cfg(f"[net]\n{text}\nactivation=linear"))
        with pytest.raises(CfgError, match=f"not a character model.*got {got}") as caught:
            CharacterModel(network)
        assert str(caught.value).startswith("<cfg>:1: ")
