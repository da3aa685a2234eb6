"""Reading lists: text, tables, encodings, refusals; and whatever else may come."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lookups.bulk import reading
from lookups.bulk.reading import MAX_DOMAINS, MAX_LINES, ReadingError, decode, read
from lookups.engine.names import DomainError


def domains(text: str) -> list[str]:
    return [entry.domain.ascii for entry in read(text).entries]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.test\nb.test\n", ["a.test", "b.test"]),
        ("a.test\r\nb.test\rc.test", ["a.test", "b.test", "c.test"]),
        ("\n\n a.test \n\n", ["a.test"]),
        ("a.test, b.test; c.test", ["a.test", "b.test", "c.test"]),
        ("a.test, b.test, c.test", ["a.test", "b.test", "c.test"]),
        ("a.test b.test\tc.test", ["a.test", "b.test", "c.test"]),
        ("https://a.test/x?y=1\nmailto:info@b.test", ["a.test", "b.test"]),
        ("Alice <alice@c.test>", ["c.test"]),
        ("日本語.test", ["xn--wgv71a119e.test"]),
        ("Ａ．ＴＥＳＴ", ["a.test"]),  # noqa: RUF001
        ('"a.test"\n"b.test"', ["a.test", "b.test"]),
        ('"a.test\nb.test', ["b.test"]),  # a quotation mark that nobody closes
        ("Domain\na.test", ["a.test"]),
        ("\ufeffdomain;country\na.test;DE", ["a.test"]),
        ("id,website,x\n1,http://www.a.test/,y", ["www.a.test"]),
        ("1,a.test", []),
        ("a.test,Japan,Banks\nb.test,Japan,Banks", ["a.test", "b.test"]),
        ("a\0.test", ["a.test"]),
    ],
)  # fmt: skip
def test_what_is_understood(text, expected):
    assert domains(text) == expected


def test_columns():
    table = '国,業種, ドメイン\n日本,"銀行, 信託",a.test\nＪＰ\u200b,,b.test\nshort\n'  # noqa: RUF001
    found = read(table)
    assert [(e.domain.ascii, e.country, e.industry) for e in found.entries] == [
        ("a.test", "日本", "銀行, 信託"),
        ("b.test", "JP", ""),
    ]
    assert (found.refused, found.lines[0].number, found.lines[0].text) == (1, 4, "short")
    assert found.lines[0].code == "empty"


def test_headings_without_a_domain_leave_it_to_the_first_column():
    found = read("firm,country\na.test,FR")
    assert [(e.domain.ascii, e.country) for e in found.entries] == [("a.test", "FR")]


def test_duplicates_and_wrong_lines_are_counted():
    found = read("a.test\nA.TEST\nhttp://a.test\n" + "wrong\n" * 50)
    assert (len(found.entries), found.duplicates, found.refused) == (1, 2, 50)
    assert [line.number for line in found.lines] == list(range(4, 4 + MAX_LINES))


def test_lines_are_numbered_as_editors_do():
    found = read('\n\n"a.test\n"\n\nwrong\n')
    assert [(line.number, line.text) for line in found.lines] == [(6, "wrong")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932"])
def test_encodings(encoding):
    table = "ドメイン\t国\nexample.jp\t日本\n"
    entry = read(decode(table.encode(encoding))).entries[0]
    assert (entry.domain.ascii, entry.country) == ("example.jp", "日本")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "latin-1"])
def test_encodings_without_a_mark(encoding):
    text = "domain;country\na.test;\xd6sterreich\n"
    assert decode(text.encode(encoding)).startswith("domain;country")
    assert domains(decode(text.encode(encoding))) == ["a.test"]


@pytest.mark.parametrize(
    ("text", "code", "count"),
    [
        ("", "empty", 0),
        (" \n,,\n", "empty", 0),
        ("domain\n", "empty", 0),
        ("\n".join(f"d{n}.test" for n in range(MAX_DOMAINS + 1)), "too-many", MAX_DOMAINS + 1),
        ("x" * (reading.MAX_BYTES + 1), "too-large", 0),
        ("x\n" * 200_000, "too-many-lines", reading.MAX_TRIED),
        ("a.test," * 200_000, "too-many-lines", reading.MAX_TRIED),
    ],
)
def test_refused_as_a_whole(text, code, count):
    begun = time.monotonic()
    with pytest.raises(ReadingError) as refused:
        read(text)
    assert (refused.value.code, refused.value.count) == (code, count)
    assert time.monotonic() - begun < 10


def test_as_many_as_there_may_be():
    assert len(domains("\n".join(f"d{n}.test" for n in range(MAX_DOMAINS)))) == MAX_DOMAINS


@pytest.mark.parametrize("data", [b"PK\x03\x04\0\0\xff\xfe\x9c", b"\xff\xfe\x00\xd8", b"\0\0\0\0"])
def test_no_text(data):
    with pytest.raises(ReadingError) as refused:
        decode(data)
    assert refused.value.code == "not-text"


def test_a_cell_beyond_all_measure_costs_its_line():
    found = read("a.test\n" + "x" * 200_000 + "\nb.test")
    assert [entry.domain.ascii for entry in found.entries] == ["a.test", "b.test"]
    assert found.refused == 1 and len(found.lines[0].text) <= reading.MAX_TEXT


@given(st.text(max_size=400))
@example('"')
@example('a.test,"b\n')
@example("domain,domain\n,")
def test_any_text_is_read_or_refused(text):
    try:
        found = read(text)
    except ReadingError as error:
        assert error.code == "empty"
        return
    names = [entry.domain.ascii for entry in found.entries]
    assert len(names) == len(set(names))
    assert all(len(name) <= 253 and name.isascii() for name in names)
    assert len(found.lines) == min(found.refused, MAX_LINES)
    assert all(line.code in DomainError.CODES and line.number > 0 for line in found.lines)
    assert all("\0" not in line.text and len(line.text) <= reading.MAX_TEXT for line in found.lines)


@given(st.binary(max_size=400))
def test_any_file_is_read_or_refused(data):
    try:
        read(decode(data))
    except ReadingError as error:
        assert error.code in ("empty", "not-text")


label = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)
cell = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=20)


@given(st.lists(st.tuples(label, cell, cell), min_size=1, max_size=20), st.sampled_from(",;\t"))
def test_any_table_comes_back(rows, delimiter):
    import csv
    import io

    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["industry", "domain", "country"])
    writer.writerows([industry, f"{name}.test", country] for name, country, industry in rows)
    found = read(file.getvalue())
    assert found.refused == 0
    assert [e.domain.ascii for e in found.entries] == list(
        dict.fromkeys(f"{r[0]}.test" for r in rows)
    )
    assert len(found.entries) + found.duplicates == len(rows)
