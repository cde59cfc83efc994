"""Runs the image nearly as a container engine would, without one.

In namespaces of its own: another root, which cannot be written to, other processes, another network, no capabilities.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
NEEDED = {"buildah": "buildah", "debootstrap": "debootstrap", "unshare": "util-linux"}
"""Commands, and Debian's packages that have them."""

LOOPBACK_UP = """
import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x41))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING
"""

START = """
root=$1 view=$2 data=$3 python=$4 loopback_up=$5
shift 5
mount --make-rprivate /
mount --bind "$root" "$view"
mount -o remount,bind,ro "$view"
mount --bind "$data" "$view/data"
mount -t tmpfs -o mode=1777 tmpfs "$view/tmp"
mount -t proc proc "$view/proc"
mount --rbind /dev "$view/dev"
mount -t tmpfs -o mode=1777 tmpfs "$view/dev/shm"
"$python" -c "$loopback_up"
exec chroot "$view" "$@"
"""

START_S = 60.0
"""How long a container may take until its process 1 is inside."""

STOP_S = 10.0
"""How long an engine waits by default, until it kills."""


def build(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Build the image; give the root folder and the configuration.

    Args:
        folder: Empty; has all of it when this returns, and nothing is mounted there.
    """
    command = ["unshare", "--mount", "--", sys.executable, "-m", "tests.container.building", str(folder)]
    said = subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return folder / "root", json.loads((folder / "image.json").read_text())["Docker"]["config"]


@dataclass
class Box:
    """A container: an image, a volume, and the user who works in it.

    Attributes:
        root: The image's root folder; nothing is written there.
        config: What the image says about how it is run.
        view: An empty folder, where the root is mounted for the container alone.
        data: The volume.
        user: `uid:gid`.
    """

    root: Path
    config: dict[str, Any]
    view: Path
    data: Path
    user: str

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the entry point as process 1 of a container."""
        command = [*self.config["Entrypoint"], *(arguments or self.config["Cmd"])]
        box = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--", "sh", "-euc", START, "box"]
        places = [self.root, self.view, self.data, sys.executable, LOOPBACK_UP]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen([*box, *places, *self._as_user(), *command], text=True, **pipes)  # type: ignore[call-overload]
        # Whoever came in earlier would find itself outside.
        until = time.monotonic() + START_S
        while process.poll() is None and not self._is_inside(process):
            if time.monotonic() > until:
                end(process)
                raise AssertionError(f"after {START_S:g} s nothing runs in the container")
            time.sleep(0.01)
        return process  # type: ignore[no-any-return]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the entry point in a container of its own, to its end."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=30)
        finally:
            end(process)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def enter(self, process: subprocess.Popen[str], *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a container that runs."""
        namespaces = ["nsenter", f"--target={first_of(process)}", "--mount", "--pid", "--net", "--root"]
        return subprocess.run([*namespaces, *self._as_user(), *command], capture_output=True, text=True, timeout=30)

    def stop(self, process: subprocess.Popen[str]) -> str:
        """Stop a container as an engine does; give what it said.

        Raises:
            subprocess.TimeoutExpired: An engine would kill it now.
        """
        os.kill(first_of(process), getattr(signal, self.config["StopSignal"]))
        _, err = process.communicate(timeout=STOP_S)
        return err

    def _is_inside(self, process: subprocess.Popen[str]) -> bool:
        """Tell whether process 1 has become its user, and so is in the container's root."""
        try:
            facts = Path(f"/proc/{first_of(process)}/status").read_text()
        except (ValueError, FileNotFoundError):
            return False
        return f"\nUid:\t{self.user.split(':')[0]}\t" in facts

    def _as_user(self) -> list[str]:
        uid, gid = self.user.split(":")
        rights = ["--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        user = ["/usr/bin/setpriv", f"--reuid={uid}", f"--regid={gid}", *rights]
        return [*user, "/usr/bin/env", "--ignore-environment", f"--chdir={self.config['WorkingDir']}", *self.config["Env"]]


def first_of(process: subprocess.Popen[str]) -> int:
    """Give the number that process 1 of a container has outside of it."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return int(child)


def end(process: subprocess.Popen[str]) -> None:
    """Kill what is left of a container."""
    with suppress(ProcessLookupError):
        process.kill()
    process.communicate()
