#!/usr/bin/env bash
# Runs a workspace image as Deed runs a workspace, and asks what is in it: `check.sh ide` or `check.sh light`, with the name of the image
# as second word. Needs root, to come in through the workspace's network, and an engine on this machine.
set -euo pipefail

stop() { printf 'workspace image: %s\n' "$*" >&2; exit 1; }

kind=${1:-}
kind=${kind,,}
image=${2:-deed-workspace-$kind}
case $kind in
ide) start=deed-ide page=8080/healthz programs=(git node npm code-server claude codex) ;;
light) start=deed-lab page=8888/api programs=(git jupyter-lab) ;;
*) stop "usage: check.sh ide|light [NAME]" ;;
esac
[ "$(id -u)" -eq 0 ] || stop "only root can enter the network of a workspace"

# One try a tenth of a second, for as long as a slow machine may take.
tries=600
home=deed-workspace-check-$$
workspace=$(docker run --detach --network none --init --read-only --tmpfs /tmp --tmpfs /run --volume "$home:/home/coder" \
    --cap-drop ALL --security-opt no-new-privileges --pids-limit 512 --memory 2g --user 1000:1000 "$image")
clean() {
    docker rm --force "$workspace" >/dev/null
    docker volume rm "$home" >/dev/null
}
trap clean EXIT

inside() { docker exec "$workspace" "$@"; }
from_outside() {
    nsenter --net="$(docker inspect --format '{{.NetworkSettings.SandboxKey}}' "$workspace")" \
        curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' "http://127.0.0.1:$1" || true
}

for program in "${programs[@]}"; do
    version=$(inside "$program" --version 2>&1) || stop "$program does not run: $version"
    # What comes before it is what a first start has to tell.
    printf '%s: %s\n' "$program" "${version##*$'\n'}"
done
inside sh -c 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; touch ~/x'
! inside touch /x 2>/dev/null || stop "the system can be written"
[ "$(inside ls /sys/class/net)" = lo ] || stop "there is more than the loopback"

began=$(date +%s%N)
docker exec --detach "$workspace" sh -c "$start >/tmp/log 2>&1"
for ((try = 0; try < tries; try++)); do
    status=$(from_outside "$page")
    [ "$status" != 200 ] || break
    sleep 0.1
done
[ "$status" = 200 ] || stop "$page answers $status: $(inside tail -n 5 /tmp/log)"
printf '%s answers 200 after %s ms\n' "$page" $((($(date +%s%N) - began) / 1000000))
docker stats --no-stream --format 'memory {{.MemUsage}}, processes {{.PIDs}}' "$workspace"
printf 'image %s MB\n' $(($(docker image inspect --format '{{.Size}}' "$image") / 1000000))
