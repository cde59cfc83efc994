r"""What the API says, as values; pages are drawn from the same. Times are seconds since 1970 (UTC), names as `shown` writes them.

Text of lines is as it came, with bytes that are not UTF-8 written as `\xNN`.
"""

from linemill.web.models.answer import Answer, Refusal, Trouble
from linemill.web.models.file import AttemptItem, FilePage, NodeCount, OutputItem, TimelineItem
from linemill.web.models.files import FileItem, FileList, Uploaded, Uploads
from linemill.web.models.letters import ErrorList, Letter, LetterGroup
from linemill.web.models.mill import Asked, Health, MillNow, Pause, Readiness
from linemill.web.models.people import EventItem, EventList, SignedIn, SignIn, TokenItem, TokenList, TokenMade
from linemill.web.models.pipeline import Difference, NodeInfo, NodePage, OutputInfo, PipelineInfo, VersionItem, VersionPage
from linemill.web.models.stats import FileCounts, NodeNow, NodePoint, OutputNow, Point, Rates, RouteNow, Stats, Totals, Window
from linemill.web.models.traces import Given, Step, Trace, TracedLine

__all__ = [
    "Answer",
    "Asked",
    "AttemptItem",
    "Difference",
    "ErrorList",
    "EventItem",
    "EventList",
    "FileCounts",
    "FileItem",
    "FileList",
    "FilePage",
    "Given",
    "Health",
    "Letter",
    "LetterGroup",
    "MillNow",
    "NodeCount",
    "NodeInfo",
    "NodeNow",
    "NodePage",
    "NodePoint",
    "OutputInfo",
    "OutputItem",
    "OutputNow",
    "Pause",
    "PipelineInfo",
    "Point",
    "Rates",
    "Readiness",
    "Refusal",
    "RouteNow",
    "SignIn",
    "SignedIn",
    "Stats",
    "Step",
    "TimelineItem",
    "TokenItem",
    "TokenList",
    "TokenMade",
    "Totals",
    "Trace",
    "TracedLine",
    "Trouble",
    "Uploaded",
    "Uploads",
    "VersionItem",
    "VersionPage",
    "Window",
]
