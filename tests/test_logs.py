"""A log tells what went wrong and in which request, and nothing about persons."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError
from django.test import Client, override_settings

from tests.members import make_editor
from zaozhuang import logs
from zaozhuang.environment import env_text, env_url

PASSWORD = "Correct-Horse-7-battery"


class Lines(logging.Handler):
    """What the formatters make of all that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(logs.Quiet())
        self.written: list[str] = []
        self.forms: list[logging.Formatter] = [logs.JsonLines(), logs.TextLines()]

    def emit(self, record: logging.LogRecord) -> None:
        self.written += [form.format(record) for form in self.forms]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written if line.startswith("{")]


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    root, access = logging.getLogger(), logging.getLogger("zaozhuang.access")
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    access.setLevel(logging.INFO)
    # Each statement with its values, which nobody switches on in production.
    logging.getLogger("django.db").setLevel(logging.WARNING)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)
    access.setLevel(logging.WARNING)


@override_settings(ACCESS_LOG=True)
def test_nothing_about_persons_and_no_secrets(
    db: None, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_editor(name="zhang", password=PASSWORD, email="zhang@example.org")
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.get("/admin/login/")
    token = client.cookies["csrftoken"].value
    said = {"csrfmiddlewaretoken": token, "username": "zhang", "password": "wrong-Horse-8"}
    client.post("/admin/login/", said)
    client.post("/admin/login/", said | {"csrfmiddlewaretoken": "forged"})
    client.post("/admin/login/", said | {"password": PASSWORD})
    session = client.session.session_key
    assert session

    def breaks(*args: Any) -> Any:
        raise IntegrityError(
            f"duplicate key\nDETAIL:  Key (email)=({user.email}) already exists: {session},"
            f" {token}, password={PASSWORD}, postgres://tracker:{PASSWORD}@db:5432/tracker"
        )

    monkeypatch.setattr("districts.views.render", breaks)
    assert client.get("/sources/?q=private-search").status_code == 500
    client.get("/nowhere/", HTTP_HOST="foreign.example")
    text = "\n".join(lines.written)
    assert "duplicate key" in text
    for private in (
        *(PASSWORD, "wrong-Horse-8", "zhang", session, token, token[:32], "private-search"),
        "127.0.0.1",
    ):
        assert private not in text, private
    assert {"/sources/", "/admin/login/"} <= {event.get("path") for event in lines.events}


def test_a_broken_request_is_found_by_its_number(
    db: None, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*args: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("districts.views.render", breaks)
    response = Client(raise_request_exception=False).get("/en/sources/")
    number = response.headers["X-Request-ID"]
    assert response.status_code == 500
    assert number in response.text
    errors = [event for event in lines.events if event["level"] == "ERROR"]
    assert [event["request_id"] for event in errors] == [number]
    assert errors[0]["message"] == "Internal Server Error: /en/sources/"
    assert errors[0]["status_code"] == 500
    assert "ZeroDivisionError" in errors[0]["traceback"]
    assert any(f"[{number}]\nTraceback" in line for line in lines.written)


def test_a_database_that_is_away_does_not_fill_the_log(db: None, lines: Lines) -> None:
    from tests.test_faults import database, refused

    with database(refused):
        Client(raise_request_exception=False).get("/sources/")
    (event,) = [event for event in lines.events if event.get("status_code") == 503]
    assert event["level"] == "WARNING"
    assert "traceback" not in event
    assert "OperationalError" in event["message"]


@pytest.mark.parametrize(
    ("proxies", "given", "kept"),
    [
        (1, "0123-abcd.EF", True),
        (0, "0123-abcd.EF", False),
        (1, "short", False),
        (1, "a" * 65, False),
        (1, "with spaces here", False),
        (1, "<script>alert(1)</script>", False),
        (1, "", False),
    ],
)
def test_only_a_proxy_gives_a_number(client: Client, proxies: int, given: str, kept: bool) -> None:
    with override_settings(TRUSTED_PROXIES=proxies):
        number = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert (number == given) is kept
    assert logs.WELL_FORMED.fullmatch(number)


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("sent to li.si@example.org.cn today", "sent to [e-mail] today"),
        ("postgres://a:b@host/x", "postgres://[secret]@host/x"),
        ("sessionid=abc123; csrftoken=def", "sessionid=[secret]; csrftoken=[secret]"),
        ("{'password': 'p w'}", "{'password': [secret] w'}"),
        ("Authorization: Bearer abc.def", "Authorization: [secret]"),
        ("ip=203.0.113.9: bad", "ip=[address] bad"),
        ("/projects/zaozhuang-lithium/", "/projects/zaozhuang-lithium/"),
        ("Internal Server Error: /en/sources/", "Internal Server Error: /en/sources/"),
    ],
)
def test_what_is_taken_out_of_a_text(text: str, instead: str) -> None:
    assert logs.scrubbed(text) == instead


def test_variables_of_a_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICP", "ICP 2023")
    with pytest.raises(ImproperlyConfigured, match="ICP is not of the form"):
        env_text("ICP", r"鲁ICP备\d+号", example="鲁ICP备2023000000号")
    monkeypatch.setenv("ICP", "鲁ICP备2023000000号")
    assert env_text("ICP", r"鲁ICP备\d+号", example="") == "鲁ICP备2023000000号"
    for wrong in ("sentry.example/1", "ftp://key@sentry.example/1", "https://:9"):
        monkeypatch.setenv("SENTRY_DSN", wrong)
        with pytest.raises(ImproperlyConfigured, match="SENTRY_DSN") as raised:
            env_url("SENTRY_DSN", ["http", "https"])
        assert wrong not in str(raised.value)  # it may be a secret
    monkeypatch.delenv("SENTRY_DSN")
    assert env_url("SENTRY_DSN", ["https"]) == ""
