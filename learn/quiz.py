"""The quiz at the end of an article: what a reader chose, judged.

Answers travel as q1=0, q2=2 ...: the number of the question from 1, the position of the answer
from 0. So a judged quiz is an address like any other, and works without a script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .articles import Question


class UnknownAnswer(ValueError):
    """What was sent is not among the answers that the page offers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer on offer. `right` is only known once the question is judged."""

    value: int
    text: str
    chosen: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One question as the page shows it: with its verdict once the reader has answered."""

    number: int
    question: str
    why: str
    answers: tuple[Answer, ...]
    answered: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Quiz:
    """All questions of an article. `tried` says whether the reader has answered any of them."""

    questions: tuple[Judged, ...]

    @property
    def tried(self) -> bool:
        return any(question.answered for question in self.questions)

    @property
    def right(self) -> int:
        return sum(question.right for question in self.questions)

    @property
    def missing(self) -> int:
        return sum(not question.answered for question in self.questions)

    @property
    def all_right(self) -> bool:
        return bool(self.questions) and self.right == len(self.questions)


def chosen(questions: Sequence[Question], data: Mapping[str, str]) -> dict[int, int]:
    """The answers in `data` by number of question. Raises UnknownAnswer."""
    found = {}
    for number, question in enumerate(questions, 1):
        value = data.get(f"q{number}", "")
        if not value:
            continue
        if value not in {str(position) for position in range(len(question.answers))}:
            raise UnknownAnswer(number)
        found[number] = int(value)
    return found


def judge(questions: Sequence[Question], chosen: Mapping[int, int]) -> Quiz:
    """The quiz with a verdict on every question that was answered."""
    return Quiz(tuple(_judged(n, q, chosen.get(n)) for n, q in enumerate(questions, 1)))


def _judged(number: int, question: Question, choice: int | None) -> Judged:
    return Judged(
        number=number,
        question=question.question,
        why=question.why,
        answers=tuple(
            Answer(value, text, value == choice, value == question.right)
            for value, text in enumerate(question.answers)
        ),
        answered=choice is not None,
        right=choice == question.right,
    )
