"""A leash: a process group that ends when the process that started it ends, however that ends.

Rules: nothing of ours may outlive who supervises it, not even where that one is killed. The leash
is a shell that waits on a pipe; the system closes the pipe with the process that holds it.
"""

import subprocess


def leash(group: int) -> "subprocess.Popen[bytes]":
    """Kill a process group once this process ends; kill the leash itself to let the group go."""
    return subprocess.Popen(  # noqa: S603  # a fixed script and a number
        ["/bin/sh", "-c", f"read -r _; kill -KILL -{group}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def let_go(held: "subprocess.Popen[bytes]") -> None:
    """Take a leash off."""
    held.kill()
    held.communicate()
