"""Would this mail pass? SPF, DKIM and DMARC put together for one mail (RFC 9989 §5.3).

`mail` is what is known of the mail, `alignment` compares domains, `ruling` applies the policy,
`advice` says what to do, and `judge` asks DNS and calls the others, none of which does.
"""

from .advice import Advice
from .alignment import Identifier
from .judge import Judgement, SpfCheck, judge
from .mail import Mail, Mailbox, Signature
from .ruling import Older, Ruling

__all__ = [
    "Advice",
    "Identifier",
    "Judgement",
    "Mail",
    "Mailbox",
    "Older",
    "Ruling",
    "Signature",
    "SpfCheck",
    "judge",
]
