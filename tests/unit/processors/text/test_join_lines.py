import pytest

from linemill.processors import join_lines


def test_lines_are_appended_until_the_next_start():
    joined = join_lines(start=r"^\d")(iter(["1 a", " b", " c", "2 d", "3 e", " f"]))
    assert list(joined) == ["1 a\n b\n c", "2 d", "3 e\n f"]


def test_lines_before_the_first_start_are_not_lost():
    assert list(join_lines(start=r"^\d", separator="|")(iter(["x", "y", "1"]))) == ["x|y", "1"]


def test_an_empty_file_gives_nothing():
    assert list(join_lines(start="^")(iter([]))) == []


def test_blank_lines_are_joined_as_well():
    assert list(join_lines(start="^a", separator="|")(iter(["", "b", "a", "", "b"]))) == ["|b", "a||b"]


def test_a_text_of_too_many_lines_goes_on_in_a_new_one():
    joined = join_lines(start="^start", separator="|", max_lines=2)(iter(["start", "1", "2", "3", "4", "start"]))
    assert list(joined) == ["start|1", "2|3", "4", "start"]


def test_a_text_of_too_many_characters_goes_on_in_a_new_one():
    texts = list(join_lines(start="^start", max_chars=9)(iter(["start", "123", "456", "a line that is longer", "7"])))
    assert texts == ["start\n123", "456", "a line that is longer", "7"]


def test_a_text_comes_out_as_soon_as_the_line_after_it_is_known():
    lines = iter(["1 a", " b", "2 c", "3 d"])
    joined = join_lines(start=r"^\d")(lines)
    assert next(joined) == "1 a\n b"
    assert list(lines) == ["3 d"]


def test_limits_below_one_are_refused():
    with pytest.raises(ValueError, match=r"^max_lines and max_chars must be 1 or more, found 0 and 5$"):
        join_lines(start="^", max_lines=0, max_chars=5)


def test_the_stack_traces_of_a_real_log_become_one_text_each_and_no_byte_is_lost(shared_data):
    lines = (shared_data / "logs/logfile_laravel.0").read_text().split("\n")
    starts = sum(line.startswith("[20") for line in lines)
    texts = list(join_lines(start=r"^\[20\d\d-")(iter(lines)))
    assert 1 < starts < len(lines)
    assert len(texts) == starts
    assert "\n".join(texts) == "\n".join(lines)


def test_a_java_log_with_a_message_a_line_stays_as_it_is(shared_data):
    lines = (shared_data / "logs/logfile_java.0").read_text().splitlines()
    assert list(join_lines(start=r"^\d{4}-\d\d-\d\dT")(iter(lines))) == lines
