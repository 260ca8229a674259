"""The filter refuses what it must and nothing else: its instructions, run call by call."""

from __future__ import annotations

import errno
import os
import socket
import struct

import pytest

from labctl.agent import syscalls
from labctl.agent.seccomp import REFUSED, program_filter
from labctl.agent.syscalls import NUMBERS

ALLOWED, REFUSES, KILLS = 0x7FFF0000, 0x00050000, 0x80000000
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}.get(os.uname().machine, 0)
NOT_X86 = os.uname().machine != "x86_64"


def verdict(number: int, *arguments: int, architecture: int = ARCHITECTURE) -> int:
    """What the filter says of a call: an interpreter of classic BPF on struct seccomp_data (linux/bpf.h)."""
    instructions = program_filter()
    assert instructions is not None
    padded = (*arguments, *[0] * (6 - len(arguments)))
    call = struct.pack("=iIQ6Q", number, architecture, 0, *padded)
    program = list(struct.iter_unpack("HBBI", instructions))
    accumulator = at = 0
    while True:
        code, if_true, if_false, value = program[at]
        at += 1
        if code == 0x20:  # load a word
            (accumulator,) = struct.unpack_from("=I", call, value)
        elif code == 0x06:  # return
            return int(value)
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: accumulator & value != 0}[code]
            at += if_true if holds else if_false


def refused(number: int, *arguments: int) -> bool:
    """Whether it gives EPERM."""
    return verdict(number, *arguments) == REFUSES | errno.EPERM


@pytest.mark.parametrize("name", REFUSED)
def test_a_call_on_the_list_is_refused(name: str) -> None:
    """Whatever its arguments, it fails with EPERM."""
    assert refused(NUMBERS[name])
    assert refused(NUMBERS[name], 1, 2, 3)


@pytest.mark.parametrize("family", [40, socket.AF_PACKET])
def test_sockets_that_leave_the_lab_are_refused(family: int) -> None:
    """AF_VSOCK and packet sockets are, whatever their type."""
    assert refused(NUMBERS["socket"], family, socket.SOCK_STREAM)
    assert refused(NUMBERS["socket"], family, socket.SOCK_RAW)


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK])
def test_usual_sockets_are_allowed(family: int) -> None:
    """Those that the lab is about are."""
    assert verdict(NUMBERS["socket"], family, socket.SOCK_STREAM) == ALLOWED


def test_only_the_arguments_that_count_are_looked_at() -> None:
    """A 40 in another place, or in the upper half of a register, isn't AF_VSOCK; nor does that hide one."""
    assert verdict(NUMBERS["socket"], socket.AF_INET, 40) == ALLOWED
    assert refused(NUMBERS["socket"], 40 | 1 << 32)


@pytest.mark.parametrize("bit", [0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x00020000])
def test_new_namespaces_by_clone_are_refused(bit: int) -> None:
    """clone(2) with any CLONE_NEW flag is; as fork(2) and threads use it, it isn't."""
    assert refused(NUMBERS["clone"], bit | 17)
    assert verdict(NUMBERS["clone"], 17) == ALLOWED
    assert verdict(NUMBERS["clone"], 0x003D0F00) == ALLOWED  # as pthread_create(3) calls it


def test_clone3_does_not_exist() -> None:
    """ENOSYS makes a C library fall back to clone(2)."""
    assert verdict(NUMBERS["clone3"]) == REFUSES | errno.ENOSYS


def test_being_traced_is_allowed_and_tracing_is_not() -> None:
    """A program may ask its parent to trace it (request 0), and trace nobody else."""
    assert verdict(NUMBERS["ptrace"], 0) == ALLOWED
    assert refused(NUMBERS["ptrace"], 16)
    assert refused(NUMBERS["ptrace"], 0x4206)


@pytest.mark.parametrize("name", ["read", "write", "accept4", "connect", "sendto", "recvfrom", "ppoll", "wait4"])
def test_what_programs_need_is_allowed(name: str) -> None:
    """Ordinary calls pass."""
    assert verdict(NUMBERS[name], 3, 4, 5) == ALLOWED


def test_another_architectures_calls_end_the_program() -> None:
    """Numbers mean something else there, so nothing of it is let through."""
    assert verdict(0, architecture=0x40000003) == KILLS


@pytest.mark.skipif(NOT_X86, reason="x32 is x86_64's")
def test_the_x32_way_round_is_closed() -> None:
    """The same calls by their x32 numbers don't exist."""
    assert verdict(NUMBERS["socket"] | 0x40000000, 40) == REFUSES | errno.ENOSYS


@pytest.mark.parametrize("table", ["_X86_64", "_AARCH64"])
def test_every_architecture_knows_every_call_that_is_asked_about(table: str) -> None:
    """A name that is refused, or that a scenario may wait for, has a number in each table, and no other's."""
    numbers: dict[str, int] = getattr(syscalls, table)
    asked = {*REFUSED, "clone", "clone3", "socket", "ptrace", "read", "accept", "connect", "wait4", "ppoll"}
    assert asked <= set(numbers)
    assert len(set(numbers.values())) == len(numbers)


def test_a_words_members_are_the_calls_it_stands_for() -> None:
    """A family's word stands for all of them, an alias for the kernel's name, any other for itself."""
    assert {"read", "recvfrom", "recvmsg"} <= syscalls.members("read")
    assert syscalls.members("recv") == {"recvfrom"}
    assert syscalls.members("connect") == {"connect"}
