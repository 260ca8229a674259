"""Stories of runs that never happened, by name, for whoever draws them."""

from __future__ import annotations

from pathlib import Path

from labctl.observe.story import Arrival, HostSeen, Story
from tests.unit.report.telling import Telling

SERVER, CLIENT = HostSeen("cheerios", ("10.51.0.2",)), HostSeen("client", ("10.51.0.3",))
SCENARIOS = Path(__file__).parents[3] / "scenarios"
LISTENS = "TCP 0.0.0.0:51717"
CALLS_IT = "TCP 10.51.0.3:40112 -> 10.51.0.2:51717"
ANSWERS = "TCP 10.51.0.2:51717 -> 10.51.0.3:40112"
ADDRESS = '{sa_family=AF_INET, sin_port=htons(51717), sin_addr=inet_addr("10.51.0.2")}'
HOSTILE_TEXT = "<script>document.title='owned'</script></script><!--\u2028\x1b[31m\x00\u202e\"'&amp;]]>"


def arrived(lane: int, at_us: int) -> tuple[Arrival]:
    """One arrival, as it should be."""
    return (Arrival(lane=lane, came_ns=at_us * 1000, at_ns=at_us * 1000, fate="arrived"),)


def stopped(lane: int, at_us: int, fate: str, rule: str) -> tuple[Arrival]:
    """One arrival where a rule decided that it was none."""
    return (Arrival(lane=lane, came_ns=at_us * 1000, at_ns=at_us * 1000, fate=fate, rule=rule),)  # type: ignore[arg-type]  # a Fate


def _basic() -> Story:
    """One message, one answer, as the tutorial walks through it."""
    told = Telling(SERVER, CLIENT)
    server = told.lane("cheerios", "server", "server 51717")
    client = told.lane("client", "client", "client cheerios 51717")
    nobody = told.lane("cheerios")
    told.step(0, 24_000, "cheerios: start server 51717", "The server comes first, because a client calls somebody.")
    told.step(24_100, 49_000, "client: run client cheerios 51717", "socket and connect, then write and read.")
    told.step(49_100, 49_300, "wait for server", "What the client wrote, the server has read.")
    told.step(49_400, 51_000, "cheerios: check socket tcp://0.0.0.0:51717", "The server is gone.")
    told.call(server, 9_000, 9_060, 'execve("/lab/server", ["server", "51717"], 0x7ffd)', group="process")
    told.call(server, 17_100, 17_130, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP)", "3<TCP:[8101]>", socket="TCP")
    told.call(server, 17_200, 17_215, f"bind(3<TCP:[8101]>, {ADDRESS.replace('10.51.0.2', '0.0.0.0')}, 16)")
    told.call(server, 17_300, 17_312, "listen(3<TCP:[0.0.0.0:51717]>, 5)", socket=LISTENS)
    told.call(client, 30_000, 30_050, 'execve("/lab/client", ["client", "cheerios", "51717"], 0x7ffd)', group="process")
    told.call(client, 38_000, 38_022, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP)", "3<TCP:[8140]>", socket="TCP")
    who = "who has 10.51.0.2? tell 10.51.0.3"
    told.packet(client, 38_120, arrived(nobody, 38_126), who, kind="arp", size=42, is_noise=True)
    told.packet(nobody, 38_131, arrived(client, 38_135), "10.51.0.2 is at 02:00:00:00:00:02", kind="arp", is_noise=True)
    way, back = f"{CALLS_IT}:", f"{ANSWERS}:"
    syn = told.packet(client, 38_150, arrived(server, 38_164), "SYN", f"{way} [SYN] seq 0 win 64240, mss 1460, sackOK")
    told.packet(
        server, 38_171, arrived(client, 38_180), "SYN ACK", f"{back} [SYN, ACK] seq 0 ack 1 win 65160, mss 1460"
    )
    told.packet(client, 38_186, arrived(server, 38_199), "ACK", f"{way} [ACK] seq 1 ack 1 win 502")
    told.call(client, 38_100, 38_210, f"connect(3<TCP:[8140]>, {ADDRESS}, 16)", socket=CALLS_IT, packets=(syn,))
    peer = '{sa_family=AF_INET, sin_port=htons(40112), sin_addr=inet_addr("10.51.0.3")}, [16], SOCK_CLOEXEC'
    told.call(
        server,
        17_400,
        38_260,
        f"accept4(3<TCP:[0.0.0.0:51717]>, {peer})",
        "4<TCP:[8102]>",
        socket=LISTENS,
        packets=(2,),
    )
    told.output(client, 38_300, "Please enter the message: ")
    hello = told.packet(
        client,
        38_440,
        arrived(server, 38_455),
        "DATA 6",
        f"{way} [PSH, ACK] seq 1 ack 1 win 502, 6 bytes",
        text="hello\\n",
    )
    told.packet(server, 38_461, arrived(client, 38_470), "ACK", f"{back} [ACK] seq 1 ack 7 win 509")
    told.call(client, 38_400, 38_490, 'write(3<TCP:[8140]>, "hello\\n", 6)', "6", socket=CALLS_IT, packets=(hello,))
    told.call(server, 38_330, 38_520, 'read(4<TCP:[8102]>, "hello\\n", 255)', "6", socket=ANSWERS, packets=(hello,))
    told.output(server, 38_600, "Here is the message: hello\n")
    answer = told.packet(
        server,
        38_740,
        arrived(client, 38_752),
        "DATA 18",
        f"{back} [PSH, ACK] seq 1 ack 7, 18 bytes",
        text="I got your message",
    )
    told.packet(client, 38_760, arrived(server, 38_768), "ACK", f"{way} [ACK] seq 7 ack 19 win 502")
    told.call(
        server,
        38_700,
        38_790,
        'write(4<TCP:[8102]>, "I got your message", 18)',
        "18",
        socket=ANSWERS,
        packets=(answer,),
    )
    told.call(
        client,
        38_540,
        38_820,
        'read(3<TCP:[8140]>, "I got your message", 255)',
        "18",
        socket=CALLS_IT,
        packets=(answer,),
    )
    told.output(client, 38_900, "I got your message\n")
    last = told.packet(server, 39_010, arrived(client, 39_021), "FIN ACK", f"{back} [FIN, ACK] seq 19 ack 7 win 509")
    told.call(server, 39_000, 39_040, "close(4<TCP:[8102]>)", socket=ANSWERS, packets=(last,))
    bye = told.packet(client, 39_210, arrived(server, 39_222), "FIN ACK", f"{way} [FIN, ACK] seq 7 ack 20 win 502")
    told.call(client, 39_200, 39_240, "close(3<TCP:[8140]>)", socket=CALLS_IT, packets=(bye,))
    told.packet(server, 39_251, arrived(client, 39_262), "ACK", f"{back} [ACK] seq 20 ack 8 win 509")
    told.call(server, 39_100, 39_110, "close(3<TCP:[0.0.0.0:51717]>)", socket=LISTENS)
    told.call(client, 45_000, None, "exit_group(0)", group="process")
    told.end(client, 45_600)
    told.call(server, 46_000, None, "exit_group(0)", group="process")
    told.end(server, 46_700)
    text = (SCENARIOS / "basic.yaml").read_text()
    return told.story("basic", "A TCP connection is like a telephone call.\nThe client calls.", text)


def _lost() -> Story:
    """Five datagrams, of which a rule loses the second and the fourth; the check wanted other ones."""
    told = Telling(SERVER, CLIENT)
    server = told.lane("cheerios", "server-udp", "server-udp 51717")
    client = told.lane("client", "client-udp", "client-udp cheerios 51717 --count 5")
    rule = "client -> cheerios, udp 51717: drop [2, 4]"
    told.step(0, 9_000, "cheerios: start server-udp 51717")
    told.step(9_100, 9_900, "client -> cheerios loses datagrams 2 and 4", "From here on the network loses two of five.")
    told.step(
        10_000, 31_000, "client: run client-udp cheerios 51717 --count 5", "Five successes, and no word on stderr."
    )
    complaint = "dropped: expected [2, 5], came [2, 4]"
    told.step(31_200, 31_900, "check client -> cheerios", "The network knows what became of them.", "fail", complaint)
    told.step(32_000, None, "stop server-udp", "", "not run")
    bound = "UDP 0.0.0.0:51717"
    told.call(server, 5_000, 5_020, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP)", "3<UDP:[91]>", socket="UDP")
    told.call(server, 5_100, 5_115, "bind(3<UDP:[91]>, {sin_port=htons(51717)}, 16)", socket=bound)
    told.rules("cheerios", 9_500, rule)
    told.call(client, 20_000, 20_020, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP)", "3<UDP:[99]>", socket="UDP")
    waits_since = 5_200
    for n in range(1, 6):
        at = 20_000 + 1000 * n
        came = stopped(server, at + 30, "lost", rule) if n in (2, 4) else arrived(server, at + 30)
        detail = "UDP 10.51.0.3:50300 -> 10.51.0.2:51717: UDP 2"
        sent = told.packet(client, at + 10, came, "UDP 2", detail, kind="udp", text=f"{n}\\n", size=44)
        to = "UDP 10.51.0.3:50300 -> 10.51.0.2:51717"
        told.call(
            client, at, at + 60, f'sendto(3<UDP:[99]>, "{n}\\n", 2, 0, {ADDRESS}, 16)', "2", socket=to, packets=(sent,)
        )
        if n not in (2, 4):
            told.call(
                server,
                waits_since,
                at + 90,
                f'recvfrom(3<UDP:[91]>, "{n}\\n", 1024, 0)',
                "2",
                socket=bound,
                packets=(sent,),
            )
            told.output(server, at + 140, f"Received a datagram: {n}\n")
            waits_since = at + 200
    told.call(server, waits_since, None, "recvfrom(3<UDP:[91]>, 0x7ffc, 1024, 0)", socket=bound)
    told.call(client, 27_000, None, "exit_group(0)", group="process")
    told.end(client, 27_400)
    text = (SCENARIOS / "faults" / "udp-packet-loss.yaml").read_text()
    reason = "step 4: dropped: expected [2, 5], came [2, 4]"
    return told.story("faults/udp-packet-loss", "Of five datagrams two are lost.", text, verdict="fail", reason=reason)


def _impaired() -> Story:
    """Late, doubled, damaged, refused, vanished and sent again; a process killed; and the capture was cut."""
    told = Telling(SERVER, CLIENT, HostSeen("nobody", ("10.51.0.9",), is_absent=True))
    server = told.lane("cheerios", "server-fork", "server-fork 51717")
    client = told.lane("client", "client", "client cheerios 51717")
    kernel = told.lane("cheerios")
    told.step(0, 1_000, "client <-> cheerios: delay 20ms, duplicate, corrupt")
    told.step(
        1_100,
        None,
        "client: run client cheerios 51717",
        "Everything that can go wrong.",
        "unknown",
        "the capture was cut",
    )
    told.rules("cheerios", 500, "client -> cheerios: drop [1]", "client -> cheerios: delay 20ms")
    syn = told.packet(client, 2_000, stopped(server, 2_020, "lost", "client -> cheerios: drop [1]"), "SYN")
    late = Arrival(
        lane=server, came_ns=1_010_020_000, at_ns=1_030_020_000, fate="late", rule="client -> cheerios: delay 20ms"
    )
    told.packet(client, 1_010_000, (late,), "SYN", notes=("retransmission",))
    told.packet(server, 1_031_000, arrived(client, 1_031_020), "SYN ACK")
    told.call(client, 1_900, 1_031_100, f"connect(3<TCP:[8140]>, {ADDRESS}, 16)", socket=CALLS_IT, packets=(syn,))
    doubled = Arrival(
        lane=server, came_ns=1_032_020_000, at_ns=1_032_020_000, fate="arrived", rule="duplicate [2]", copies=2
    )
    told.packet(client, 1_032_000, (doubled,), "DATA 6", text="hello\\n")
    damaged = Arrival(lane=server, came_ns=1_033_020_000, at_ns=1_033_020_000, fate="damaged", rule="corrupt [3]")
    told.packet(client, 1_033_000, (damaged,), "DATA 6", text="again\\n", notes=("out of order", "zero window"))
    told.packet(client, 1_034_000, stopped(kernel, 1_034_020, "refused", "cut: port-unreachable"), "UDP 3", kind="udp")
    told.packet(kernel, 1_034_040, arrived(client, 1_034_060), "port unreachable", kind="icmp")
    told.packet(client, 1_035_000, (), "DATA 9")
    told.packet(kernel, None, arrived(client, 1_036_000), "RST")
    told.call(
        server, 1_900_000, 2_000_000, "accept4(3<TCP:[0.0.0.0:51717]>, 0, 0, 0)", "-1 EMFILE (Too many open files)"
    )
    told.signal(server, 2_000_500, "CHLD", "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=321}")
    told.end(server, 2_000_600, "signal KILL", is_main=False)
    told.output(client, 2_000_700, "ERROR reading from socket\n", "stderr")
    cut = "the capture was cut at 64 MiB: packets after 1.036 s are missing"
    return told.story(
        "broken/cut", "It broke.", "steps: []\n", verdict="unknown", reason="host client is gone", problems=(cut,)
    )


def _hostile() -> Story:
    """Every text is an attack on whoever shows it."""
    told = Telling(HostSeen(HOSTILE_TEXT, (HOSTILE_TEXT,)), CLIENT)
    server = told.lane(HOSTILE_TEXT, HOSTILE_TEXT, HOSTILE_TEXT)
    client = told.lane("client", "liar", f"liar {HOSTILE_TEXT}")
    told.step(0, 900, HOSTILE_TEXT, HOSTILE_TEXT, "fail", HOSTILE_TEXT)
    told.rules(HOSTILE_TEXT, 50, HOSTILE_TEXT)
    sent = told.packet(
        client,
        110,
        stopped(server, 120, "lost", HOSTILE_TEXT),
        HOSTILE_TEXT,
        HOSTILE_TEXT,
        notes=(HOSTILE_TEXT,),
        text=HOSTILE_TEXT,
    )
    told.call(client, 100, 130, f"write({HOSTILE_TEXT})", "5", socket=HOSTILE_TEXT, packets=(sent,))
    told.output(client, 200, HOSTILE_TEXT + "\n")
    told.output(server, 210, HOSTILE_TEXT + "\n", "stderr")
    told.signal(client, 300, HOSTILE_TEXT, HOSTILE_TEXT)
    told.end(client, 400, HOSTILE_TEXT)
    return told.story(
        HOSTILE_TEXT,
        HOSTILE_TEXT,
        HOSTILE_TEXT,
        verdict="fail",
        reason=HOSTILE_TEXT,
        engine=HOSTILE_TEXT,
        problems=(HOSTILE_TEXT,),
    )


def crowd(clients: int = 200, *, calls: int = 25, packets: int = 12) -> Story:
    """So many clients at the same time, each with so many calls and packets (at least 12 and 6), all in a second."""
    told = Telling(
        SERVER, *(HostSeen(f"client-{n}", (f"10.51.{n // 250}.{n % 250 + 3}",)) for n in range(1, clients + 1))
    )
    server = told.lane("cheerios", "server-fork", "server-fork 51717")
    told.step(0, 5_000, "cheerios: start server-fork 51717")
    told.step(
        5_100, 990_000, f"client: run client cheerios 51717 ({clients} times)", "The server forks for each of them."
    )
    for n in range(1, clients + 1):
        client = told.lane(f"client-{n}", f"client-{n}", "client cheerios 51717")
        _one_of(told, server, client, 10_000 + 97 * n, calls, packets)
    return told.story("crowd", f"{clients} clients at the same time.", "steps: []\n", engine="docker")


def _one_of(told: Telling, server: int, client: int, start: int, calls: int, packets: int) -> None:
    socket = f"TCP 10.51.0.3:{40_000 + client} -> 10.51.0.2:51717"
    told.call(client, start, start + 4, "socket(AF_INET, SOCK_STREAM, IPPROTO_IP)", "3<TCP:[8140]>")
    sent = told.packet(client, start + 22, arrived(server, start + 31), "SYN", f"{socket} [SYN] seq 0 win 64240")
    told.call(client, start + 20, start + 60, f"connect(3<TCP:[8140]>, {ADDRESS}, 16)", socket=socket, packets=(sent,))
    told.call(
        server, start + 70, start + 80, "accept4(3, 0, 0, SOCK_CLOEXEC)", "4", socket=LISTENS, packets=(sent,), pid=7
    )
    for k in range(1, packets):
        ends = (client, server) if k % 2 else (server, client)
        at = start + 100 + 3_001 * k
        sent = told.packet(
            ends[0], at + 3, arrived(ends[1], at + 11), "DATA 6", f"{socket} [PSH, ACK] seq {k}", text="hello\\n"
        )
        told.call(ends[0], at, at + 20, 'write(3<TCP:[8140]>, "hello\\n", 6)', "6", socket=socket, packets=(sent,))
    for k in range(calls - packets - 4):
        at = start + 80_000 + 3_007 * k
        told.call(client, at, at + 5, 'read(3</etc/hosts>, "", 4096)', "0", group="file")
    told.output(client, start + 190_000, "I got your message\n")
    told.call(client, start + 200_000, None, "exit_group(0)", group="process")
    told.end(client, start + 200_100)


BASIC, LOST, IMPAIRED, HOSTILE = _basic(), _lost(), _impaired(), _hostile()
BARE = Telling(SERVER).story("bare", "", "", verdict="unknown", reason="the lab could not be built")

STORIES = {"basic": BASIC, "lost": LOST, "impaired": IMPAIRED, "hostile": HOSTILE, "bare": BARE}
