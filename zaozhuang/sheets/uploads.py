"""Receiving a file: what is larger than any that is read is not even kept while it comes in."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

from zaozhuang.sheets import limits


class BoundedUploadHandler(FileUploadHandler):
    """Stands before Django's own handlers, and passes on what is not too large."""

    received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Hand the piece on; raises SkipFile, and lets the view know, when it is one too many."""
        self.received += len(raw_data)
        if self.received > limits.BYTES:
            if self.request is not None:
                self.request._sheet_too_large = True  # type: ignore[attr-defined]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def was_too_large(request: HttpRequest) -> bool:
    """Whether a file of this request was passed over for its size."""
    request.FILES  # noqa: B018 — reads what was sent
    return getattr(request, "_sheet_too_large", False)
