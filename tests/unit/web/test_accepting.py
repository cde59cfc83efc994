import pytest
from hypothesis import given
from hypothesis import strategies as st

from linemill.web.accepting import fault_of, has_suffix, safe_name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.log", "a.log"),
        ("a b.log", "a b.log"),
        ("", "upload"),
        ("...", "upload"),
        (".", "upload"),
        ("..", "upload"),
        ("../..", "upload"),
        ("/", "upload"),
        ("dir/", "dir"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\logs/a.log", "a.log"),
        (".bashrc", "bashrc"),
        (" . .a.log . ", "a.log"),
        ("a\0b\r\n\x1b[2J\x7f.log", "a_b___[2J_.log"),
        ("a\u202egol.exe", "a_gol.exe"),
        ("a\u2028b\udcff\ud800.log", "a_b__.log"),
        ("A\u0308.log", "\u00c4.log"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Com1.tar.gz", "_Com1.tar.gz"),
        ("lpt9 .log", "_lpt9 .log"),
        ("console.log", "console.log"),
        ("<script>alert(1)<", "<script>alert(1)<"),
        ("ä" * 300 + ".log", "ä" * 125 + ".log"),
        ("x." + "y" * 300, "x." + "y" * 253),
    ],
)
def test_a_name_is_made_one_that_can_do_no_harm(given, name):
    assert safe_name(given) == name


@given(st.text(max_size=400), st.integers(0, 50))
def test_whatever_is_sent_becomes_a_name_of_one_file(text, room):
    name = safe_name(text, room)
    assert name.isprintable()
    assert 1 <= len(name.encode()) <= 255 - room
    assert "/" not in name
    assert name[0] not in ". "


def test_room_is_left_for_what_is_added():
    assert len(safe_name("x" * 300 + ".log", 13)) == 242
    assert safe_name("x" * 300 + ".log", 13).endswith("x.log")


def test_suffixes_are_compared_in_lower_case():
    assert has_suffix("A.LOG.GZ", (".log.gz",))
    assert not has_suffix("a.gz", (".log.gz",))
    assert has_suffix("a", ())


def test_an_encoding_without_nuls_changes_nothing():
    assert fault_of("a.log", b"a\0", "latin-1") is not None
    assert fault_of("a.log", b"a\0", "utf-16-le") is None
