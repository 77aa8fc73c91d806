"""What only a real server sees: requests byte by byte, as nobody's browser sends them.

One gunicorn on the database of the tests; each request stands on a connection of its own.
"""

import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.server import running_server
from tests.test_race import database

PATIENCE = 20


class Server:
    def __init__(self, url: str, log: Path) -> None:
        self.netloc = urlsplit(url).netloc
        self.log = log

    def send(self, request: bytes) -> "Answer":
        """The answer to these bytes; blank where the server closes without one."""
        host, port = self.netloc.split(":")
        with socket.create_connection((host, int(port)), PATIENCE) as connection:
            begun = time.monotonic()
            connection.sendall(request)
            received = bytearray()
            while chunk := connection.recv(65536):
                received += chunk
            return Answer(bytes(received), time.monotonic() - begun)

    def ask(
        self, target: bytes, *headers: bytes, method: bytes = b"GET", body: bytes = b""
    ) -> "Answer":
        lines = [method + b" " + target + b" HTTP/1.1", *headers, b"Connection: close"]
        if not any(line.lower().startswith(b"host:") for line in headers):
            lines.append(b"Host: " + self.netloc.encode())
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        return self.send(b"\r\n".join(lines) + b"\r\n\r\n" + body)


class Answer:
    def __init__(self, received: bytes, seconds: float) -> None:
        head, _blank, self.body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.lower(): value.strip() for name, _colon, value in pairs}
        self.seconds = seconds

    @property
    def ours(self) -> bool:
        """Whether the tracker answered, not the server before it."""
        return "content-security-policy" in self.headers


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, seeded: Path, django_db_setup: None
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with database(folder) as address:
        copied = address.startswith("sqlite")
        if copied:
            shutil.copy(seeded / "tracker.sqlite3", address.removeprefix("sqlite:///"))
        with running_server(folder, address, prepared=copied) as url:
            yield Server(url, folder / "server.log")


@pytest.fixture(autouse=True)
def _nothing_broke(server: Server) -> Iterator[None]:
    yield
    log = server.log.read_text(errors="replace")
    assert "Internal Server Error" not in log
    assert "Error handling request" not in log


ODD = [
    b"%00", b"a%00b", b"%ff%fe", b"%c0%80", b"%ed%a0%80", b"%f0%9f%94%8b", b"%e2%80%ae%e2%80%8f",
    b"%EF%BC%91%EF%BC%92", b"9" * 400, b"NaN", b"-Infinity", b"1e999", b"2023-02-30", b"99999-01-01",
    b"%", b"%zz", b"%25_%5C", b"'%20OR%201=1--", b"%0d%0aSet-Cookie:%20x=1", b"", b"+", b"%2e%2e%2f" * 9,
    b"{{7*7}}", b"$(id)", b"a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["q", "district", "as_of", "ordering", "page", "company", "utm_source"]
)
def test_odd_values_get_a_page_or_a_reason(server: Server, name: str) -> None:
    for value in ODD:
        for page in (b"/projects/", b"/en/projects.csv"):
            answer = server.ask(page + b"?" + name.encode() + b"=" + value)
            assert answer.status in (200, 400), (name, value)
            assert answer.ours, value
            if answer.status == 400:
                assert f"<code>{name}</code>".encode() in answer.body, (name, value)


def test_a_search_takes_signs_literally(server: Server) -> None:
    every = server.ask(b"/projects.csv?headers=codes").body.count(b"\r\n")
    for sign in (b"%25", b"_", b"%5C", b"%25%25", b"_%25"):
        rows = server.ask(b"/projects.csv?headers=codes&q=" + sign).body
        assert rows.count(b"\r\n") < every
    assert server.ask(b"/projects.csv?q=%E9%94%82").body.count(b"\r\n") > 2


def test_long_addresses_and_many_parameters(server: Server) -> None:
    assert server.ask(b"/projects/?" + b"&".join([b"a=1"] * 500)).status == 200
    refused = server.ask(b"/projects/?" + b"&".join([b"a=1"] * 1001))
    assert (refused.status, refused.ours) == (400, True)
    assert b"<h1>" in refused.body
    # Longer than any address of ours: the server itself says no, briefly.
    assert server.ask(b"/projects/?q=" + b"a" * 9000).status in (400, 414)
    assert server.ask(b"/" + b"a/" * 2000).status == 404
    assert server.ask(b"/", b"X: " + b"a" * 20000).status in (400, 431)


def test_paths_that_are_no_text(server: Server) -> None:
    # Letters as they are, which no browser sends: the server itself says no.
    for raw in (b"/\xe9\x94\x82/", b"/projects/?q=\xff\xfe"):
        assert server.ask(raw).status == 400
    for path in (
        b"/%ff",
        b"/projects/%00/",
        b"/projects/%e2%80%ae/",
        b"/%2e%2e/etc/passwd",
    ):
        answer = server.ask(path)
        assert (answer.status, answer.ours) == (404, True), path
    for path in (b"/../../etc/passwd", b"/static/../settings.py", b"/static/%2e%2e/settings.py"):
        assert server.ask(path).status == 404, path
    for path in (b"//evil.example/projects", b"//evil.example/%2e%2e"):
        answer = server.ask(path)
        assert not answer.headers.get("location", "").startswith(("//", "http://evil"))


@pytest.mark.parametrize("prefix", [b"", b"/en"])
def test_foreign_hosts(server: Server, prefix: bytes) -> None:
    for host in (b"evil.example", b"127.0.0.1.evil.example", b"a@b", b"[::1", b"", b"127.0.0.1:x"):
        answer = server.ask(prefix + b"/projects/", b"Host: " + host)
        assert answer.status == 400, host
        assert b"evil.example" not in answer.body
    answer = server.ask(
        prefix + b"/", b"X-Forwarded-Host: evil.example", b"X-Forwarded-Proto: https"
    )
    assert answer.status == 200
    assert b"evil.example" not in answer.body
    assert b"https://127" not in answer.body
    two = server.ask(b"/", b"Host: " + server.netloc.encode(), b"Host: evil.example")
    assert two.status in (200, 400)
    assert b"evil.example" not in two.body


def test_methods(server: Server) -> None:
    for method in (b"TRACE", b"OPTIONS", b"PUT", b"DELETE", b"PATCH", b"BREW", b"POST"):
        answer = server.ask(b"/projects/", b"X-Secret: seen", method=method)
        assert answer.status == 405, method
        assert "GET" in answer.headers["allow"]
        assert b"seen" not in answer.body
    head = server.ask(b"/projects/", method=b"HEAD")
    assert (head.status, head.body) == (200, b"")
    for method in (b"get", b"G\x00ET", b"CONNECT"):
        assert server.ask(b"/", method=method).status in (400, 405, 501)


def test_bodies_that_are_no_forms(server: Server) -> None:
    login = b"/admin/login/"
    token = b"t" * 32
    for kind, body in (
        (b"multipart/form-data", b"x"),
        (b"multipart/form-data; boundary=", b"--\r\n"),
        (
            b"multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb",
        ),
        (b"multipart/form-data; boundary=x; charset=none", b"--x--\r\n"),
        (b"multipart/form-data; boundary=" + b"x" * 300, b"--x--\r\n"),
        (b"application/x-www-form-urlencoded; charset=none", b"a=b"),
        (b"application/x-www-form-urlencoded", b"username=%00&csrfmiddlewaretoken=" + token),
        (b"application/x-www-form-urlencoded", b"username=%ff%fe&csrfmiddlewaretoken=" + token),
        (b"application/x-www-form-urlencoded", b"&".join([b"a=1"] * 1001)),
        (b"application/json", b'{"username": NaN'),
        (b"\xff\xff", b"\xff" * 100),
    ):
        # Where there is no page too: what answers that looks for the form's token by itself.
        for address in (login, b"/nothing/"):
            answer = server.ask(
                address,
                b"Content-Type: " + kind,
                b"Cookie: csrftoken=" + token,
                method=b"POST",
                body=body,
            )
            assert answer.status in (200, 400, 403, 404, 415), (address, kind, body)
            assert b"Traceback" not in answer.body
    large = server.ask(
        login,
        b"Content-Type: application/x-www-form-urlencoded",
        b"Cookie: csrftoken=" + token,
        method=b"POST",
        body=b"a=" + b"b" * 3_000_000,
    )
    assert large.status in (400, 413)


def test_cookies(server: Server) -> None:
    for cookie in (
        b"sessionid=forged", rb'sessionid="\000\000aaaaaaaaaa"', b"sessionid=\xff\xfe\xffaaaaaaa",
        b"sessionid=" + b"a" * 3000, b"csrftoken=x", b"messages=W10:1abcde:zzzz", b"=;;=", b"a" * 3000,
        rb'messages="\000\377"', b"django_language=../../x", b"; ; ;", b"sessionid=a; sessionid=b",
    ):  # fmt: skip
        for page in (b"/", b"/en/admin/login/", b"/dispatch/", b"/api/projects/"):
            answer = server.ask(page, b"Cookie: " + cookie)
            assert answer.status in (200, 302), (cookie, page)


def test_headers_that_lie(server: Server) -> None:
    for header in (
        b"Accept-Language: " + b"xx-" * 300, b"Accept-Language: en;q=NaN", b"Accept-Encoding: \xff",
        b"If-None-Match: W/", b"If-Modified-Since: Mon, 99 Foo 99999 25:61:61 GMT", b"Range: bytes=9-1",
        b"Referer: \xff", b"Origin: null", b"HX-Request: true", b"HX-Current-URL: http://[",
        b"X-Forwarded-For: '", b"Authorization: Basic \xff", b"Accept: \xff",
        b"X-HTTP-Method-Override: DELETE", b"Content-Length: 0", b"Upgrade: h2c",
    ):  # fmt: skip
        for page in (b"/projects/", b"/en/api/projects/", b"/static/none.js", b"/changes.atom"):
            answer = server.ask(page, header)
            assert answer.status in (200, 304, 404, 416, 417), (header, page)


def test_two_requests_in_one_are_not_smuggled(server: Server) -> None:
    host = server.netloc.encode()
    both = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    hidden = b"0\r\n\r\nGET /about/ HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = server.send(b"POST /projects/ HTTP/1.1\r\nHost: " + host + b"\r\n" + both + hidden)
    assert answer.status in (400, 405)
    for line in (
        b"Content-Length: -1",
        b"Content-Length: 1_0",
        b"Transfer-Encoding: xchunked",
        b"X Y: z",
    ):
        answer = server.send(b"POST / HTTP/1.1\r\nHost: " + host + b"\r\n" + line + b"\r\n\r\n")
        assert answer.status in (400, 405, 501), line


def test_no_header_is_split(server: Server) -> None:
    for page in (
        b"/projects.csv?q=a%0d%0aX-Evil:%201",
        b"/projects%0d%0aX-Evil:%201",
        b"/admin%0aX-Evil:1",
    ):
        answer = server.ask(page)
        assert "x-evil" not in answer.headers
    name = server.ask(b"/projects.csv?q=%22%0d%0a%2f%e2%80%ae").headers["content-disposition"]
    assert re.fullmatch(r"attachment; filename(\*=utf-8'')?[-=\"\w.%']+", name), name
