def test_a_file_is_found_by_all_that_it_is_called(records, history, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = records.file("a.log", found=tmp_path / "inbox/a.log", place=tmp_path / "processed/a.log")
    second = records.file("a.log", found=tmp_path / "inbox/a.log", place=tmp_path / "processed/a~2.log")
    strange = records.file("x\n.log", found=tmp_path / "x\n.log")
    digits = records.file(str(first))

    def ids(text: str) -> list[int]:
        return [row.id for row in history.find(text)]

    assert ids("a.log") == [second, first]
    assert ids("a~2.log") == [second]
    assert ids("inbox/a.log") == [second, first]
    assert ids(str(tmp_path / "processed/a~2.log")) == [second]
    assert ids("processed/a.log") == [first]
    assert ids("elsewhere/a.log") == []
    assert ids("x\n.log") == ids("x\\n.log") == ids("./x\n.log") == [strange]
    assert ids(str(first)) == [first, digits]
    assert ids("b.log") == []
    assert ids("9" * 40) == []
