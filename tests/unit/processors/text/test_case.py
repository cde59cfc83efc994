import pytest

from linemill.processors import case


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("lower", "disk ÄRGER".lower()),
        ("upper", "DISK ÄRGER"),
        ("title", "Disk Ärger"),
        ("capitalize", "Disk ärger"),
        ("swap", "DISK ärger"),
    ],
)
def test_each_change_of_case(to, expected):
    assert case("disk ÄRGER", to=to) == expected


def test_bytes_that_are_no_utf8_survive():
    line = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert case(line, to="upper").encode("utf-8", "surrogateescape") == b"CAF\xe9"
