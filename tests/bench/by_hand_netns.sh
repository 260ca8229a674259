#!/bin/sh
# scenarios/basic.yaml without its last check, by hand: two namespaces, a cable, two programs, one message.
# What a person would write who has iproute2 and a shell; the measure for `labctl run --engine netns`.
set -eu
PATH="$(cd "$(dirname "$0")/../../images/host/bin" && pwd):$PATH:/usr/sbin:/sbin"
export PATH
exec unshare -Urnm sh -euc '
    mount -t tmpfs run /run
    ip netns add cheerios
    ip netns add client
    ip link add eth0 netns cheerios type veth peer name eth0 netns client
    for end in "cheerios 10.0.0.1" "client 10.0.0.2"; do
        set -- $end
        ip -n "$1" -b - <<LINES
link set lo up
address add $2/24 dev eth0
link set eth0 up
LINES
    done
    ip netns exec cheerios server 51717 >/run/shown &
    until ip netns exec cheerios ss -Hltn "sport = :51717" | grep -q .; do :; done
    answer=$(echo hello | ip netns exec client client 10.0.0.1 51717)
    wait $!
    case "$answer" in *"I got your message"*) ;; *) exit 1 ;; esac
    grep -qx "Here is the message: hello" /run/shown
'
