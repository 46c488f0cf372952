"""What the templates are given: plain values, already worded and formatted.

A view turns rows into these; a template only lays them out. Shares and places are fractions from 0 to 1.
`kind` names a glyph: speed, risk, generalisation, finished, control, running, paused, waiting, failed, or one of
the ledger's verbs resume, keep, warn, abstain.
"""

from trials.pages.parts.audit import Check, Entry, FilterGroup, Neighbour, Opened
from trials.pages.parts.common import (
    Action,
    Badge,
    Chip,
    Crumb,
    Fact,
    Live,
    Paragraph,
    RankBar,
    Run,
    Share,
    Spark,
    StudyHead,
    Tab,
    Track,
    WrongStops,
)
from trials.pages.parts.plan import Amendment, Change, RevisionRow, SpaceRow
from trials.pages.parts.studies import Budget, CurveRow, Reason, RunningRow, Spared, StudyRow
from trials.pages.parts.trials import (
    AttemptRow,
    Cell,
    Column,
    Compared,
    CompareRow,
    ParamCell,
    ParamPlace,
    ParamRow,
    Selected,
    TrialHead,
    TrialRow,
    VerdictRow,
)

__all__ = [
    "Action",
    "Amendment",
    "AttemptRow",
    "Badge",
    "Budget",
    "Cell",
    "Change",
    "Check",
    "Chip",
    "Column",
    "CompareRow",
    "Compared",
    "Crumb",
    "CurveRow",
    "Entry",
    "Fact",
    "FilterGroup",
    "Live",
    "Neighbour",
    "Opened",
    "Paragraph",
    "ParamCell",
    "ParamPlace",
    "ParamRow",
    "RankBar",
    "Reason",
    "RevisionRow",
    "Run",
    "RunningRow",
    "Selected",
    "Share",
    "SpaceRow",
    "Spared",
    "Spark",
    "StudyHead",
    "StudyRow",
    "Tab",
    "Track",
    "TrialHead",
    "TrialRow",
    "VerdictRow",
    "WrongStops",
]
