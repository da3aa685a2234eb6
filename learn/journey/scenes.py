"""The pictures of a journey, in units of an SVG that is 360 wide. Words and colours belong to the
templates; here is only where everything stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lookups.drawings.text import shortened

WIDTH = 360
BOX_HEIGHT = 48
NAME_CELLS = 42  # columns of monospace text in a box, beside its sign
TALK_CELLS = 37  # and along an arrow
ROW_HEIGHT, ROW_GAP, ROWS_TOP = 44, 8, 74
ROW_CELLS = 32
MAX_ROWS = 5
PLACES = ("mailbox", "junk", "returned", "waiting")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who stands in a box: the role, a name, and the sign ("letter", "server", "dns")."""

    role: str
    name: str
    sign: str


@dataclass(frozen=True, slots=True)
class Talk:
    """One asks, the other replies. `mark` is how the reply is meant: good, warn, bad or none."""

    asker: Actor
    asked: Actor
    question: str
    reply: str
    mark: str = "none"
    when: str = ""

    template = "learn/journey/_talk.html"
    width, height = WIDTH, 190
    asked_y = 190 - BOX_HEIGHT - 1


@dataclass(frozen=True, slots=True)
class Row:
    """A mail server. `mark`: good (takes the letter), bad (does not), none (is not tried)."""

    y: int
    preference: str
    name: str
    words: str
    mark: str

    @property
    def middle(self) -> int:
        return self.y + ROW_HEIGHT // 2


@dataclass(frozen=True, slots=True)
class Round:
    """The postman's round: mail servers from the top down. `more` are not drawn."""

    rows: tuple[Row, ...]
    more: int
    when: str = ""

    template = "learn/journey/_round.html"
    width = WIDTH

    @property
    def height(self) -> int:
        return ROWS_TOP + len(self.rows) * (ROW_HEIGHT + ROW_GAP) + (18 if self.more else 0)

    @property
    def tried(self) -> list[Row]:
        return [row for row in self.rows if row.mark != "none"]

    @property
    def rail_end(self) -> int:
        """How far down the sender has to go."""
        return self.tried[-1].middle if self.tried else ROWS_TOP - 12

    @property
    def letter_y(self) -> int:
        """Where the letter is: at the host that takes it, or still with the sender."""
        return next((row.middle for row in self.rows if row.mark == "good"), ROWS_TOP - 12)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a letter may end; `here` is where it does."""

    id: str
    x: int
    y: int
    here: bool


@dataclass(frozen=True, slots=True)
class Ending:
    """Four places, one of which the letter lies in: `here`; none of them where that is for the
    receiver to say."""

    places: tuple[Place, ...]
    here: str
    when: str = ""

    template = "learn/journey/_ending.html"
    width, height = WIDTH, 176


Scene = Talk | Round | Ending


def talk(
    asker: Actor, asked: Actor, question: str, reply: str, mark: str = "none", when: str = ""
) -> Talk:
    """A Talk whose texts fit."""
    return Talk(
        _fitting(asker),
        _fitting(asked),
        shortened(question, TALK_CELLS),
        shortened(reply, TALK_CELLS),
        mark,
        when,
    )


def postmans_round(hosts: Sequence[tuple[str, str, str, str]], when: str = "") -> Round:
    """A Round of (preference, name, words, mark)."""
    rows = tuple(
        Row(ROWS_TOP + at * (ROW_HEIGHT + ROW_GAP), pref, shortened(name, ROW_CELLS), words, mark)
        for at, (pref, name, words, mark) in enumerate(hosts[:MAX_ROWS])
    )
    return Round(rows, max(0, len(hosts) - MAX_ROWS), when)


def ending(here: str, when: str = "") -> Ending:
    """The Ending at one of PLACES; any other word for none of them."""
    places = tuple(
        Place(id, 1 + 182 * (at % 2), 1 + 90 * (at // 2), id == here)
        for at, id in enumerate(PLACES)
    )
    return Ending(places, here, when)


def _fitting(actor: Actor) -> Actor:
    return Actor(actor.role, shortened(actor.name, NAME_CELLS), actor.sign)
