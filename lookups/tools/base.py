"""What a tool is: a form, what is made of it, and the page that shows the result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lookups.anatomy import AnatomyView
from lookups.engine.names import Domain

from .dns import Dns

Words = str | Promise

GROUPS = ("look-up", "check", "generate", "analyse")
MAX_INPUT = 2000  # characters of one field that says no more


class Result(Protocol):
    """What a tool found or made."""

    def as_json(self) -> dict[str, Any]:
        """The stable face: what `--format json` prints (docs/contracts.md)."""
        ...

    def lines(self) -> Iterator[str]:
        """The same in words of the active language, for a terminal."""
        ...


class SecretResult(Result, Protocol):
    """A Result with something that is shown once, and may go to a file instead (`--out`)."""

    secret: str

    def without_secret(self) -> Result: ...


class ToolError(Exception):
    """What the form could not know: a message in the visitor's language, shown with status 400."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ToolForm(forms.Form):
    """A form that stands in the address of its page, and in the arguments of a command.

    A field that is left out has its initial value, so a checkbox is never on by itself.
    """

    use_required_attribute = False
    error_css_class = "is-wrong"
    # Fields that a command takes without "--", in their order.
    positional: ClassVar[tuple[str, ...]] = ()
    # Fields that stand on the page behind "More".
    folded: ClassVar[tuple[str, ...]] = ()
    # Fields whose content is not to be repeated anywhere: it was given by mistake.
    withheld: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.CharField) and field.max_length is None:
                field.max_length = MAX_INPUT
                field.validators.append(_max_length(MAX_INPUT))

    def withhold(self, name: str) -> None:
        """Forgets what was given in a field, so that no page repeats it."""
        self.withheld = (*self.withheld, name)
        self.data = dict(self.data.items()) | {name: ""}

    @classmethod
    def is_filled(cls, data: Mapping[str, Any]) -> bool:
        """Whether any field stands in `data`: then the tool is to answer."""
        return any(name in data for name in cls.base_fields)

    @classmethod
    def completed(cls, data: Any) -> dict[str, Any]:
        """`data` (a QueryDict, or a dict with lists where several may be chosen), with the initial
        values of what it leaves out."""
        filled: dict[str, Any] = {}
        for name, field in cls.base_fields.items():
            several = isinstance(field, forms.MultipleChoiceField)
            if name in data:
                whole = several and isinstance(data, QueryDict)
                filled[name] = data.getlist(name) if whole else data.get(name)
            elif field.initial is not None:
                initial = field.initial() if callable(field.initial) else field.initial
                filled[name] = initial
        return filled

    def open_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.folded]

    def folded_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name in self.folded]

    @property
    def opens(self) -> bool:
        """Whether "More" stands open: something in it was filled in, or is wrong."""
        if not self.is_bound:
            return False
        given = (self.data.get(name) for name in self.folded)
        initial = (self.fields[name].initial for name in self.folded)
        changed = any((a or "") != (b or "") for a, b in zip(given, initial, strict=True))
        return changed or any(name in self.errors for name in self.folded)


def _max_length(limit: int) -> Callable[[str], None]:
    def check(value: str) -> None:
        if len(value) > limit:
            raise forms.ValidationError(
                _("That is too long: at most %(count)d characters.") % {"count": limit}
            )

    return check


@dataclass(frozen=True, slots=True)
class Beginning:
    """A form filled from what a domain publishes. `data`: by field, as it would be typed; a list
    where several may be chosen.

    `notes` say what was found, and what was changed on the way; `present` is the record itself.
    """

    data: Mapping[str, str | list[str]]
    notes: tuple[str, ...] = ()
    present: AnatomyView | None = None


Run = Callable[[dict[str, Any], Dns], Awaitable[Result]]
Begin = Callable[[Domain, Dns], Awaitable[Beginning]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `run` is given the form's cleaned data, and raises ToolError for what it refuses.

    `live`: the result follows the form while it is filled in. `eager`: there is a result even
    before anything is filled in, from the initial values. `post`: what is given is private or
    large, so the form is posted and stands in no address, and its body has at most `max_bytes`.
    `begin` fills the form from what a domain publishes (`?from=`, `--from`). `secret` is what a
    POST of the form makes instead of `run`, and what the command makes: something private, never
    stored (SecretResult). `examples` are filled forms to try: their name and their query string.
    `words` gives the words of the command behind its name where the form's fields are not its
    arguments; none at all where no command does the same.
    """

    slug: str
    group: str
    article: str
    title: Words
    summary: Words
    button: Words
    form: type[ToolForm]
    run: Run
    template: str
    command: str = ""
    live: bool = False
    eager: bool = False
    post: bool = False
    max_bytes: int = 2_500_000
    begin: Begin | None = None
    secret: Run | None = None
    examples: Callable[[], tuple[tuple[str, str], ...]] | None = None
    styles: str = ""
    words: Callable[[ToolForm], Sequence[str]] | None = None
