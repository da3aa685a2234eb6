"""What the codes of the readers mean, in sentences."""

from __future__ import annotations

from django.utils.translation import gettext as _

from lookups.engine.reports import errors


def sentences(*texts: str) -> str:
    """Sentences one after the other; after a full-width stop there is no space."""
    joined = " ".join(text for text in texts if text)
    return joined.replace("。 ", "。")


def refusal(code: str) -> str:
    """Why a file was not read, and what to do."""
    messages = {
        "empty": _("There is nothing in it."),
        "too-large": _("It is larger than %(limit)d MB.") % {"limit": errors.MAX_FILE // 1_000_000},
        "inflated": _("Unpacked it becomes far too large, as no report does."),
        "total": _("All files together are too much. Read fewer at once."),
        "members": _("Too many files are packed in it. Read them in smaller lots."),
        "overlap": _("The files in this archive overlap, as in a zip bomb."),
        "nested": _("There is an archive within the archive. Unpack the outer one first."),
        "encrypted": _("The archive has a password. Unpack it first."),
        "compression": _("The archive is packed by an unusual method. Unpack it first."),
        "truncated": _("It ends too early: part of it is missing. Fetch it again."),
        "corrupt": _("It is damaged. Fetch it again."),
        "unknown": _("It is neither XML, JSON, gzip, zip nor a mail."),
        "mail": _("This mail carries no report. Save the whole mail with its attachment."),
        "doctype": _("It declares a document type, which no report needs and attackers use."),
        "depth": _("It is nested far too deeply for a report."),
        "text": _("A single piece of text in it is far too long for a report."),
        "records": _("It has more entries than can be read here."),
        "encoding": _("Its characters are in no encoding that could be found."),
        "xml": _("Its XML is not well-formed."),
        "json": _("Its JSON is not well-formed."),
        "not-a-report": _("It is well-formed, but no report about DMARC or TLS."),
    }
    return messages[code]


def group_title(group: str) -> str:
    titles = {
        "neither": _("Neither passes: DMARC fails"),
        "dkim": _("Only DKIM passes"),
        "spf": _("Only SPF passes"),
        "both": _("Both pass"),
    }
    return titles[group]


def group_note(group: str) -> str:
    notes = {
        "neither": _("Your policy decides what receivers do with these."),
        "dkim": _("Enough for DMARC. Forwarded mail looks like this."),
        "spf": _("Enough for DMARC, until somebody forwards the mail."),
        "both": _("Nothing to do."),
    }
    return notes[group]


def disposition(word: str) -> str:
    words = {
        "none": _("delivered as usual"),
        "pass": _("passed"),
        "quarantine": _("quarantined"),
        "reject": _("rejected"),
    }
    return words.get(word, word)


def reason(type: str) -> str:
    """Why a receiver overrode the policy (RFC 9990 §3.1.1.8, RFC 7489 Appendix C)."""
    words = {
        "forwarded": _("forwarded, as far as the receiver can tell"),
        "sampled_out": _("left out by the percentage in pct"),
        "trusted_forwarder": _("came from a forwarder that the receiver trusts"),
        "mailing_list": _("came through a mailing list"),
        "local_policy": _("the receiver’s own rule"),
        "policy_test_mode": _("the policy is being tested (t=y)"),
        "other": _("another reason"),
    }
    return words.get(type, type)


def tls_policy(type: str) -> str:
    words = {
        "sts": "MTA-STS",
        "tlsa": "DANE (TLSA)",
        "no-policy-found": _("no policy found"),
    }
    return words.get(type, type)


def tls_result(type: str) -> str:
    """What went wrong, RFC 8460 §4.3."""
    words = {
        "starttls-not-supported": _("The server offered no STARTTLS."),
        "certificate-host-mismatch": _("The certificate is for other names than the server’s."),
        "certificate-expired": _("The certificate has expired."),
        "certificate-not-trusted": _("The certificate is from nobody whom the sender trusts."),
        "validation-failure": _("TLS failed for a reason that has no name of its own."),
        "tlsa-invalid": _("The TLSA records do not match the certificate, or cannot be used."),
        "dnssec-invalid": _("The DNSSEC signatures of the server’s name do not validate."),
        "dane-required": _("The sender requires DANE, and there are no TLSA records."),
        "sts-policy-fetch-error": _("The MTA-STS policy could not be fetched."),
        "sts-policy-invalid": _("The MTA-STS policy has mistakes in it."),
        "sts-webpki-invalid": _("The host of the MTA-STS policy has no valid certificate."),
    }
    return words.get(type, type)


def tls_remedy(type: str) -> str:
    """What to mend; "" for a type of the reporter's own."""
    words = {
        "starttls-not-supported": _(
            "Turn on STARTTLS on this server, or find out what strips it on the way: some "
            "firewalls do."
        ),
        "certificate-host-mismatch": _(
            "Have the certificate name the host exactly as the MX record does."
        ),
        "certificate-expired": _(
            "Renew the certificate, and make sure that the mail server loads the new one."
        ),
        "certificate-not-trusted": _(
            "Use a certificate of a public authority, and send the intermediate certificates along."
        ),
        "validation-failure": _(
            "The reporter’s reason code says more. If there is none, try the server yourself."
        ),
        "tlsa-invalid": _(
            "Publish the TLSA record of the new key before the server uses it, and remove the old "
            "one after."
        ),
        "dnssec-invalid": _("Check the chain of DNSSEC: DS, DNSKEY and the dates of signatures."),
        "dane-required": _("Publish TLSA records for the server, in a signed zone."),
        "sts-policy-fetch-error": _(
            "Check that the policy is at https://mta-sts.your-domain/.well-known/mta-sts.txt, and "
            "answers without a redirect."
        ),
        "sts-policy-invalid": _(
            "Write the policy anew: version, mode, max_age, and one mx line for each server."
        ),
        "sts-webpki-invalid": _(
            "The host mta-sts.your-domain needs a certificate of its own name from a public "
            "authority."
        ),
    }
    return words.get(type, "")


def auth_failure(type: str) -> str:
    """What failed, RFC 6591 §3.3."""
    words = {
        "adsp": _("the author’s domain signing practice (ADSP, given up since)"),
        "bodyhash": _("DKIM: the body was changed"),
        "revoked": _("DKIM: the key was revoked"),
        "signature": _("DKIM: the signature does not verify"),
        "spf": "SPF",
        "dmarc": "DMARC",
    }
    return words.get(type, type)


def delivery(type: str) -> str:
    words = {
        "delivered": _("delivered"),
        "spam": _("put with the spam"),
        "policy": _("handled as the receiver’s policy says"),
        "reject": _("rejected"),
        "other": _("something else"),
    }
    return words.get(type, type)
