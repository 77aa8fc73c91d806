"""Settings come from the environment, refuse what is mistyped and demand what must be set."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from zaozhuang.environment import env_bool, env_int, env_list, secret_key

ROOT = Path(__file__).resolve().parent.parent


def manage(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with the real settings and no other variable of the tracker's."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=inherited | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("yes", True), (" TRUE ", True), ("on", True)]
    + [("0", False), ("no", False), ("False", False), ("off", False), ("", False)],
)
def test_a_boolean_variable(text: str, value: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLAG", text)
    assert env_bool("FLAG", default=not value) is value


def test_a_variable_that_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLAG", raising=False)
    assert env_bool("FLAG", default=True) is True
    assert env_int("FLAG", 7) == 7
    assert env_list("FLAG", ["a"]) == ["a"]


def test_a_mistyped_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDS", "6O")
    with pytest.raises(ImproperlyConfigured, match="SECONDS='6O'"):
        env_int("SECONDS", 60)


def test_a_list_has_no_empty_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTS", " a.example, ,b.example,")
    assert env_list("HOSTS", []) == ["a.example", "b.example"]


@pytest.mark.parametrize("name", ["DEBUG", "PRODUCTION", "BEHIND_PROXY", "SECURE_SSL_REDIRECT"])
def test_a_typo_in_a_boolean_variable_stops_the_start(name: str) -> None:
    ran = manage("check", **{name: "fasle"})
    assert ran.returncode != 0
    assert f"{name}='fasle' is neither true nor false" in ran.stderr


def test_a_filing_that_cannot_be_one_stops_the_start() -> None:
    ran = manage(
        "check", PUBLIC_SECURITY_NUMBER="鲁公网安备3704号", ICP_NUMBER="鲁ICP备2023000000号-1"
    )
    assert ran.returncode != 0
    assert "PUBLIC_SECURITY_NUMBER is not of the form wanted, such as 鲁" in ran.stderr


def test_production_demands_a_secret_key() -> None:
    ran = manage("check", PRODUCTION="1", ALLOWED_HOSTS="tracker.example")
    assert ran.returncode != 0
    assert "SECRET_KEY must be set when PRODUCTION is on." in ran.stderr


def test_a_local_secret_key_is_made_once_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    file = tmp_path / "new" / "secret_key"
    key = secret_key(file, production=False)
    assert len(key) >= 50
    assert secret_key(file, production=False) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        secret_key(file, production=True)
    monkeypatch.setenv("SECRET_KEY", "from outside")
    assert secret_key(file, production=True) == "from outside"


def test_the_deployment_check_is_clean(tmp_path: Path) -> None:
    ran = manage(
        "check",
        "--deploy",
        "--fail-level=WARNING",
        PRODUCTION="1",
        ALLOWED_HOSTS="tracker.example",
        SECRET_KEY=secrets.token_urlsafe(60),
        DATABASE_URL=f"sqlite:///{tmp_path / 'db.sqlite3'}",
    )
    assert ran.stdout + ran.stderr == "System check identified no issues (0 silenced).\n"
    assert ran.returncode == 0


def test_nothing_is_shown_to_the_world_by_default() -> None:
    ran = manage(
        "shell",
        "-v0",
        "-c",
        "from django.conf import settings as s; print(s.DEBUG, s.ALLOWED_HOSTS)",
        SECRET_KEY="x",
    )
    assert ran.stdout == "False ['127.0.0.1', 'localhost', '[::1]']\n", ran.stderr


def test_migrations_say_what_models_say(tmp_path: Path) -> None:
    ran = manage(
        "makemigrations",
        "--check",
        "--dry-run",
        SECRET_KEY="x",
        DATABASE_URL=f"sqlite:///{tmp_path / 'db.sqlite3'}",
    )
    assert ran.returncode == 0, ran.stdout


def test_a_worker_has_loaded_the_pages_before_anybody_asks() -> None:
    """And no search for garbage goes through them again."""
    loaded = "'projects.urls' in sys.modules"
    program = (
        "import gc, sys; from zaozhuang import gunicorn, wsgi;"
        f"assert not {loaded}; gunicorn.post_worker_init(None);"
        f"assert {loaded}; assert gc.get_freeze_count() > 100_000"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
