"""The files in deploy/ and the Dockerfile, judged by the tools that will read them."""

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from tests.browser.server import ROOT

DEPLOY = ROOT / "deploy"
UNITS = ["tracker.service", "tracker.socket", "tracker-nightly.service", "tracker-nightly.timer"]
# Of 10; what systemd itself calls “OK” ends at 3.
EXPOSURE = 15  # tenths
FILLED_IN = {"SECRET_KEY": "k" * 60, "DATABASE_PASSWORD": "p", "ALLOWED_HOSTS": "tracker.example"}

Compose = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> Compose:
    loaded: Compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def tool(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/bin")
    if found is None:
        pytest.skip(f"{name} is not installed on this machine")
    return found


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    ran = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert ran.stdout + ran.stderr == ""
    assert ran.returncode == 0


def test_the_image_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "--require-hashes" in text
    # What the build needs as a key is said in one command and is in no layer of what runs.
    assert not re.search(r"^(ARG|ENV).*(SECRET|PASSWORD|DATABASE_URL)", text, re.MULTILINE)
    assert "SECRET_KEY" not in last
    assert not re.search(r"^COPY (?!--from=build)", last, re.MULTILINE)


def in_the_context(name: str) -> bool:
    """Whether .dockerignore lets a path into the build; the last line that matches decides."""
    taken = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern, keep = line.removeprefix("!"), line.startswith("!")
            parents = [name, *map(str, Path(name).parents)]
            patterns = [pattern, pattern.removeprefix("**/")]
            if any(fnmatch.fnmatch(part, one) for part in parents for one in patterns):
                taken = keep
    return taken


def test_the_build_takes_what_it_copies_and_nothing_a_machine_left_behind() -> None:
    for left in (".env", "deploy/.env", "var/secret_key", "var/tracker.sqlite3", ".git/config"):
        assert not in_the_context(left), left
    for left in ("node_modules/x", ".venv/x", "assets/dist/main.js", "tests/settings.py"):
        assert not in_the_context(left), left
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY --from=build /opt/tracker/(\S+)", text, re.MULTILINE)
    made = {"assets/dist", "var/static"}
    taken = {name for name in copied if name not in made}
    assert {"zaozhuang", "districts", "projects", "templates", "manage.py"} <= taken
    for name in sorted(taken | {"Makefile", "package-lock.json", ".npmrc", "assets/main.js"}):
        assert (ROOT / name).exists(), name
        assert in_the_context(name), name


def test_every_container_is_rootless_read_only_and_without_rights(compose: Compose) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert int(service["user"].partition(":")[0]) > 0, name
        assert "privileged" not in service, name
    services = compose["services"]
    assert services["database"]["healthcheck"]["test"][1] == "pg_isready"
    assert "ports" not in services["database"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert services["database"]["networks"] == ["inside"]
    assert all(port.startswith("127.0.0.1:") for port in services["web"]["ports"])
    assert services["web"]["depends_on"] == {
        "database": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_compose_holds_no_secret_and_demands_each(compose: Compose) -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    for name in FILLED_IN:
        assert f"${{{name}:?" in text
    example = dict(
        line.split("=")
        for line in (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert set(example) == set(FILLED_IN)
    assert example["SECRET_KEY"] == example["DATABASE_PASSWORD"] == ""


def test_compose_reads_the_file_itself() -> None:
    """Only where its plugin is installed; the client alone does not know compose files."""
    docker = tool("docker")
    if subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose plugin on this machine")
    ran = subprocess.run(
        [docker, "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--quiet"],
        env=os.environ | FILLED_IN,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units as they would be installed, with the Python of this machine in the place of theirs."""
    folder = tmp_path_factory.mktemp("units")
    for name in UNITS:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        text = text.replace("/opt/tracker/.venv/bin/python", sys.executable)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_systemd_accepts_the_units(units: Path) -> None:
    ran = subprocess.run(
        [tool("systemd-analyze"), "verify", *(str(units / name) for name in UNITS)],
        capture_output=True,
        text=True,
    )
    assert ran.stdout + ran.stderr == ""
    assert ran.returncode == 0


@pytest.mark.parametrize("name", ["tracker.service", "tracker-nightly.service"])
def test_systemd_finds_the_services_shut_in(units: Path, name: str) -> None:
    analyse = tool("systemd-analyze")
    command = [analyse, "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager"]
    ran = subprocess.run([*command, str(units / name)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-400:]
    # The judgement can fail: the same without its walls does.
    text = (units / name).read_text(encoding="utf-8")
    bare = units / f"bare-{name}"
    bare.write_text(text.partition("NoNewPrivileges")[0], encoding="utf-8")
    assert subprocess.run([*command, str(bare)], capture_output=True).returncode != 0


def test_the_server_waits_longer_than_its_requests() -> None:
    """systemd, compose and nginx give gunicorn the time that it gives its requests."""
    config = (ROOT / "zaozhuang" / "gunicorn.py").read_text(encoding="utf-8")
    graceful = int(re.findall(r"graceful_timeout = (\d+)", config)[0])
    unit = (DEPLOY / "tracker.service").read_text(encoding="utf-8")
    assert int(re.findall(r"TimeoutStopSec=(\d+)", unit)[0]) > graceful
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert int(re.findall(r"web:.*?stop_grace_period: (\d+)s", text, re.DOTALL)[0]) > graceful


def test_the_page_of_a_server_that_is_away_needs_nothing_from_it() -> None:
    page = (DEPLOY / "unavailable.html").read_text(encoding="utf-8")
    assert not re.search(r"src=|href=|<script|<style|style=", page)


def test_the_nightly_work_runs_commands_that_there_are() -> None:
    text = (DEPLOY / "tracker-nightly.service").read_text(encoding="utf-8")
    named = re.findall(r"manage\.py (\w+)", text)
    assert named == ["backup", "audit_data"]
    assert set(named) <= set(get_commands())


def test_the_documents_name_commands_files_and_variables_that_there_are() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = set(re.findall(r"(?:^|\W)manage(?:\.py)? ([a-z_]+)", operations))
    assert {"migrate", "backup", "restore", "audit_data", "create_editor"} <= commands
    assert commands - set(get_commands()) == set()
    for text in (operations, security):
        for name in re.findall(r"(?:/opt/tracker/|`)(deploy/[\w.*-]+)", text):
            assert name == "deploy/.env" or list(ROOT.glob(name)), name
    targets = set(re.findall(r"`make ([a-z]+)", operations + security))
    assert targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for name in set(re.findall(r"^([A-Z_]{4,})=|`([A-Z_]{4,})[=`]", operations, re.MULTILINE)):
        variable = "".join(name)
        # That of gunicorn, and a word of SQL, are not the tracker's.
        if variable not in ("GUNICORN_CMD_ARGS", "ANALYZE"):
            assert f"`{variable}`" in readme, variable
