"""Prints of a worker: carried on as long as somebody takes them."""

from __future__ import annotations

import os

import pytest

from linemill.executors.prints import lossy
from linemill.observe import lossy as lossy_module


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def test_a_line_is_there_at_once_whatever_its_characters(pipe):
    reader, writer = pipe
    out = lossy(writer)
    print("zwölf", "\udcff", file=out)
    assert os.read(reader, 100) == "zwölf \\udcff\n".encode()


def test_what_is_larger_than_the_pipe_can_take_at_once_is_whole(pipe):
    reader, writer = pipe
    out = lossy(writer)
    out.write("x" * 20_000 + "\n")
    assert os.read(reader, 30_000) == b"x" * 20_000 + b"\n"


def test_what_nobody_takes_is_lost_and_it_goes_on_when_somebody_does(pipe, monkeypatch):
    monkeypatch.setattr(lossy_module, "PATIENCE_S", 0)
    reader, writer = pipe
    out = lossy(writer)
    for _ in range(100):
        print("x" * 10_000, file=out)
    while len(os.read(reader, 2**20)) == 2**20:
        pass
    print("heard again", file=out)
    assert os.read(reader, 100).endswith(b"heard again\n")


def test_a_reader_that_has_gone_is_no_error(pipe):
    reader, writer = pipe
    out = lossy(writer)
    os.close(reader)
    for _ in range(100):
        print("x" * 10_000, file=out)


def test_a_descriptor_that_is_closed_is_no_error(pipe):
    _, writer = pipe
    out = lossy(writer)
    os.close(writer)
    print("to nobody", file=out)
