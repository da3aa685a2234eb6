"""The pages that all tools share: index, forms, refusals, the command line beside."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from learn.articles import article
from lookups.tools import registry
from lookups.tools.base import GROUPS
from tests.lookups.commands import manage

pytestmark = pytest.mark.django_db


def test_index_names_every_tool(client):
    for prefix in ("", "/ja"):
        page = client.get(f"{prefix}/tools/").content.decode()
        for tool in registry.TOOLS:
            assert f'href="{prefix}/tools/{tool.slug}/"' in page


@pytest.mark.parametrize("tool", registry.TOOLS, ids=lambda tool: tool.slug)
def test_every_tool_is_described_in_both_languages(tool, client):
    assert tool.group in GROUPS
    for language in ("en", "ja"):
        assert article(tool.article, language)
        with translation.override(language):
            words = [str(tool.title), str(tool.summary), str(tool.button)]
        assert all(words)
        page = client.get(("" if language == "en" else "/ja") + f"/tools/{tool.slug}/")
        assert page.status_code == 200
        assert words[0] in page.content.decode()


@pytest.mark.parametrize("tool", registry.TOOLS, ids=lambda tool: tool.slug)
def test_hostile_input_is_refused_or_answered(tool, client, classroom):
    """Never a server error, whatever stands in the address."""
    for text in (
        "\0",
        "x" * 9000,
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "%00",
        "例え。テスト",
    ):
        query = {name: text for name in tool.form.base_fields}
        answer = client.get(f"/tools/{tool.slug}/", query)
        assert answer.status_code in (200, 400)
        assert b"<script>alert" not in answer.content


def test_unknown_tools_are_not_found(client):
    assert client.get("/tools/nonsense/").status_code == 404


def test_a_refusal_names_its_field(client):
    answer = client.get("/tools/tls-rpt-generator/", {"rua": "nobody"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert 'href="#id_rua"' in page
    assert 'aria-invalid="true"' in page


def test_command_line_beside_the_result(client):
    page = client.get("/tools/tls-rpt-generator/", {"domain": "example.org"}).content.decode()
    assert "python manage.py generate tls-rpt example.org" in page


def test_generate_command():
    done = manage("generate", "tls-rpt", "example.org", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["records"][0]["name"] == "_smtp._tls.example.org"


def test_generate_command_refuses_bad_input():
    done = manage("generate", "tls-rpt", "example.org", "--rua", "nobody")
    assert done.returncode == 2
    assert done.stderr.startswith("generate tls-rpt: --rua: “nobody”")
    assert manage("generate", "nonsense").returncode == 2
