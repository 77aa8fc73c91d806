"""Headers of every answer, of pages as of files and errors, that no setting of Django's gives."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

# No other site's page may embed or read an answer, and no page of ours embeds another site's.
ISOLATION = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


def isolation(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Keeps what is answered to this origin; the opener policy is Django's own."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in ISOLATION.items():
            response.headers.setdefault(name, value)
        return response

    return handle
