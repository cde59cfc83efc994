from linemill.processors import catalogue


def test_every_built_in_processor_is_listed_with_what_it_does(linemill):
    said = linemill("processors")
    assert said.code == 0
    rows = said.out.splitlines()
    for each in catalogue():
        assert any(row.split()[0] == each.name and row.endswith(each.summary) for row in rows if row)


def test_one_is_shown_with_its_settings_and_an_example(linemill):
    said = linemill("processors", "replace")
    described = next(each for each in catalogue() if each.name == "replace")
    assert said.out.startswith("linemill.processors:replace\n(takes text; mode line;")
    assert described.summary in said.out
    for setting in described.settings:
        assert f"  {setting.name}: {setting.type} (" in said.out
        assert setting.meaning in said.out
    assert "\nExample:\n  nodes:\n" in said.out


def test_its_import_path_names_it_too(linemill):
    assert linemill("processors", "linemill.processors:strip").out == linemill("processors", "strip").out


def test_a_name_that_is_not_there_gets_the_nearest(linemill):
    said = linemill("processors", "tag_by_patern")
    assert (said.code, said.err) == (2, "linemill: there is no built-in processor tag_by_patern; did you mean tag_by_pattern?\n")
