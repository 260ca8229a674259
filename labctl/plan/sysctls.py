"""A family -> the kernel settings that every host gets, so that a lab behaves alike on every machine.

Pinned are those that a new network namespace takes over from the machine or reckons from its memory, those
that Docker sets otherwise, and those that a scenario's claims hang on. All belong to a network namespace and
can be set by its owner without being root on the machine. Kernel: Documentation/networking/ip-sysctl.rst.

Not here: `net.ipv4.ping_group_range`, because which groups exist is the engine's affair.
"""

from __future__ import annotations

from labctl.scenario.model import Family

_ALWAYS = {
    "net.core.somaxconn": "4096",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.icmp_ratelimit": "0",
    "net.ipv4.ip_local_port_range": "32768 60999",
    "net.ipv4.ip_unprivileged_port_start": "1024",
    "net.ipv4.tcp_abort_on_overflow": "0",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_max_syn_backlog": "1024",
    "net.ipv4.tcp_retries2": "15",
    "net.ipv4.tcp_rmem": "4096 131072 6291456",
    "net.ipv4.tcp_syn_retries": "6",
    "net.ipv4.tcp_synack_retries": "5",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_wmem": "4096 16384 4194304",
}

_WITHOUT_IPV6 = {
    "net.ipv6.conf.all.disable_ipv6": "1",
    "net.ipv6.conf.default.disable_ipv6": "1",
}

_WITH_IPV6 = {
    "net.ipv6.conf.all.accept_dad": "0",
    "net.ipv6.conf.all.accept_ra": "0",
    "net.ipv6.conf.all.disable_ipv6": "0",
    "net.ipv6.conf.default.accept_dad": "0",
    "net.ipv6.conf.default.accept_ra": "0",
    "net.ipv6.conf.default.disable_ipv6": "0",
    "net.ipv6.icmp.ratelimit": "0",
}


def pinned(family: Family) -> dict[str, str]:
    """The settings of a host in a lab of that family, by name, in order of name."""
    return _ALWAYS | (_WITHOUT_IPV6 if family is Family.IPV4 else _WITH_IPV6)


def names_an_interface(key: str) -> bool:
    """Whether a setting is an interface's own, like `net.ipv4.neigh.eth0.ucast_solicit`."""
    words = key.split(".")
    return (
        len(words) >= 5 and words[2] in ("conf", "neigh") and words[3] not in ("all", "default") and words[0] == "net"
    )
