"""TXT records that are none of mail's: proofs of ownership, and whatever else (RFC 1464)."""

from __future__ import annotations

import re

from .txt import Part

# What services have a domain publish to see whose it is: "google-site-verification=…", "MS=ms…".
_PROOF = re.compile(
    r"(?P<name>[A-Za-z0-9._-]{0,60}(?:verif|validat|challenge|ownership|domain-?key|site-?owner)"
    r"[A-Za-z0-9._-]{0,40}|MS|[a-z0-9-]{2,40}-code)(?P<mark>[=: ] ?)(?P<value>\S+)",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,60})(?P<mark>=)(?P<value>.*)", re.DOTALL)


def parts(text: str) -> list[Part]:
    """The text as one piece, or the name and the value of a proof or of name=value."""
    for pattern, kind in ((_PROOF, "proof"), (_PAIR, "pair")):
        if match := pattern.fullmatch(text.strip()):
            start = len(text) - len(text.lstrip())
            name, mark, value = match["name"], match["mark"], match["value"]
            pieces = [
                Part(text[:start]),
                Part(name, f"txt.{kind}-name"),
                Part(mark),
                Part(value, f"txt.{kind}-value"),
                Part(text[start + len(match[0]) :]),
            ]
            return [piece for piece in pieces if piece.text]
    return [Part(text, "txt.text")] if text else []
