"""SVG Tiny PS (draft-svg-tiny-ps-abrotman): what is allowed, and that nothing does harm."""

from __future__ import annotations

import gzip
import time
import xml.etree.ElementTree as ET
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookups.engine.records import svg_tiny_ps
from lookups.engine.records.svg_tiny_ps import examine

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'version="1.2" baseProfile="tiny-ps" viewBox="0 0 64 64">'
)


def svg(body: str = "", head: str = HEAD, title: str = "<title>Example</title>") -> bytes:
    return f"{head}{title}{body}</svg>".encode()


def problems(data: bytes) -> list[tuple[str, str, str]]:
    return [(p.code, p.element, p.value) for p in examine(data).problems]


def test_a_good_logo():
    data = svg(
        '<desc>d</desc><metadata><rdf xmlns="urn:x" about="y">t</rdf></metadata>'
        '<defs><linearGradient id="g" gradientUnits="userSpaceOnUse" x2="9">'
        '<stop offset="0" stop-color="#fff"/></linearGradient><path id="p" d="M0 0h9"/></defs>'
        '<g fill="url(#g)" transform="scale(2)"><use xlink:href="#p" x="3"/>'
        '<text x="1" y="2" font-size="3">A &amp; B<tspan>C</tspan></text></g>'
    )
    logo = examine(data)
    assert logo.problems == () and logo.is_valid
    assert (logo.title, logo.width, logo.height, logo.octets) == ("Example", 64, 64, len(data))
    assert logo.copy


def test_the_copy_holds_what_draws_and_nothing_else():
    logo = examine(svg('<desc>d</desc><rect class="a" role="b" width="9" fill="&#34;&lt;"/>'))
    root = ET.fromstring(logo.copy)
    assert [child.tag.rpartition("}")[2] for child in root] == ["title", "rect"]
    assert root[1].attrib == {"width": "9", "fill": '"<'}
    assert examine(logo.copy.encode()).problems[0].code == "version"  # it is for this site alone


def test_an_id_in_two_ways_is_written_once():
    copy = examine(svg('<rect id="a" xml:id="b"/><use href="#a" xlink:href="#b"/>')).copy
    assert ET.fromstring(copy)[1].attrib == {"id": "b"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('version="1.2"', 'version="1.1"', "version"),
        ('version="1.2"', "", "version"),
        ('baseProfile="tiny-ps"', 'baseProfile="tiny"', "profile"),
        ('viewBox="0 0 64 64"', 'viewBox="0 0 64 64" x="0"', "position"),
        ('viewBox="0 0 64 64"', 'viewBox="0 0 64 64" y="1px"', "position"),
        ('xmlns="http://www.w3.org/2000/svg"', 'xmlns="http://www.w3.org/2000/SVG"', "namespace"),
    ],
)
def test_the_root_element(old, new, code):
    logo = examine(svg(head=HEAD.replace(old, new)))
    assert [p.code for p in logo.problems if p.code != "element"][0] == code
    assert not logo.is_valid and not logo.copy


@pytest.mark.parametrize(
    "element",
    [
        *("script", "style", "image", "foreignObject", "animate", "set", "a", "video", "audio"),
        *("filter", "mask", "clipPath", "pattern", "symbol", "switch", "svg", "marker", "handler"),
    ],
)
def test_elements_that_are_left_out(element):
    assert ("element", element, "") in problems(svg(f"<{element}/>"))


def test_elements_of_other_vocabularies():
    assert ("element", "b", "") in problems(svg('<b xmlns="http://www.w3.org/1999/xhtml"/>'))
    assert problems(svg('<metadata><b xmlns="urn:b" onload="x"/></metadata>')) == []
    assert ("element", "script", "") in problems(svg("<metadata><script/></metadata>"))


@pytest.mark.parametrize(
    "attribute",
    ["style", "onload", "onclick", "opacity", "filter", "clip-path", "gradientTransform", "fx"],
)
def test_attributes_that_are_left_out(attribute):
    assert ("attribute", "rect", attribute) in problems(svg(f'<rect {attribute}="1"/>'))


def test_private_attributes():
    assert ("attribute", "g", "label") in problems(svg('<g xmlns:i="urn:i" i:label="x"/>'))


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ('<use xlink:href="https://example.com/#a"/>', "https://example.com/#a"),
        ('<use xlink:href="data:image/png;base64,AAAA"/>', "data:image/png;base64,AAAA"),
        ('<use href="javascript:alert(1)"/>', "javascript:alert(1)"),
        ('<path fill="url(https://example.com/x#a)"/>', "https://example.com/x#a"),
        ("<path fill=\"URL( 'x.svg#a' )\"/>", "x.svg#a"),
        ('<g xml:base="https://example.com/"/>', "https://example.com/"),
        ('<linearGradient xlink:href="#a"/>', "#a"),
        ("<?xml-stylesheet href='x.css'?>", "<?xml-stylesheet?>"),
    ],
)
def test_references_outside(body, value):
    assert value in [found for code, _, found in problems(svg(body)) if code == "reference"]


def test_title():
    assert problems(svg(title="")) == [("title", "", "")]
    assert problems(svg(title="<title> \n</title>")) == [("title", "title", "")]
    assert problems(svg(title="<g><title>inside</title></g>")) == [("title", "", "")]


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ('viewBox="0 0 640 480"', "640 × 480"),
        ('viewBox="0,0,10,20"', "10 × 20"),
        ('width="10" height="20px"', "10 × 20"),
        ('viewBox="0 0 x 1"', ""),
        ('viewBox="0 0 0 0"', ""),
        ("", ""),
    ],
)
def test_shape_is_advice(box, shape):
    logo = examine(svg(head=HEAD.replace('viewBox="0 0 64 64"', box)))
    assert [(p.code, p.value) for p in logo.problems] == [("shape", shape)]
    assert logo.is_valid and logo.copy


def test_size_is_advice_and_no_copy_is_kept():
    logo = examine(svg('<path d="M0 0h1234567890"/>' * 1300))
    assert [p.code for p in logo.problems] == ["size"]
    assert logo.is_valid and not logo.copy


def test_lines():
    [problem] = examine(svg("\n\n<script/>")).problems
    assert problem.line == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "xml"),
        (b"\x89PNG\r\n\x1a\n", "xml"),
        (b"<svg", "xml"),
        (b'<?xml version="1.0" encoding="klingon"?><svg/>', "xml"),
        (b"<html><body/></html>", "root"),
        (b"<!DOCTYPE svg><svg/>", "doctype"),
        (b'<!DOCTYPE svg SYSTEM "http://127.0.0.1/x.dtd"><svg/>', "doctype"),
        (b"<svg>" * 100, "too-deep"),
        (b"\x1f\x8b\x08garbage", "compression"),
        (gzip.compress(b"<svg/>", mtime=0)[:-4], "compression"),
        (gzip.compress(b"<svg/>" + b" " * 10_000_000, mtime=0), "compression"),
        (b" " * (svg_tiny_ps.MAX_OCTETS + 1), "too-large"),
        (svg("<g/>" * 10_000), "too-many"),
    ],
)
def test_what_is_not_read(data, code):
    logo = examine(data)
    assert [p.code for p in logo.problems] == [code]
    assert not logo.is_valid and not logo.copy


def test_xml_bombs():
    """Entities that multiply, or that fetch: refused with the DTD, before anything is expanded."""
    lol = '<!ENTITY a0 "lol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30)
    )
    fetching = '<!ENTITY x SYSTEM "file:///etc/passwd">'
    began = time.process_time()
    for entities in (lol, fetching, '<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;'):
        data = f"<!DOCTYPE svg [{entities}]><svg>&a29;&x;</svg>".encode()
        assert [p.code for p in examine(data).problems] == ["doctype"]
        assert [p.code for p in examine(gzip.compress(data)).problems] == ["doctype"]
    assert time.process_time() - began < 0.5


def test_use_bombs():
    """<use> of <use> of <use>: within the profile, but nothing that a reader's browser gets."""
    steps = "".join(
        f'<g id="a{n}">{f"""<use xlink:href="#a{n - 1}"/>""" * 2}</g>' for n in range(1, 40)
    )
    logo = examine(svg(f'<g id="a0"><rect width="1"/></g>{steps}<use xlink:href="#a39"/>'))
    assert logo.is_valid and not logo.copy
    itself = examine(svg('<g id="a"><use xlink:href="#a"/></g>'))
    assert not itself.copy


def test_compressed():
    plain = svg("<rect/>")
    logo = examine(gzip.compress(plain))
    assert logo.compressed and logo.is_valid and logo.sha256 == examine(plain).sha256


def test_many_problems_are_bounded():
    logo = examine(svg("".join(f"<x{n}/>" for n in range(3000))))
    assert len(logo.problems) == svg_tiny_ps.MAX_PROBLEMS and not logo.copy
    assert not examine(svg(f"<{'y' * 100_000}/>")).is_valid


def test_a_problem_beyond_the_list_still_counts():
    """The list is bounded, the verdict is not: no copy of a file with a script at its end."""
    advice = "".join(f'<g i{n}="1"/>' for n in range(40))
    assert not examine(svg(f"{advice}<script>alert(1)</script>")).copy


def test_time_is_bounded():
    """The worst that fits into the limits: costs milliseconds, not seconds."""
    began = time.process_time()
    examine(svg('<g a="1" b="url(#)"/>' * 5000))
    examine(svg("<g>" * 60 + '<use xlink:href="#x"/>' * 4000))
    examine(svg(f'<path fill="{"url(" * 30_000}"/>'))
    examine(svg(f'<path fill="{"url( " + " " * 100_000}"/>'))
    examine(svg(f"<g {' '.join(f'a{n}=' + repr('1') for n in range(9000))}/>"))
    assert time.process_time() - began < 2


fragments = st.sampled_from(
    [
        *(
            "<svg>",
            HEAD,
            "</svg>",
            "<title>",
            "</title>",
            "<g",
            ">",
            "/>",
            "<script/>",
            "<![CDATA[",
        ),
        *("]]>", "<!--", "-->", "<!DOCTYPE svg [", "]>", "<!ENTITY a 'b'>", "&a;", "&#0;", "&#9;"),
        *(' href="#a"', ' fill="url(x)"', "x", "\x00", "\ud7ff", "<?xml version='1.0'?>", " "),
    ]
)


@given(st.one_of(st.binary(), st.text().map(lambda t: t.encode("utf-8", "replace"))))
def test_any_octets(data):
    check(data)


@given(st.lists(fragments, max_size=30).map(lambda each: "".join(each).encode()))
def test_anything_like_xml(data):
    check(data)
    check(HEAD.encode() + data + b"</svg>")
    check(zlib.compress(data, wbits=31))


def check(data: bytes) -> None:
    logo = examine(data)
    assert len(logo.problems) <= svg_tiny_ps.MAX_PROBLEMS + 3
    for problem in logo.problems:
        assert problem.code in svg_tiny_ps.Problem.CODES
        assert len(problem.value) + len(problem.element) <= 2 * svg_tiny_ps.MAX_VALUE
    if logo.copy:
        assert logo.is_valid
        for element in ET.fromstring(logo.copy).iter():
            assert element.tag.rpartition("}")[2] in svg_tiny_ps.ELEMENTS
