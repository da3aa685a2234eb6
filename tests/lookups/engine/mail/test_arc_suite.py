"""The public ARC test suite (validation part), over keys from a real DNS server.

All of its 171 tests come out as it expects. Three of them leave the result open ("cv" is empty);
their chains count as broken here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.rcode
import pytest
import yaml

from lookups.engine.mail import arc, keys, message
from tests.lookups.engine.scripted import answer, resolving

SUITE = Path(__file__).parents[4] / "../shared/data/mail/arc-validation.yml"

pytestmark = pytest.mark.skipif(not SUITE.exists(), reason="the ARC test suite is not here")


def _scenarios() -> Iterator[Any]:
    if SUITE.exists():
        for scenario in yaml.safe_load_all(SUITE.read_text("utf-8")):
            yield pytest.param(scenario, id=scenario["description"].replace(" ", "-"))


async def state_of(resolver: Any, text: str) -> str:
    try:
        found = message.read(text.encode())
    except message.MessageError:
        return "None"  # what is no message has no chain
    known = await keys.fetch(resolver, arc.key_names(found))
    return {"none": "None", "pass": "Pass"}.get(arc.chain(found, known).state, "Fail")


def test_the_suite_is_whole():
    scenarios = list(yaml.safe_load_all(SUITE.read_text("utf-8")))
    assert (len(scenarios), sum(len(each["tests"]) for each in scenarios)) == (10, 171)


@pytest.mark.parametrize("scenario", list(_scenarios()))
async def test_suite(scenario):
    records = {f"{name}.": text for name, text in scenario["txt-records"].items()}

    def decide(query, transport):
        name = query.question[0].name.to_text()
        if name not in records:
            return answer(query, rcode=dns.rcode.NXDOMAIN)
        text = records[name]
        strings = " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200))
        return answer(query, f"{name} 60 IN TXT {strings}")

    wrong = {}
    async with resolving(decide) as (resolver, _):
        for name, test in scenario["tests"].items():
            state = await state_of(resolver, test["message"])
            if state != (test["cv"] or "Fail"):
                wrong[name] = f"{state}, not {test['cv']}: {test.get('description')}"
    assert wrong == {}
