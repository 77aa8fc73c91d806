"""Accounts: how they are made, how a log-in is locked, and what ends a session."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone

from districts.models import Membership
from districts.roles import Role
from projects.models import Project
from tests.desk import address
from tests.factories import make_district, make_project
from tests.members import logged_in, make_editor
from zaozhuang.logins import client_address

pytestmark = pytest.mark.django_db

GOOD = "four horses, one staple"


def create_editor(*args: str) -> str:
    output = StringIO()
    call_command("create_editor", *args, stdout=output)
    return output.getvalue()


def log_in(
    client: Client, name: str, password: str, page: str = "/admin/login/", **meta: Any
) -> Any:
    return client.post(page, {"username": name, "password": password}, **meta)


def test_an_editor_is_made_with_a_password_that_is_shown_once() -> None:
    here = make_district(slug="here")
    project = make_project(district=here)
    said = create_editor("zhang", "--district", "here", "--district", "here", "--generate")
    user = User.objects.get(username="zhang")
    password = said.split("shown only now: ")[1].strip()
    assert "zhang: district-editor, here." in said
    assert (user.is_staff, user.is_superuser, user.check_password(password)) == (True, False, True)
    assert Membership.objects.get().place == here
    client = Client()
    assert log_in(client, "zhang", password).status_code == 302
    assert client.get(address(Project, "change", project.pk)).status_code == 200
    assert user.has_perm("projects.change_project", project)
    create_editor("li", "--role", "city-editor", "--generate")
    assert User.objects.get(username="li").has_perm("districts.write_everywhere")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["zhang"], "needs at least one --district"),
        (["zhang", "--district", "there"], "no district there. Known: here"),
        (["zhang", "--role", "viewer", "--district", "here"], "for district editors"),
        (["taken", "--district", "here"], "已存在"),
        (["two words", "--district", "here"], "用户名"),
        (["zhang", "--role", "king"], "invalid choice"),
    ],
)
def test_an_editor_is_refused_with_a_reason(args: list[str], said: str) -> None:
    make_district(slug="here")
    User.objects.create_user("taken")
    with pytest.raises(CommandError, match=said):
        create_editor(*args, "--generate")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "typed", [["zhangzhang", "zhangzhang"], ["12345678", "12345678"], ["a", "b"]]
)
def test_a_weak_or_mistyped_password_makes_no_account(
    typed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_district(slug="here")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: typed.pop())
    with pytest.raises(CommandError):
        create_editor("zhangzhang", "--district", "here")
    assert not User.objects.exists()


def test_a_password_that_is_typed_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    make_district(slug="here")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: GOOD)
    assert GOOD not in create_editor("zhang", "--district", "here")
    assert User.objects.get().check_password(GOOD)


# Lock-out.


@pytest.fixture
def zhang() -> User:
    return make_editor(name="zhang", password=GOOD)


@pytest.mark.usefixtures("zhang")
@override_settings(AXES_FAILURE_LIMIT=3)
def test_a_log_in_is_locked_for_a_while_and_says_how_long() -> None:
    client = Client()
    for _try in range(2):
        assert log_in(client, "zhang", "wrong").status_code == 200
    for page, text in (("/admin/login/", "15"), ("/en/admin/login/", "15 more minutes")):
        response = log_in(client, "zhang", "wrong", page)
        assert response.status_code == 429
        assert text in response.text
        assert 0 < int(response.headers["Retry-After"]) <= 900
    # The right password does not help, and trying does not make it longer.
    first = AccessAttempt.objects.get().attempt_time
    assert log_in(client, "zhang", GOOD).status_code == 429
    assert AccessAttempt.objects.get().attempt_time == first
    assert "_auth_user_id" not in client.session
    # Another address, another user: not locked.
    assert log_in(Client(), "zhang", GOOD, REMOTE_ADDR="203.0.113.9").status_code == 302
    make_editor(name="li", password=GOOD)
    assert log_in(Client(), "li", GOOD).status_code == 302
    # And it ends by itself.
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert log_in(client, "zhang", GOOD).status_code == 302


@pytest.mark.usefixtures("zhang")
@override_settings(AXES_FAILURE_LIMIT=3)
def test_a_success_forgives_what_was_mistyped() -> None:
    client = Client()
    for _time in range(3):
        assert [log_in(client, "zhang", "wrong").status_code for _try in range(2)] == [200, 200]
        assert log_in(client, "zhang", GOOD).status_code == 302
        client.post("/admin/logout/")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "", None),
        (1, "not an address", None),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_what_the_trusted_proxies_saw(
    proxies: int, forwarded: str, address: str | None
) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    with override_settings(TRUSTED_PROXIES=proxies):
        assert client_address(request) == address


@pytest.mark.usefixtures("zhang")
@override_settings(AXES_FAILURE_LIMIT=3, TRUSTED_PROXIES=1)
def test_a_forged_header_does_not_escape_the_lock() -> None:
    codes = [
        log_in(
            Client(), "zhang", "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{n}, 203.0.113.9"
        ).status_code
        for n in range(4)
    ]
    assert codes == [200, 200, 429, 429]


# Sessions.


@pytest.mark.usefixtures("zhang")
def test_a_log_in_gets_a_new_session() -> None:
    client = Client()
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["sessionid"] = str(session.session_key)
    planted = session.session_key
    assert log_in(client, "zhang", GOOD).status_code == 302
    assert client.session.session_key != planted
    assert not Session.objects.filter(pk=planted).exists()
    cookie = client.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_a_new_password_ends_the_other_sessions(zhang: User) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        log_in(client, "zhang", GOOD)
        assert client.get("/admin/").status_code == 200
    better = GOOD + " twice"
    response = here.post(
        "/admin/password_change/",
        {"old_password": GOOD, "new_password1": better, "new_password2": better},
    )
    assert response.status_code == 302
    assert here.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/").status_code == 302
    zhang.refresh_from_db()
    assert zhang.check_password(better)


@pytest.mark.parametrize(
    "weak",
    [
        "short1!",
        "password123",  # everybody's
        "8317460925",  # digits alone
        "zhangzhang",  # like the name
    ],
)
def test_ones_own_new_password_keeps_the_rules(zhang: User, weak: str) -> None:
    User.objects.filter(pk=zhang.pk).update(first_name="zhangzhang")
    client = logged_in(zhang)
    typed = {"old_password": GOOD, "new_password1": weak, "new_password2": weak}
    for page in ("/admin/password_change/", "/en/admin/password_change/"):
        response: Any = client.post(page, typed)
        assert response.status_code == 200
        assert list(response.context["adminform"].form.errors) == ["new_password2"]
    wrong = typed | {"old_password": "wrong"}
    assert "old_password" in client.post(page, wrong).context["adminform"].form.errors
    zhang.refresh_from_db()
    assert zhang.check_password(GOOD)


@pytest.mark.usefixtures("zhang")
@override_settings(AXES_FAILURE_LIMIT=3, TRUSTED_PROXIES=0)
def test_without_a_proxy_no_header_escapes_the_lock() -> None:
    codes = [
        log_in(Client(), "zhang", "wrong", HTTP_X_FORWARDED_FOR=f"198.51.100.{n}").status_code
        for n in range(4)
    ]
    assert codes == [200, 200, 429, 429]


def test_a_password_set_by_an_administrator_ends_all_sessions(zhang: User) -> None:
    client = Client()
    log_in(client, "zhang", GOOD)
    administrator = logged_in(make_editor(role=Role.ADMINISTRATOR))
    page = f"/admin/auth/user/{zhang.pk}/password/"
    weak = {"password1": "12345678", "password2": "12345678", "usable_password": "true"}
    assert administrator.post(page, weak).status_code == 200
    strong = weak | {"password1": GOOD + "!", "password2": GOOD + "!"}
    assert administrator.post(page, strong).status_code == 302
    assert client.get("/admin/").status_code == 302


def test_an_account_that_is_closed_is_out_at_once(zhang: User) -> None:
    client = Client()
    log_in(client, "zhang", GOOD)
    User.objects.filter(pk=zhang.pk).update(is_active=False)
    assert client.get("/admin/").status_code == 302
