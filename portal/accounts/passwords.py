"""How passwords are kept, and which are taken."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext as _

MIN_LENGTH = 12
MAX_LENGTH = 256


class Argon2(Argon2PasswordHasher):
    """Argon2id with the least that OWASP's Password Storage Cheat Sheet asks for: 19 MiB, two
    passes, one lane. Django's own 100 MiB in eight lanes would let few sign in at once."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1


class MaximumLength:
    """A password that is hashed must be read first: not any length."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MAX_LENGTH:
            text = _("The password is too long: %(count)d characters are the most.")
            raise ValidationError(text % {"count": MAX_LENGTH}, code="password_too_long")

    def get_help_text(self) -> str:
        return str(rules())


def _rules() -> str:
    return _(
        "At least %(count)d characters. Several words that have nothing to do with each other make "
        "a good one. Not your address, not digits alone, and none that many people use."
    ) % {"count": MIN_LENGTH}


def rules() -> Any:
    """What is asked of a password, said before it is typed; in the language of the page."""
    return lazy(_rules, str)()
