"""What the layout of the repository promises."""

from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_source_root_is_never_a_package():
    assert not (ROOT / "coverage" / "__init__.py").exists()


def test_the_top_level_is_the_users():
    fixed = {"coverage", "data", "maps", "tests", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"}
    tracked = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert fixed <= tracked
    assert not {name for name in tracked - fixed if name not in ("htmlcov", "dist", "build")}


def test_no_room_outgrows_its_walls():
    """A module is one idea, and 150 to 600 lines are natural."""
    long = {
        path.name: lines
        for path in (ROOT / "coverage").rglob("*.py")
        if (lines := len(path.read_text("utf-8").splitlines())) > 600
    }
    assert not long
