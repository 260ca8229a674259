"""Programs are ordinary users without any privilege, whoever started labctl and on whichever engine."""

from __future__ import annotations

import errno

import pytest

from tests.contract.hosts import StandingLab

CALL = """
    import ctypes, errno, json, os, platform, sys
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    number = {"x86_64": %s, "aarch64": %s}[platform.machine()]
    arguments = [int(word) for word in sys.argv[1:]]
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))
    print(json.dumps(ctypes.get_errno() if result < 0 else 0))
"""


def test_programs_are_the_same_ordinary_user(lab: StandingLab) -> None:
    """A program is uid and gid 1000, a user with a name and a home, in no other group."""
    seen = lab.host("left").tell(
        """
        import json, os, pwd
        print(json.dumps([os.getresuid(), os.getresgid(), pwd.getpwuid(os.getuid()).pw_dir == os.environ["HOME"]]))
        """
    )
    assert seen == [[1000] * 3, [1000] * 3, True]


def test_programs_have_no_capability(lab: StandingLab) -> None:
    """No capability is permitted, in effect or to be inherited, and none can be gained: the kernel says so."""
    status = lab.host("left").run("cat", "/proc/self/status").stdout.decode()
    rows = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert [int(rows[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [0, 0, 0, 0]
    assert (rows["NoNewPrivs"], rows["Seccomp"]) == ("1", "2")


MIGHTY: dict[str, tuple[tuple[int, int], tuple[int, ...]]] = {
    "socket AF_VSOCK": ((41, 198), (40, 1, 0)),
    "socket AF_PACKET": ((41, 198), (17, 3, 0)),
    "socket AF_INET raw": ((41, 198), (2, 3, 1)),
    "unshare user": ((272, 97), (0x10000000,)),
    "unshare network": ((272, 97), (0x40000000,)),
    "unshare mounts": ((272, 97), (0x00020000,)),
    "clone user": ((56, 220), (0x10000011, 0, 0, 0, 0)),
    "setns": ((308, 268), (0, 0)),
    "mount": ((165, 40), (0, 0, 0, 0, 0)),
    "umount2": ((166, 39), (0, 0)),
    "chroot": ((161, 51), (0,)),
    "pivot_root": ((155, 41), (0, 0)),
    "ptrace attach": ((101, 117), (16, 1, 0, 0)),
    "ptrace seize": ((101, 117), (0x4206, 1, 0, 0)),
    "process_vm_readv": ((310, 270), (1, 0, 0, 0, 0, 0)),
    "bpf": ((321, 280), (0, 0, 0)),
    "keyctl": ((250, 219), (0, 0, 0, 0, 0)),
    "io_uring_setup": ((425, 425), (1, 0)),
    "perf_event_open": ((298, 241), (0, 0, 0, 0, 0)),
    "userfaultfd": ((323, 282), (0,)),
    "sethostname": ((170, 161), (0, 0)),
    "memfd_create": ((319, 279), (0, 0)),
    "reboot": ((169, 142), (0, 0, 0, 0)),  # with a magic number that does nothing
}
"""By name: a system call's numbers on x86_64 and aarch64, and its arguments."""


@pytest.mark.parametrize(("numbers", "arguments"), MIGHTY.values(), ids=MIGHTY)
def test_what_only_the_mighty_may_do_is_refused(
    lab: StandingLab, numbers: tuple[int, int], arguments: tuple[int, ...]
) -> None:
    """A call that reaches beyond the host, or into others on it, fails with EPERM and does nothing."""
    answer = lab.host("left").tell(CALL % numbers, *arguments)
    assert errno.errorcode.get(answer) == "EPERM"


def test_on_docker_its_own_filter_is_in_force_beneath_labctls(lab: StandingLab) -> None:
    """get_mempolicy(2), which Docker's default profile alone refuses, is refused there, and not on namespaces; what the
    agent says of the container's filter is so."""
    left = lab.host("left")
    is_refused = left.tell(CALL % (239, 236), 0, 0, 0, 0, 0) == errno.EPERM
    assert is_refused is (lab.engine.name == "docker")
    assert left.hello["in_force"]["seccomp_of_container"] is is_refused
    assert left.hello["in_force"]["seccomp"] is True


def test_a_program_is_not_the_machines_root(lab: StandingLab) -> None:
    """It is uid 1000; on namespaces that is one ordinary user outside, and nobody else is mapped."""
    mapped = lab.host("left").run("cat", "/proc/self/uid_map").stdout.split()
    if lab.engine.name == "netns":
        assert mapped[0] == b"1000"
        assert mapped[2] == b"1"
    status = lab.host("left").run("cat", "/proc/self/status").stdout.decode()
    assert "Uid:\t1000\t1000\t1000\t1000" in status


def test_clone3_is_not_there(lab: StandingLab) -> None:
    """Its flags can't be looked at, so it doesn't exist: a C library then takes clone(2)."""
    assert lab.host("left").tell(CALL % (435, 435), 0, 0) == errno.ENOSYS


def test_ordinary_calls_work(lab: StandingLab) -> None:
    """What programs under test need is there: sockets of all usual kinds, threads, being traced by their parent."""
    seen = lab.host("left").tell(
        """
        import ctypes, json, os, socket, threading
        kinds = [(socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM),
                 (socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_DGRAM)]
        for kind in kinds:
            socket.socket(*kind).close()
        thread = threading.Thread(target=os.getpid)
        thread.start()
        thread.join()
        print(json.dumps(ctypes.CDLL(None).ptrace(0, 0, 0, 0)))
        """
    )
    assert seen == 0


def test_privileged_ports_need_a_privilege(lab: StandingLab) -> None:
    """Port 80 is refused with EACCES, port 1024 is not: as on a machine of one's own."""
    seen = lab.host("left").tell(
        """
        import errno, json, socket
        def bind(port):
            with socket.socket() as one:
                try:
                    one.bind(("", port))
                except OSError as error:
                    return errno.errorcode[error.errno]
        print(json.dumps([bind(80), bind(1023), bind(1024)]))
        """
    )
    assert seen == ["EACCES", "EACCES", None]


@pytest.mark.parametrize("name", ["kernel/pid_max", "kernel/shmall", "kernel/msgmni", "net/ipv4/ip_forward"])
def test_no_kernel_setting_can_be_changed(lab: StandingLab, name: str) -> None:
    """Not even those that ask for the uid of a namespace's root alone, which programs on namespaces have outside."""
    written = lab.host("left").run("sh", "-c", f"cat /proc/sys/{name} && echo 400 > /proc/sys/{name}")
    assert (written.ending, written.stdout != b"") == ("exit 2", True), written


def test_the_kernel_ends_programs_first_where_memory_is_short(lab: StandingLab) -> None:
    """And not the agent, or whatever else runs on the machine."""
    assert lab.host("left").run("cat", "/proc/self/oom_score_adj").stdout == b"1000\n"


def test_programs_of_one_host_can_not_look_into_each_other(lab: StandingLab) -> None:
    """Neither memory nor descriptors of another program can be opened, to read or to write; one's own child's can."""
    left = lab.host("left")
    other = left.begin("sleep", "60")
    opened = left.tell(
        """
        import json, os, subprocess, sys
        child = subprocess.Popen(["sleep", "60"])
        opened = []
        for who, pid in (("other", sys.argv[1]), ("child", child.pid)):
            for name in ("mem", "fd/1", "environ"):
                try:
                    os.close(os.open(f"/proc/{pid}/{name}", os.O_RDWR if name == "mem" else os.O_RDONLY))
                except (PermissionError, BlockingIOError):
                    continue
                except OSError:
                    pass
                opened.append([who, name])
        child.kill()
        print(json.dumps(opened))
        """,
        other.pid,
    )
    assert [who for who, _ in opened if who == "other"] == []
    assert ["child", "mem"] in opened  # so that what is refused means something


def test_files_can_be_moved_between_folders(lab: StandingLab) -> None:
    """What keeps programs apart keeps them from nothing that they may do."""
    assert (
        lab.host("left").run("sh", "-c", "mkdir a b && : > a/x && mv a/x b/ && ln b/x a/ && ls a/x").ending == "exit 0"
    )
