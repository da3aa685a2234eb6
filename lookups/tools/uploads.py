"""Files that visitors give to a tool: how large, how many, and what is said where it is too much.

What happens to the body of a POST: the ASGI handler spools it to disk, whatever its size (so
`portal/asgi.py` refuses monstrous ones before); Django reads forms from there, files above
FILE_UPLOAD_MAX_MEMORY_SIZE go to temporary files, fields that are no files are refused above
DATA_UPLOAD_MAX_MEMORY_SIZE (both 2.5 MB), more than DATA_UPLOAD_MAX_NUMBER_FILES files (100) too.
So memory stays bounded, and what a tool takes is settled here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .base import ToolError

MEGABYTE = 1_000_000
ENVELOPE = 100_000  # of the body, beside the files: other fields, and what stands between the parts


def limited(request: HttpRequest, max_bytes: int) -> None:
    """Raises ToolError if the body is larger than `max_bytes`. To be called before the body is
    looked at: a body without Content-Length is empty to Django's reader of forms."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > max_bytes:
        raise ToolError(
            _("That is too much at once: at most %(limit)s MB.") % {"limit": max_bytes // MEGABYTE}
        )


class _FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One or several files: a list of UploadedFile, each of at most `max_bytes`."""

    def __init__(self, max_files: int, max_bytes: int, **kwargs: Any) -> None:
        self.max_files, self.max_bytes = max_files, max_bytes
        super().__init__(**{"widget": _FilesInput(), "allow_empty_file": True} | kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:  # type: ignore[override]
        given: Sequence[Any] = data if isinstance(data, list | tuple) else [data] if data else []
        if not given:
            super().clean(None, initial)  # says that it is missing, if it must be there
            return []
        if len(given) > self.max_files:
            raise forms.ValidationError(
                _("At most %(count)d files at once.") % {"count": self.max_files}
            )
        files = [super(FilesField, self).clean(file, initial) for file in given]
        for file in files:
            if (file.size or 0) > self.max_bytes:
                raise forms.ValidationError(
                    _("“%(name)s” is too large: at most %(limit)s MB a file.")
                    % {"name": str(file.name)[:100], "limit": self.max_bytes // MEGABYTE}
                )
        return files
