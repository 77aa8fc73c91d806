"""Settings and addresses of a site whose one view says hello, under the tracker's own middleware."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from zaozhuang.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.hello"


def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse("hello")


urlpatterns = [path("", hello)]
