"""What a release consists of: a zip that deploys without a build. The workflow's job that may write only publishes."""

import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import release
from local.release import NotReleasable
from tests.rendered import Loader
from tests.test_docs import ROOT, VERSION

WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
DEPLOYED = ("template.yaml", "functions.zip", "samconfig.toml", "LICENSE", "CHANGELOG.md")


def packed(folder: Path) -> Path:
    functions = folder / "artefact-0123.zip"
    functions.write_bytes(b"built")
    target = folder / "release.zip"
    release.pack(target, functions)
    assert sorted(path.name for path in folder.iterdir()) == [functions.name, target.name]
    return target


def test_the_zip_holds_the_template_whose_code_is_the_zip_beside_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path)) as archive:
        assert set(archive.namelist()) == set(DEPLOYED)
        assert archive.read("functions.zip") == b"built"
        template = yaml.load(archive.read("template.yaml"), Loader)
    assert template["Globals"]["Function"]["CodeUri"] == "functions.zip"
    original = yaml.load((ROOT / "template.yaml").read_text(), Loader)
    original["Globals"]["Function"]["CodeUri"] = "functions.zip"
    assert template == original
    own = [name for name, each in template["Resources"].items() if "CodeUri" in each.get("Properties", {})]
    assert own == []


def test_the_same_commit_makes_the_same_zip(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("here", "there")]
    for folder in folders:
        folder.mkdir()
    here, there = (packed(folder).read_bytes() for folder in folders)
    assert here == there


def test_a_template_whose_code_is_not_found_is_no_release() -> None:
    with pytest.raises(NotReleasable, match="CodeUri"):
        release.with_built_code("Globals: {}\n")


def test_the_notes_are_the_versions_section_of_the_changelog_and_a_version_without_one_is_no_release() -> None:
    changelog = (
        "# Changelog\n\n## Unreleased\n\n- c\n\n## 1.1.0 (day)\n\n- b\n\n### Fixed\n\n- x\n\n## 1.0.0 (day)\n\n- a\n"
    )
    assert release.notes_of("1.1.0", changelog) == "- b\n\n### Fixed\n\n- x\n"
    assert release.notes_of("1.0.0", changelog) == "- a\n"
    with pytest.raises(NotReleasable, match=r"no section 1\.2\.0"):
        release.notes_of("1.2.0", changelog)


def test_another_versions_tag_is_refused() -> None:
    with pytest.raises(NotReleasable, match=r"the tag is v9\.9\.9"):
        release.check(VERSION, "v9.9.9")


def test_only_the_job_that_publishes_may_write_and_it_runs_no_code_of_the_repository() -> None:
    jobs = WORKFLOW["jobs"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert {name: job["permissions"] for name, job in jobs.items() if "permissions" in job} == {
        "publish": {"contents": "write"}
    }
    used = [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"] if "uses" in step]
    assert used == ["actions/download-artifact"]
    assert "make" not in jobs["publish"]["steps"][-1]["run"]
    assert (jobs["publish"]["needs"], jobs["build"]["needs"]) == ("build", "test")


def publish(folder: Path, sums: str) -> "subprocess.CompletedProcess[str]":
    """Run the workflow's last step, with a `gh` that prints its arguments, one a line."""
    (folder / "a.zip").write_bytes(b"zip")
    for name, text in {"a.whl": "", "a.cdx.json": "{}", "notes.md": "", "SHA256SUMS": sums}.items():
        (folder / name).write_text(text)
    gh = folder / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    gh.chmod(0o755)
    environment = {"GITHUB_REF_NAME": "v1.0.0", "GITHUB_REPOSITORY": "me/mine"}
    environment["PATH"] = f"{gh.parent}:{os.environ['PATH']}"
    command = ["bash", "-e", "-o", "pipefail", "-c", WORKFLOW["jobs"]["publish"]["steps"][-1]["run"]]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_release_of_the_tag_is_made_with_all_files_and_not_its_notes_attached(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"zip")
    done = publish(tmp_path, release.checksums(tmp_path))
    assert done.returncode == 0, done.stderr
    arguments = done.stdout.splitlines()[1:]  # the first line is of sha256sum
    assert arguments[:6] == ["release", "create", "v1.0.0", "--repo", "me/mine", "--verify-tag"]
    assert arguments[-4:] == ["./a.zip", "./a.whl", "./a.cdx.json", "SHA256SUMS"]


def test_a_file_that_is_not_what_was_built_is_not_released(tmp_path: Path) -> None:
    done = publish(tmp_path, f"{'0' * 64}  a.zip\n")
    assert done.returncode != 0
    assert "release" not in done.stdout.splitlines()
