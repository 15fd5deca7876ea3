"""Lines of text on pictures."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from darknet_torch.media import text_drawing
from darknet_torch.media.text_drawing import (
    draw_text,
    line_height,
    shorten,
    text_width,
    undrawable_names,
)

WHITE = (255, 255, 255)
HAS_FONTS = hasattr(cv2, "FontFace")
needs_fonts = pytest.mark.skipif(not HAS_FONTS, reason="the fonts of OpenCV 5")


@pytest.fixture
def opencv4(monkeypatch):
    monkeypatch.setattr(text_drawing, "_FONT", text_drawing._AsciiFont())
    text_width.cache_clear()
    yield
    text_width.cache_clear()


def drawn(text, size=20, room=40):
    canvas = np.zeros((line_height(size), text_width(text, size) + room, 3), np.uint8)
    draw_text(canvas, text, size, WHITE)
    return canvas


@pytest.mark.parametrize("size", [5, 10, 12, 20, 83])
@pytest.mark.parametrize("text", ["person 87%", "WWW", "gjpqy", "höhle", "собака", "狗 犬", "%%%"])
def test_the_ink_lies_within_the_width(text, size):
    ink = drawn(text, size, room=size).any(2).any(0)
    assert ink[: text_width(text, size)].any()
    assert not ink[text_width(text, size) :].any()


@pytest.mark.parametrize("size", [10, 20])
def test_the_font_of_opencv_4_fits_too(opencv4, size):
    ink = drawn("person 87%", size, room=size).any(2)
    width = text_width("person 87%", size)
    assert ink[:, : width // 2].any()
    assert not ink[:, width:].any()
    assert not ink[-1].any()


@needs_fonts
@pytest.mark.parametrize("text", ["é", "собака", "狗", "개", "λ", "כ", "ك"])
def test_scripts_are_not_drawn_as_question_marks(text):
    question = drawn("?" * len(text))
    assert drawn(text).shape != question.shape or (drawn(text) != question).any()


@needs_fonts
def test_a_letter_and_its_accent_are_one_character():
    np.testing.assert_array_equal(drawn("e\u0301"), drawn("\u00e9"))


@needs_fonts
def test_hebrew_runs_from_right_to_left_in_front_of_its_score():
    whole = drawn("אב 87%")
    alef, bet = drawn("א", room=0), drawn("ב", room=0)
    ink = bet.any(2).any(0).nonzero()[0]
    np.testing.assert_array_equal(whole[:, : ink[-1]], bet[:, : ink[-1]])
    assert alef.any()


def test_opencv_4_leaves_accents_out(opencv4):
    np.testing.assert_array_equal(drawn("café 狗"), drawn("cafe ?"))
    assert undrawable_names(["dog", "höhle"]) == ["höhle"]


@needs_fonts
def test_opencv_5_draws_all_names():
    assert undrawable_names(["dog", "höhle"]) == []


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\x00b", "a\x7fb"])
def test_control_characters_are_drawn_as_spaces(text):
    np.testing.assert_array_equal(drawn(text), drawn("a b"))


def test_names_that_are_not_valid_unicode_can_be_drawn():
    assert drawn("a\udcffb").any()


@needs_fonts
def test_threads_draw_the_same_letters():
    texts = [(f"circle {index}% 狗", size) for index in range(20) for size in (10, 13, 20, 30)]
    expected = [drawn(*one).tobytes() for one in texts]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: [drawn(*one).tobytes() for one in texts], range(8)):
            assert found == expected


class TestShorten:
    @pytest.mark.parametrize("room", [40, 70, 100, 140])
    @pytest.mark.parametrize("name", ["a very long class name", "狗" * 30])
    def test_the_end_stays_and_the_text_fits(self, name, room):
        text = shorten(name, 12, room, " 9%")
        assert text_width(text, 12) <= room
        if text:
            beginning = text.removesuffix(" 9%").rstrip("….")
            assert name.startswith(beginning)
            longer = name[: len(beginning) + 2] + "…" + " 9%"
            assert text_width(longer, 12) > room

    def test_a_text_that_fits_is_not_changed(self):
        assert shorten("cat", 12, text_width("cat 99%", 12), " 99%") == "cat 99%"

    def test_nothing_is_left_where_not_one_character_fits(self):
        assert shorten("cat", 12, 5, " 99%") == ""
