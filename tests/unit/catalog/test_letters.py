from typing import Any


def test_letters_are_filtered_and_paged_the_newest_first(records, history):
    file_id, other = records.file("a.log"), records.file("b.log")
    attempt, another = records.attempt(file_id), records.attempt(other)
    for number in range(30):
        ours = number % 2 == 0
        node, code = ("keep", "", "odd")[number % 3], ("raised", "timeout")[number // 3 % 2]
        records.letter(file_id if ours else other, attempt if ours else another, node, code, line=number, text="\udcff")
    everything = history.letters(limit=1000).rows
    assert [row.number for row in everything] == list(range(29, -1, -1))
    assert everything[0].fields["text"] == "\udcff"
    for wanted in (
        {},
        {"node": "keep"},
        {"node": ""},
        {"code": "timeout"},
        {"node": "odd", "code": "raised"},
        {"file_id": other},
    ):
        for more in ({}, {"file_id": file_id}) if "file_id" not in wanted else ({},):
            filters: dict[str, Any] = {**wanted, **more}
            expected = [row for row in everything if all(getattr(row, key) == value for key, value in filters.items())]
            found, after = [], None
            while True:
                page = history.letters(after=after, limit=2, **filters)
                found += page.rows
                after = page.after
                if after is None:
                    break
            assert found == expected
    assert history.letters(node="nobody").rows == ()


def test_letters_are_counted_by_node_and_code(records, history):
    file_id = records.file()
    attempt = records.attempt(file_id, ended_at=7.0)
    for _ in range(3):
        last = records.letter(file_id, attempt, "keep", "raised")
    records.letter(file_id, attempt, "", "too_long")
    groups = history.letters_grouped()
    assert [(group.node, group.code, group.count) for group in groups] == [("keep", "raised", 3), ("", "too_long", 1)]
    assert (groups[0].newest.id, groups[0].newest_at) == (last, 7.0)
    assert history.letter_files("keep") == [file_id]
    assert history.letter_files("keep", "timeout") == []


def test_letters_of_a_line_are_found_by_its_number(records, history):
    file_id, other = records.file(), records.file()
    first, second = records.attempt(file_id), records.attempt(file_id, number=2)
    elsewhere = records.attempt(other)
    ids = [records.letter(file_id, attempt, line=line) for attempt in (first, second) for line in (7, 3)]
    records.letter(other, elsewhere, line=3)
    assert [letter.id for letter in history.letters_of_lines([first, second], [3, 4])] == [ids[1], ids[3]]
    assert [letter.id for letter in history.letters_of_file(file_id)] == [ids[3], ids[2], ids[1], ids[0]]
    assert [letter.id for letter in history.letters_of_file(file_id, 7)] == [ids[2], ids[0]]
    assert [letter.id for letter in history.letters_of_file(file_id, limit=1)] == [ids[3]]


def test_letters_are_asked_for_by_any_name_that_somebody_types(records, history):
    assert history.letters(node="\ud800", code="\0").rows == ()
