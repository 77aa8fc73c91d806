"""Settings and addresses of a site whose one view says hello, under the tracker's own middleware.

All but the one that answers unchanged pages: what it costs is what hello is compared with.
"""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from zaozhuang.settings import *  # noqa: F403
from zaozhuang.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if name != "zaozhuang.unchanged.middleware"]
ROOT_URLCONF = "tests.bench.hello"


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


urlpatterns = [path("", hello)]
