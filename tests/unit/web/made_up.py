"""Documents as routes would make them, over a pipeline with everything that a page can show."""

from linemill.catalog.records import AttemptState, FileState, How, Kind, Origin
from linemill.web.models import (
    AttemptItem,
    Difference,
    ErrorList,
    EventItem,
    EventList,
    FileCounts,
    FileItem,
    FileList,
    FilePage,
    Given,
    Letter,
    LetterGroup,
    MillNow,
    NodeCount,
    NodeInfo,
    NodeNow,
    NodePage,
    NodePoint,
    OutputInfo,
    OutputItem,
    OutputNow,
    Pause,
    PipelineInfo,
    Point,
    Rates,
    RouteNow,
    Stats,
    Step,
    TimelineItem,
    Totals,
    Trace,
    TracedLine,
    VersionItem,
    VersionPage,
)

NOW = 1_772_438_953.0

RUNNING = MillNow(is_running=True, pid=4711, host="till", since=NOW - 7300)
PAUSED = MillNow(is_running=True, pid=4711, host="till", since=NOW, paused=Pause(who="ada", reason="a new oven", at=NOW - 61))


def stats(pipeline, *, mill=RUNNING, name="web-logs", window="10m", **others):
    """What goes on in a pipeline: its second node has errors, its third one is stalled."""
    nodes = tuple(
        NodeNow(
            name=node.name,
            came=1_234_567 >> number,
            gave=1_200_000 >> number,
            dead=(0, 1204, 0)[number % 3],
            rate=(3421.5, 12.25, 0.0)[number % 3],
            dead_rate=(0.0, 1.5, 0.0)[number % 3],
            stalled_since=NOW - 12 if number == 2 else None,
        )
        for number, node in enumerate(pipeline.nodes)
    )
    routes = tuple(
        RouteNow(source=node.name, target=target, count=80_123, rate=0.0 if target == "drop" else 120.5)
        for node in pipeline.nodes
        for targets in node.routes.values()
        for target in targets
    )
    points = tuple(
        Point(
            at=NOW - 600 + 2 * number,
            seconds=2,
            files=number % 3,
            failed=1 if number == 200 else 0,
            lines=(5000 + 40 * (number % 50) - 12 * (number % 31)) if 30 < number < 270 else 0,
            dead=number % 40 if 150 < number < 190 else 0,
            raw_bytes=100_000,
            backlog=None if 60 < number < 90 else max(0, 40 - number // 6),
            latency_p50=0.012 + 0.0001 * (number % 60) if number % 3 and not 60 < number < 90 else None,
            latency_p95=0.05 + 0.0004 * (number % 80) if number % 3 and not 60 < number < 90 else None,
        )
        for number in range(300)
    )
    values = {
        "at": NOW,
        "pipeline": name,
        "version": "0123456789ab",
        "mill": mill,
        "files": FileCounts(ready=12, working=2, failed=1),
        "totals": Totals(files=4711, failed=3, lines=1_234_567, dead=1204, raw_bytes=98_765_432),
        "rates": Rates(files=1.2, lines=3421.5, dead=1.5, raw_bytes=5_400_000.0),
        "nodes": nodes,
        "routes": routes,
        "outputs": tuple(OutputNow(name=output.name, count=310_000, rate=121.0) for output in pipeline.outputs),
        "window": window,
        "points": points,
    }
    return Stats(**{**values, **others})


def file(state=FileState.DONE, **others):
    """A file in a list."""
    values = {
        "id": 17,
        "name": "till-3.log",
        "state": state,
        "origin": Origin.INBOX,
        "why": "its outputs are published",
        "next": "nothing; `reprocess` does it anew",
        "size": 48_211,
        "since": NOW - 75,
        "noticed_at": NOW - 76.2,
        "done_at": NOW - 75,
        "tries": 1,
        "lines": 812,
        "dead": 3,
        "raw_bytes": 48_211,
        "seconds": 0.042,
    }
    return FileItem(**{**values, **others})


def files():
    """Files in every state."""
    return FileList(
        files=(
            file(FileState.WAITING, id=None, name="new.log", why="somebody writes to it", next="it is begun by itself"),
            file(FileState.READY, id=20, name="till-6.log", why="try 1 failed: no route to host (world)", next_at=NOW + 20),
            file(FileState.WORKING, id=19, name="till-5.log", why="it is being worked on, by process 4711", next="it goes on"),
            file(FileState.COMMITTED, id=18, name="till-4.log", why="its outputs are being published", next="it goes on"),
            file(),
            file(
                FileState.FAILED,
                id=16,
                name="bad.gz",
                why="not gzip: CRC (bad_input)",
                next="nothing, until `retry`",
                code="bad_input",
            ),
            file(FileState.IGNORED, id=None, name=".hidden", why="its name begins with a dot", next="nothing", lines=0, dead=0),
            file(id=15, name="order-" + "9" * 120 + ".log", dead=0),
        ),
        after="after-this",
    )


def letter(number=1, **others):
    """A dead letter with all that it can have."""
    values = {
        "id": number,
        "file_id": 17,
        "file": "till-3.log",
        "attempt_id": 5,
        "line": 40 + number,
        "node": "level",
        "code": "raised",
        "error": "ValueError: an order has 1 to 50 pieces, this one 999",
        "text": "2026-03-02 08:09:13 INFO  Order 1204: 999 croissants",
        "item": {"pieces": 999, "what": "croissants"},
        "traceback": 'Traceback (most recent call last):\n  File "processors/text.py", line 31, in __call__\nValueError: no',
    }
    return Letter(**{**values, **others})


def group(node="level", code="raised", **others):
    """Dead letters by the heap."""
    return LetterGroup(node=node, code=code, count=1204, newest=letter(node=node, code=code, **others), newest_at=NOW - 42)


def errors():
    """What went wrong."""
    failed = file(FileState.FAILED, id=16, name="bad.gz", code="bad_input", reason="not gzip: CRC")
    groups = (group(), group("snake", "unrouted"))
    return ErrorList(
        groups=groups, letters=(letter(), letter(2, text=None, traceback="", item=None)), failed=(failed,), after="x"
    )


def traced(line=18, letters=()):
    """A line and its way."""
    text = "2026-03-02 08:09:13 ERROR Label printer failed"
    return TracedLine(
        file_id=17,
        file="till-3.log",
        attempt_id=5,
        line=line,
        text=text,
        steps=(
            Step(place="clean", came=(text + "\x1b[0m",), gave=(Given(tag="", item=text, targets=("level",)),)),
            Step(place="level", came=(text,), gave=(Given(tag="error", item=text, targets=("errors",)),), more=2),
            Step(place="errors", came=(text,)),
        ),
        letters=letters,
    )


def trace(number=2):
    """Lines and their ways."""
    return Trace(lines=(traced(17, (letter(),)), *(traced(18 + line) for line in range(number - 1))), after=None)


def file_page():
    """All of a file."""
    counts = NodeCount(
        node="level",
        came=812,
        gave={"error": 12, "": 800},
        sent={"errors": 12, "snake": 800},
        filtered=4,
        dead=3,
        unrouted=1,
        restarts=0,
        seconds=0.0123,
    )
    values = {"kind": Kind.FIRST, "version_id": 2, "began_at": NOW - 76, "lines": 812, "raw_bytes": 48_211, "nodes": (counts,)}
    attempts = (
        AttemptItem(
            id=4,
            number=1,
            state=AttemptState.FAILED,
            ended_at=NOW - 75.8,
            code="world",
            reason="no space",
            dead=0,
            seconds=0.1,
            **values,
        ),
        AttemptItem(
            id=5,
            number=2,
            state=AttemptState.PUBLISHED,
            ended_at=NOW - 75,
            code=None,
            reason=None,
            dead=3,
            seconds=0.042,
            **values,
        ),
    )
    return FilePage(
        file=file(),
        place="/srv/bakery/processed/till-3.log",
        found="/srv/bakery/inbox/till-3.log",
        traceback="",
        can=("reprocess", "redrive"),
        timeline=(
            TimelineItem(at=NOW - 76.2, what="noticed"),
            TimelineItem(at=NOW - 76, what="began", detail="attempt 1, first"),
            TimelineItem(at=NOW - 75.8, what="failed", detail="no space (world)"),
            TimelineItem(at=NOW - 75.7, what="retry", who="ada"),
            TimelineItem(at=NOW - 75.1, what="committed"),
            TimelineItem(at=NOW - 75, what="done"),
        ),
        attempts=attempts,
        outputs=(
            OutputItem(
                id=1,
                attempt_id=5,
                name="errors",
                how=How.WHOLE,
                target="/srv/bakery/out/errors/till-3.log",
                lines=12,
                bytes=812,
                is_published=True,
                href="/files/17/outputs/1",
            ),
            OutputItem(
                id=2,
                attempt_id=5,
                name="general",
                how=How.WHOLE,
                target="/srv/bakery/out/general/till-3.log",
                lines=797,
                bytes=45_000,
                is_published=False,
                href="/files/17/outputs/2",
            ),
        ),
        letters=(letter(), letter(2)),
        traces=(traced(),),
    )


def node_info(node, **others):
    """A node of the pipeline, said."""
    values = {
        "name": node.name,
        "use": node.use,
        "mode": node.mode.value,
        "settings": {"error": r"\bERROR\b", "limits": {"most": [1, 2, 3]}},
        "routes": dict(node.routes),
        "on_error": node.on_error.value,
        "line_timeout_s": 10.0,
        "doc": "Tag each line by the first pattern that it fits.",
    }
    return NodeInfo(**{**values, **others})


def version(number=2, **others):
    """A version of the pipeline."""
    return VersionItem(
        **{"id": number, "digest": "0123456789abcdef" * 4, "loaded_at": NOW - 86_400, "is_current": number == 2, **others}
    )


def pipeline_info(pipeline):
    """The pipeline, said."""
    return PipelineInfo(
        name=pipeline.name,
        path=str(pipeline.path),
        entry=pipeline.entry,
        nodes=tuple(map(node_info, pipeline.nodes)),
        outputs=tuple(OutputInfo(name=one.name, path=one.path, is_growing=one.is_growing) for one in pipeline.outputs),
        text="name: web-logs\n\nnodes:\n  clean:\n    use: processors.text:strip_ansi\n    to: level\n",
        versions=(version(), version(1)),
        after=None,
    )


def node_page(pipeline, **others):
    """A node's page."""
    now = stats(pipeline)
    points = tuple(
        NodePoint(at=NOW - 3600 + 60 * n, seconds=60, came=1000 + n * 7, dead=n % 5 if n > 40 else 0) for n in range(60)
    )
    values = {
        "node": node_info(pipeline.nodes[:2][-1]),
        "now": now.nodes[:2][-1],
        "points": points,
        "groups": (group(),),
        "traces": tuple(traced(line) for line in range(5)),
    }
    return NodePage(**{**values, **others})


def version_page():
    """What changed from one version to another."""
    lines = ("--- version 1", "+++ version 2", "@@ -1,3 +1,3 @@", " nodes:", "-  old: \x1b[31m", "+  new: <b>")
    return VersionPage(
        version=version(),
        against=version(1),
        text="nodes:\n  new: <b>\n",
        sources={"processors/text.py": "def f(line):\n    return line\n"},
        differences=(Difference(path="pipeline.yaml", lines=lines),),
    )


def events():
    """Who did what."""
    return EventList(
        events=(
            EventItem(id=3, at=NOW - 20, who="ada", what="pause", file_id=None, file=None, detail="a new oven"),
            EventItem(id=2, at=NOW - 30, who="mill", what="pipeline_reloaded", file_id=None, file=None, detail="0123456789ab"),
            EventItem(id=1, at=NOW - 40, who="local", what="retry", file_id=17, file="till-3.log", detail=""),
        ),
        after=None,
    )


def every_page(pipeline):
    """A document for each page, by the name of its template."""
    return {
        "stats": stats(pipeline),
        "files": files(),
        "file": file_page(),
        "errors": errors(),
        "trace": trace(),
        "pipeline": pipeline_info(pipeline),
        "node": node_page(pipeline),
        "version": version_page(),
        "events": events(),
    }
