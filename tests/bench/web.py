"""A client that costs little beside what it measures."""

import socket
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

PATIENCE = 600  # seconds
BLOCK = 1 << 18


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    cookies: dict[str, str]


class Client:
    """One kept connection to a server, as a browser holds it; asks for no compression."""

    def __init__(self, site: str) -> None:
        parts = urlsplit(site)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.socket: socket.socket | None = None
        self.rest = b""
        self.cookies: dict[str, str] = {}

    def close(self) -> None:
        if self.socket:
            self.socket.close()
        self.socket, self.rest = None, b""

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, b"", headers)

    def post(self, path: str, fields: list[tuple[str, str]], **headers: str) -> Answer:
        body = "&".join(f"{quote(name)}={quote(value)}" for name, value in fields).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.send("POST", path, body, headers)

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Ask and read the whole answer; once more where the server has closed the kept connection."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        if body:
            lines.append(f"Content-Length: {len(body)}")
        message = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        kept = self.socket is not None
        try:
            return self._exchange(message)
        except (ConnectionError, EOFError):
            self.close()
            if not kept:
                raise
            return self._exchange(message)

    def _exchange(self, message: bytes) -> Answer:
        if self.socket is None:
            self.socket = socket.create_connection((self.host, self.port), timeout=PATIENCE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(message)
        head = self._until(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ", 2)[1])
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                cookie, _, text = value.strip().partition(";")[0].partition("=")
                self.cookies[cookie] = text
            else:
                headers[name.lower()] = value.strip()
        body = b""
        if status not in (204, 304):
            body = self._body(headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body, self.cookies)

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            parts = []
            while size := int(self._until(b"\r\n").split(b";")[0], 16):
                parts.append(self._exactly(size))
                self._exactly(2)
            self._until(b"\r\n")
            return b"".join(parts)
        if "content-length" in headers:
            return self._exactly(int(headers["content-length"]))
        parts = [self.rest]
        assert self.socket
        while block := self.socket.recv(BLOCK):
            parts.append(block)
        self.close()
        return b"".join(parts)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.rest:
            self._more()
        found, _, self.rest = self.rest.partition(mark)
        return found

    def _exactly(self, size: int) -> bytes:
        while len(self.rest) < size:
            self._more()
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def _more(self) -> None:
        assert self.socket
        block = self.socket.recv(BLOCK)
        if not block:
            raise EOFError("The server closed the connection.")
        self.rest += block


class Download(NamedTuple):
    """Milliseconds from the request on: to the first row after the head, and to the end or the limit."""

    first_row: float
    milliseconds: float
    rows: int


def download(site: str, path: str, target: Path, most_rows: int = 0) -> Download:
    """Stream a CSV to a file, or its first rows; raises RuntimeError where it is refused.

    HTTP/1.0, which has no chunks, so that the client has nothing to do but write.
    """
    parts = urlsplit(site)
    rows, first = -1, 0.0
    # Before the clock starts: to empty the 300 MB that the last one left takes a tenth of a second.
    with target.open("wb") as output, socket.socket() as link:
        link.settimeout(PATIENCE)
        start = time.perf_counter()
        link.connect((parts.hostname, parts.port or 80))
        link.sendall(f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            block = link.recv(BLOCK)
            if not block:
                raise RuntimeError(f"{path}: no answer")
            head += block
        head, _, block = head.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"{path}: {head.splitlines()[0].decode()}")
        while block or rows < 0:
            rows += block.count(b"\n")
            if rows >= 1 and not first:
                first = (time.perf_counter() - start) * 1000
            output.write(block)
            if most_rows and rows >= most_rows:
                break
            block = link.recv(BLOCK)
            if not block:
                break
    return Download(first, (time.perf_counter() - start) * 1000, rows)
