import structlog

from linemill.mill.arrival import Inbox
from linemill.mill.backlog import Backlog
from linemill.mill.holding import Hold
from linemill.mill.intake import Intake

NOW = 1_000.0


def test_what_is_to_be_tried_again_is_taken_only_by_a_pipeline_that_was_just_looked_at(yard, make_pipeline, make_story):
    pipeline = make_pipeline()
    inbox = Inbox(pipeline.watch, yard.base)
    inbox.make()
    story, works, log = make_story(), yard.works(pipeline), structlog.testing.CapturingLogger()
    yard.catalog.set_back(yard.arrived(pipeline, again=b"a\n"), NOW)
    (inbox.folder / "new").write_bytes(b"b\n")
    hold, backlog = Hold(yard.catalog, log, NOW), Backlog(yard.catalog)
    intake = Intake(inbox, yard.catalog, story.course, hold, backlog, yard.base, log)
    assert intake.claim(works, NOW, may_take=False)
    assert [claim.name for claim in story.course.claims()] == ["new"]
    assert intake.claim(works, NOW, may_take=True)
    assert [claim.name for claim in story.course.claims()] == ["new", "again"]
