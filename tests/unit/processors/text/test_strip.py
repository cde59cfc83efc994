from linemill.processors import strip


def test_blanks_of_every_kind_are_taken_off_both_ends():
    assert strip(" \t a b \u3000\r") == "a b"


def test_named_characters_are_taken_off_and_blanks_stay():
    assert strip("#- a -#", chars="#-") == " a "


def test_only_the_named_side_is_touched():
    assert strip("  a  ", side="left") == "a  "
    assert strip("  a  ", side="right") == "  a"


def test_bytes_that_are_no_utf8_survive():
    line = b" caf\xe9 ".decode("utf-8", "surrogateescape")
    assert strip(line).encode("utf-8", "surrogateescape") == b"caf\xe9"
