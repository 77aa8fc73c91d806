"""`make sbom`: what a release consists of, as CycloneDX 1.6, in `var/sbom/tracker.cdx.json`.

The packages of Python that the server runs on and what of npm reaches the browser, with
versions, licences, the hashes that are locked, and what needs what. Valid by the schema, or
SystemExit with what is wrong. The same locks give the same file, but for its timestamp.
"""

import base64
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable
from importlib import metadata
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply.locks import ROOT, Locked, npm_lock, python_lock
from tests.supply.parts import htmx, licence_of

TARGET = ROOT / "var" / "sbom" / "tracker.cdx.json"
licence = LicenseFactory().make_from_string
Parts = dict[str, Component]


def component(kind: str, name: str, version: str, terms: str, **rest: Any) -> Component:
    """One part; `kind` is the ecosystem of its package URL."""
    namespace, _, short = name.rpartition("/")
    url = PackageURL(type=kind, namespace=namespace or None, name=short, version=version)
    return Component(
        type=ComponentType.LIBRARY,
        name=short,
        group=namespace or None,
        version=version,
        purl=url,
        bom_ref=url.to_string(),
        licenses=[licence(terms)],
        **rest,
    )


def of_python(name: str, locked: Locked) -> Component:
    # Of the locked archives a machine installs the one made for it, so none is *the* hash.
    archives = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(PackageURL(type="pypi", name=name, version=locked.version).to_string()),
        comment="the archives whose hashes are locked; any other is refused",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=value) for value in locked.hashes],
    )
    # What django-htmx serves is a part of its own.
    inside = [component("npm", "htmx.org", htmx(), "0BSD")] if name == "django-htmx" else []
    return component(
        "pypi",
        name,
        locked.version,
        licence_of(name),
        external_references=[archives],
        components=inside,
    )


def of_npm(name: str, entry: dict[str, Any]) -> Component:
    algorithm, _, value = entry["integrity"].partition("-")
    assert algorithm == "sha512", f"{name} is locked by {algorithm}"
    content = base64.b64decode(value).hex()
    return component(
        "npm",
        name,
        entry["version"],
        entry["license"],
        hashes=[HashType(alg=HashAlgorithm.SHA_512, content=content)],
    )


def needs(name: str, locks: Iterable[str]) -> list[str]:
    """What of the locked an installed package asks for, here and without extras."""
    try:
        asked = [Requirement(text) for text in metadata.requires(name) or []]
    except metadata.PackageNotFoundError:
        return []
    wanted = {
        canonicalize_name(one.name) for one in asked if not one.marker or one.marker.evaluate()
    }
    return sorted(wanted & set(locks))


def bill() -> Bom:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    root = Component(
        type=ComponentType.APPLICATION,
        name=project["name"],
        version=project["version"],
        description=project["description"],
        bom_ref=project["name"],
        licenses=[licence(project["license"])],
    )
    locks, scripts = python_lock("base"), npm_lock()
    python = {name: of_python(name, locked) for name, locked in locks.items()}
    browser = {name: of_npm(name, entry) for name, entry in scripts.items()}
    found = Bom(components=[*python.values(), *browser.values()])
    found.metadata.component = root
    direct = {canonicalize_name(Requirement(text).name) for text in project["dependencies"]}
    inner = {name for entry in scripts.values() for name in entry.get("dependencies", {})}
    found.register_dependency(
        root,
        [python[name] for name in sorted(direct)]
        + [part for name, part in browser.items() if name not in inner],
    )
    for name, part in python.items():
        found.register_dependency(part, [python[other] for other in needs(name, locks)])
    for name, part in browser.items():
        found.register_dependency(
            part, [browser[other] for other in scripts[name].get("dependencies", {})]
        )
    refs = "\n".join(sorted(str(part.bom_ref) for part in found.components))
    found.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, refs)
    return found


def main() -> int:
    # It compiles a grammar of addresses, which takes two seconds: not where the rest is only read.
    from cyclonedx.validation.json import JsonStrictValidator

    text = JsonV1Dot6(bill()).output_as_string(indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"The bill of materials is not valid: {str(wrong)[:2000]}")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text + "\n", encoding="utf-8")
    count = len(re.findall(r'"purl"', text))
    sys.stdout.write(
        f"{TARGET.relative_to(ROOT)}: {count} parts, valid by the schema of CycloneDX 1.6\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
