"""Every error linemill raises on purpose, in one tree.

    LinemillError
    ├── ConfigurationError    the pipeline is wrong: refuse to start
    ├── UsageError            the command line asks for something that cannot be: refuse to start
    ├── FileError             this file cannot be processed as it is: fail the file
    │   ├── BadInput          its bytes: truncated, corrupt, too big, not a file
    │   ├── ProcessorFailed   its processors: a stream raised, a batch lost count
    │   └── TooManyDead       its dead letters passed the error budget
    ├── WorldError            the world said no (disk, permissions): may be tried again
    └── InvariantBroken       our own arithmetic does not agree: stop, keep everything

A class exists because somebody decides differently on it. An error holds facts (what, where, and a hint that is a way
out), reads "what happened [where]; what to do", and survives pickling, since it comes home from workers.
"""

from __future__ import annotations

from dataclasses import dataclass


class LinemillError(Exception):
    """Base of all errors; `code` is stable and shown in reports, dead letters and the API.

    Attributes:
        code: Stable.
        may_retry: Whether another try may help.
        traceback: From the user's code, where a processor is at fault; else empty.
    """

    code: str = "error"
    may_retry: bool = False
    traceback: str = ""

    def __init__(self, what: str, where: str = "", hint: str = "", *, code: str | None = None) -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        text = f"{self.what} [{self.where}]" if self.where else self.what
        return f"{text}; {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(cls: type[LinemillError], args: tuple[object, ...], state: dict[str, object]) -> LinemillError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a pipeline file.

    Attributes:
        what: What is wrong, with what was found, and what is allowed.
        line: Line in the pipeline file, from 1; 0 where the file as a whole is meant.
        column: Column in that line, from 1; 0 as above.
        hint: The nearest right spelling or the lines that would settle it; may be empty.
    """

    what: str
    line: int = 0
    column: int = 0
    hint: str = ""


class ConfigurationError(LinemillError):
    """The pipeline file, or a processor that it names, is wrong. Holds every mistake that was found."""

    code = "configuration"

    def __init__(self, path: str, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(f"{path}{_place(p)}: {p.what}" + (f"; {p.hint}" if p.hint else "") for p in problems))
        self.path = path
        self.problems = problems


def _place(problem: Problem) -> str:
    return f":{problem.line}:{problem.column}" if problem.line else ""


class UsageError(LinemillError):
    """The command was asked for something that cannot be."""

    code = "usage"


class FileError(LinemillError):
    """The file fails, with a reason; nothing of it is published.

    Code of its own: `target`, where an output stands for something that cannot be replaced.
    """

    code = "file"


class BadInput(FileError):
    """The bytes of the file are not what they should be.

    Codes: `not_a_file`, `vanished`, `unreadable`, `truncated`, `corrupt`, `too_big`, `ratio`, `encoding`, `changed`.
    """

    code = "bad_input"


class ProcessorFailed(FileError):
    """A processor broke in a way that leaves the rest of the file unknown.

    Codes: `stream_raised`, `stream_endless`, `batch_length`, `not_copied`, `stood_still`.
    """

    code = "processor"


class TooManyDead(FileError):
    """More dead letters than the pipeline's error budget allows."""

    code = "budget"


class WorldError(LinemillError):
    """Disk full, no permission, an I/O error, a dead worker: the file is fine and may be tried again.

    Codes beside its own: `disk_full` and `cannot_write` (outputs), `worker_died`, `stalled`, `memory`, `undone` (a task whose
    worker died over another one), `pipeline_changed`, `foreign_bytes`, `cut_off` and `moved_away` (growing outputs),
    `staged_gone` (a hidden file), `catalog`, `lost`.
    """

    code = "world"
    may_retry = True


class InvariantBroken(LinemillError):
    """Counts that must agree do not. A bug in linemill: nothing is published, everything is kept."""

    code = "invariant"
