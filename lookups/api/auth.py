"""Which token an operation needs. The middleware has settled who asks; this only compares."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security.base import AuthBase

from .caller import Caller, missing_scope, no_token


class Token(AuthBase):
    """`scope`: what a token must have, if any. `anonymous`: whether it goes without one, too."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = (
        "A token that you make in your account (`/account/tokens/`). It begins with `mxp_`."
    )

    def __init__(self, scope: str = "", anonymous: bool = False) -> None:
        self.scope, self.anonymous = scope, anonymous
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller:
        caller: Caller = request.api_caller  # type: ignore[attr-defined]
        if caller.token is None and not self.anonymous:
            raise no_token()
        if caller.token is not None and self.scope and not caller.has(self.scope):
            raise missing_scope(self.scope)
        request.user = caller.user  # never the one of a session
        return caller
