import json
import os
import threading

import pytest
import xxhash

from linemill.engine import DeadCode, DeadLetter, Ledger, NodeCounts, OutputCounts, Traced
from linemill.errors import InvariantBroken, WorldError
from linemill.executors.letters import letter_line
from linemill.executors.task import Worked
from linemill.executors.traces import written_traces
from linemill.files import Span
from linemill.files.hidden import discard
from linemill.mill.joining import TRACES, Joined
from linemill.pipeline import DEAD_LETTERS


@pytest.fixture
def whole(tmp_path):
    return {"all": tmp_path / ".whole", DEAD_LETTERS: tmp_path / ".dead"}


@pytest.fixture
def worked_span(tmp_path):
    """A span that was worked: its lines are in a part of its own, its dead letters too."""

    def apply(joined, span, data, dead=(), **others):
        parts = {"all": tmp_path / f".part{span.start}", DEAD_LETTERS: tmp_path / f".letters{span.start}"}
        joined.expect(span, parts)
        parts["all"].write_bytes(data)
        letters = tuple(DeadLetter(number, "keep", DeadCode.RAISED, "ValueError: no", "bad") for number in dead)
        if letters:
            parts[DEAD_LETTERS].write_bytes(b"".join(letter_line(letter, "in") for letter in letters))
        count = data.count(b"\n")
        node = NodeCounts(came=count + len(dead), dead=len(dead))
        ledger = Ledger(
            lines=count + len(dead), nodes={"keep": node}, outputs={"all": OutputCounts(came=count, lines=count, bytes=len(data))}
        )
        pieces = {"all": (len(data), xxhash.xxh3_64_hexdigest(data))}
        if letters:
            pieces[DEAD_LETTERS] = (1, "")
        return Worked(ledger, len(data), None, letters=letters, pieces=pieces, **others)

    return apply


@pytest.mark.parametrize("in_kernel", [True, False])
def test_spans_are_put_together_in_their_order_whichever_ends_first(whole, worked_span, tmp_path, monkeypatch, in_kernel):
    if not in_kernel:

        def refuse(*_arguments):
            raise OSError(18, "Invalid cross-device link")

        monkeypatch.setattr(os, "copy_file_range", refuse)
    joined = Joined(whole, (), "in")
    spans = [Span(0, 10), Span(10, 20), Span(20, 30)]
    came = [worked_span(joined, span, data) for span, data in zip(spans, [b"a\n", b"", b"c\nd\n"], strict=True)]
    joined.add(spans[2], came[2])
    assert joined.lengths["all"] == 0
    joined.add(spans[0], came[0])
    assert (joined.lengths["all"], whole["all"].read_bytes()) == (2, b"a\n")
    joined.add(spans[1], came[1])
    joined.finish()
    assert whole["all"].read_bytes() == b"a\nc\nd\n"
    assert joined.ledger.lines == 3
    assert joined.pieces["all"] == [one.pieces["all"] for one in came]
    assert [path.name for path in tmp_path.iterdir()] == [".whole"]


def test_traced_lines_get_the_numbers_that_they_have_in_the_file_and_the_first_are_kept(whole, worked_span):
    joined = Joined(whole, (), "in")
    spans = [Span(start, start + 10) for start in range(0, 10 * (TRACES + 3), 10)]
    traces = written_traces([Traced(1, "a", ()), Traced(3, "c", ())])
    came = [worked_span(joined, span, b"a\nb\nc\n", traces=traces) for span in spans]
    for span, worked in reversed(list(zip(spans, came, strict=True))):
        joined.add(span, worked)
    numbers = [3 * part + number for part in range(len(spans)) for number in (1, 3)]
    assert [line.number for line in joined.traces] == numbers[:TRACES]


def test_dead_letters_get_the_numbers_that_their_lines_have_in_the_file(whole, worked_span):
    joined = Joined(whole, (), "in")
    for span, data, dead in ((Span(0, 10), b"a\n", (2,)), (Span(10, 20), b"b\nc\n", (1, 4))):
        joined.add(span, worked_span(joined, span, data, dead))
    letters = whole[DEAD_LETTERS].read_bytes()
    assert [json.loads(line)["line"] for line in letters.splitlines()] == [2, 3, 6]
    assert [letter.number for letter in joined.letters] == [2, 3, 6]
    assert sum(length for length, _ in joined.pieces[DEAD_LETTERS]) == len(letters)
    length, checksum = joined.pieces[DEAD_LETTERS][0]
    assert checksum == xxhash.xxh3_64_hexdigest(letters[:length])


def test_a_span_that_is_in_its_place_already_is_not_copied(whole, worked_span):
    joined = Joined(whole, (), "in")
    span = Span(0, 10)
    came = worked_span(joined, span, b"a\n", starts={"all": 0})
    joined.add(span, came)
    assert not whole["all"].exists()
    assert joined.lengths["all"] == 2


def test_what_was_durable_is_counted_and_followed(whole, worked_span):
    first = Joined(whole, (), "in")
    first.add(Span(0, 10), worked_span(first, Span(0, 10), b"a\n", (2,)))
    durable = first.durable(wait=True)
    again = Joined(whole, tuple(durable), "in")
    again.add(Span(10, 20), worked_span(again, Span(10, 20), b"b\n", (1,)))
    assert whole["all"].read_bytes() == b"a\nb\n"
    assert [json.loads(line)["line"] for line in whole[DEAD_LETTERS].read_bytes().splitlines()] == [2, 3]
    assert (again.ledger.lines, again.ledger.dead) == (4, 2)
    assert [(span.index, span.lengths["all"]) for span in (*durable, *again.durable(wait=True))] == [(0, 2), (1, 4)]


def test_a_span_that_was_never_worked_is_no_whole_file(whole, worked_span):
    joined = Joined(whole, (), "in")
    came = [worked_span(joined, span, b"a\n") for span in (Span(0, 10), Span(10, 20))]
    joined.add(Span(10, 20), came[1])
    with pytest.raises(InvariantBroken, match="2 spans of the file were never worked on"):
        joined.finish()


def test_a_part_that_is_too_short_or_gone_is_said(whole, worked_span, tmp_path):
    joined = Joined(whole, (), "in")
    came = worked_span(joined, Span(0, 10), b"a\n")
    (tmp_path / ".part0").write_bytes(b"a")
    with pytest.raises(InvariantBroken, match="a part has 1 bytes, the ledger 2"):
        joined.add(Span(0, 10), came)
    joined = Joined(whole, (), "in")
    came = worked_span(joined, Span(0, 10), b"a\n")
    (tmp_path / ".part0").unlink()
    with pytest.raises(WorldError, match="the output could not be put together") as caught:
        joined.add(Span(0, 10), came)
    assert caught.value.code == "cannot_write"


def test_a_full_disk_is_said(whole, worked_span, monkeypatch):
    def refuse(*_arguments):
        raise OSError(28, os.strerror(28))

    joined = Joined(whole, (), "in")
    came = worked_span(joined, Span(0, 10), b"a\n")
    monkeypatch.setattr(os, "copy_file_range", refuse)
    with pytest.raises(WorldError) as caught:
        joined.add(Span(0, 10), came)
    assert caught.value.code == "disk_full"


def test_what_is_put_together_is_synced_and_what_is_not_there_needs_no_sync(whole, worked_span, monkeypatch):
    joined = Joined(whole, (), "in")
    joined.add(Span(0, 10), worked_span(joined, Span(0, 10), b"a\n"))
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.readlink(f"/proc/self/fd/{descriptor}")))
    assert [span.index for span in joined.durable(wait=True)] == [0]
    assert synced == [str(whole["all"])]


def test_a_span_is_not_called_durable_before_the_disk_has_it(whole, worked_span, monkeypatch):
    stored, wait = threading.Event(), threading.Event()
    fsync = os.fsync

    def slow(descriptor):
        wait.wait(60)
        fsync(descriptor)
        stored.set()

    monkeypatch.setattr(os, "fsync", slow)
    joined = Joined(whole, (), "in")
    joined.add(Span(0, 10), worked_span(joined, Span(0, 10), b"a\n"))
    assert joined.durable() == []
    joined.add(Span(10, 20), worked_span(joined, Span(10, 20), b"b\n"))
    assert (joined.durable(), stored.is_set()) == ([], False)
    wait.set()
    assert stored.wait(60)
    assert [span.index for span in joined.durable(wait=True)] == [0, 1]


def test_removing_what_is_gone_is_fine(tmp_path):
    (tmp_path / "a").touch()
    discard([tmp_path / "a", tmp_path / "b"])
    assert list(tmp_path.iterdir()) == []
