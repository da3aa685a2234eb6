"""Pages put together from compressed pieces: any gzip reader finds the very same page."""

from __future__ import annotations

import gzip
import threading
import time
import zlib

from hypothesis import given
from hypothesis import strategies as st

from lookups.pieces import Piece, PiecedResponse, Shelf, gzipped

LONG = st.text(max_size=200).map(lambda text: text * 50)


@given(st.binary(max_size=300), LONG, st.binary(max_size=300))
def test_a_gzip_file_of_one_member(before, html, after):
    """More members than one would be legal, but browsers read only the first."""
    packed = gzipped(before, Piece.of(html), after)
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)  # checks the CRC and the size, too
    assert reader.decompress(packed) == before + html.encode() + after
    assert reader.eof and not reader.unused_data


def test_the_length_tells_nothing():
    piece = Piece.of("<p>the same</p>")
    assert len({len(gzipped(b"a", piece, b"b")) for _ in range(40)}) > 5


def test_a_response_that_nobody_compresses():
    response = PiecedResponse("<p>ä".encode(), Piece.of("é" * 1000), b"</p>")
    assert response.content == ("<p>ä" + "é" * 1000 + "</p>").encode()
    assert int(response["Content-Length"]) == len(response.content)


def test_a_response_that_was_changed_is_left_alone():
    response = PiecedResponse(b"a", Piece.of("b"), b"c")
    response.content = b"something else"
    response.compress()
    assert response.content == b"something else" and "Content-Encoding" not in response


def test_a_compressed_response():
    response = PiecedResponse(b"a", Piece.of("b" * 500), b"c")
    response.compress()
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content) == b"a" + b"b" * 500 + b"c"
    assert int(response["Content-Length"]) == len(response.content)


def test_the_shelf_keeps_what_was_wanted_last():
    shelf = Shelf(limit=3 * len(Piece.of("1").packed))
    made: list[str] = []

    def want(text: str) -> None:
        def make() -> Piece:
            made.append(text)
            return Piece.of(text)

        assert shelf.get(text, make).unpacked == text.encode()

    for text in "1231451":
        want(text)
    assert made == ["1", "2", "3", "4", "5"]  # 1 was wanted again in time
    want("2")
    assert made[-1] == "2"


def test_many_who_want_the_same_have_it_made_once():
    shelf, made = Shelf(), []

    def make() -> Piece:
        time.sleep(0.05)
        made.append(1)
        return Piece.of("x")

    threads = [threading.Thread(target=shelf.get, args=("key", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
