import os
import sys
import time
from pathlib import Path

import pytest

from linemill.mill import trial
from linemill.mill.reload import Refused, Reloaded, Reloader
from linemill.pipeline import version_of

pytestmark = pytest.mark.slow

LIMIT_S = 20.0


class Watched:
    """A pipeline that is looked after, with a clock of its own."""

    def __init__(self, folder: Path, pipeline) -> None:
        self.folder = folder
        self.pipeline = pipeline
        self.reloader = Reloader(pipeline, version_of(pipeline), 1.0)
        self.now = 1000.0

    def write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)

    def look(self, after_s: float = 1.0) -> Reloaded | Refused | None:
        self.now += after_s
        return self.reloader.look(self.now)

    def news(self) -> Reloaded | Refused:
        """Let a change hold still, and wait for the process that tries it."""
        assert self.look() is None
        end_s = time.monotonic() + LIMIT_S
        while time.monotonic() < end_s:
            if news := self.look(0.3 if self.reloader._trial is None else 0.0):
                return news
        raise AssertionError("nothing is told")

    def is_quiet(self) -> bool:
        return all(self.look() is None and self.reloader._trial is None for _ in range(4))


@pytest.fixture
def watched(tmp_path, make_pipeline):
    made = Watched(tmp_path, make_pipeline())
    yield made
    made.reloader.close()


STEPS = "def keep(line: str) -> str:\n    return 'new ' + line\n"


def first(news):
    return news.pipeline.nodes[0].build()("x")


def test_nothing_is_told_while_nothing_changes(watched):
    assert watched.is_quiet()


@pytest.mark.parametrize("name", ["pipeline.yaml", "steps.py"])
def test_a_file_that_is_only_touched_or_written_anew_changes_nothing(watched, name):
    path = watched.folder / name
    os.utime(path, ns=(1, 1))
    assert watched.is_quiet()
    watched.write("new", path.read_text())
    os.replace(watched.folder / "new", path)
    assert watched.is_quiet()


def test_a_change_of_a_processor_gives_the_pipeline_as_it_is_now(watched):
    watched.write("steps.py", STEPS)
    news = watched.news()
    assert first(news) == "new x"
    assert news.version == version_of(news.pipeline)
    assert news.version.sources == {"steps.py": STEPS}
    assert watched.is_quiet()


def test_a_change_of_the_pipeline_file_does(watched):
    watched.write("pipeline.yaml", watched.pipeline.text + "name: other\n")
    assert watched.news().pipeline.name == "other"
    assert watched.is_quiet()


@pytest.mark.slow
def test_a_module_that_a_processor_imports_is_looked_after_too(watched):
    watched.write("deep/er.py", "word = 'one '\n")
    watched.write("steps.py", "from deep.er import word\n\ndef keep(line: str):\n    return word + line\n")
    assert first(watched.news()) == "one x"
    watched.write("deep/er.py", "word = 'two '\n")
    assert first(watched.news()) == "two x"


def test_a_change_is_taken_up_only_when_it_holds_still(watched):
    watched.write("steps.py", STEPS + "#")
    assert watched.look() is None
    watched.write("steps.py", STEPS + "##")
    assert watched.look(0.15) is None
    assert watched.look(0.1) is None
    assert watched.reloader._trial is None
    watched.look(0.15)
    assert watched.reloader._trial is not None


def test_the_files_are_looked_at_no_more_often_than_asked(watched):
    assert watched.look() is None
    watched.write("steps.py", STEPS)
    assert watched.look(0.5) is None
    assert watched.reloader._changed is None
    assert watched.look(0.5) is None
    assert watched.reloader._changed is not None


def test_a_clock_that_is_put_back_does_not_stop_it(watched):
    assert watched.look() is None
    watched.now -= 100_000
    watched.write("steps.py", STEPS)
    assert first(watched.news()) == "new x"


def test_a_change_while_it_is_tried_is_taken_up(watched):
    watched.write("steps.py", STEPS)
    watched.look()
    watched.look(0.3)
    assert watched.reloader._trial is not None
    watched.write("steps.py", STEPS.replace("new", "newer"))
    assert watched.look(0.0) is None
    assert watched.reloader._trial is None
    assert first(watched.news()) == "newer x"


def test_what_changed_before_it_was_looked_after_is_taken_up(tmp_path, make_pipeline):
    pipeline = make_pipeline()
    version = version_of(pipeline)
    (tmp_path / "steps.py").write_text(STEPS)
    late = Watched(tmp_path, pipeline)
    late.reloader = Reloader(pipeline, version, 1.0)
    assert first(late.news()) == "new x"


class TestOneThatIsWrong:
    def test_is_told_with_every_mistake_once_for_each_change(self, watched):
        watched.write("pipeline.yaml", "nodes:\n  keep: {use: 'steps:kep', to: al}\noutputs: {all: 'out/{name}'}\n")
        news = watched.news()
        path = watched.folder / "pipeline.yaml"
        assert news == Refused(
            f'{path}:2:15: nodes.keep.use: "steps" has no "kep"; did you mean "keep"?\n'
            f'{path}:2:32: nodes.keep.to: "al" is neither a node nor an output; did you mean "all"?'
        )
        assert watched.is_quiet()
        watched.write("pipeline.yaml", "nodes: 3\n")
        assert watched.news() == Refused(f"{path}:1:8: nodes: found 3, wants a mapping")

    @pytest.mark.slow
    def test_is_taken_up_when_it_is_mended(self, watched):
        watched.write("steps.py", "def keep(line: str)\n")
        assert "SyntaxError" in watched.news().reason
        watched.write("steps.py", STEPS)
        assert first(watched.news()) == "new x"

    def test_is_over_when_everything_is_as_it_was(self, watched):
        before = (watched.folder / "steps.py").read_text()
        watched.write("steps.py", "raise OSError\n")
        assert isinstance(watched.news(), Refused)
        watched.write("steps.py", before)
        assert first(watched.news()) == "x"
        assert watched.is_quiet()

    @pytest.mark.parametrize("there", ["", pytest.param("word = 1 +", marks=pytest.mark.slow)])
    def test_is_mended_in_a_module_that_was_never_imported(self, watched, there):
        if there:
            watched.write("words/word.py", there)
        watched.write("steps.py", "from words.word import word\n\ndef keep(line: str):\n    return word + line\n")
        assert isinstance(watched.news(), Refused)
        watched.write("words/word.py", "word = 'now '\n")
        assert first(watched.news()) == "now x"

    def test_is_one_that_is_not_there(self, watched):
        (watched.folder / "pipeline.yaml").unlink()
        assert watched.news() == Refused(f"{watched.folder / 'pipeline.yaml'}: there is no such file")

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("import os; os._exit(0)", "ended with code 0"),
            pytest.param(
                "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "killed by signal 11", marks=pytest.mark.slow
            ),
            pytest.param("raise SystemExit(3)", "it called sys.exit", marks=pytest.mark.slow),
        ],
    )
    def test_takes_nobody_along_when_it_ends_the_process(self, watched, code, reason):
        watched.write("steps.py", f"{code}\n{STEPS}")
        assert reason in watched.news().reason
        watched.write("steps.py", STEPS)
        assert first(watched.news()) == "new x"

    def test_takes_nobody_along_when_it_hangs(self, watched):
        watched.write("steps.py", f"import threading; threading.Event().wait()\n{STEPS}")
        watched.look()
        watched.look(0.3)
        assert watched.reloader._trial is not None
        process = watched.reloader._trial._process
        assert watched.look(trial.LIMIT_S - 1) is None
        assert watched.look(2.0) == Refused("it could not be loaded within 30 s: a processor hangs when it is imported or built")
        assert process.returncode == -9
        assert watched.is_quiet()

    def test_is_told_in_words_that_end(self, watched):
        watched.write("pipeline.yaml", "".join(f"key{number}: 1\n" for number in range(500)))
        assert len(watched.news().reason) == trial.LONGEST_WORD


def test_what_it_prints_and_what_it_leaves_running_is_no_matter(watched, capfd):
    noisy = "import threading\nthreading.Thread(target=threading.Event().wait).start()\nprint('loud' * 100_000)\n"
    watched.write("steps.py", f"import __main__\nif hasattr(__main__, '_try'):\n    exec({noisy!r})\n{STEPS}")
    assert first(watched.news()) == "new x"
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_the_modules_of_the_version_before_are_forgotten(watched):
    old = watched.pipeline.root
    assert old in sys.modules
    for word in ("one", "two"):
        watched.write("steps.py", STEPS.replace("new", word))
        news = watched.news()
    assert not [name for name in sys.modules if name.partition(".")[0] == old]
    roots = {name for name in sys.modules if name.startswith("_linemill_pipeline_") and "." not in name}
    assert news.pipeline.root in roots
    assert sorted(Path(sys.modules[root].__path__[0]) for root in roots).count(watched.folder) == 1


def test_a_process_that_cannot_be_started_is_tried_again_later(watched, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(11, "Resource temporarily unavailable")

    watched.write("steps.py", STEPS)
    with monkeypatch.context() as patch:
        patch.setattr("subprocess.Popen", refuse)
        assert [watched.look() for _ in range(4)] == [None] * 4
    assert first(watched.news()) == "new x"


def test_closing_ends_a_trial_that_is_under_way(watched):
    watched.write("steps.py", f"import threading; threading.Event().wait()\n{STEPS}")
    watched.look()
    watched.look(0.3)
    process = watched.reloader._trial._process
    watched.reloader.close()
    assert process.returncode == -9


def test_in_a_hurry_a_change_is_seen_at_once_and_is_pending_until_it_is_taken_up(watched):
    assert watched.look() is None
    watched.write("steps.py", STEPS)
    assert watched.look(0.1) is None
    assert not watched.reloader.is_pending
    watched.reloader.hurry()
    assert watched.look(0.1) is None
    assert watched.reloader.is_pending
    assert first(watched.news()) == "new x"
    assert not watched.reloader.is_pending
