import pytest

from linemill.processors import format


def test_text_stays_and_other_values_are_written_as_json():
    write = format(template="{a} {b} {c} {d} {e} {f}")
    record = {"a": "ä", "b": 1, "c": None, "d": True, "e": {"x": ["ü", 1.5]}, "f": 2.0}
    assert write(record) == 'ä 1 null true {"x":["ü",1.5]} 2.0'


def test_formats_are_pythons():
    assert format(template="{level:<5}|{status:>5}|{seconds:.2f}")({"level": "OK", "status": 7, "seconds": 1.239}) == (
        "OK   |    7|1.24"
    )


def test_a_name_is_a_field_dots_brackets_and_all():
    write = format(template="{http.status} {a[0]} {two words}")
    assert write({"http.status": 200, "a[0]": "x", "two words": "y"}) == "200 x y"


@pytest.mark.parametrize("template", ["{a.__class__}", "{a[0]}"])
def test_nothing_but_fields_can_be_reached(template):
    with pytest.raises(ValueError) as refused:
        format(template=template)({"a": "x"})
    assert str(refused.value) == f"expected a field {template[1:-1]!r}, found 'a'"


def test_braces_in_template_and_values_are_left_alone():
    assert format(template="{{{a}}} {{b}}")({"a": "{x}"}) == "{{x}} {b}"


def test_a_missing_field_is_refused_with_what_is_there():
    with pytest.raises(ValueError, match=r"^expected a field 'x', found 'a'$"):
        format(template="{x}")({"a": 1})


def test_a_format_that_does_not_fit_the_value_is_refused():
    with pytest.raises(ValueError, match=r"Unknown format code 'd'"):
        format(template="{a:d}")({"a": "text"})


@pytest.mark.parametrize("template", ["{", "}", "{}", "{:>8}", "{a!r}", "{a:{width}}", "{a"])
def test_a_wrong_template_is_refused_at_once(template):
    with pytest.raises(ValueError, match=r"^the template '"):
        format(template=template)


def test_bytes_that_are_no_utf8_survive():
    value = b"caf\xe9".decode("utf-8", "surrogateescape")
    text = format(template="{a} {b}")({"a": value, "b": [value]})
    assert text.encode("utf-8", "surrogateescape") == b'caf\xe9 ["caf\xe9"]'


def test_text_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"^expected a record, found text: 'a line'; parse the line first"):
        format(template="{a}")("a line")  # type: ignore[arg-type]
