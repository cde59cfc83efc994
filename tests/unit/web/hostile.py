"""A text that means harm, wherever a text of somebody else's can stand."""

from dataclasses import replace as with_changes

from linemill.catalog.records import FileState
from linemill.web.models import ErrorList, EventList, FileList, Given, MillNow, Step, TimelineItem, Trace
from tests.unit.web.made_up import (
    NOW,
    events,
    file,
    file_page,
    group,
    letter,
    node_page,
    pipeline_info,
    stats,
    traced,
    version_page,
)

HOSTILE = "<script>alert(1)</script>\"'&{{ 7 * 7 }}\x1b[31m\x00\u202e\u2066\r\n\t\\x80é漢" + "x" * 200


def pipeline_of(pipeline, make_node):
    """A pipeline whose names are all hostile."""
    node = make_node(HOSTILE, {HOSTILE: (pipeline.outputs[0].name,)}, use=HOSTILE)
    outputs = (with_changes(pipeline.outputs[0], path=HOSTILE),)
    return with_changes(pipeline, name=HOSTILE, nodes=(node,), entry=HOSTILE, outputs=outputs)


def every_page(pipeline):
    """A document for each page, by the name of its template; all that may be of somebody else is hostile."""
    text = HOSTILE
    mill = MillNow(is_running=True, blocked=text, refused=text)
    bad = file(name=text, why=text, next=text, code=text, reason=text, state=FileState.FAILED)
    dead = letter(file=text, node=text, code=text, error=text, text=text, item={text: [text]}, traceback=text)
    given = Given(tag=text, item=text, targets=(text,))
    step = Step(place=text, came=(text,), gave=(given,))
    line = traced().model_copy(update={"file": text, "text": text, "steps": (step,), "letters": (dead,)})
    heap = group(text, text, file=text, error=text, text=text)
    page, said, event = file_page(), pipeline_info(pipeline), events().events[2]
    count = page.attempts[0].nodes[0].model_copy(update={"node": text, "gave": {text: 1}, "sent": {text: 1}})
    attempt = page.attempts[0].model_copy(update={"reason": text, "code": text, "nodes": (count,)})
    update = {
        "file": bad,
        "place": text,
        "found": text,
        "traceback": text,
        "timeline": (TimelineItem(at=NOW, what=text, detail=text, who=text),),
        "attempts": (attempt,),
        "outputs": (page.outputs[0].model_copy(update={"name": text, "target": text}),),
        "letters": (dead,),
        "traces": (line,),
    }
    return {
        "stats": stats(pipeline, mill=mill, name=text),
        "files": FileList(files=(bad,), after=text, trouble=text),
        "file": page.model_copy(update=update),
        "errors": ErrorList(groups=(heap,), letters=(dead,), failed=(bad,), after=text),
        "trace": Trace(lines=(line,), after=text),
        "pipeline": said.model_copy(update={"text": text, "path": text}),
        "node": node_page(pipeline, node=said.nodes[0], groups=(heap,), traces=(line,)),
        "version": version_page().model_copy(update={"text": text, "sources": {text: text}}),
        "events": EventList(
            events=(event.model_copy(update={"who": text, "what": text, "file": text, "detail": text}),), after=text
        ),
    }
