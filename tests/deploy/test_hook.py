"""deploy/hooks/pre-commit in a real git repository of a content folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.content import ContentFolder
from tests.server import PROJECT


@pytest.fixture
def repository(content: ContentFolder, tmp_path: Path) -> Path:
    """A content folder in git, with the hook, which calls the program of this test's environment."""
    content.document(
        "help/money.md", "Words.", title="Money", tab_title="Money", group="plan", related_help=["get-help-now"]
    )
    git(content.path, "init", "-q")
    git(content.path, "config", "user.name", "An editor")
    git(content.path, "config", "user.email", "editor@example.org")
    git(content.path, "config", "sidedoor.command", str(Path(sys.executable).with_name("sidedoor")))
    shutil.copy(PROJECT / "deploy" / "hooks" / "pre-commit", content.path / ".git" / "hooks")
    git(content.path, "add", "-A")
    return content.path


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(["git", *arguments], cwd=folder, env=clean, capture_output=True, text=True, check=False)


def test_a_commit_that_would_be_refused_is_not_made_and_says_why(repository: Path) -> None:
    committed = git(repository, "commit", "-q", "-m", "All is well")
    assert committed.returncode == 0, committed.stdout + committed.stderr
    page = repository / "help" / "money.md"
    page.write_text(page.read_text() + "\n[nowhere](/help/nowhere)\n")
    git(repository, "add", "-A")
    page.write_text(
        page.read_text().replace("[nowhere](/help/nowhere)", "")
    )  # not staged: the mistake would be committed
    refused = git(repository, "commit", "-q", "-m", "A mistake")
    assert refused.returncode == 1
    assert "help/money.md: error: The link /help/nowhere leads to no page" in refused.stdout + refused.stderr
    git(repository, "add", "-A")
    assert git(repository, "commit", "-q", "--allow-empty", "-m", "Corrected").returncode == 0
