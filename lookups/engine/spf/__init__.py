"""check_host(): what SPF says of one sender (RFC 7208 §4)."""

from .evaluate import check_host
from .result import Check, Result, Step, Verdict

__all__ = ["Check", "Result", "Step", "Verdict", "check_host"]
