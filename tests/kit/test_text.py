"""Checks of single-line user input."""

import re
import sys
import unicodedata

import pytest

from kit.text import ONE_LINE, has_link, is_one_line, is_visible, without_links

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code <= 0xDFFF]


class TestOneLine:
    def test_excludes_every_control_line_and_paragraph_separator(self):
        refused = {character for character in CHARACTERS if not is_one_line(character)}
        assert refused == set(BIDI) | {c for c in CHARACTERS if unicodedata.category(c) in {"Cc", "Zl", "Zp"}}

    def test_has_every_direction_control_of_unicode(self):
        embeddings = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        known = {character for character in CHARACTERS if unicodedata.bidirectional(character) in embeddings}
        assert known | set("\u061c\u200e\u200f") == set(BIDI)


class TestVisible:
    def test_is_no_space_and_no_control(self):
        shown = {unicodedata.category(character) for character in CHARACTERS if is_visible(character)}
        assert not {"Cc", "Zs", "Zl", "Zp"} & shown

    @pytest.mark.parametrize(
        "blank",
        ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u3164", "\u2800", "\u115f", "\ufe0f", "\U000e0020", " \u3000"],
    )
    def test_is_not_a_character_that_shows_nothing(self, blank):
        assert not is_visible(blank * 3)
        assert is_visible(f"{blank}a")

    @pytest.mark.parametrize("text", ["a", "Ł", "界", "🦉", "؟", "1", "-", "नी", "\u0645\u06cc\u200c\u062e"])
    def test_is_what_shows(self, text):
        assert is_visible(text)
        assert is_one_line(text)


class TestPattern:
    @pytest.mark.parametrize("text", ["a", " a ", "👩\u200d🚀", "界", "a\u200b"])
    def test_takes_what_the_code_takes(self, text):
        assert re.search(ONE_LINE, text)

    @pytest.mark.parametrize("text", ["", " ", "\u200b", "a\nb", "a\u2028b", "a\u202eb", "a\x85", "\u3164"])
    def test_refuses_what_the_code_refuses(self, text):
        assert not re.fullmatch(ONE_LINE, text)
        assert not (is_one_line(text) and is_visible(text))


class TestLinks:
    @pytest.mark.parametrize(
        "text",
        [
            *("Claim at https://evil.example", "ftp://x", "WWW.evil.example", "a www.b"),
            *("https\uff1a\uff0f\uff0fevil.example", "\uff57\uff57\uff57.evil.example", "ww\u200bw.evil.example"),
            *(":\u00ad//evil", "www\u3002evil"),
        ],
    )
    def test_are_found_however_they_are_written(self, text):
        assert has_link(text)
        assert not has_link(without_links(f"You won! {text} now"))

    @pytest.mark.parametrize(
        "text", ["Booking.com", "AC/DC", "Paper & Sons: pens", "wwwow", "Ćww w. Smith", "http", "1:/2"]
    )
    def test_are_not_seen_in_names(self, text):
        assert not has_link(text)
        assert without_links(text) == text

    def test_leave_the_other_words(self):
        assert without_links("You won! Claim at https://evil.example now") == "You won! Claim at now"
