"""What can be found: articles, tools, findings, the glossary and lessons, as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils import translation

from learn import articles, glossary, markdown
from learn.classroom.lessons import lessons
from lookups import catalog
from lookups.tools import registry

KINDS = ("article", "tool", "finding", "term", "lesson")


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document, and the place on the page where it stands ("" for its top)."""

    anchor: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One thing to find. `key` names it among its kind; `names` are what it is called otherwise;
    `head` is what counts for more than the text. `severity`: of a finding."""

    kind: str
    key: str
    title: str
    names: tuple[str, ...]
    head: str
    passages: tuple[Passage, ...]
    severity: str = ""


def documents(language: str) -> Iterator[Document]:
    """Everything, in the words of `language`."""
    yield from _articles(language)
    yield from _tools(language)
    yield from _findings(language)
    yield from _terms(language)
    yield from _lessons(language)


def _articles(language: str) -> Iterator[Document]:
    for found in articles.articles(language):
        text = articles.markdown_of(found.slug, language)
        first, *others = markdown.sections(text)
        passages = [
            Passage(heading.id, heading.text, section.text)
            for heading, section in zip(found.headings, others, strict=True)
        ]
        sources = " ".join(source.label for source in found.sources)
        yield Document(
            "article",
            found.slug,
            found.title,
            (found.slug,),
            "\n".join([found.summary, *(heading.text for heading in found.headings)]),
            (
                Passage("", "", found.summary),
                Passage("", "", first.text),
                *passages,
                Passage("sources", "", sources),
            ),
        )


def _tools(language: str) -> Iterator[Document]:
    with translation.override(language):
        for tool in registry.TOOLS:
            title, summary = str(tool.title), str(tool.summary)
            yield Document(
                "tool", tool.slug, title, (tool.slug,), summary, (Passage("", "", summary),)
            )


def _findings(language: str) -> Iterator[Document]:
    for id in catalog.ids():
        entry = catalog.entry(id)
        words = catalog.sentences(id, entry.example, language)
        yield Document(
            "finding",
            id,
            entry.texts_in(language).name,
            (id,),
            f"{words.title}\n{id}\n{catalog.topic_title(entry.topic, language)}",
            (
                Passage("", "", words.meaning),
                Passage("", "", words.why),
                Passage("", "", words.remedy),
                Passage("", "", " ".join(entry.rfc)),
            ),
            entry.severity.value,
        )


def _terms(language: str) -> Iterator[Document]:
    for term in glossary.terms(language):
        names = (*term.aliases, term.reading, term.id)
        rfc = " ".join(reference.label for reference in term.references)
        yield Document(
            "term",
            term.id,
            term.term,
            names,
            "\n".join(names),
            (Passage("", "", term.text), Passage("", "", rfc)),
        )


def _lessons(language: str) -> Iterator[Document]:
    for group in lessons(language):
        for lesson in group.lessons:
            yield Document(
                "lesson",
                f"{group.id}#{lesson.zone}",
                lesson.title,
                (lesson.domain, lesson.unicode),
                f"{lesson.domain}\n{lesson.unicode}\n{group.title}",
                (Passage("", "", lesson.look),),
            )
