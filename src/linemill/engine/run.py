"""One run of a pipeline over the lines of one file, or of a span of it: block by block, node by node.

Pure: lines in, bytes out. No disk, no clock of its own, no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from linemill.engine.block import Block, merge
from linemill.engine.dead import DeadCode, DeadLetter
from linemill.engine.emission import Emission
from linemill.engine.ledger import Ledger, NodeCounts, OutputCounts
from linemill.engine.nodes import Attempt, NodeRunner, runner_for
from linemill.engine.render import Rendered, rendered
from linemill.engine.routing import route
from linemill.engine.tracing import Traced, Tracer
from linemill.engine.watch import LineTimeout, NoWatch, Watch
from linemill.errors import ProcessorFailed
from linemill.pipeline import DROP, START_TAG, Pipeline


class Results(NamedTuple):
    """What came of one block.

    Attributes:
        outputs: By output name; only those that got something.
        dead: Dead letters, by line number.
    """

    outputs: dict[str, Rendered]
    dead: list[DeadLetter]


def empty_ledger(pipeline: Pipeline) -> Ledger:
    """Give the ledger of a file of which nothing has been read."""
    return Ledger(
        nodes={node.name: NodeCounts() for node in pipeline.nodes},
        outputs={output.name: OutputCounts() for output in pipeline.outputs},
    )


_Arrivals = dict[str, list[tuple[str, Block]]]
"""By target: blocks with the node that sent them, in the order of the nodes."""


class Run:
    """Takes blocks of lines through the graph.

    Call `open` once, `feed` and `skip` in the file's order, then exhaust `close`; or `abort` at any time. One thread.

    Attributes:
        ledger: Counts so far; complete after `close`.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        clock: Callable[[], float],
        watch: Watch | None = None,
        samples: Sequence[int] = (),
        enters: Callable[[int], None] = lambda place: None,
    ) -> None:
        """Build the processors, new for this run.

        Args:
            pipeline: The checked pipeline.
            clock: Gives seconds from any start; read twice a node and block.
            watch: Interrupts processors that stay on a line for too long; None for nothing of the kind.
            samples: Numbers of the lines to trace, rising.
            enters: Told, twice a node and block, which node has the word: its place in the pipeline, from 1; 0 for none.
        """
        self._attempt = Attempt(watch or NoWatch())
        self._clock = clock
        self._enters = enters
        self._entry = pipeline.entry
        self._runners = [runner_for(node, self._attempt) for node in pipeline.nodes]
        self._tagged = {node.name for node in pipeline.nodes if node.is_tagged}
        self.ledger = empty_ledger(pipeline)
        self.ledger.nodes = {runner.node.name: runner.counts for runner in self._runners}
        self._order = {name: place for place, name in enumerate(self.ledger.nodes, 1)}
        self._tracer = Tracer(samples, [*self.ledger.nodes, *self.ledger.outputs])

    @property
    def traces(self) -> tuple[Traced, ...]:
        """The sampled lines that were read so far, and their ways."""
        return self._tracer.traced()

    def open(self) -> Results:
        """Start the processors; give what streams say before the first line."""
        arrivals: _Arrivals = {}
        opening = [self._timed(runner, runner.open) for runner in self._runners]
        for runner, emission in zip(self._runners, opening, strict=True):
            self._send(runner, emission, arrivals)
            self._work(runner, arrivals)
        return self._results(arrivals)

    def feed(self, lines: list[str], numbers: Sequence[int] | None = None) -> Results:
        """Take some lines through the graph.

        Args:
            lines: Whole lines without their ends, at least one; not changed, and not to be changed later.
            numbers: Their line numbers, never falling; None where they follow on the lines before.

        Raises:
            ProcessorFailed: A processor broke in a way that leaves the rest of the file unknown.
        """
        if numbers is None:
            first = self.ledger.lines + 1
            numbers = range(first, first + len(lines))
        self.ledger.lines += len(lines)
        self._attempt.hold(lines, numbers)
        self._tracer.hold(lines, numbers)
        tags = [START_TAG] * len(lines) if self._entry in self._tagged else None
        return self._flow({self._entry: [("", Block(lines, numbers, tags))]})

    def resume(self, node: str, items: list[Any], numbers: Sequence[int], lines: Sequence[str]) -> Results:
        """Take items on from a node that they died at in an earlier run.

        Args:
            node: The node; one that takes no tags.
            items: What it was given then, at least one.
            numbers: The numbers of their lines, never falling.
            lines: These lines.

        Raises:
            ProcessorFailed: A processor broke in a way that leaves the rest of the items unknown.
        """
        place = self._order[node] - 1
        self._runners[place].counts.resumed += len(items)
        self._attempt.hold(lines, numbers)
        self._tracer.pause()
        return self._flow({node: [("", Block(items, numbers, None))]}, place)

    def skip(self, offset: int, length: int, limit: int) -> Results:
        """Note a line that is longer than `limit` bytes: a dead letter by reference."""
        self.ledger.lines += 1
        self.ledger.too_long += 1
        words = f"the line has {length:,} bytes, more than max_line ({limit:,})"
        letter = DeadLetter(self.ledger.lines, "", DeadCode.TOO_LONG, words, None, offset=offset, length=length)
        return Results({}, [letter])

    def close(self) -> Iterator[Results]:
        """End the file: each node is closed in order, and what it still gives flows on."""
        for index, runner in enumerate(self._runners):
            pieces = runner.close()
            while (emission := self._timed(runner, next, pieces, None)) is not None:
                arrivals: _Arrivals = {}
                self._tracer.hold_closing(emission.numbers)
                self._send(runner, emission, arrivals)
                yield self._flow(arrivals, index + 1)

    def abort(self) -> None:
        """Let go of the processors; streams are thrown out of their reading."""
        for runner in self._runners:
            runner.abort()

    def _flow(self, arrivals: _Arrivals, start: int = 0) -> Results:
        for runner in self._runners[start:]:
            self._work(runner, arrivals)
        return self._results(arrivals)

    def _work(self, runner: NodeRunner, arrivals: _Arrivals) -> None:
        """Let a node work on what has arrived at it, and send on what it gives."""
        arrived = arrivals.pop(runner.node.name, None)
        if arrived is None:
            return
        block = arrived[0][1] if len(arrived) == 1 else merge([block for _, block in arrived])
        runner.counts.came += len(block.items)
        if self._tracer.is_on:
            self._tracer.came(runner.node.name, block)
        self._send(runner, self._timed(runner, runner.work, block), arrivals)

    def _timed(self, runner: NodeRunner, do: Callable[..., Any], *given: Any) -> Any:
        start = self._clock()
        self._enters(self._order[runner.node.name])
        try:
            return do(*given)
        except LineTimeout as error:
            raise ProcessorFailed(
                f"{error}, at a place where no single line could be given up",
                f"node {runner.node.name!r}",
                code="stood_still",
            ) from error
        finally:
            self._enters(0)
            runner.counts.seconds += self._clock() - start

    def _send(self, runner: NodeRunner, emission: Emission, arrivals: _Arrivals) -> None:
        """Count what a node gave and lay it before its targets."""
        counts, node = runner.counts, runner.node
        if self._tracer.is_on:
            self._tracer.gave(node, emission)
        counts.filtered += emission.filtered
        gave, sent = counts.gave, counts.sent
        for tag, share in emission.shares.items():
            gave[tag] = gave.get(tag, 0) + len(share.items)
        blocks, unrouted = route(node, emission, self._tagged)
        for target, block in blocks.items():
            sent[target] = sent.get(target, 0) + len(block.items)
            if target != DROP and block.items:
                arrivals.setdefault(target, []).append((node.name, block))
        for number, tag, item in unrouted:
            counts.unrouted += 1
            words = f"tag {tag!r} has no route" if tag else "a line without a tag has no route"
            self._attempt.bury(number, node.name, DeadCode.UNROUTED, words, item)

    def _results(self, arrivals: _Arrivals) -> Results:
        """Render what has arrived at the outputs, and take the dead letters of the block."""
        outputs: dict[str, Rendered] = {}
        attempt = self._attempt
        for name, counts in self.ledger.outputs.items():
            arrived = arrivals.get(name)
            if arrived is None:
                continue
            buried = len(attempt.dead)
            for _, block in arrived:
                counts.came += len(block.items)
                if self._tracer.is_on:
                    self._tracer.came(name, block)
            outputs[name] = lines = rendered(arrived, attempt.bury)
            counts.dead += len(attempt.dead) - buried
            counts.lines += len(lines.numbers)
            counts.bytes += len(lines.data)
        dead: list[DeadLetter] = []
        if attempt.dead:
            dead, attempt.dead = sorted(attempt.dead, key=lambda letter: letter.number), []
        return Results(outputs, dead)
