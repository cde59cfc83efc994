"""One JSON object on standard output in place of words: what every `--json` has in common."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from linemill.cli.exits import code_of
from linemill.errors import LinemillError

FORM = 1
"""Goes up when a field changes its meaning or goes away; new fields may come at any time."""

_LETTER = "`id`, `file_id`, `attempt_id`, `number` (of the line), `node`, `code`, and `fields` as in the file of dead letters"

ANSWERS = {
    "files": {
        "inbox": "With the first page, files that are only in the inbox: `name`, `path`, `state`, `reason`, `size`, `mtime_ns`.",
        "files": "Files of the catalog: `id`, `origin`, `name`, `number` (the how manieth of this name), `life_name` (what its "
        "outputs are called after), `found` and `place` (where it was and is), `size`, `mtime_ns`, `state`, `since`, "
        "`noticed_at`, `done_at`, `tries`, `next_try_at`, `wish`, `attempt_id`, `code`, `reason` and `traceback` "
        "(why it failed), `lines`, `dead`, `raw_bytes`, `seconds`.",
        "after": "For `--after`: where the next page begins; null if there is none.",
        "totals": "Files of the catalog by state.",
        "paused": "Whether somebody paused the mill.",
    },
    "explain": {
        "found": "The file in the inbox, then the one in the catalog, as far as there are any. Each: `name`, `place`, `state`, "
        "`why`, `then` (what happens next), `then_at`, `file` (as above; null in the inbox), `attempts`, `outputs`.",
        "others": "Ids of older files of the same name.",
    },
    "errors": {
        "groups": "Without filters: `node`, `code`, `count`, `newest` (a letter as below), `newest_at`.",
        "failed_files": "Without filters: files that failed as a whole.",
        "letters": f"With filters: {_LETTER}.",
        "after": "With filters: as above.",
    },
    "retry": {
        "asked": "Where a mill runs: `retry`, `reprocess` or `redrive`. Where none does, the object is that of `run`.",
        "files": "`id` and `name` of each file.",
        "mill": "The mill's process.",
        "paused": "Whether it is paused.",
    },
    "pause": {"paused": "true", "mill": "The mill's process; null if none runs."},
    "resume": {"paused": "false", "was_paused": "Whether it was."},
    "token create": {"token": "As `token list` has it.", "secret": "What it says; nowhere else."},
    "token list": {
        "tokens": "All that were ever made: `id`, `name`, `role` (`viewer`, `operator`, `admin`), `made_at`, `expires_at`, "
        "`revoked_at`, `is_valid`.",
    },
    "token revoke": {"id": "The token.", "name": "Its name.", "was_revoked": "Whether it had been revoked before."},
    "verify": {
        "is_right": "Whether nothing is wrong.",
        "attempts": "Attempts whose counts were held against each other.",
        "outputs": "Outputs of input files that were counted.",
        "bytes": "Bytes in them, as they were published.",
        "lines": "Lines in them, as they were published.",
        "unpublished": "Ids of files that are committed and not published yet: nothing of them was counted.",
        "findings": "What is wrong: `wrong` (`missing`, `unreadable`, `shorter`, `changed`, `foreign`, `miscounted`), `what` in "
        "words, `target`, `file_id`, `attempt_id`, `output`.",
    },
}
"""Every field that a command says, and its meaning; `reprocess` and `redrive` are like `retry`."""


def written(fields: Mapping[str, Any]) -> str:
    """Write an object. Escapes for everything that is not ASCII: safe on every terminal and in every encoding."""
    return json.dumps(_plain(fields), indent=2, allow_nan=False)


@contextmanager
def errors_as_json(wanted: bool) -> Iterator[None]:
    """Write an error that ends the command as JSON, too, if that is wanted."""
    try:
        yield
    except LinemillError as error:
        if wanted:
            fields = {"form": FORM, "exit_code": code_of(error).value, "error": {"code": error.code, "what": str(error)}}
            print(written(fields))
        raise


def _plain(value: Any) -> Any:
    r"""Make text of paths; bytes that are not UTF-8 become `\xNN`, since strict readers refuse halves of pairs."""
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, str) and not value.isascii():
        try:
            return os.fsencode(value).decode("utf-8", "backslashreplace")
        except UnicodeEncodeError:  # a surrogate that stands for no byte
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
