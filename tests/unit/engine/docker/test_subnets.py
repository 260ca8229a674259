"""A lab's id -> subnets of its own."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest

from labctl.engine.docker.subnets import RANGE6, RANGES4, TRIES, candidates, overlaps


def first(lab: str, hosts: int = 2) -> tuple[IPv4Network, IPv6Network]:
    return next(candidates(lab, hosts))


@pytest.mark.parametrize(("hosts", "prefix"), [(1, 28), (13, 28), (14, 27), (29, 27), (253, 24), (1000, 22)])
def test_a_subnet_is_as_small_as_its_hosts_allow(hosts: int, prefix: int) -> None:
    subnet, _ = first("lab", hosts)

    assert subnet.prefixlen == prefix
    assert subnet.num_addresses - 3 >= hosts


def test_subnets_are_private_ones() -> None:
    for subnet4, subnet6 in candidates("lab", 2):
        assert any(subnet4.subnet_of(whole) for whole in RANGES4)
        assert subnet4.is_private
        assert subnet6.subnet_of(RANGE6)
        assert subnet6.prefixlen == 64


def test_the_same_lab_tries_the_same_subnets_and_others_try_others() -> None:
    assert list(candidates("one", 2)) == list(candidates("one", 2))
    assert len({first(f"lab {number}") for number in range(100)}) == 100


def test_where_one_range_is_covered_as_a_whole_others_are_tried() -> None:
    """A network of 10.0.0.0/8 is in the way of all of the first range."""
    free = [pair for pair in candidates("lab", 2) if not overlaps(pair, ["10.0.0.0/8"])]
    assert len(free) == 2 * TRIES
    assert not [pair for pair in free if not overlaps(pair, ["172.16.0.0/12", "192.168.0.0/16"])]


def test_a_labs_candidates_differ() -> None:
    assert len(set(candidates("lab", 2))) == len(list(candidates("lab", 2))) > 1


def test_an_overlap_is_seen_in_either_direction_and_family() -> None:
    subnet4, subnet6 = IPv4Network("10.64.1.0/28"), IPv6Network("fd51:717:a:b::/64")

    assert overlaps((subnet4, subnet6), ["10.0.0.0/8"])
    assert overlaps((subnet4, subnet6), ["172.17.0.0/16", "10.64.1.8/29"])
    assert overlaps((subnet4, subnet6), ["fd51:717::/32"])
    assert not overlaps((subnet4, None), ["10.64.1.16/28", "fd51:717::/32", "what?"])
