import json

import pytest

from linemill.cli.documents import errors_as_json, written
from linemill.errors import UsageError


def test_strange_names_are_written_so_that_strict_readers_take_them():
    assert json.loads(written({"name": "a\udcff\n\x1b.log", "é": "\ud800"})) == {"name": "a\\xff\n\x1b.log", "é": "\\ud800"}
    assert written({"é": 1}).isascii()


def test_an_error_is_said_as_json_too_where_that_is_wanted(capsys):
    for wanted in (True, False):
        with pytest.raises(UsageError), errors_as_json(wanted):
            raise UsageError("no", "here")
        out = capsys.readouterr().out
        if wanted:
            assert json.loads(out) == {"form": 1, "exit_code": 2, "error": {"code": "usage", "what": "no [here]"}}
        else:
            assert out == ""
