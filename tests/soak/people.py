"""The people of a soak: readers, those who take exports, and editors who log in and save.

Each comes from an address of its own, over a new connection for each request, with the headers
that the proxy of deploy/nginx.conf would set. Each judges what it gets: a page has to be whole,
an export complete.
"""

import http.client
import io
import json
import random
import threading
import zipfile
from collections.abc import Callable
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

import lxml.html  # type: ignore[import-untyped]

from tests.soak.record import Outcome, Recording, Request

HOST = "tracker.example"
PATIENCE = 120  # seconds until a client gives up
TRACE_OF_A_CRASH = ("Traceback (most recent call last)", "OperationalError", "InterfaceError")

PAGES = [
    "/", "/en/", "/projects/", "/en/projects/?stage=building", "/projects/?q=dianjieye",
    "/projects/?district=tengzhou&ordering=-updated", "/targets/", "/en/chain/", "/companies/",
    "/changes/", "/sources/", "/about/", "/districts/tengzhou/", "/en/districts/zaozhuang/",
    "/api/", "/projects/?as_of=2023-02-13",
]  # fmt: skip
EXPORTS = [
    "/projects.csv", "/en/projects.csv?headers=codes", "/projects.xlsx", "/projects.json",
    "/projects.geojson", "/capacities.csv", "/targets.xlsx", "/data.zip", "/changes.atom",
    "/districts/tengzhou/briefing.docx",
]  # fmt: skip


class Answer:
    """What came back, or why nothing did."""

    def __init__(self, outcome: Outcome, status: int = 0, detail: str = "") -> None:
        self.outcome, self.status, self.detail = outcome, status, detail
        self.body = b""
        self.location = ""


class Person(threading.Thread):
    """Somebody who does one thing again and again until told to stop, and thinks in between."""

    def __init__(self, port: int, number: int, record: Recording, stop: threading.Event) -> None:
        super().__init__(name=f"{type(self).__name__.lower()}-{number}", daemon=True)
        self.port, self.record, self.stop = port, record, stop
        self.address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
        self.chance = random.Random(number)
        self.cookies: SimpleCookie = SimpleCookie()
        self.thinks = 3.0  # seconds, on the average

    def run(self) -> None:
        # Not all at once: a hundred people do not come through the door together.
        self.stop.wait(self.chance.uniform(0, self.thinks))
        while not self.stop.is_set():
            try:
                self.act()
            except Exception as error:  # noqa: BLE001 — a client that dies would look like a quiet one
                self.record.broken.append(f"{self.name}: {error!r}")
            self.stop.wait(self.chance.uniform(0.5, 1.5) * self.thinks)

    def act(self) -> None:
        raise NotImplementedError

    def ask(
        self,
        what: str,
        path: str,
        form: list[tuple[str, str]] | None = None,
        judge: Callable[[Answer], str] = lambda answer: "",
        expected: tuple[int, ...] = (200,),
    ) -> Answer:
        """One request and its answer, recorded under `what`; `judge` says what is wrong with it."""
        began = self.record.now()
        answer = self._exchange(path, form)
        if answer.outcome == "ok":
            if answer.status not in expected:
                answer.outcome, answer.detail = "failed", f"status {answer.status}"
            elif wrong := judge(answer):
                answer.outcome, answer.detail = "failed", wrong
        detail = f"{path}: {answer.detail}" if answer.outcome != "ok" else ""
        self.record.add(Request(what, began, self.record.now(), answer.outcome, detail))
        return answer

    def _exchange(self, path: str, form: list[tuple[str, str]] | None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        heads = {
            "Host": HOST,
            "X-Forwarded-For": self.address,
            "X-Forwarded-Proto": "https",
            "Connection": "close",
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in self.cookies.items()),
        }
        body = None
        if form is not None:
            body = urlencode(form)
            heads["Content-Type"] = "application/x-www-form-urlencoded"
            heads["Referer"] = f"https://{HOST}{path}"
        try:
            connection.request("GET" if form is None else "POST", path, body, heads)
            response = connection.getresponse()
            answer = Answer("ok", response.status)
            answer.location = response.getheader("Location", "")
            for name, value in response.getheaders():
                if name.lower() == "set-cookie":
                    self.cookies.load(value)
            try:
                answer.body = response.read()
            except (http.client.IncompleteRead, OSError) as error:
                answer.outcome, answer.detail = "cut", repr(error)
                return answer
            if response.status == 503:
                again = response.getheader("Retry-After", "")
                if any(word.encode() in answer.body for word in TRACE_OF_A_CRASH):
                    answer.outcome, answer.detail = "failed", "503 that shows the error"
                elif again.isdigit():
                    answer.outcome = "away"
                else:
                    answer.outcome, answer.detail = "failed", "503 without Retry-After"
            return answer
        except (OSError, http.client.HTTPException) as error:
            return Answer("failed", detail=repr(error))
        finally:
            connection.close()


class Reader(Person):
    """Reads pages, one after the other."""

    def act(self) -> None:
        self.ask("page", self.chance.choice(PAGES), judge=whole_page)


def whole_page(answer: Answer) -> str:
    if answer.body.lstrip()[:1] == b"{":
        json.loads(answer.body)
        return ""
    return "" if answer.body.rstrip().endswith(b"</html>") else "the page is not whole"


class Taker(Person):
    """Takes exports; `rows` is how many projects each has to hold."""

    def __init__(self, *args: object, rows: int) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.rows = rows

    def act(self) -> None:
        path = self.chance.choice(EXPORTS)
        self.ask("export", path, judge=lambda answer: self.complete(path, answer.body))

    def complete(self, path: str, body: bytes) -> str:
        """What is missing in the file."""
        kind = urlsplit(path).path.rpartition(".")[2]
        about_projects = path.partition(".")[0].endswith("/projects")
        if kind in ("xlsx", "zip", "docx"):
            return zipfile.ZipFile(io.BytesIO(body)).testzip() or ""
        if kind in ("json", "geojson"):
            found = json.loads(body)
            rows = len(found["features" if kind == "geojson" else "rows"])
        elif kind == "csv":
            rows = body.count(b"\r\n") - 1
        else:
            return "" if body.rstrip().endswith(b"</feed>") else "the feed is not whole"
        if about_projects and rows != self.rows:
            return f"{rows} rows of {self.rows}"
        return ""


class Editor(Person):
    """Logs in and adds a word to the note of a project, again and again; keeps account of it.

    A word counts as saved when the server said so, or when the answer was lost and the word is
    there. What was refused because somebody else had saved meanwhile is done again.
    """

    def __init__(self, *args: object, projects: list[int], account: tuple[str, str]) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.projects = projects
        self.username, self.password = account
        self.saved: list[str] = []
        self.refused = 0
        self.lost_answers = 0
        self.logins = 0
        self.count = 0

    def act(self) -> None:
        self.count += 1
        word = f"{self.username}w{self.count}"
        page = f"/admin/projects/project/{self.chance.choice(self.projects)}/change/"
        unsure = False
        while True:
            shown = self.ask("form", page, expected=(200, 302))
            if shown.outcome == "ok" and shown.status == 302:
                self.log_in()
            elif shown.outcome == "ok":
                form = lxml.html.fromstring(shown.body.decode()).get_element_by_id("project_form")
                values = [(name, str(value)) for name, value in form.form_values()]
                if word in dict(values)["note"].split():
                    self.saved.append(word)
                    self.lost_answers += 1
                    return
                if self.stop.is_set() and not unsure:
                    return
                answer = self.ask("save", page, changed(values, word), expected=(200, 302))
                if answer.status == 302 and "/login/" not in answer.location:
                    self.saved.append(word)
                    return
                if answer.outcome == "ok":
                    self.refused += 1
                else:
                    # Perhaps it is saved and only the answer was lost.
                    unsure = True
            elif self.stop.is_set() and not unsure:
                return
            self.stop.wait(0.3)

    def log_in(self) -> None:
        page = "/admin/login/?next=/admin/"
        shown = self.ask("form", page, expected=(200, 302))
        if shown.outcome != "ok" or shown.status != 200:
            return
        form = lxml.html.fromstring(shown.body.decode()).get_element_by_id("login-form")
        values = dict(form.form_values()) | {"username": self.username, "password": self.password}
        answer = self.ask("log-in", page, list(values.items()), expected=(302,))
        self.logins += answer.outcome == "ok"


LONGEST = 40  # words of a note; the history keeps what is taken out


def changed(values: list[tuple[str, str]], word: str) -> list[tuple[str, str]]:
    """The form with one word more in its note."""
    form = []
    for name, value in values:
        if name == "note":
            words = [*value.split(), word]
            value = " ".join(words if len(words) <= LONGEST else words[LONGEST // 2 :])
        form.append((name, value))
    return [*form, ("_save", "1")]
