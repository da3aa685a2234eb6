"""DNSSEC validation: from a trust anchor down to one answer (RFC 4033 to 4035, RFC 6840).

`security_of` says of an answer whether it is secure, insecure, bogus or indeterminate; `examine`
says why. Whatever resolver is asked need not validate; it must hand signatures on.
"""

from .chain import Reason, Zone, zone_at
from .denial import Denial
from .signatures import Fault
from .status import Security
from .validation import Examination, examine, security_of

__all__ = [
    "Denial",
    "Examination",
    "Fault",
    "Reason",
    "Security",
    "Zone",
    "examine",
    "security_of",
    "zone_at",
]
