"""A DKIM key and its record (RFC 6376 §3.6.1, RFC 8463).

The key is made in the browser (static/js/dkim-key.js), or here in memory: then it is in the answer
to one POST and nowhere else. The address of the page holds the public key alone.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lookups.engine.records import dkim, dkim_keys
from lookups.engine.records.dkim import GOOD_RSA_BITS, MAX_RSA_BITS, KeyFormatError, PublicKey
from lookups.engine.records.dkim_selectors import SelectorError, read_selector
from lookups.forms import explain_selector
from lookups.tools.base import Result, Tool, ToolError, ToolForm
from lookups.tools.dns import Dns
from lookups.tools.fields import DomainField, RecordField, plain
from lookups.tools.publish import publication

from .made import Made

MAX_NOTES = 120  # characters for people who read the record
AT_ONCE = threading.BoundedSemaphore(2)  # keys in the making: a long one takes seconds of CPU
PATIENCE = 10.0  # seconds until a free place


def _selector() -> str:
    return dkim_keys.default_selector(datetime.now(UTC).date())


class Form(ToolForm):
    positional = ("domain",)
    folded = ("sha256", "strict", "testing", "notes")

    domain = DomainField(label=gettext_lazy("Domain"), initial="example.com")
    selector = forms.CharField(
        label=gettext_lazy("Selector"),
        help_text=gettext_lazy(
            "The name of this key among those of the domain. One that tells the month shows when "
            "the key is old."
        ),
        initial=_selector,
        max_length=100,
        widget=forms.TextInput(plain()),
    )
    algorithm = forms.ChoiceField(
        label=gettext_lazy("Kind of key"),
        choices=(
            ("rsa-2048", gettext_lazy("RSA, 2048 bits")),
            ("ed25519", "Ed25519"),
            ("rsa-4096", gettext_lazy("RSA, 4096 bits")),
        ),
        initial="rsa-2048",
        widget=forms.RadioSelect,
    )
    key = RecordField(
        label=gettext_lazy("Public key, if there is one already"),
        help_text=gettext_lazy(
            "As PEM, base64, or the record. Never the private key: what stands here stands in the "
            "address of this page."
        ),
        placeholder="-----BEGIN PUBLIC KEY-----",
        required=False,
    )
    sha256 = forms.BooleanField(
        label=gettext_lazy("Only with SHA-256 (h=sha256)"),
        help_text=gettext_lazy("Says what holds for all receivers of today: SHA-1 is forbidden."),
        required=False,
    )
    strict = forms.BooleanField(
        label=gettext_lazy("Not for subdomains (t=s)"),
        help_text=gettext_lazy("The address in i= must be at the very domain in d=."),
        required=False,
    )
    testing = forms.BooleanField(
        label=gettext_lazy("Being tested (t=y)"),
        help_text=gettext_lazy("Receivers treat mail signed with it as if it were not signed."),
        required=False,
    )
    notes = forms.CharField(
        label=gettext_lazy("Note for people (n=)"), required=False, max_length=MAX_NOTES
    )

    def clean(self) -> dict[str, Any]:
        """A key that is there says itself of what kind it is."""
        key = self.cleaned_data.get("key")
        kind = f"rsa-{key.bits}" if key and key.algorithm == "rsa" else key and key.algorithm
        if kind in dkim_keys.ALGORITHMS:
            self.data = dict(self.data.items()) | {"algorithm": kind}
        return self.cleaned_data

    def clean_selector(self) -> str:
        try:
            return read_selector(self.cleaned_data["selector"])
        except SelectorError as error:
            raise forms.ValidationError(explain_selector(error)) from None

    def clean_key(self) -> PublicKey | None:
        text = self.cleaned_data["key"]
        if not text:
            return None
        try:
            return dkim_keys.read_public(text)
        except KeyFormatError as error:
            if error.code == "private":
                self.withhold("key")
            raise forms.ValidationError(_refusal(error.code)) from None


def _refusal(code: str) -> str:
    if code == "private":
        return _(
            "That was a private key. It stood in the address of a request, so take it for "
            "disclosed: do not use it, and make a new one."
        )
    if code == "short":
        return _("Receivers do not accept RSA keys of less than 1024 bits. Make a new one.")
    if code == "cut":
        return _("The key ends too early: a part of it was not copied.")
    if code == "none":
        return _("There is no key in it.")
    return _("That is no public key for DKIM: RSA or Ed25519, as PEM or base64.")


@dataclass(frozen=True, slots=True)
class DkimKey(Made):
    """A key's record; `records` is empty as long as there is no key. `secret` is PKCS#8 in PEM."""

    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    public: str = ""
    secret: str = ""

    @property
    def file_name(self) -> str:
        return f"{self.domain}.{self.selector}.pem"

    @property
    def is_ed25519(self) -> bool:
        return self.algorithm == "ed25519"

    def as_json(self) -> dict[str, Any]:
        shape = Made.as_json(self)
        return shape | {"private_key": self.secret} if self.secret else shape

    def lines(self) -> Iterator[str]:
        yield from Made.lines(self)
        yield from self.secret.splitlines()

    def without_secret(self) -> DkimKey:
        return replace(self, secret="")


async def run(data: dict[str, Any], dns: Dns) -> DkimKey:
    """The record for a key that is there; without one, what the page needs to make it."""
    domain, selector = data["domain"].ascii, data["selector"]
    key: PublicKey | None = data["key"]
    if key is None:
        return DkimKey((), domain=domain, selector=selector, algorithm=data["algorithm"])
    public = base64.b64encode(key.octets).decode("ascii")
    flags = tuple(flag for flag, on in (("y", data["testing"]), ("s", data["strict"])) if on)
    hashes = ("sha256",) if data["sha256"] else ()
    text = dkim.make(public, flags, hashes, data["notes"])
    record = await publication(f"{selector}._domainkey.{domain}", "TXT", text, domain)
    return DkimKey(
        ((record, "dkim"),),
        tuple(_notes(key, data)),
        (("algorithm", key.algorithm), ("bits", key.bits), ("selector", selector)),
        domain=domain,
        selector=selector,
        algorithm=key.algorithm,
        public=public,
    )


async def make(data: dict[str, Any], dns: Dns) -> Result:
    """A new key pair with its record: the private key is in this result and nowhere else."""
    if data["key"]:
        return await run(data, dns)
    pair = await asyncio.to_thread(_make_pair, data["algorithm"])
    made = await run(data | {"key": dkim_keys.read_public(pair.public)}, dns)
    return replace(made, secret=pair.private_pem)


def _make_pair(algorithm: str) -> dkim_keys.KeyPair:
    if not AT_ONCE.acquire(timeout=PATIENCE):
        raise ToolError(_("Too many keys are being made at this moment. Try again in a while."))
    try:
        return dkim_keys.make_pair(algorithm)
    finally:
        AT_ONCE.release()


def _notes(key: PublicKey, data: dict[str, Any]) -> Iterator[str]:
    yield _(
        "Publish the record first, wait until the name servers answer with it, and only then let "
        "the mail server sign."
    )
    if key.algorithm == "ed25519":
        yield _(
            "Some receivers cannot verify Ed25519 yet. Sign each message with an RSA key as well, "
            "under a selector of its own."
        )
    elif key.bits > MAX_RSA_BITS:
        yield _("Receivers need not accept RSA keys of more than 4096 bits: make a shorter one.")
    elif key.bits > GOOD_RSA_BITS:
        yield _(
            "Receivers must accept up to 4096 bits, but the record is long: some DNS hosts refuse "
            "it, and 2048 bits are enough for a key that is replaced in time."
        )
    elif key.bits < GOOD_RSA_BITS:
        yield _("A key of less than 2048 bits is weak today: make a new one.")
    if data["testing"]:
        yield _("Take t=y out once signatures pass: until then the key protects nothing.")
    if data["strict"]:
        yield _("With t=s, mail from subdomains needs a key of the subdomain’s own.")


def _examples() -> tuple[tuple[str, str], ...]:
    return (
        ("Ed25519", "domain=perfect.classroom.test&algorithm=ed25519"),
        (
            _("a public key that is there"),
            "domain=perfect.classroom.test&selector=s1"
            "&key=11qYAYKxCrfVS%2F7TyWQHOg7hcvPapiMlrwIaaPcHURo%3D",  # RFC 8463 §A.2
        ),
    )


TOOL = Tool(
    slug="dkim-generator",
    group="generate",
    article="dkim",
    title=gettext_lazy("DKIM key and record"),
    summary=gettext_lazy(
        "Make a key pair in your browser, and the record that publishes its public half."
    ),
    button=gettext_lazy("Make the record"),
    form=Form,
    run=run,
    secret=make,
    template="tools/generate/dkim.html",
    command="generate dkim",
    live=True,
    eager=True,
    examples=_examples,
)
