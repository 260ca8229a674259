"""What labctl brings along for a host whose image has no Python -> how it is begun there.

It comes from another image (labctl.sidecar.packing), hence with its own C library and the loader that belongs to it:
the host's may be another one, or none at all. A program that is begun by its loader needs nothing of the host's
(ld.so(8)).
"""

from __future__ import annotations

FOLDER = "/.labctl"
"""Where it lies on the host: on no PATH, and root's."""

LOADER = f"{FOLDER}/lib/loader"


def carried(program: str) -> str:
    """The file of a program that may have been brought along."""
    return f"{FOLDER}/bin/{program}"


def begun(file: str, *, name: str = "") -> tuple[str, ...]:
    """The words that begin this program: of one that was brought along, its loader's before it.

    `name` is what it is to call itself; its file, if that is empty.
    """
    if not file.startswith(f"{FOLDER}/"):
        return (file,)
    return (LOADER, "--inhibit-cache", "--library-path", f"{FOLDER}/lib", "--argv0", name or file, file)
