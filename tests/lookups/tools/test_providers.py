"""The services that generators know, against what the engine knows of them."""

from __future__ import annotations

import pytest
from django.utils import translation

from learn.articles import article
from lookups.engine.checks import spf_ready
from lookups.engine.records import mx, spf
from lookups.tools.providers import mailboxes, providers, sender_of, senders

ALL = list(providers().values())


@pytest.mark.parametrize("provider", ALL, ids=lambda provider: provider.id)
def test_records_of_a_service_can_be_published(provider):
    assert spf.domain_spec(provider.spf).literal == provider.spf
    assert provider.source.startswith("https://")
    assert not (provider.article and not article(provider.article, "en"))
    for preference, host in provider.hosts("a-b.example.com"):
        assert mx.parse(f"{preference} {host}.").problems == ()
    for language in ("en", "ja"):
        with translation.override(language):
            assert provider.title == provider.titles[language]


@pytest.mark.parametrize("provider", mailboxes(), ids=lambda provider: provider.id)
def test_the_check_includes_the_same_for_these_hosts(provider):
    """A report's first record and the generator must not say different things."""
    for _preference, host in provider.hosts("example.com"):
        assert spf_ready.service(host) == provider.spf


def test_the_check_knows_no_other_include():
    known = set(spf_ready.SERVICES.values())
    assert known <= {provider.spf for provider in ALL}


def test_a_tenant_has_a_host_of_its_own():
    [(preference, host)] = providers()["microsoft-365"].hosts("shop.example.co.jp")
    assert (preference, host) == (0, "shop-example-co-jp.mail.protection.outlook.com")
    assert spf_ready.service("example-com.a-v1.mx.microsoft") == "spf.protection.outlook.com"


def test_one_sender_for_each_include():
    names = [provider.spf for provider in senders()]
    assert len(names) == len(set(names))
    assert sender_of("_SPF.google.com") is providers()["google"]
    assert sender_of("nobody.example") is None
