"""Who tells the record: django-allauth's signals, Django's, and those of the rooms below."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.contrib.auth.models import User
from django.db.models.signals import pre_delete
from django.dispatch import receiver
from django.http import HttpRequest

from lookups import happenings
from portal.accounts import record, sessions

Type = Authenticator.Type


@receiver(happenings.happened)
def _happened(user: Any, kind: str, details: dict[str, str], **_: Any) -> None:
    record.write(user, kind, **details)


# --- signing in and out --------------------------------------------------------------------------
@receiver(auth.user_logged_in)
def _session_begins(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if request is not None:  # a program may sign somebody in without one
        sessions.begin(request)


@receiver(account.user_logged_in)
def _signed_in(request: HttpRequest, user: Any, **_: Any) -> None:
    record.write(user, record.SIGNED_IN, how=_how(request))


def _how(request: HttpRequest) -> str:
    """By what means, of those that allauth noted in the session."""
    steps = request.session.get("account_authentication_methods", [])
    if any(step.get("passwordless") for step in steps):
        return "passkey"
    factors = {step.get("type") for step in steps if step.get("method") == "mfa"}
    means = {Type.WEBAUTHN: "key", Type.RECOVERY_CODES: "recovery", Type.TOTP: "code"}
    return next((words for factor, words in means.items() if factor in factors), "password")


@receiver(auth.user_logged_out)
def _signed_out(user: Any, **_: Any) -> None:
    if user is not None and User.objects.filter(pk=user.pk).exists():  # not gone just before
        record.write(user, record.SIGNED_OUT)


@receiver(account.user_signed_up)
def _signed_up(user: Any, **_: Any) -> None:
    record.write(user, record.SIGNED_UP)


# --- address and password ------------------------------------------------------------------------
@receiver(account.email_confirmed)
def _confirmed(email_address: Any, **_: Any) -> None:
    record.write(email_address.user, record.ADDRESS_CONFIRMED, email=email_address.email)


@receiver(account.email_changed)
def _address_changed(user: Any, from_email_address: Any, to_email_address: Any, **_: Any) -> None:
    if from_email_address is None:  # the first one
        return
    told = {"from": from_email_address.email, "to": to_email_address.email}
    record.write(user, record.ADDRESS_CHANGED, **told)


@receiver(account.password_changed)
@receiver(account.password_set)
def _password_changed(request: HttpRequest, user: Any, **_: Any) -> None:
    """Django takes no session from before any more; so they need not lie about either."""
    sessions.end_all(user, but=request.session.session_key)
    record.write(user, record.PASSWORD_CHANGED)


@receiver(account.password_reset)
def _password_reset(user: Any, **_: Any) -> None:
    sessions.end_all(user)
    record.write(user, record.PASSWORD_RESET)


# --- second factors ------------------------------------------------------------------------------
@receiver(mfa.authenticator_added)
@receiver(mfa.authenticator_reset)
def _factor_added(user: Any, authenticator: Authenticator, **_: Any) -> None:
    kinds = {Type.TOTP: record.APP_ADDED, Type.WEBAUTHN: record.PASSKEY_ADDED}
    record.write(user, kinds.get(authenticator.type, record.CODES_MADE), **_named(authenticator))


@receiver(mfa.authenticator_removed)
def _factor_removed(user: Any, authenticator: Authenticator, **_: Any) -> None:
    kinds = {Type.TOTP: record.APP_REMOVED, Type.WEBAUTHN: record.PASSKEY_REMOVED}
    if authenticator.type in kinds:  # recovery codes go with the last of the others
        record.write(user, kinds[authenticator.type], **_named(authenticator))


def _named(authenticator: Authenticator) -> dict[str, str]:
    if authenticator.type != Type.WEBAUTHN:
        return {}
    return {"name": authenticator.wrap().name}


@receiver(mfa.authenticator_used)
def _factor_used(user: Any, authenticator: Authenticator, **_: Any) -> None:
    if authenticator.type == Type.RECOVERY_CODES:
        left = len(Authenticator.objects.get(pk=authenticator.pk).wrap().get_unused_codes())
        record.write(user, record.CODE_USED, left=left)


@receiver(mfa.authentication_failed)
def _code_failed(user: Any, **_: Any) -> None:
    record.write(user, record.CODE_FAILED)


# --- the end -------------------------------------------------------------------------------------
@receiver(pre_delete, sender=User)
def _account_goes(instance: User, **_: Any) -> None:
    record.leave(instance)
    sessions.end_all(instance)
