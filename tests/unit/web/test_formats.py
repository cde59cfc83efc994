"""What the table in `formats` promises; the script is held to the same by the browser tests."""

import pytest
from markupsafe import Markup

from linemill.web.pages import formats


@pytest.mark.parametrize(
    ("write", "number", "words"),
    [
        (formats.count, 0, "0"),
        (formats.count, 1_234_567, "1,234,567"),
        (formats.compact, 0, "0"),
        (formats.compact, 999, "999"),
        (formats.compact, 1000, "1.00k"),
        (formats.compact, 1_234, "1.23k"),
        (formats.compact, 12_345, "12.3k"),
        (formats.compact, 123_456, "123k"),
        (formats.compact, 999_600, "1.00M"),
        (formats.compact, 1_234_567, "1.23M"),
        (formats.compact, 2**63, "9,223,372T"),
        (formats.some, 0, ""),
        (formats.some, 12_345, "12.3k"),
        (formats.dead, 0, ""),
        (formats.dead, 12, "✕ 12 dead"),
        (formats.rate, 0.0, "0/s"),
        (formats.rate, 0.004, "0/s"),
        (formats.rate, 0.25, "0.25/s"),
        (formats.rate, 12.34, "12.3/s"),
        (formats.rate, 1234.5, "1.23k/s"),
        (formats.flow, 0.0, ""),
        (formats.flow, 12.34, "12.3/s"),
        (formats.size, 0, "0 B"),
        (formats.size, 812, "812 B"),
        (formats.size, 1_500, "1.5 kB"),
        (formats.size, 33_000_000, "33 MB"),
        (formats.size, 999_600, "1.0 MB"),
        (formats.size, 5e15, "5,000.0 TB"),
        (formats.size, -1, "–"),
        (formats.seconds, 0.0, "0 ms"),
        (formats.seconds, 0.0123, "12 ms"),
        (formats.seconds, 0.9996, "1.00 s"),
        (formats.seconds, 1.234, "1.23 s"),
        (formats.seconds, 12.34, "12.3 s"),
        (formats.seconds, 59.96, "1 min 0 s"),
        (formats.seconds, 185, "3 min 5 s"),
        (formats.seconds, 7_440, "2 h 4 min"),
        (formats.seconds, 273_600, "3 d 4 h"),
        (formats.clock, 1_772_438_953.0, "2026-03-02 08:09:13"),
    ],
)
def test_a_number_is_written_as_the_table_says(write, number, words):
    assert write(number) == words


@pytest.mark.parametrize("write", [formats.count, formats.compact, formats.rate, formats.size, formats.seconds, formats.clock])
def test_where_there_is_no_number_there_is_a_dash(write):
    assert write(None) == "–"


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (0, "now"),
        (1.4, "now"),
        (12, "12 s ago"),
        (185, "3 min ago"),
        (7_440, "2 h ago"),
        (172_799, "47 h ago"),
        (432_000, "5 d ago"),
        (-12, "in 12 s"),
        (-7_440, "in 2 h"),
    ],
)
def test_a_moment_is_seen_from_now(away, words):
    assert formats.ago(1e9 - away, 1e9) == words


@pytest.mark.parametrize("at", [-1e30, 1e30, 2.0**63])
def test_a_moment_that_no_calendar_has_is_written_all_the_same(at):
    assert formats.clock(at)
    assert formats.iso(at).endswith("Z")


def test_what_cannot_be_seen_is_marked():
    words = "a\x1b[31m\x00\n\t\u202e\udc80\ud800é"
    marks = ("\\x1b", "[31m", "\\x00", "\\n", "\\t", "\\u202e", "\\x80", "\\ud800")
    shown = str(formats.text(words))
    for mark in marks:
        assert (mark if mark == "[31m" else f'<span class="control">{mark}</span>') in shown
    assert shown.endswith("é")
    shown.encode()


def test_newlines_stay_where_there_are_several_lines():
    assert formats.lines("a\n\tb\r") == Markup('a\n\tb<span class="control">\\r</span>')


def test_markup_is_text():
    assert formats.text("<b>&'\"") == Markup("&lt;b&gt;&amp;&#39;&#34;")


def test_commands_in_our_sentences_are_shown_as_code():
    assert formats.says("`retry` tries <it> again") == Markup("<code>retry</code> tries &lt;it&gt; again")
    assert formats.says("a ` of somebody else") == Markup("a ` of somebody else")


def test_a_long_text_is_cut():
    assert formats.short("x" * 81) == "x" * 79 + "…"
    assert formats.short("x" * 80) == "x" * 80


def test_a_value_is_shown_as_json_whatever_is_in_it():
    assert formats.json_lines({"<b>": "\x1b"}) == Markup("{\n  &#34;&lt;b&gt;&#34;: &#34;\\u001b&#34;\n}")
