from linemill.processors import snake


def test_spaces_become_separators_and_letters_small():
    assert snake("User Logged  In") == "user_logged__in"


def test_other_blanks_stay():
    assert snake("A\tB C") == "a\tb_c"


def test_the_separator_may_be_any_text():
    assert snake("A B", separator="--") == "a--b"
