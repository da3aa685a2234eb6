"""Replies in words: statuses, flags, sections, types, and why an answer failed."""

from __future__ import annotations

from django.utils.translation import gettext as _


def outcome_words(outcome: str, rcode: str = "") -> str:
    """A sentence on what became of a question."""
    sentences = {
        "answer": _("NOERROR: the question was answered."),
        "nodata": _("NOERROR without an answer: the name exists, but not with this type."),
        "nxdomain": _("NXDOMAIN: the name does not exist, with no type at all."),
        "servfail": _(
            "SERVFAIL: the server tried and failed. Often the zone’s own servers do not answer, or "
            "DNSSEC does not validate."
        ),
        "refused": _("REFUSED: the server does not want to answer this question from here."),
        "timeout": _("Nothing came back: the server is silent, or something on the way is."),
        "deadline": _("Nothing came back before the time of this page was over."),
        "lame": _("The server knows nothing of this zone and does not resolve for others."),
        "malformed": _("What came back is no DNS message."),
        "tcp-failed": _(
            "The reply did not fit into UDP, and over TCP, where the whole would be, nobody "
            "answered."
        ),
        "referral": _("The server does not answer itself: it refers to the servers of a zone."),
        "budget": _("Not asked: this page had asked enough."),
        "crowded": _(
            "Not asked: this site has put so many questions to this server just now that it spares "
            "it for a moment. That says nothing about the server."
        ),
    }
    if outcome == "other-rcode":
        return _("%(rcode)s: %(meaning)s") % {"rcode": rcode, "meaning": _rcode_words(rcode)}
    return sentences.get(outcome, outcome)


def _rcode_words(rcode: str) -> str:
    """RFC 1035 §4.1.1, RFC 2136 §2.2, RFC 6891 §9."""
    words = {
        "FORMERR": _("the server could not read the question."),
        "NOTIMP": _("the server does not do this kind of question."),
        "NOTAUTH": _("the server does not speak for this zone."),
        "BADVERS": _("the server does not know this version of EDNS."),
    }
    return words.get(rcode, _("an error that is rare in answers to plain questions."))


def flag_words(flag: str) -> str:
    """What a flag says when it is set (RFC 1035 §4.1.1, RFC 4035 §3.2, RFC 3225 §3)."""
    words = {
        "qr": _("This message is a reply."),
        "aa": _("Authoritative answer: it comes from the zone itself, not from a cache."),
        "tc": _("Truncated: there is more than fits. The whole is to be had over TCP."),
        "rd": _("Recursion desired: the question wanted the server to ask others if need be."),
        "ra": _("Recursion available: the server asks others on behalf of whoever asks it."),
        "z": _("A bit without a meaning, which should be 0."),
        "ad": _("Authenticated data: the resolver has validated the answer with DNSSEC."),
        "cd": _("Checking disabled: the question asked not to have DNSSEC validated."),
        "do": _("DNSSEC OK: signatures are wanted along with the records."),
    }
    return words.get(flag, "")


def section_words(section: str) -> str:
    words = {
        "answer": _("The answer"),
        "authority": _("Who is in charge"),
        "additional": _("Beside it, without being asked"),
    }
    return words[section]


def type_words(rdtype: str) -> str:
    """What records of a type hold, for those that are not taken apart; empty for others."""
    words = {
        "RRSIG": _("A signature over the records of one type (DNSSEC)."),
        "NSEC": _("Proves which names and types there are, and so which there are not (DNSSEC)."),
        "NSEC3": _("The same proof as NSEC, with hashed names (DNSSEC)."),
        "NSEC3PARAM": _("How the zone hashes names for NSEC3 (DNSSEC)."),
        "CDS": _("A DS record that the zone wants published above it."),
        "CDNSKEY": _("A key that the zone wants a DS record for, above it."),
        "HTTPS": _("How a web server of this name is reached."),
        "SVCB": _("How a service of this name is reached."),
        "NAPTR": _("Rewrites a name into another, for telephony and the like."),
        "SSHFP": _("The fingerprint of a server’s SSH key."),
        "OPENPGPKEY": _("A person’s OpenPGP key."),
        "SMIMEA": _("A person’s S/MIME certificate."),
        "SPF": _("The former type of SPF records. Receivers look at TXT only."),
        "HINFO": _("About the machine; also the short answer to ANY."),
        "DNAME": _("An alias for everything below the name."),
        "LOC": _("A place on earth."),
        "URI": _("An address on the web for a service."),
    }
    return words.get(rdtype, "")


def error_words(code: int) -> str:
    """What an extended DNS error (RFC 8914 §4) is about; empty for those that say little."""
    words = {
        1: _("The zone is signed with an algorithm that the resolver does not know."),
        3: _("The answer is out of date: the servers could not be reached for a new one."),
        4: _("The resolver gives this answer instead of the real one."),
        6: _("DNSSEC does not validate."),
        7: _("A signature has expired: the zone was not signed anew in time."),
        8: _("A signature is not valid yet: somebody’s clock is wrong."),
        9: _("The key that the DS record above names is not in the zone."),
        10: _("Signatures are missing in a zone that should be signed."),
        12: _("The proof that there is nothing is missing."),
        13: _("The failure is remembered from a moment ago."),
        15: _("The resolver’s operator blocks this name."),
        16: _("The resolver has to block this name."),
        17: _("The resolver blocks this name because its user wished so."),
        18: _("The resolver does not answer clients from here."),
        20: _("The server does not speak for this zone."),
        22: _("None of the zone’s own servers could be reached."),
        23: _("The network failed on the way to the zone’s own servers."),
        24: _("The zone’s data is not in order."),
    }
    return words.get(code, "")
