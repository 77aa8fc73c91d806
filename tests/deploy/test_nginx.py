"""The example of deploy/nginx.conf with a real nginx in front of a real server."""

import gzip
import http.client
import json
import shutil
import socket
import sqlite3
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest

from tests import nginx
from tests.browser.server import ROOT
from tests.soak.server import Server, serving

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"  # two visitors, as the proxy sees them
# More than are fetched at once, by half.
ROWS = 3000


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Site(NamedTuple):
    """The two servers, and how a browser reaches them."""

    proxy: nginx.Proxy
    server: Server

    def connect(self, address: str = HERE, *, secure: bool = True) -> http.client.HTTPConnection:
        """A connection as of a browser at `address` that looked up the site's name."""
        port = self.proxy.secure if secure else self.proxy.plain
        plain = socket.create_connection((HERE, port), timeout=30, source_address=(address, 0))
        connection = http.client.HTTPConnection(nginx.NAME)
        connection.sock = plain
        if secure:
            trust = ssl.create_default_context(cafile=str(self.proxy.folder / "fullchain.pem"))
            connection.sock = trust.wrap_socket(plain, server_hostname=nginx.NAME)
        return connection

    def ask(
        self,
        path: str,
        headers: dict[str, str] | None = None,
        *,
        address: str = HERE,
        secure: bool = True,
        form: dict[str, str] | bytes | None = None,
    ) -> Answer:
        connection = self.connect(address, secure=secure)
        heads = dict(headers or {})
        body = urlencode(form).encode() if isinstance(form, dict) else form
        if body is not None:
            heads.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request("GET" if body is None else "POST", path, body, heads)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, seeded: Path) -> Iterator[Site]:
    binary = nginx.executable()
    if binary is None:
        if nginx.REQUIRED:
            pytest.fail(nginx.ABSENT, pytrace=False)
        pytest.skip(nginx.ABSENT)
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(seeded / "tracker.sqlite3", folder)
    with (
        # One process with one thread: what keeps it waiting shows at once.
        serving(
            folder,
            PRODUCTION="1",
            ALLOWED_HOSTS=nginx.NAME,
            BEHIND_PROXY="1",
            TRUSTED_PROXIES="1",
            LOGIN_ATTEMPTS="2",
            WEB_THREADS="1",
        ) as server,
        nginx.proxy(binary, tmp_path_factory.mktemp("nginx"), f"{HERE}:{server.port}") as proxy,
    ):
        yield Site(proxy, server)


def database(site: Site) -> sqlite3.Connection:
    return sqlite3.connect(site.server.folder / "tracker.sqlite3", timeout=20)


def test_pages_pass_through_with_their_headers(site: Site) -> None:
    """What the server says is what the browser gets, whichever way it was asked."""
    through = site.ask("/projects/", {"Accept-Encoding": "gzip"})
    direct = http.client.HTTPConnection(HERE, site.server.port, timeout=30)
    direct.request(
        "GET",
        "/projects/",
        headers={"Host": nginx.NAME, "X-Forwarded-Proto": "https", "Accept-Encoding": "gzip"},
    )
    response = direct.getresponse()
    response.read()
    direct.close()
    changing = {"date", "server", "connection", "transfer-encoding", "content-length", "set-cookie"}
    # A header that names the request names another each time.
    changing |= {name.lower() for name in response.headers if "request" in name.lower()}
    mine = {(n.lower(), v) for n, v in through.headers.items() if n.lower() not in changing}
    theirs = {(n.lower(), v) for n, v in response.headers.items() if n.lower() not in changing}
    assert through.status == response.status == 200
    assert mine == theirs
    assert {"content-security-policy", "strict-transport-security"} <= {name for name, _v in mine}
    assert through.headers["Server"] == "nginx", "no version"
    assert through.headers["Content-Encoding"] == "gzip"
    assert f"https://{nginx.NAME}/en/projects/".encode() in gzip.decompress(through.body)


def test_plain_http_leads_to_https_whatever_the_visitor_claims(site: Site) -> None:
    answer = site.ask("/projects/?q=a%20b", {"X-Forwarded-Proto": "https"}, secure=False)
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{nginx.NAME}/projects/?q=a%20b"


def test_another_name_gets_no_answer(site: Site) -> None:
    """Neither over plain http nor in the handshake, nor with the right handshake and another name."""
    with pytest.raises(http.client.RemoteDisconnected):
        site.ask("/", {"Host": "evil.example"}, secure=False)
    trust = ssl.create_default_context(cafile=str(site.proxy.folder / "fullchain.pem"))
    with (
        socket.create_connection((HERE, site.proxy.secure), timeout=10) as plain,
        pytest.raises(ssl.SSLError),
    ):
        trust.wrap_socket(plain, server_hostname="evil.example")
    with pytest.raises(http.client.RemoteDisconnected):
        site.ask("/", {"Host": "evil.example"})
    forged = site.ask("/", {"X-Forwarded-Host": "evil.example"})
    assert forged.status == 200
    assert b"evil.example" not in forged.body


def test_the_address_of_a_visitor_is_what_the_proxy_saw(site: Site) -> None:
    """Another claim with each try does not get around the lock; another address is not locked."""

    def log_in(address: str, claim: str) -> int:
        page = site.ask("/admin/login/", address=address)
        token = page.headers["Set-Cookie"].split(";")[0].partition("=")[2]
        hidden = page.body.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        heads = {
            "Cookie": f"csrftoken={token}",
            "Referer": f"https://{nginx.NAME}/admin/login/",
            "X-Forwarded-For": claim,
            "X-Real-IP": claim,
            "Forwarded": f"for={claim}",
        }
        form = {"username": "somebody", "password": "wrong", "csrfmiddlewaretoken": hidden}
        return site.ask("/admin/login/", heads, address=address, form=form).status

    tries = [log_in(HERE, "203.0.113.1"), log_in(HERE, "203.0.113.2, 127.0.0.9")]
    assert tries == [200, 429]
    assert log_in(ELSEWHERE, HERE) == 200
    with database(site) as rows:
        seen = rows.execute("SELECT ip_address, failures_since_start FROM axes_accessattempt")
        assert sorted(seen) == [(HERE, 2), (ELSEWHERE, 1)]


def static_names() -> list[str]:
    manifest = json.loads((ROOT / "var" / "static" / "staticfiles.json").read_text())
    return [f"/static/{manifest['paths'][name]}" for name in ("main.css", "main.js")]


def test_static_files_are_kept_for_ever_compressed_and_cached(site: Site) -> None:
    for name in static_names():
        sizes = {}
        for form in ("identity", "gzip", "br"):
            for _again in range(2):
                answer = site.ask(name, {"Accept-Encoding": form})
                assert answer.status == 200
                assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Content-Encoding"] in (form, None)
            sizes[form] = len(answer.body)
        assert sizes["br"] < sizes["gzip"] < sizes["identity"] / 2
        # nginx writes its line after it has answered.
        end = time.monotonic() + 10
        while len(told := site.proxy.told(name)) < 6 and time.monotonic() < end:
            time.sleep(0.02)
        assert told == ["MISS", "HIT"] * 3, "each form is asked for once"


def grow(site: Site) -> None:
    """Some thousands of projects more: copies of one, in one statement."""
    with database(site) as rows:
        columns = [row[1] for row in rows.execute("PRAGMA table_info(projects_project)")]
        own = {"id": "1000000 + n", "slug": "slug || n", "name": "name || n", "parent_id": "NULL"}
        values = ", ".join(own.get(column, column) for column in columns)
        rows.execute(
            f"""WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {ROWS})
            INSERT INTO projects_project ({", ".join(columns)})
            SELECT {values} FROM (SELECT * FROM projects_project LIMIT 1), copy"""
        )


def test_an_export_leaves_while_it_is_made_and_a_slow_reader_keeps_nobody_waiting(
    site: Site,
) -> None:
    grow(site)
    connection = site.connect()
    # A reader that takes little at a time: what is sent waits on the way, not in this machine's
    # buffers. With a few thousand bytes it would not get faster afterwards, either.
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
    start = time.monotonic()
    connection.request(
        "GET", "/en/projects.csv?headers=codes", headers={"Accept-Encoding": "identity"}
    )
    response = connection.getresponse()
    first = response.read1(100)
    to_the_first = time.monotonic() - start
    assert response.status == 200
    assert response.getheader("Transfer-Encoding") == "chunked"
    # The only thread is free once the export is made, though its reader has not moved.
    assert site.ask("/healthz").status == 200
    made = time.monotonic() - start
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    rest = response.read()
    connection.close()
    # A third of the rows is still to be fetched and written when the first leave.
    assert to_the_first < 0.9 * made, f"first bytes after {to_the_first:.2f} s of {made:.2f} s"
    lines = (first + rest).decode().splitlines()
    assert len(lines) > ROWS
    assert lines[-1].count(",") >= lines[0].count(",")


def test_an_upload_that_is_too_large_is_refused_before_it_reaches_the_server(site: Site) -> None:
    limit = 12 * 1024 * 1024
    connection = site.connect()
    connection.putrequest("POST", "/admin/login/")
    connection.putheader("Content-Length", str(limit + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    just_below = site.ask("/admin/login/", form=b"a=" + b"x" * (limit - 2))
    assert just_below.status in (400, 403), "the server's own answer"


def test_a_server_that_is_down_is_announced_in_both_languages(site: Site) -> None:
    """Static files still come from the cache."""
    name = static_names()[0]
    assert site.ask(name).status == 200
    site.server.end()
    # The door of systemd would keep visitors waiting; without it nginx is refused.
    site.server.door.close()
    answer = site.ask("/projects/")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "10"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert "暂时无法访问" in answer.body.decode()
    assert "Unavailable for a moment" in answer.body.decode()
    assert site.ask(name).status == 200
