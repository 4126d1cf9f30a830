"""What is published with the book: workflows, version, citation, Binder's files."""

import datetime
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

TODAY = datetime.date(2030, 1, 1)


@pytest.fixture
def release(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "tools")
    import release_check

    return release_check


def workflows(root) -> dict[str, dict]:
    files = sorted(root.glob(".github/workflows/*.yml"))
    return {file.stem: yaml.safe_load(file.read_text()) for file in files}


def test_workflows_fit_their_schema(root):
    files = sorted(root.glob(".github/workflows/*.yml"))
    command = ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def zizmor(place) -> subprocess.CompletedProcess[str]:
    """What the lint for workflows says of a file or of those in a folder."""
    command = ["zizmor", "--offline", "--persona=pedantic", "--no-progress", place]
    return subprocess.run(command, capture_output=True, text=True)


def test_workflows_are_safe(root):
    """No needless right, no input in a script, no action that can change."""
    done = zizmor(root / ".github/workflows")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lint_bites(root, tmp_path):
    text = (root / ".github/workflows/test.yml").read_text()
    text = re.sub(r"@[0-9a-f]{40} # v[\d.]+", "@v4", text)
    text = text.replace("contents: read", "contents: write")
    (tmp_path / "test.yml").write_text(text)
    done = zizmor(tmp_path / "test.yml")
    assert done.returncode != 0
    for found in ("unpinned-uses", "excessive-permissions"):
        assert found in done.stdout


def test_workflows_read_unless_a_job_says_more(root):
    for name, workflow in workflows(root).items():
        assert workflow["permissions"] == {"contents": "read"}, name
    jobs = workflows(root)["publish"]["jobs"]
    assert "permissions" not in jobs["build"], "the job that runs our code only reads"
    assert jobs["notebooks"]["permissions"] == {"contents": "write"}
    assert jobs["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert jobs["deploy"]["needs"] == "build"
    for name in ("deploy", "notebooks"):
        assert jobs[name]["if"] == "github.ref == 'refs/heads/main'", name


def test_workflows_call_what_there_is(root):
    makefile = (root / "Makefile").read_text()
    for name, workflow in workflows(root).items():
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                script = step.get("run", "")
                called = r"^(?:make|\.ci/run) ([\w-]+)"
                for target in re.findall(called, script, re.MULTILINE):
                    assert f"\n{target}:" in makefile, f"{name} calls make {target}"
                for file in re.findall(r"(?:tools|\.ci)/[\w.]+", script):
                    assert (root / file).exists(), f"{name} calls {file}"


def test_the_newest_versions_are_tried_of_what_the_chapters_use(root, tmp_path):
    """The weekly run frees the pins of the libraries, not those of the site."""
    shutil.copy(root / "requirements.txt", tmp_path)
    steps = workflows(root)["weekly"]["jobs"]["newest"]["steps"]
    [free] = [s["run"] for s in steps if s.get("run", "").startswith("sed")]
    subprocess.run(free, shell=True, cwd=tmp_path, check=True)
    freed = (tmp_path / "requirements.txt").read_text()
    assert re.search(r"^numpy\s+#", freed, re.MULTILINE)
    assert re.search(r"^torch\s+#", freed, re.MULTILINE)
    for kept in ("jupyter-book==1.", "ruff==", "mypy==", "pytest=="):
        assert kept in freed


@pytest.fixture
def released(root, tmp_path):
    """A folder that is fit for the release 1.2.3."""
    for name in ("CITATION.cff", ".zenodo.json"):
        shutil.copy(root / name, tmp_path)
    citation = tmp_path / "CITATION.cff"
    text = re.sub(r"^version: .*$", "version: 1.2.3", citation.read_text(), flags=re.M)
    citation.write_text(text)
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\n## 1.2.3\n\n- News.\n"
    )
    return tmp_path


def test_a_sound_release_passes(release, released):
    assert release.version_of(["v1.2.3", "draft"]) == "1.2.3"
    assert release.troubles("1.2.3", released, TODAY) == []


@pytest.mark.parametrize("tags", [[], ["1.2.3"], ["v1.2"], ["v1.2.3", "v1.2.4"]])
def test_a_commit_without_one_version_is_no_release(release, tags):
    assert release.version_of(tags) is None


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("CHANGELOG.md", "- News.", "", "no section 1.2.3 with a word"),
        ("CHANGELOG.md", "## 1.2.3", "## 1.2.2", "no section 1.2.3"),
        ("CHANGELOG.md", "Unreleased\n", "Unreleased\n\n- More.\n", "move them"),
        ("CITATION.cff", "1.2.3", "1.2.4", "has version 1.2.4, not 1.2.3"),
        ("CITATION.cff", 'date-released: "2', 'date-released: "9', "a later day"),
        (".zenodo.json", "the interactive", "an interactive", "different titles"),
        (".zenodo.json", '"MIT"', '"GPL-3.0"', "a licence"),
    ],
)
def test_what_does_not_agree_is_said(release, released, file, old, new, said):
    path = released / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    [trouble] = release.troubles("1.2.3", released, TODAY)
    assert said in trouble


def test_the_files_of_the_book_agree_with_each_other(release, root):
    """As they would have to for a release of the version that they name."""
    version = yaml.safe_load((root / "CITATION.cff").read_text())["version"]
    found = release.troubles(str(version), root, TODAY)
    assert [trouble for trouble in found if "Unreleased" not in trouble] == []
    creators = json.loads((root / ".zenodo.json").read_text())["creators"]
    assert creators


def required(root) -> list[str]:
    """The names in requirements.txt, pinned or, in the weekly run, freed."""
    text = (root / "requirements.txt").read_text()
    return re.findall(r"^([\w-]+)(?:==\S+)?\s+#", text, re.MULTILINE)


def test_the_citation_fits_its_schema(root):
    command = ["check-jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    done = subprocess.run([*command, root / "CITATION.cff"], capture_output=True)
    assert done.returncode == 0, done.stdout


def test_binder_installs_the_pinned_versions(root):
    lines = (root / ".binder/requirements.txt").read_text().splitlines()
    names = [line for line in lines if re.match(r"[a-z]", line)]
    assert "-c ../requirements.txt" in lines
    assert any("download.pytorch.org/whl/cpu" in line for line in lines)
    assert [name for name in names if name not in required(root)] == []
    assert {"torch", "numpy"} <= set(names)
    assert (root / ".binder/runtime.txt").read_text().strip() == "python-3.11"
    assert (root / ".binder/postBuild").stat().st_mode & 0o111, "must be executable"


def test_publishing_pushes_the_stamped_notebooks(root, tmp_path):
    """The workflow's own scripts, with a folder in the place of its server.

    The job that may only read writes the notebooks; the one that pushes them gets them.
    """
    book, server = tmp_path / "book", tmp_path / "server.git"
    subprocess.run(["git", "clone", "-q", root, book], check=True)
    subprocess.run(["git", "init", "-q", "--bare", server], check=True)
    jobs = workflows(root)["publish"]["jobs"]
    [write] = [
        step["run"]
        for step in jobs["build"]["steps"]
        if "notebooks_branch" in step.get("run", "")
    ]
    [script] = [s["run"] for s in jobs["notebooks"]["steps"] if "run" in s]
    assert "tools/" not in script, "it runs no code of ours"
    [kept] = [
        step["with"]["path"]
        for step in jobs["build"]["steps"]
        if step.get("with", {}).get("name") == "notebooks"
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=book,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    address = "https://x-access-token:secret@github.com/somebody/fork"
    environment = os.environ | {
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTOR": "somebody",
        "GITHUB_TOKEN": "secret",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "somebody/fork",
        "GITHUB_SHA": commit,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{server}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
    }
    for _ in range(2):  # the second time there is such a branch already
        shutil.rmtree(book / "notebooks", ignore_errors=True)
        for command in (
            write.replace(".venv/bin/python", f'"{sys.executable}"'),
            script,
        ):
            done = subprocess.run(
                ["bash", "-e", "-c", command],
                cwd=book,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            if command is not script:
                shutil.move(book / kept, book / "notebooks")
    found = subprocess.run(
        ["git", "show", "notebooks:chapters/01_linear_classifiers.ipynb"],
        cwd=server,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    stamp = f'REPOSITORY, COMMIT = "https://github.com/somebody/fork", "{commit}"'
    assert json.dumps(stamp)[1:-1] in found
