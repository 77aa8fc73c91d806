"""What is shipped: which parts, under which licence, as they were locked, and with what known against them."""

import gzip
import hashlib
import json
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.browser.server import free_port
from tests.supply import advisories, audit, parts, sbom
from tests.supply.locks import Locked, npm_lock, python_lock

Answerer = Callable[[str, dict[str, Any]], Any]


def test_every_locked_part_is_listed_with_its_licence() -> None:
    """A part that was added, updated or dropped shows here: `make licences` brings both in line."""
    found = parts.parts()
    text = parts.DOCUMENT.read_text(encoding="utf-8")
    assert parts.PARTS.read_text(encoding="utf-8") == parts.as_json(found)
    assert text == parts.as_document(found, text)
    assert len(found["python"]) == len(python_lock("base"))
    assert len(found["browser"]) == len(npm_lock()) + 1, "htmx comes with a package of Python"


def test_a_part_whose_licence_is_vague_has_to_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(parts.LICENCES, "django-csp")
    with pytest.raises(SystemExit, match="django-csp does not say precisely"):
        parts.parts()


@pytest.mark.usefixtures("report")
def test_the_page_about_names_them_all(client: Client) -> None:
    for path, heading in (("/about/", "第三方组件"), ("/en/about/", "Parts of others")):
        page = client.get(path).text
        assert heading in page
        for rows in parts.parts().values():
            for row in rows:
                cells = f"{row['name']}</th><td>{row['version']}</td><td>{row['licence']}</td>"
                assert cells in page


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    sbom.main()  # which refuses what is not valid
    written: dict[str, Any] = json.loads(sbom.TARGET.read_text(encoding="utf-8"))
    return written


def test_the_bill_of_materials_holds_every_part_with_what_is_locked(bill: dict[str, Any]) -> None:
    components = {one["purl"]: one for one in bill["components"]}
    for name, locked in python_lock("base").items():
        (archives,) = components[f"pkg:pypi/{name}@{locked.version}"]["externalReferences"]
        assert {one["content"] for one in archives["hashes"]} == set(locked.hashes)
    for name, entry in npm_lock().items():
        (found,) = components[f"pkg:npm/{name}@{entry['version']}"]["hashes"]
        assert bytes.fromhex(found["content"]) == b64decode(entry["integrity"][7:])
    assert len(components) == len(python_lock("base")) + len(npm_lock())
    assert all(one["licenses"] for one in components.values())
    needs = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert any(ref.startswith("pkg:pypi/sqlparse@") for ref in needs[django(components)])
    assert django(components) in needs["zaozhuang"]


def django(components: dict[str, Any]) -> str:
    (ref,) = [purl for purl in components if purl.startswith("pkg:pypi/django@")]
    return ref


# --- Is what is installed what is locked ---------------------------------------------------


def test_a_package_that_is_not_as_locked_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # Their files are looked at in the next test, and by `make audit`.
    monkeypatch.setattr(audit, "changed_files", lambda package: iter(()))
    assert audit.installed_faults() == []
    assert audit.script_faults() == []

    def false(name: str) -> dict[str, Locked]:
        locked = python_lock(name)
        locked.pop("sqlparse", None)
        locked["missing"] = Locked("1.0", None, ("0" * 64,))
        locked["django"] = Locked("5.2.0", None, ())
        return locked

    monkeypatch.setattr(audit, "python_lock", false)
    there = metadata.version("django")
    assert audit.installed_faults() == [
        f"django is {there}, locked is 5.2.0",
        "django is locked without a hash",
        "missing 1.0 is locked and not installed",
        "sqlparse is not locked",
    ]


def test_a_file_that_was_changed_after_installation_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "part-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: part\nVersion: 1.0\n")
    for name in ("kept.py", "changed.py"):
        (tmp_path / name).write_text("good\n")
    digest = urlsafe_b64encode(hashlib.sha256(b"good\n").digest()).rstrip(b"=").decode()
    files = ["kept.py", "changed.py", "gone.py"]
    (folder / "RECORD").write_text("".join(f"{name},sha256={digest},5\n" for name in files))
    (tmp_path / "changed.py").write_text("evil\n")
    package = metadata.PathDistribution(folder)
    assert list(audit.changed_files(package)) == [
        f"{tmp_path / 'changed.py'} was changed",
        f"{tmp_path / 'gone.py'} is missing",
    ]


# --- What is known about it ----------------------------------------------------------------


@pytest.fixture
def service() -> Iterator[Callable[[Answerer], str]]:
    """Starts a service on this machine that answers as the function says; gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answerer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                content = json.dumps(answer(self.path, json.loads(body))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm and pip-audit keep what they were told, and this was made up."""
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CACHE_DIR", str(tmp_path / "pip"))


@pytest.mark.usefixtures("_own_caches")
def test_what_the_services_know_is_reported(service: Callable[[Answerer], str]) -> None:
    def osv(path: str, asked: dict[str, Any]) -> Any:
        if asked["package"]["name"] != "babel":
            return {}
        known = {"id": "PYSEC-0000-1", "aliases": ["CVE-0000-1"], "affected": []}
        return {"vulns": [known | {"summary": "made up", "modified": "2026-01-01T00:00:00Z"}]}

    def registry(path: str, asked: dict[str, Any]) -> Any:
        assert path == "/-/npm/v1/security/advisories/bulk"
        assert set(asked) == set(npm_lock())
        known = {"id": 1, "url": "nowhere", "title": "made up", "severity": "high"}
        return {"zrender": [known | {"vulnerable_versions": ">=0.0.1", "cwe": [], "cvss": {}}]}

    version = metadata.version("babel")
    asked = audit.ask_about_python(service(osv) + "/v1/query", "build")
    assert asked == ([f"babel {version} (PyPI): PYSEC-0000-1, CVE-0000-1"], "")
    asked = audit.ask_about_scripts(service(registry))
    assert "zrender (npm), high: made up (nowhere)" in asked.findings
    assert asked.silence == ""


@pytest.mark.usefixtures("_own_caches")
def test_a_service_that_is_not_reached_is_not_taken_for_an_answer() -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    for asked in (
        audit.ask_about_python(f"{nobody}/v1/query", "build"),
        audit.ask_about_scripts(nobody),
    ):
        assert asked.findings == []
        assert asked.silence


def test_what_could_not_be_asked_is_said_and_decides_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "installed_faults", list)
    monkeypatch.setattr(audit, "ROOT", tmp_path)  # where no advisories are
    monkeypatch.setattr(audit, "ask_about_scripts", lambda: audit.Asked([]))
    monkeypatch.setattr(audit, "ask_about_python", lambda: audit.Asked([], "no route"))
    monkeypatch.delenv("ADVISORIES", raising=False)
    monkeypatch.delenv("OFFLINE", raising=False)
    monkeypatch.setattr(audit, "script_faults", list)
    assert audit.main() == 2
    said = capsys.readouterr().out
    assert "COULD NOT ASK: no route" in said
    assert "That is not" in said
    monkeypatch.setenv("OFFLINE", "1")
    assert audit.main() == 0
    assert "COULD NOT ASK: OFFLINE is set" in capsys.readouterr().out
    monkeypatch.setenv("ADVISORIES", str(write_advisories(tmp_path)))
    assert audit.main() == 1
    assert "OSV-1, CVE-1 made up" in capsys.readouterr().out
    monkeypatch.setenv("ADVISORIES", str(tmp_path / "nowhere"))
    assert audit.main() == 1


def write_advisories(folder: Path) -> Path:
    """A collection in which one of three is about what is locked."""
    place = folder / "advisories"
    place.mkdir()
    about = {"package": {"ecosystem": "PyPI", "name": "Django"}}
    live = {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}
    fixed = {"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]}
    common = {"aliases": ["CVE-1"], "summary": "made up", "modified": "2026-01-01T00:00:00Z"}
    known = [
        {"id": "OSV-1", "affected": [about | live]} | common,
        {"id": "OSV-2", "affected": [about | fixed]} | common,
        {"id": "OSV-3", "affected": [about | live], "withdrawn": "2026-01-02T00:00:00Z"} | common,
    ]
    (place / "some.json").write_text(json.dumps(known))
    return place


@pytest.mark.parametrize(
    ("version", "affected", "known"),
    [
        ("1.2.0", {"versions": ["1.2.0"]}, True),
        ("1.2.1", {"versions": ["1.2.0"]}, False),
        ("1.2.0", {"events": [{"introduced": "0"}, {"fixed": "1.2.1"}]}, True),
        ("1.2.1", {"events": [{"introduced": "0"}, {"fixed": "1.2.1"}]}, False),
        ("1.10.0", {"events": [{"introduced": "1.9"}, {"fixed": "1.11"}]}, True),
        ("2.0", {"events": [{"fixed": "3.0"}, {"introduced": "1.0"}, {"fixed": "1.5"}, {"introduced": "1.9"}]}, True),
        ("1.7", {"events": [{"introduced": "1.0"}, {"fixed": "1.5"}, {"introduced": "1.9"}]}, False),
        ("1.5", {"events": [{"introduced": "1.0"}, {"last_affected": "1.5"}]}, True),
        ("1.6", {"events": [{"introduced": "1.0"}, {"last_affected": "1.5"}]}, False),
        ("1.6", {"type": "GIT", "events": [{"introduced": "0"}]}, False),
    ],
)  # fmt: skip
def test_whether_an_advisory_is_about_a_version(
    version: str, affected: dict[str, Any], known: bool
) -> None:
    if "events" in affected:
        affected = {"ranges": [{"type": "SEMVER"} | affected]}
    advisory = {"id": "X", "affected": [{"package": {"ecosystem": "npm", "name": "p"}} | affected]}
    assert bool(advisories.findings([advisory], "npm", {"p": version})) is known
    assert advisories.findings([advisory], "PyPI", {"p": version}) == []


def test_a_file_that_holds_no_advisory_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"name": "x"}')
    with pytest.raises(ValueError, match=r"other\.json: not an advisory"):
        list(advisories.read(tmp_path))
