"""Under which name things stand in the cache: allauth counts attempts there by address, and no
address of a visitor is to be read in Redis."""

from __future__ import annotations

from django.utils.crypto import salted_hmac


def cache_key(key: str, key_prefix: str, version: int) -> str:
    whole = f"{key_prefix}:{version}:{key}"
    return "cache:" + salted_hmac("mxplain.cache", whole, algorithm="sha256").hexdigest()[:40]
