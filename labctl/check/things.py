"""A THING of a scenario -> what testinfra sees of it, and what of that is not as expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labctl.scenario.model import Thing

Value = str | int | bool | list[str]


class CannotLook(Exception):
    """What testinfra needs to look isn't on the host: nothing can be said."""


def complaints_about(host: Any, thing: Thing, expected: Mapping[str, Value]) -> list[str]:
    """Each attribute that is not as expected, a text each. `host` is testinfra's Host (it has no types).

    CannotLook where a tool is missing that testinfra would take for a no.
    """
    try:
        seen = _LOOKS[thing.module](host, thing.argument) if thing.module in _LOOKS else _plain(host, thing)
    except (AssertionError, RuntimeError) as error:
        return [f"{thing.module}: {_first_line(error)}"]
    found = []
    for name, wanted in expected.items():
        _demand_tools(host, thing, name)
        try:
            came = getattr(seen, name)
        except (AssertionError, RuntimeError, ValueError) as error:
            if (thing.module, name) == ("addr", "is_reachable"):  # neither yes nor no: the tool itself failed
                raise CannotLook(f"is_reachable: {_first_line(error)}") from error
            found.append(f"{name}: expected {_spelled(wanted, name)}, but {_first_line(error)}")
            continue
        if not _is_equal(wanted, came):
            found.append(f"{name}: expected {_spelled(wanted, name)}, came {_spelled(came, name)}")
    return found


def _plain(host: Any, thing: Thing) -> Any:
    return getattr(host, thing.module)(thing.argument)


def _address(host: Any, argument: str) -> Any:
    name, colon, port = argument.rpartition(":")
    if colon and (name.endswith("]") or ":" not in name):
        return host.addr(name.strip("[]")).port(port)
    return host.addr(argument)


_LOOKS: dict[str, Callable[[Any, Any], Any]] = {
    "addr": _address,
    "process": lambda host, filters: host.process.get(**filters),
    "command": lambda host, command: host.run(command),
}


def _demand_tools(host: Any, thing: Thing, attribute: str) -> None:
    """testinfra takes a missing tool for a no; so make sure that it is there."""
    if (thing.module, attribute) != ("addr", "is_reachable"):
        return
    tool = "nc" if ":" in str(thing.argument) else "ping"
    if not host.exists(tool):
        raise CannotLook(f"`{tool}` is not on {host.backend.hostname}, and testinfra needs it for is_reachable")


def _is_equal(wanted: Value, came: Any) -> bool:
    if isinstance(wanted, list):
        return sorted(wanted) == sorted(str(one) for one in came or ())
    if isinstance(wanted, str):
        return wanted == str(came).rstrip("\n") or wanted == str(came)
    return bool(wanted == came)


def _spelled(value: Any, attribute: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if attribute == "mode" and isinstance(value, int):
        return f"{value:04o}"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value).removesuffix("\n")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
