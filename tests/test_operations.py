"""What whoever runs the tracker switches on: limits, metrics, Sentry, a closed site, filings."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import Client, RequestFactory, override_settings

from tests.members import logged_in, make_editor
from zaozhuang import sentry


@pytest.fixture(autouse=True)
def _no_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


# Limits


def status(client: Client, path: str, **extra: Any) -> int:
    response = client.get(path, **extra)
    if response.streaming:
        b"".join(response)
    return response.status_code


@override_settings(EXPORT_REQUESTS_PER_MINUTE=2)
@pytest.mark.parametrize(
    ("prefix", "title"),
    [("", "来自您的地址的请求过多"), ("/en", "Too many requests from your address")],
)
def test_exports_have_a_limit(report: None, client: Client, prefix: str, title: str) -> None:
    for name in ("projects.csv", "data.zip"):
        assert status(client, f"{prefix}/{name}") == 200
    refused = client.get(f"{prefix}/changes.xlsx")
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert title in refused.text
    # Pages go on, and so do other addresses and who is signed in.
    assert status(client, f"{prefix}/projects/") == 200
    csv = f"{prefix}/projects.csv"
    assert status(client, csv, REMOTE_ADDR="203.0.113.9") == 200
    forged = {"X-Forwarded-For": "203.0.113.10"}
    assert status(client, csv, headers=forged) == 429
    with override_settings(TRUSTED_PROXIES=1):
        assert status(client, csv, headers=forged) == 200
    client.force_login(User.objects.create_user("editor"))
    assert status(client, csv) == 200


@override_settings(LOGIN_REQUESTS_PER_MINUTE=3)
def test_one_address_cannot_try_many_names(db: None, client: Client) -> None:
    def code(name: str, **extra: Any) -> int:
        said = {"username": name, "password": "123456"}
        return client.post("/en/admin/login/", said, **extra).status_code

    assert [code(name) for name in ("a", "b", "c", "d")] == [200, 200, 200, 429]
    assert code("d", REMOTE_ADDR="203.0.113.9") == 200
    assert client.get("/en/admin/login/").status_code == 200


# A closed site


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_closed_site(report: None, client: Client, prefix: str) -> None:
    with override_settings(LOGIN_REQUIRED=True):
        for page in ("/", "/projects/", "/projects.csv", "/data.zip", "/changes.atom", "/about/"):
            response = client.get(f"{prefix}{page}")
            assert response.status_code == 302, page
            assert response.headers["Location"] == f"{prefix}/admin/login/?next={prefix}{page}"
        part = client.get(f"{prefix}/projects/", headers={"HX-Request": "true"})
        assert (part.status_code, part.content) == (200, b"")
        assert part.headers["HX-Redirect"].startswith(f"{prefix}/admin/login/")
        for page in ("/api/", "/api/projects/", "/api/schema/", "/api/nothing/"):
            response = client.get(f"{prefix}{page}")
            assert response.status_code == 403, page
            assert "detail" in response.text
        # What must stay open.
        assert client.get(f"{prefix}/admin/login/").status_code == 200
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
        assert client.get("/nowhere/").status_code == 404
        # Who has an account reads all of it, whatever they may write.
        reader = logged_in(make_editor(role="viewer"))
        for page in ("/", "/projects.csv", "/api/projects/", "/api/schema/"):
            assert status(reader, f"{prefix}{page}") == 200, page
    assert client.get(f"{prefix}/").status_code == 200


# Filings


def test_the_foot_names_the_filings(db: None, admin_client: Client) -> None:
    assert "beian" not in admin_client.get("/about/").text
    with override_settings(
        ICP_NUMBER="鲁ICP备2023000000号-1", PUBLIC_SECURITY_NUMBER="鲁公网安备37040002000000号"
    ):
        for page in ("/about/", "/en/about/", "/nowhere/", "/admin/"):
            text = admin_client.get(page).text
            assert (
                'href="https://beian.miit.gov.cn/" rel="noreferrer">鲁ICP备2023000000号-1<' in text
            )
            assert "beian.mps.gov.cn/#/query/webSearch?code=37040002000000" in text


# Metrics


def test_metrics_are_off_unless_switched_on(client: Client, db: None) -> None:
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize(
    ("token", "headers", "address", "code"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {}, "::1", 200),
        ("", {}, "203.0.113.9", 403),
        ("", {}, "", 403),
        # A proxy on the same machine.
        ("", {"X-Forwarded-For": "203.0.113.9"}, "127.0.0.1", 403),
        ("a-token-of-metrics", {}, "127.0.0.1", 403),
        ("a-token-of-metrics", {"Authorization": "Bearer a-token-of-metrics"}, "203.0.113.9", 200),
        ("a-token-of-metrics", {"Authorization": "Bearer ä"}, "203.0.113.9", 403),
    ],
)
def test_who_may_read_the_metrics(
    db: None, token: str, headers: dict[str, str], address: str, code: int
) -> None:
    with override_settings(METRICS=True, METRICS_TOKEN=token, LOGIN_REQUIRED=True):
        response = Client().get("/metrics", headers=headers, REMOTE_ADDR=address)
    assert response.status_code == code


def test_metrics_count_pages_and_not_addresses(db: None, settings: Any) -> None:
    settings.METRICS = True
    settings.MIDDLEWARE = ["zaozhuang.metrics.middleware", *settings.MIDDLEWARE]
    client = Client()
    for _time in range(3):
        client.get("/projects/no-such-project/")
    client.get("/no/such/address/")
    text = client.get("/metrics").text
    assert 'tracker_requests_total{method="GET",page="project",status="404"} 3.0' in text
    assert 'tracker_request_seconds_count{page="project"} 3.0' in text
    assert 'page="none",status="404"' in text
    assert "no-such" not in text


# Sentry

# Not beside the lines that break, which Sentry is shown.
EMAIL = "wangwu77@example.org"


def test_sentry_is_told_what_broke_and_not_whom(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import sentry_sdk
    from sentry_sdk.transport import Transport

    sent: list[Any] = []

    class Kept(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            sent.append(envelope)

    sentry.start("https://key@sentry.example/1", transport=Kept())
    try:

        def breaks(*args: Any) -> Any:
            secret = "-".join(["hidden", "variable"])
            raise ValueError(f"refused {EMAIL} {len(secret)}")

        monkeypatch.setattr("districts.views.render", breaks)
        # The handler would close the connection, and with it end the test's transaction.
        monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)
        client = logged_in(make_editor(name=EMAIL.partition("@")[0], email=EMAIL))
        asked = RequestFactory().get("/sources/?q=private-search", REMOTE_ADDR="203.0.113.9")
        asked.environ |= {
            "HTTP_COOKIE": client.cookies.output(header="", sep=";"),
            "HTTP_USER_AGENT": "Agent/7",
        }
        headers: dict[str, str] = {}
        answering: Any = WSGIHandler()
        answering(asked.environ, lambda status, found: headers.update(found))
        sentry_sdk.flush()
    finally:
        sentry_sdk.get_client().close()
        sentry_sdk.get_global_scope().set_client(None)
    events = [item.payload.json for envelope in sent for item in envelope.items]
    told = str(events)
    assert "ValueError" in told
    assert events[0]["tags"]["request_id"] == headers["X-Request-ID"]
    assert events[0]["request"] == {"method": "GET", "url": "http://testserver/sources/"}
    for private in (
        *("wangwu77", "private-search", "-".join(["hidden", "variable"]), "Agent/7", "203.0.113.9"),
        client.session.session_key,
    ):
        assert str(private) not in told, private
