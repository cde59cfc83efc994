"""Builds the image without a container engine: `python -m tests.container.building FOLDER`, as root.

A base image is made from Debian's own packages, and Buildah carries out the Dockerfile over it in a plain root folder (chroot
isolation). What is mounted for that is to go with the mount namespace that this is started in.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

PACKAGES = "python3,python3-pip,python3-venv"
BASE = "localhost/base"
SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PIP_CONFIG = "[global]\nno-index = true\nfind-links = /opt/wheels\n"
"""What the base tells pip: nothing is fetched while the image is built."""
WGET_CONFIG = "timeout = 60\ntries = 5\n"
"""What debootstrap's wget is told: by itself it waits a quarter of an hour for a server that says nothing, and twenty times."""


class Building:
    """Runs what an image takes, with a storage of its own below a folder.

    Args:
        folder: Empty.
    """

    def __init__(self, folder: Path) -> None:
        settings = folder / "storage.conf"
        # Whatever driver works here: an overlay takes half a minute, copies take two.
        settings.write_text(f'[storage]\ndriver = ""\ngraphroot = "{folder / "store"}"\nrunroot = "{folder / "storerun"}"\n')
        (folder / "wgetrc").write_text(WGET_CONFIG)
        engines = folder / "engines"
        engines.mkdir()
        for name in ("docker", "podman"):  # whether they work on this machine or not: Buildah is to build
            (engines / name).write_text("#!/bin/sh\nexit 1\n")
            (engines / name).chmod(0o755)
        self._environment = {
            **os.environ,
            "PATH": f"{engines}:{os.environ['PATH']}",
            "CONTAINERS_STORAGE_CONF": str(settings),
            "BUILDAH_ISOLATION": "chroot",
            "WGETRC": str(folder / "wgetrc"),
        }

    def base(self) -> None:
        """Make what stands for the image of Python: Debian with its own Python under the same names, and the wheels."""
        container = self._run("buildah", "from", "scratch")
        root = Path(self._run("buildah", "mount", container))
        self._run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root)
        for rest in ("var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / rest)
        (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
        (root / "etc/pip.conf").write_text(PIP_CONFIG)
        pip = (sys.executable, "-m", "pip", "--quiet", "download", "--python-version", "3.11", "--only-binary", ":all:")
        for lock in ("run.lock", "build.lock"):
            self._run(*pip, "--require-hashes", "--requirement", CHECKOUT / "container" / lock, "--dest", root / "opt/wheels")
        self._run("buildah", "config", "--env", f"PATH={SEARCHED}", container)
        self._run("buildah", "commit", "--quiet", "--rm", container, BASE)

    def image(self, root: Path, facts: Path) -> None:
        """Build the image by the recipe.

        Args:
            root: Where its files are put.
            facts: Where what Buildah knows of it is put.
        """
        self._run(CHECKOUT / "container/build.sh", "--pull-never", "--build-arg", f"BASE={BASE}")
        facts.write_text(self._run("buildah", "inspect", "--type", "image", "linemill"))
        container = self._run("buildah", "from", "--pull-never", "linemill")
        self._run("cp", "--archive", self._run("buildah", "mount", container), root)

    def _run(self, *command: str | Path) -> str:
        said = subprocess.run(command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if said.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: exit code {said.returncode}\n{said.stdout[-4000:]}{said.stderr[-4000:]}")
        return said.stdout.strip()


def main(folder: Path) -> None:
    """Leave the image's files in `root` in a folder, and what is known of it in `image.json`."""
    building = Building(folder)
    building.base()
    building.image(folder / "root", folder / "image.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
