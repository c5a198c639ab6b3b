"""The pages: which questions each asks, under a heading in a reader's words.

Data, and nothing else: what is asked follows from a section and the filters (``asking``), how it
looks from its view (``render``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from motfunnel.dashboard.page import Ask, Page, Section
from motfunnel.domain.lens import LENSES
from motfunnel.domain.signal import Signal
from motfunnel.reports.decisions.patience import QUARTER

_OUTREACH: Final = frozenset({Signal.OUTREACH})
_BOUGHT: Final = frozenset({Signal.PURCHASE})
_COMPLAINED: Final = frozenset({Signal.COMPLAIN})
_REFERRED: Final = frozenset({Signal.REFER})
_RATED: Final = frozenset({Signal.RATING})

_NOBODY: Final = (
    "nobody came or left in the periods shown: track an event, or import a file with motfunnel "
    "import FILE"
)
_NOBODY_NEW: Final = "nobody was new in the periods shown; choose more of them, or longer ones"
_NOBODY_LEFT: Final = (
    "nobody left in the periods shown: people leave by an event with the rule leave, or by a "
    "silence that is longer than the patience of the funnel"
)
_NOBODY_BACK: Final = "nobody who left has come back yet"
_NOTHING_SENT: Final = "nobody who left was written to yet: track it when you write to somebody"
_NO_COMPLAINT: Final = "nobody has complained yet: track it when somebody does"
_NO_TRIAL: Final = (
    "no trial has begun: write to some of those who left, hold out others, and track both with "
    "their arm"
)
_NO_WORD: Final = (
    "nobody has spoken well of us yet: track it when somebody refers, recommends or praises"
)
_NO_SCORE: Final = "nobody has given a score yet: track one when somebody does"


def _other(patience: str) -> Mapping[str, Any]:
    """What is given where another patience is tried."""
    return {"other_funnel": f"{patience} patience"}


_SILENCES: Final = {
    "within": QUARTER,
    "departed": None,
    "by": ("stage", "reason"),
    "unit": "episode",
}
"""Of each departure by silence, whether it was one: as patience asks, at the one in force alone."""

_ALL_THE_WAY: Final = {"start": "first stage", "goal": "last stage"}

_GROWTH: Final = Section(
    slug="growth",
    heading="Is it growing?",
    asks=(Ask(question="growth", by=""),),
    meanwhile="who is new, came back and left in each period",
    nothing=_NOBODY,
)
_BY_COHORT: Final = Section(
    slug="returns",
    heading="Do those who leave come back sooner than before?",
    asks=(Ask(question="recidivism", by="", each="per"),),
    meanwhile="who came back, by when each left",
    nothing=_NOBODY_LEFT,
    view="series",
)

OVERVIEW: Final = Page(
    slug="overview",
    title="Overview",
    says="Who is with us, who left, who came back, and whom to write to first.",
    sections=(
        Section(
            slug="warning",
            heading="May these numbers be trusted?",
            asks=(Ask(question="recidivism", given=_SILENCES, kind="none"),),
            meanwhile="who comes back after the patience ran out",
            view="warning",
        ),
        Section(
            slug="now",
            heading="How are we doing?",
            asks=(
                Ask(question="growth", by=""),
                Ask(question="recidivism", by="", each="per"),
                Ask(question="value", by="", of_values=True),
            ),
            meanwhile="who is with us, who is new, who left and who came back",
            nothing=_NOBODY,
            view="cards",
        ),
        _GROWTH,
        _BY_COHORT,
        Section(
            slug="first",
            heading="Whom to write to first?",
            asks=(Ask(question="worklist", by="", given={"limit": 5}, kind="none"),),
            meanwhile="who is away, and how likely each is to return",
            nothing="nobody is away",
            view="worklist",
        ),
        Section(
            slug="groups",
            heading="Which group moved most?",
            asks=(Ask(question="growth", by="source", kind="none"),),
            meanwhile="who came and left in each group",
            nothing=_NOBODY,
            view="moved",
        ),
    ),
)

GROWTH: Final = Page(
    slug="growth",
    title="Growth",
    says="Who comes, who comes back, who leaves, and who is with us at the end of it.",
    sections=(
        _GROWTH,
        Section(
            slug="lifecycle",
            heading="Who is seen, and were they here before?",
            asks=(Ask(question="lifecycle", by=""),),
            meanwhile="who is seen in each period",
            nothing=_NOBODY,
        ),
        Section(
            slug="groups",
            heading="Which group grows?",
            asks=(Ask(question="growth", by="source"),),
            meanwhile="who came and left in each group",
            nothing=_NOBODY,
            view="groups",
        ),
        Section(
            slug="value",
            heading="What are they worth, and what were those who left?",
            asks=(Ask(question="value", by="", of_values=True),),
            meanwhile="what purchases were worth in each period",
            nothing="nobody has bought in the periods shown",
        ),
        Section(
            slug="loyalty",
            heading="Do those who buy buy again?",
            asks=(Ask(question="loyalty", by=""),),
            meanwhile="who bought again",
            nothing="nobody has bought yet",
            needs=_BOUGHT,
        ),
        Section(
            slug="loyal-groups",
            heading="Which group buys again?",
            asks=(Ask(question="loyalty", by="source", kind="rates"),),
            meanwhile="who bought again in each group",
            nothing="nobody has bought yet",
            needs=_BOUGHT,
            view="groups",
        ),
    ),
)

COMING_BACK: Final = Page(
    slug="coming-back",
    title="Coming back",
    says="Of those who left, who came back, how soon, and for how long.",
    sections=(
        Section(
            slug="curve",
            heading="How many of those who leave come back?",
            asks=(Ask(question="recidivism", by=""),),
            meanwhile="who came back, and how soon",
            nothing=_NOBODY_LEFT,
            view="windows",
        ),
        Section(
            slug="windows",
            heading="How many are back after a week, a month, a year?",
            asks=(Ask(question="recidivism", by="", each="window"),),
            meanwhile="who came back within each window",
            nothing=_NOBODY_LEFT,
            view="shares",
        ),
        Section(
            slug="groups",
            heading="Who comes back more often?",
            asks=(Ask(question="recidivism", by="stage", kind="rates"),),
            meanwhile="who came back in each group",
            nothing=_NOBODY_LEFT,
        ),
        _BY_COHORT,
        Section(
            slug="reactivation",
            heading="How many of those who were away came back lately?",
            asks=(Ask(question="reactivation", by=""),),
            meanwhile="who was away, and came back in the latest period",
            nothing="nobody was away when the latest period began",
        ),
        Section(
            slug="relapse",
            heading="Do those who came back stay?",
            asks=(Ask(question="relapse", by=""),),
            meanwhile="who left again",
            nothing=_NOBODY_BACK,
        ),
    ),
)

FUNNEL: Final = Page(
    slug="funnel",
    title="Funnel",
    says="How far people get, how long each step takes, and where they are lost.",
    sections=(
        Section(
            slug="stages",
            heading="How far do people get?",
            asks=(Ask(question="funnel", by=""),),
            meanwhile="who reached which stage",
            nothing=_NOBODY,
        ),
        Section(
            slug="groups",
            heading="Who gets further?",
            asks=(Ask(question="funnel", by="source"),),
            meanwhile="who reached which stage in each group",
            nothing=_NOBODY,
            view="groups",
        ),
        Section(
            slug="all-the-way",
            heading="Do more go all the way than before?",
            asks=(Ask(question="conversion", given=_ALL_THE_WAY, each="per", by=""),),
            meanwhile="who went from the first stage to the last",
            nothing="nobody came to the first stage in a period that is over",
            view="series",
        ),
    ),
)

RETENTION: Final = Page(
    slug="retention",
    title="Retention",
    says="Of those who were new in one period, who was seen again later, and who is with us.",
    sections=(
        Section(
            slug="seen-again",
            heading="Who is seen again?",
            asks=(Ask(question="retention", by="", kind="none"),),
            meanwhile="who was seen again, cohort by cohort",
            nothing=_NOBODY_NEW,
            view="cohorts",
        ),
        Section(
            slug="still-seen",
            heading="Who is seen again then, or later?",
            asks=(Ask(question="retention", given={"how": "in or after"}, by="", kind="none"),),
            meanwhile="who was seen again then or later",
            nothing=_NOBODY_NEW,
            view="cohorts",
        ),
        Section(
            slug="with-us",
            heading="Who is still with us?",
            asks=(Ask(question="retention", given={"how": "with-us"}, by="", kind="none"),),
            meanwhile="who had not left by the end of each period",
            nothing=_NOBODY_NEW,
            view="cohorts",
        ),
    ),
)

WORKLIST: Final = Page(
    slug="who-to-write-to",
    title="Who to write to",
    says="Who is away, and whom to write to first.",
    sections=(
        Section(
            slug="worklist",
            heading="Whom is it worth writing to?",
            asks=(Ask(question="worklist", given={"limit": 100}, kind="none", of_meant=True),),
            meanwhile="who is away, and how likely each is to return",
            nothing="nobody is away",
            view="worklist",
        ),
        Section(
            slug="lately",
            heading="Who left in the last week, and why?",
            asks=(
                Ask(
                    question="worklist",
                    by="",
                    given={"away_at_most": timedelta(days=7), "limit": 100},
                    kind="none",
                ),
            ),
            meanwhile="who left lately",
            nothing="nobody who left in the last week is away",
            view="worklist",
        ),
        Section(
            slug="trial",
            heading="Does writing to them help?",
            asks=(Ask(question="holdout"),),
            meanwhile="who came back of those who were written to, and of those held out",
            nothing=_NO_TRIAL,
            needs=_OUTREACH,
        ),
    ),
)

WRITING: Final = Page(
    slug="writing-to-them",
    title="Writing to them",
    says="To how many of those who left you write, and what comes of it.",
    sections=(
        Section(
            slug="coverage",
            heading="To how many of those who left did you write?",
            asks=(Ask(question="coverage", by=""),),
            meanwhile="who was written to",
            nothing=_NOBODY_LEFT,
            needs=_OUTREACH,
        ),
        Section(
            slug="holdout",
            heading="What does a letter change?",
            asks=(Ask(question="holdout"),),
            meanwhile="who came back of those who were written to, and of those held out",
            nothing=_NO_TRIAL,
            needs=_OUTREACH,
        ),
        Section(
            slug="after",
            heading="How many come back after a letter?",
            asks=(Ask(question="reengagement", by=""),),
            meanwhile="who came back after a letter",
            nothing=_NOTHING_SENT,
            needs=_OUTREACH,
        ),
        Section(
            slug="without-trial",
            heading="And without a trial?",
            asks=(
                Ask(question="landmark", given={"after": "7d"}, label="After the first week"),
                Ask(question="mantel_byar", label="The pace, before a letter and after it"),
            ),
            meanwhile="who came back before and after a letter",
            nothing=_NOBODY_LEFT,
            needs=_OUTREACH,
        ),
    ),
)

PATIENCE: Final = Page(
    slug="patience",
    title="Patience",
    says="After how long a silence somebody counts as gone, and whether that is too soon.",
    sections=(
        Section(
            slug="patience",
            heading="Are those whom you call gone really gone?",
            asks=(Ask(question="patience"),),
            meanwhile="who was heard of again after how long a silence",
            nothing="no silence has run out yet that was followed for long enough",
        ),
        Section(
            slug="otherwise",
            heading="What if you waited for less long, or longer?",
            asks=(
                Ask(question="simulate", given=_other("shorter"), label="Half as long"),
                Ask(question="simulate", given=_other("longer"), label="Twice as long"),
                Ask(question="simulate", given=_other("chosen"), each="patience"),
            ),
            view="otherwise",
            meanwhile="what another patience would make of the same events",
            nothing=_NOBODY,
        ),
    ),
)

COMPLAINTS: Final = Page(
    slug="complaints",
    title="Complaints",
    says="Who complained, how long it took to put right, and whether they came round or left.",
    sections=(
        Section(
            slug="cases",
            heading="Do those who complain come round, or leave?",
            asks=(Ask(question="complaints", by=""),),
            meanwhile="cases, and what became of them",
            nothing=_NO_COMPLAINT,
            needs=_COMPLAINED,
            lists=("unresolved", "Whose cases are open, the oldest first"),
        ),
        Section(
            slug="recovery",
            heading="How soon do they come round?",
            asks=(Ask(question="recovery", by=""),),
            meanwhile="who came round",
            nothing=_NO_COMPLAINT,
            needs=_COMPLAINED,
        ),
        Section(
            slug="departure",
            heading="How soon do they leave?",
            asks=(Ask(question="departure_after_complaint", by=""),),
            meanwhile="who left after a complaint",
            nothing=_NO_COMPLAINT,
            needs=_COMPLAINED,
        ),
        Section(
            slug="groups",
            heading="Whose complaints end well?",
            asks=(Ask(question="recovery", by="stage", kind="rates"),),
            meanwhile="who came round in each group",
            nothing=_NO_COMPLAINT,
            needs=_COMPLAINED,
        ),
    ),
)

ADVOCATES: Final = Page(
    slug="advocates",
    title="Advocates and referrals",
    says="Who speaks for us, and what comes of it.",
    sections=(
        Section(
            slug="referrals",
            heading="What do referrals bring?",
            asks=(Ask(question="referrals"),),
            meanwhile="who referred whom",
            lists=("contacts", "Who referred somebody"),
            nothing="nobody has come yet",
            needs=_REFERRED,
        ),
        Section(
            slug="nps",
            heading="Would they recommend us?",
            asks=(Ask(question="nps"),),
            meanwhile="who would recommend us",
            nothing=_NO_SCORE,
            needs=_RATED,
        ),
        Section(
            slug="nps-before",
            heading="Would more recommend us than before?",
            asks=(Ask(question="nps", each="period"),),
            meanwhile="who would recommend us, period by period",
            nothing="nobody gave a score in a period that is over",
            needs=_RATED,
            view="series",
        ),
        Section(
            slug="loop",
            heading="What do their good words lead to?",
            asks=(Ask(question="lens", given={"name": "ultimate"}, kind="none"),),
            meanwhile="what ultimate moments led to",
            nothing=_NO_WORD,
            view="loop",
        ),
    ),
)

TOUCHPOINTS: Final = Page(
    slug="touchpoints",
    title="Touchpoints",
    says="What was promised, expected and experienced, stage by stage.",
    sections=(
        Section(
            slug="map",
            heading="Where do we keep our promises?",
            asks=(Ask(question="journey_map"),),
            meanwhile="what was promised and what was experienced",
            nothing=_NO_SCORE,
        ),
        Section(
            slug="worst",
            heading="Where is it worst?",
            asks=(Ask(question="touchpoints", by=""),),
            view="worst",
            meanwhile="what was experienced at each touchpoint",
            nothing=_NO_SCORE,
        ),
    ),
)

PATHS: Final = Page(
    slug="paths",
    title="Paths",
    says="From which moment to which people go, and the same seen through older models.",
    sections=(
        Section(
            slug="flows",
            heading="Which ways do people go?",
            asks=(Ask(question="flows", given={"steps": 4}, by="", kind="largest"),),
            meanwhile="who went from which moment to which",
            nothing=_NOBODY,
        ),
        Section(
            slug="lenses",
            heading="How would the older models see it?",
            asks=tuple(
                Ask(question="lens", given={"name": name}, label=lens.title)
                for name, lens in LENSES.items()
            ),
            meanwhile="moments as Carlzon, Lafley and Blackshaw count them",
            nothing=_NOBODY,
        ),
    ),
)

PEOPLE: Final = Page(
    slug="people",
    title="People",
    says="Look somebody up by key, and read the story.",
    sections=(),
)

ABOUT: Final = Page(
    slug="about",
    title="About these numbers",
    says="What counts as what here, and what each number means.",
    sections=(
        Section(slug="rules", heading="What counts as what?", asks=(), view="rules"),
        Section(slug="words", heading="What do the words mean?", asks=(), view="words"),
        Section(slug="questions", heading="What can be asked?", asks=(), view="questions"),
        Section(slug="health", heading="Is everything in them?", asks=(), view="health"),
        Section(slug="subscriptions", heading="Who is told of it?", asks=(), view="subscriptions"),
    ),
)

_ALL: Final = (
    OVERVIEW,
    GROWTH,
    COMING_BACK,
    FUNNEL,
    RETENTION,
    WORKLIST,
    WRITING,
    PATIENCE,
    COMPLAINTS,
    ADVOCATES,
    TOUCHPOINTS,
    PATHS,
    PEOPLE,
    ABOUT,
)

PAGES: Final[Mapping[str, Page]] = {page.slug: page for page in _ALL}
"""All pages by their slugs, in the order in which they are listed."""
