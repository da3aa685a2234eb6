"""SVG Tiny Portable/Secure: the pictures that BIMI allows, examined and copied without harm.

draft-svg-tiny-ps-abrotman ("the profile") takes SVG Tiny 1.2 and leaves out all that moves, runs,
links or fetches. A file is read once, in bounded time and memory: no DTD, no entity, bounded depth
and number of elements. The copy that pages show is written anew from what the profile allows, so
that nothing gets into it that was not understood here.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import (  # type: ignore[import-untyped]
    DefusedXMLParser,
    ParseError,
)

MAX_OCTETS = 128 * 1024  # that are read at all, after decompression
ADVISED_OCTETS = 32 * 1024  # BIMI's limit; some receivers take no more
MAX_DEPTH = 64
MAX_ELEMENTS = 6000
MAX_DRAWN = 100_000  # elements, when each <use> repeats all there are
MAX_PROBLEMS = 30  # that are listed
MAX_VALUE = 120  # characters of what is wrong
MAX_TITLE = 200

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"
GZIP = b"\x1f\x8b"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The profile's elements, with the font elements of SVG Tiny 1.2 that may stand in <defs>.
SHAPES = _words("path rect circle line ellipse polyline polygon text textArea tspan tbreak use")
CONTAINERS = _words("svg g defs linearGradient radialGradient stop solidColor")
WORDS = _words("title desc metadata")
FONTS = _words("font font-face font-face-src font-face-name glyph missing-glyph hkern")
ELEMENTS = SHAPES | CONTAINERS | WORDS | FONTS

# Attributes that draw something; the copy has these and no others.
DRAWING = _words(
    "fill fill-opacity fill-rule stroke stroke-dasharray stroke-dashoffset stroke-linecap "
    "stroke-linejoin stroke-miterlimit stroke-opacity stroke-width color color-rendering "
    "vector-effect direction unicode-bidi solid-color solid-opacity display-align line-increment "
    "stop-color stop-opacity font-family font-size font-style font-variant font-weight "
    "text-anchor text-align display visibility shape-rendering text-rendering id transform d "
    "pathLength x y width height rx ry cx cy r x1 y1 x2 y2 points offset gradientUnits rotate "
    "viewBox preserveAspectRatio"
)
# Attributes that say something about the document and draw nothing.
ABOUT = _words(
    "version baseProfile class role rel rev typeof content datatype resource about property "
    "requiredFonts systemLanguage image-rendering pointer-events buffered-rendering "
    "viewport-fill viewport-fill-opacity contentScriptType externalResourcesRequired focusable "
    "playbackOrder snapshotTime timelineBegin zoomAndPan editable audio-level"
)
ATTRIBUTES = DRAWING | ABOUT
FONT_ATTRIBUTES = _words(
    "horiz-origin-x horiz-adv-x unicode glyph-name arabic-form lang u1 u2 g1 g2 k font-stretch "
    "unicode-range panose-1 widths bbox units-per-em stemv stemh slope cap-height x-height "
    "accent-height ascent descent ideographic alphabetic mathematical hanging underline-position "
    "underline-thickness strikethrough-position strikethrough-thickness overline-position "
    "overline-thickness name"
)

_URL = re.compile(r"url\(\s*[\"']?\s*([^\s\"')]*)", re.IGNORECASE)
_NUMBER = re.compile(r"\s*\+?(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\s*(?:px)?\s*")
_SEPARATOR = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is not as it should be. `code` is one of CODES, `line` counts from 1, 0 if none.

    `element` and `value` are hostile, and short. Codes: "compression", "too-large", "xml",
    "doctype", "too-deep", "too-many" and "root" (not an SVG image) end the examination;
    "namespace", "version", "profile" and "position" (x or y) speak of the root element;
    "title", "element", "attribute" and "reference" of the rest. With "shape" (not square) and
    "size" (over 32 KiB) the file keeps to the profile all the same.
    """

    CODES = (
        *("compression", "too-large", "xml", "doctype", "too-deep", "too-many", "root"),
        *("namespace", "version", "profile", "position"),
        *("title", "element", "attribute", "reference", "shape", "size"),
    )

    code: str
    element: str = ""
    value: str = ""
    line: int = 0

    @property
    def is_unreadable(self) -> bool:
        return self.code in self.CODES[:7]

    @property
    def is_advice(self) -> bool:
        return self.code in ("shape", "size")


@dataclass(frozen=True, slots=True)
class Logo:
    """A file as it was examined. `octets` and `sha256` are of the picture, decompressed.

    `copy` is a harmless SVG that looks the same: empty unless the file keeps to the profile, and
    where it is too large or too costly to draw.
    """

    octets: int
    sha256: str
    compressed: bool
    title: str = ""
    width: float = 0.0
    height: float = 0.0
    problems: tuple[Problem, ...] = ()
    copy: str = ""

    @property
    def is_valid(self) -> bool:
        """Whether it keeps to the profile."""
        return all(problem.is_advice for problem in self.problems)


class _Refused(Exception):
    """The file is not read any further."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class _Reader:
    """What expat tells, element by element. `out` becomes the copy."""

    parser: DefusedXMLParser | None = None
    problems: dict[tuple[str, str, str], Problem] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)  # local names; "" for other namespaces
    elements: int = 0
    skipped: int = 0  # depth from which the copy leaves elements out; 0 for none
    out: list[str] = field(default_factory=list)
    title: str = ""
    has_title: bool = False
    ids: list[str] = field(default_factory=list)  # of the elements in `path`
    uses: int = 0
    used: set[str] = field(default_factory=set)  # ids that <use> refers to
    using: set[str] = field(default_factory=set)  # ids of elements with a <use> inside
    root: Mapping[str, str] = field(default_factory=dict)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if len(self.path) >= MAX_DEPTH:
            raise _Refused("too-deep")
        if self.elements > MAX_ELEMENTS:
            raise _Refused("too-many")
        namespace, name = _split(tag)
        if not self.path:
            self._start_root(namespace, name, attributes)
        elif not self._is_foreign(namespace, name):
            self._check_element(namespace, name)
        self.path.append(name if namespace == SVG else "")
        self.ids.append(attributes.get("id") or attributes.get(f"{{{XML}}}id", ""))
        if name == "use":
            self._note_use(attributes)
        for key, value in attributes.items():
            self._check_attribute(name, key, value)
        self._copy_start(namespace, name, attributes)

    def end(self, tag: str) -> None:
        name = self.path.pop()
        self.ids.pop()
        if self.skipped:
            if self.skipped > len(self.path):
                self.skipped = 0
            return
        if self.out[-1] == ">":  # nothing came since its start
            self.out[-1] = "/>"
        else:
            self.out.append(f"</{name}>")

    def data(self, text: str) -> None:
        if self.path[1:] == ["title"] and len(self.title) < MAX_TITLE:
            self.title += text[:MAX_TITLE]
        if (
            not self.skipped
            and self.path
            and self.path[-1] in ("text", "tspan", "textArea", "title")
        ):
            self.out.append(escape(text))

    def pi(self, target: str, data: str | None = None) -> None:
        """A processing instruction; one for a stylesheet would fetch something."""
        self.add("reference", value=f"<?{target}?>")

    def close(self) -> None:
        """Nothing is left to do; the parser asks for it."""

    def add(self, code: str, element: str = "", value: str = "") -> None:
        """Notes a problem, the same one once."""
        problem = Problem(code, element[:MAX_VALUE], value[:MAX_VALUE], self._line())
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.setdefault((code, problem.element, problem.value), problem)

    @property
    def is_modest(self) -> bool:
        """Whether drawing it costs no more than its size tells.

        Elements that use elements that use elements would multiply at every step.
        """
        return not (self.used & self.using) and self.uses * self.elements <= MAX_DRAWN

    def _note_use(self, attributes: Mapping[str, str]) -> None:
        self.uses += 1
        self.using.update(filter(None, self.ids))
        target = attributes.get(f"{{{XLINK}}}href") or attributes.get("href", "")
        self.used.add(target.strip().removeprefix("#"))

    def _line(self) -> int:
        expat = getattr(self.parser, "parser", None)  # gone once the file has ended
        return int(expat.CurrentLineNumber) if expat else 0

    def _start_root(self, namespace: str, name: str, attributes: dict[str, str]) -> None:
        """The profile: <svg> with its namespace, version 1.2, tiny-ps, and neither x nor y."""
        if name != "svg":
            self.add("root", name)
            raise _Refused("root")
        self.root = attributes
        if namespace != SVG:
            self.add("namespace", "svg", namespace)
        if attributes.get("version") != "1.2":
            self.add("version", "svg", attributes.get("version", ""))
        if attributes.get("baseProfile") != "tiny-ps":
            self.add("profile", "svg", attributes.get("baseProfile", ""))
        for key in ("x", "y"):
            if key in attributes:
                self.add("position", "svg", key)

    def _is_foreign(self, namespace: str, name: str) -> bool:
        """Descriptions in another vocabulary (such as RDF), which <metadata> may hold."""
        return namespace != SVG and "metadata" in self.path

    def _check_element(self, namespace: str, name: str) -> None:
        if namespace != SVG or name not in ELEMENTS or name == "svg":
            self.add("element", name)
        if namespace == SVG and name == "title" and len(self.path) == 1:
            self.has_title = True

    def _check_attribute(self, element: str, tag: str, value: str) -> None:
        namespace, name = _split(tag)
        if "metadata" in self.path and self.path[-1] != "metadata":
            return
        if (namespace, name) in ((XLINK, "href"), ("", "href")):
            if element != "use" or not value.strip().startswith("#"):
                self.add("reference", element, value.strip())
        elif (namespace, name) == (XML, "base"):
            self.add("reference", element, value.strip())
        elif element in ELEMENTS and not _is_allowed(element, namespace, name):
            self.add("attribute", element, name)
        if "url(" in value.lower():
            for target in _URL.findall(value):
                if not target.startswith("#"):
                    self.add("reference", element, target)

    def _copy_start(self, namespace: str, name: str, attributes: dict[str, str]) -> None:
        if self.skipped:
            return
        if namespace != SVG or name not in (SHAPES | CONTAINERS | {"title"}):
            self.skipped = len(self.path)
            return
        self.out.append(f"<{name}")
        if len(self.path) == 1:
            self.out.append(f' xmlns="{SVG}" xmlns:xlink="{XLINK}"')
        kept: dict[str, str] = {}
        for key, value in attributes.items():
            prefix, local = _split(key)
            if local == "href" and prefix in ("", XLINK):
                kept["xlink:href"] = value.strip()
            elif (not prefix and local in DRAWING) or (prefix, local) == (XML, "id"):
                kept[local] = value
        self.out += [f" {key}={quoteattr(value)}" for key, value in kept.items()]
        self.out.append(">")


def examine(data: bytes) -> Logo:
    """What there is to say of a file. Never fails, whatever the octets."""
    compressed = data.startswith(GZIP)
    try:
        plain = _decompressed(data) if compressed else data
        if len(plain) > MAX_OCTETS:
            raise _Refused("too-large")
    except _Refused as refused:
        return Logo(len(data), _sha256(data), compressed, problems=(Problem(refused.code),))
    return _examined(plain, compressed)


def _examined(data: bytes, compressed: bool) -> Logo:
    reader = _Reader()
    reader.parser = DefusedXMLParser(target=reader, forbid_dtd=True)
    try:
        reader.parser.feed(data)
        reader.parser.close()
    except _Refused as refused:
        reader.add(refused.code)
    except DefusedXmlException:
        reader.add("doctype")
    except (ParseError, ValueError, LookupError) as error:
        reader.add("xml", value=str(error))
    problems = list(reader.problems.values())
    logo = Logo(len(data), _sha256(data), compressed, problems=tuple(problems))
    if any(problem.is_unreadable for problem in problems):
        unreadable = [problem for problem in problems if problem.is_unreadable]
        return Logo(logo.octets, logo.sha256, compressed, problems=tuple(unreadable[:1]))
    return _judged(reader, logo)


def _judged(reader: _Reader, logo: Logo) -> Logo:
    """Of a file that could be read to its end: title, shape and size."""
    title = " ".join(reader.title.split())[:MAX_TITLE]
    if not title:
        reader.add("title", "title" if reader.has_title else "")
    width, height = _shape(reader.root)
    if not width or abs(width - height) > max(width, height) / 100:
        reader.add("shape", "svg", f"{width:g} × {height:g}" if width else "")
    if logo.octets > ADVISED_OCTETS:
        reader.add("size", value=str(logo.octets))
    problems = tuple(reader.problems.values())
    is_valid = all(problem.is_advice for problem in problems)
    copy = "".join(reader.out) if is_valid and reader.is_modest else ""
    if len(copy.encode("utf-8", "replace")) > ADVISED_OCTETS:
        copy = ""
    return Logo(
        octets=logo.octets,
        sha256=logo.sha256,
        compressed=logo.compressed,
        title=title,
        width=width,
        height=height,
        problems=problems,
        copy=copy,
    )


def inflate(data: bytes, limit: int = MAX_OCTETS) -> bytes | None:
    """What gzip (RFC 1952) made of `data`; None if damaged or more than `limit` octets."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(data, limit + 1)
    except zlib.error:
        return None
    return plain if inflater.eof and len(plain) <= limit else None


def _decompressed(data: bytes) -> bytes:
    """The picture in a compressed file (SVGZ, RFC 6170 §5.2)."""
    plain = inflate(data)
    if plain is None:
        raise _Refused("compression")
    return plain


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _split(tag: str) -> tuple[str, str]:
    """A name as ElementTree writes it, "{namespace}local"."""
    namespace, brace, name = tag.rpartition("}")
    return (namespace[1:], name) if brace else ("", name)


def _is_allowed(element: str, namespace: str, name: str) -> bool:
    if namespace == XML:
        return name in ("lang", "space", "id")
    if namespace:
        return False
    return name in ATTRIBUTES or (element in FONTS and name in FONT_ATTRIBUTES)


def _shape(root: Mapping[str, str]) -> tuple[float, float]:
    """Width and height by viewBox, else by the attributes; zeros where neither says."""
    box = [each for each in _SEPARATOR.split(root.get("viewBox", "")[:200]) if each]
    texts = box[2:] if len(box) == 4 else [root.get("width", ""), root.get("height", "")]
    numbers = [_NUMBER.fullmatch(text[:40]) for text in texts]
    if not all(numbers):
        return 0.0, 0.0
    width, height = (float(found[1]) for found in numbers if found)
    return (width, height) if width and height else (0.0, 0.0)
