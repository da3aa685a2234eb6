"""Reports and containers made for the tests."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[3] / "../shared/data/reports"


def sample(name: str) -> bytes:
    """A sample by others, which is no part of the project."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no {path}")
    return path.read_bytes()


def record(
    ip: str = "192.0.2.1", count: int | str = 1, dkim: str = "pass", spf: str = "pass",
    disposition: str = "none", author: str = "example.com", results: str = "", reason: str = "",
) -> str:  # fmt: skip
    return f"""<record><row><source_ip>{ip}</source_ip><count>{count}</count>
      <policy_evaluated><disposition>{disposition}</disposition><dkim>{dkim}</dkim>
      <spf>{spf}</spf>{reason}</policy_evaluated></row>
      <identifiers><header_from>{author}</header_from></identifiers>
      <auth_results>{results}</auth_results></record>"""


def dkim(domain: str, result: str = "pass", selector: str = "s1") -> str:
    inner = f"<domain>{domain}</domain><selector>{selector}</selector><result>{result}</result>"
    return f"<dkim>{inner}</dkim>"


def spf(domain: str, result: str = "pass") -> str:
    return f"<spf><domain>{domain}</domain><scope>mfrom</scope><result>{result}</result></spf>"


def aggregate(
    *records: str, org: str = "Reporter", id: str = "r1", begin: int = 1_700_000_000,
    domain: str = "example.com", policy: str = "<p>none</p>", namespace: str = "", head: str = "",
) -> bytes:  # fmt: skip
    scope = f' xmlns="{namespace}"' if namespace else ""
    text = f"""{head}<feedback{scope}><report_metadata><org_name>{org}</org_name>
      <email>dmarc@reporter.example</email><report_id>{id}</report_id>
      <date_range><begin>{begin}</begin><end>{begin + 86399}</end></date_range></report_metadata>
      <policy_published><domain>{domain}</domain>{policy}</policy_published>
      {"".join(records) or record()}</feedback>"""
    return text.encode()


def tls(failures: list[dict] | None = None, good: int = 10, bad: int = 0, **more) -> bytes:
    policy = {"policy-type": "sts", "policy-domain": "example.com", "policy-string": "v: STSv1"}
    counts = {"total-successful-session-count": good, "total-failure-session-count": bad}
    whole = {
        "organization-name": "Reporter",
        "report-id": "t1",
        "date-range": {
            "start-datetime": "2024-01-09T00:00:00Z",
            "end-datetime": "2024-01-09T23:59:59Z",
        },
        "policies": [{"policy": policy, "summary": counts, "failure-details": failures or []}],
    }
    return json.dumps(whole | more).encode()


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def mail(data: bytes, type: str = "application/gzip", text: str = "See attachment.") -> bytes:
    """A mail with a text and one attachment."""
    encoded = base64.encodebytes(data).decode()
    return f"""From: dmarc@reporter.example\r
Subject: Report domain: example.com\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed;\r
 boundary="=_next"\r
\r
--=_next\r
Content-Type: text/plain\r
\r
{text}\r
--=_next\r
Content-Type: {type}; name="report.xml.gz"\r
Content-Transfer-Encoding: base64\r
Content-Disposition: attachment; filename="report.xml.gz"\r
\r
{encoded}\r
--=_next--\r
""".encode()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
