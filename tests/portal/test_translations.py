"""Japanese is equal in everything: no text of the pages is left in English."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
PO = ROOT / "locale/ja/LC_MESSAGES/django.po"
TAGS = (
    r"""{%\s*translate\s+"((?:[^"\\]|\\.)*)"\s*(?:as \w+)?\s*%}""",
    r"""\b_\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)""",
    r"""\bgettext(?:_lazy)?\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)""",
)
BLOCK = r"{%\s*blocktranslate trimmed(.*?)%}(.*?){%\s*endblocktranslate\s*%}"


def sources() -> list[str]:
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")]
    for room in ("portal", "lookups", "learn"):
        files += (ROOT / room).rglob("*.py")
    return [path.read_text() for path in files]


def messages() -> set[str]:
    """Every text marked for translation."""
    found = set()
    for source in sources():
        for pattern in TAGS:
            for text in re.findall(pattern, source):
                parts = re.findall(r'"((?:[^"\\]|\\.)*)"', text) or [text]
                found.add("".join(parts).replace('\\"', '"'))
        for _, body in re.findall(BLOCK, source, re.DOTALL):
            for text in re.split(r"{%\s*plural\s*%}", body)[:1]:
                lines = " ".join(line.strip() for line in text.strip().splitlines())
                found.add(re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", lines))
    return found


def test_every_text_has_its_japanese():
    with PO.open("rb") as file:
        catalog = read_po(file, locale="ja")
    translated = {}
    for message in catalog:
        if message.id:
            id = message.id if isinstance(message.id, str) else message.id[0]
            string = message.string if isinstance(message.string, str) else message.string[0]
            translated[id] = string
            assert "fuzzy" not in message.flags, id
    wanted = {text.replace("%%", "%") for text in messages()}
    assert len(wanted) > 200
    missing = {text for text in wanted if not translated.get(text)}
    assert missing == set()


def test_placeholders_survive_translation():
    with PO.open("rb") as file:
        catalog = read_po(file, locale="ja")
    for message in catalog:
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        string = message.string if isinstance(message.string, str) else message.string[0]
        allowed = set(re.findall(r"%\(\w+\)s|%d", " ".join(ids)))
        assert set(re.findall(r"%\(\w+\)s|%d", string)) == allowed, ids[0]
        assert re.findall(r"<\w+", string) == re.findall(r"<\w+", ids[-1]), ids[0]
