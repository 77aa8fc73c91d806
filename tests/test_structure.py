"""How the code hangs together: imports go one way, and nothing is tied to one machine or city."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ["zaozhuang", "districts", "projects"]

# What one part must not name. Of `zaozhuang`, only the seed knows the other two.
FORBIDDEN = {
    "zaozhuang": {"districts", "projects"},
    "districts": {"projects"},
    "projects": set[str](),
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The top-level packages that the module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def may_know_everything(path: Path) -> bool:
    return (
        path.relative_to(ROOT).as_posix().startswith(("zaozhuang/seeding", "zaozhuang/management/"))
    )


@pytest.mark.parametrize("app", APPS)
def test_imports_go_one_way(app: str) -> None:
    for path in sources(app):
        if "migrations" not in path.parts and not may_know_everything(path):
            assert not imported(path) & FORBIDDEN[app], path


def test_the_walk_sees_imports_inside_functions() -> None:
    assert "projects" in imported(ROOT / "projects" / "querysets.py")


def tracked_files() -> list[Path]:
    """What is or will be committed; in a folder without git, everything but what set-up makes."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [
            ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()
        ]
    made = {".venv", "node_modules", "var", "dist", "__pycache__"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not made & set(p.relative_to(ROOT).parts)]


# Written in two parts, so that this file does not name them itself.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry" + ".npmjs",
    "registry" + ".yarnpkg",
    "npm" + "mirror",
    "tuna" + ".tsinghua",
]
OF_ONE_MACHINE = ["/home" + "/", "/root" + "/", "/Users" + "/", "/work" + "/", "file:" + "//"]


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [(path.name, word) for word in REGISTRIES + OF_ONE_MACHINE if word in text]
    assert found == []


def test_the_locks_name_no_host_and_hash_everything() -> None:
    for name in ("base", "build", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert "://" not in text
        blocks = [line for line in text.splitlines() if line and line[0].isalnum()]
        assert blocks
        assert text.count("==") >= len(blocks)
        for block in text.split("\n    # via")[:-1]:
            assert "--hash=sha256:" in block
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")


CITY_OR_INDUSTRY = [
    "枣庄",
    "Zaozhuang",
    "锂",
    "滕州",
    "薛城",
    "峄城",
    "台儿庄",
    "山亭",
    "市中区",
    "Tengzhou",
    "Xuecheng",
    "Yicheng",
    "Taierzhuang",
    "Shanting",
    "lithium",
    "Lithium",
]


def test_only_settings_and_data_name_the_city_and_its_industry() -> None:
    """Comments and docstrings may give an example; what runs may not."""
    found = []
    for path in sources(*APPS):
        if path.name == "settings.py" or "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docs
            ):
                found += [
                    (path.name, node.value) for word in CITY_OR_INDUSTRY if word in node.value
                ]
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text(encoding="utf-8")
        found += [(template.name, word) for word in CITY_OR_INDUSTRY if word in text]
    assert found == []
