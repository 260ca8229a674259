#!/bin/sh
# scenarios/basic.yaml without its last check, by hand, with Docker Compose v2 and the project's compose.yaml:
# up, the server in the background, the client (again until the server listens), down. The measure for `labctl run --engine docker`.
# COMPOSE names the Compose binary (default: `docker compose`).
set -eu
cd "$(dirname "$0")/../.."
compose() { ${COMPOSE:-docker compose} -p "labctl-by-hand-$$" --progress quiet "$@"; }
shown=$(mktemp)
trap 'compose down -t 0; rm -f "$shown"' EXIT
compose up -d
compose exec -T cheerios server 51717 >"$shown" &
answer=$(compose exec -T client sh -c 'until echo hello | client cheerios 51717 2>/dev/null; do :; done')
wait $!
case "$answer" in *"I got your message"*) ;; *) exit 1 ;; esac
grep -qx "Here is the message: hello" "$shown"
