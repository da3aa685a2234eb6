"""Markdown to the parts of a page.

CommonMark and tables, without raw HTML and without images: whatever the text says, the HTML holds
only what this module puts there. A paragraph that is nothing but a directive becomes a part of
its own, which the page's template fills in:

    ::live perfect.classroom.test spf  a live lookup of that domain, showing that topic (or mx)
    ::picture mail-path                the drawing of that name
    ::anatomy                          the record anatomy of the article
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

from .glossary import Finder

DIRECTIVE = re.compile(
    r"::(?:(?P<anatomy>anatomy)|live +(?P<live>[a-z0-9.-]+(?: +[a-z-]+)?)"
    r"|picture +(?P<picture>[a-z0-9-]+))"
)
GLOSSARY = "/learn/glossary/"
SAFE_LINK = re.compile(r"https?://|mailto:|/(?!/)|#", re.IGNORECASE)
# base.html has an element of this id already.
TAKEN_IDS = frozenset({"content"})
# More links than these would make a text hard to read.
MAX_TERMS, MAX_TERMS_OF_A_PARAGRAPH = 12, 2


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a page. `value` is HTML (kind html), a domain (live) or a name (picture).

    `topic` is what a live lookup shows. `number` counts the parts of a page from 1, so that each
    can have ids of its own.
    """

    kind: str
    value: str = ""
    number: int = 0
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """The plain text from one heading to the next."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """`terms`: the glossary's terms that the text links to, in their order."""

    parts: tuple[Part, ...]
    headings: tuple[Heading, ...]
    terms: tuple[str, ...] = ()


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.validateLink = lambda url: bool(SAFE_LINK.match(url.strip()))  # type: ignore[method-assign]
    return parser


PARSER = _parser()


def render(
    text: str, prefix: str = "", ids: Sequence[str] | None = None, finder: Finder | None = None
) -> Rendered:
    """Renders an article's body.

    `prefix` goes before links to other pages of the site ("/ja"). `ids` are the ids of the
    headings, in order; a heading beyond them is called section-1, section-2 ... by its position.
    Without `ids`, headings are named after their text. What `finder` finds is linked to the
    glossary where it is mentioned first.
    """
    tokens = PARSER.parse(text)
    _prefix_links(tokens, prefix)
    _label_tables(tokens)
    headings = _name_headings(tokens, ids)
    terms = _link_terms(tokens, finder, f"{prefix}{GLOSSARY}#") if finder else ()
    return Rendered(tuple(_parts(tokens)), headings, terms)


def render_inline(text: str, prefix: str = "") -> SafeString:
    """Renders one sentence: emphasis, code and links, but no blocks."""
    tokens = PARSER.parseInline(text)
    _prefix_links(tokens, prefix)
    return _html(tokens)


def sections(text: str) -> tuple[Section, ...]:
    """What a reader sees of an article's text and code; the first section has no heading."""
    found: list[Section] = []
    heading, lines, opening = "", [], ""
    tokens = PARSER.parse(text)
    for token in tokens:
        if opening == "heading_open":
            found.append(Section(heading, "\n".join(lines)))
            heading, lines = _text(token), []
        elif token.type == "inline" and not _directive(token):
            lines.append(_text(token))
        elif token.type in ("fence", "code_block"):
            lines.append(token.content.strip())
        opening = token.type
    return (*found, Section(heading, "\n".join(lines)))


def _html(tokens: Sequence[Token]) -> SafeString:
    # Safe: the parser escapes all text and knows no raw HTML.
    return mark_safe(PARSER.renderer.render(tokens, PARSER.options, {}))


def _parts(tokens: Sequence[Token]) -> Iterator[Part]:
    """Cuts the token stream at its directives. A directive's paragraph is three tokens long."""
    start = number = 0
    for index, token in enumerate(tokens):
        directive = _directive(token)
        if directive is None:
            continue
        before = tokens[start : index - 1]
        if before:
            number += 1
            yield Part("html", _html(before), number)
        number += 1
        kind, value = directive
        value, _, topic = value.partition(" ")
        yield Part(kind, value, number, topic.strip() or ("mx" if kind == "live" else ""))
        start = index + 2
    if tokens[start:]:
        yield Part("html", _html(tokens[start:]), number + 1)


def _directive(token: Token) -> tuple[str, str] | None:
    """(kind, value) if the token is the text of a top-level paragraph that is a directive.

    Only top-level paragraphs and headings have their text on level 1, and a heading's text that
    looks like a directive is told apart by its markup.
    """
    if token.type != "inline" or token.level != 1 or token.meta.get("heading"):
        return None
    match = DIRECTIVE.fullmatch(token.content)
    if not match or match.lastgroup is None:
        return None
    value = match[match.lastgroup]
    return match.lastgroup, "" if match.lastgroup == "anatomy" else value


def _name_headings(tokens: Sequence[Token], ids: Sequence[str] | None) -> tuple[Heading, ...]:
    headings: list[Heading] = []
    taken = set(TAKEN_IDS)
    for opening, inline in zip(tokens, tokens[1:], strict=False):
        if opening.type != "heading_open":
            continue
        inline.meta["heading"] = True
        position = len(headings)
        text = _text(inline)
        if ids is None:
            wanted = slugify(text)
        else:
            wanted = ids[position] if position < len(ids) else ""
        id_ = _free(wanted or f"section-{position + 1}", taken)
        opening.attrSet("id", id_)
        headings.append(Heading(int(opening.tag[1]), id_, text))
    return tuple(headings)


def _free(wanted: str, taken: set[str]) -> str:
    """`wanted`, or wanted-2, wanted-3 ...; the result is taken from now on."""
    id_, count = wanted, 1
    while id_ in taken:
        count += 1
        id_ = f"{wanted}-{count}"
    taken.add(id_)
    return id_


def _text(inline: Token) -> str:
    """What a reader sees of an inline token, without its markup."""
    kinds = {"text": None, "code_inline": None, "softbreak": " ", "hardbreak": " "}
    return "".join(
        kinds[child.type] or child.content for child in inline.children or [] if child.type in kinds
    )


def _prefix_links(tokens: Sequence[Token], prefix: str) -> None:
    """Articles link to /learn/..., in every language; the page links to its own language."""
    for token in tokens:
        for child in token.children or []:
            target = child.attrGet("href")
            if isinstance(target, str) and target.startswith("/"):
                child.attrSet("href", prefix + target)


def _label_tables(tokens: Sequence[Token]) -> None:
    """Each cell names its column, so that a narrow screen can show a row as a card.

    Where the corner is empty, the first column holds the heads of the rows.
    """
    labels: list[str] = []
    column = 0
    for token, inline, close in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.type == "table_open":
            token.attrSet("class", "data")
            labels = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            labels.append(_text(inline))
            if labels[-1]:
                token.attrSet("scope", "col")
            else:
                token.tag = close.tag = "td"
        elif token.type == "td_open":
            if labels[column]:
                token.attrSet("data-label", labels[column])
            else:
                token.attrSet("scope", "row")
                token.tag = close.tag = "th"
            column += 1


def _link_terms(tokens: Sequence[Token], finder: Finder, page: str) -> tuple[str, ...]:
    """Links the first mention of each term to its place on `page`: in running text alone, not in
    headings, the heads of tables, links or code."""
    linked: list[str] = []
    opening = ""
    for token in tokens:
        if token.type != "inline":
            opening = token.type
            continue
        if opening in ("heading_open", "th_open") or _directive(token):
            continue
        most = min(MAX_TERMS, len(linked) + MAX_TERMS_OF_A_PARAGRAPH)
        token.children = list(_with_terms(token.children or [], finder, page, linked, most))
    return tuple(linked)


def _with_terms(
    children: Sequence[Token], finder: Finder, page: str, linked: list[str], most: int
) -> Iterator[Token]:
    """The tokens of a paragraph with its terms as links; they are added to `linked`."""
    inside_link = 0
    for child in children:
        inside_link += child.nesting if child.type in ("link_open", "link_close") else 0
        if child.type != "text" or inside_link:
            yield child
            continue
        start = 0
        for found in finder.find(child.content):
            if len(linked) >= most or found.id in linked:
                continue
            linked.append(found.id)
            yield _piece(child.content[start : found.start])
            yield Token("link_open", "a", 1, attrs=_term_attributes(found.id, page))
            yield _piece(child.content[found.start : found.end])
            yield Token("link_close", "a", -1)
            start = found.end
        yield _piece(child.content[start:])


def _piece(text: str) -> Token:
    return Token("text", "", 0, content=text)


def _term_attributes(id: str, page: str) -> dict[str, str | int | float]:
    """The note that describes the link is put on the page by learn/_terms.html."""
    return {"class": "term", "href": page + id, "aria-describedby": f"term-{id}"}
