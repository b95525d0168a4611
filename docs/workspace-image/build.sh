#!/usr/bin/env bash
# Builds a workspace image from the registries of Debian, npm and PyPI alone: `build.sh ide` or `build.sh light`, with another name
# for the image as second word. What the machine is set to (mirrors, proxies, authorities) is used while building; none of it is in
# the image. Needs root for debootstrap, and an engine on this machine. README.md says what is inside.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

suite=bookworm
base_packages=(bash-completion ca-certificates curl git less procps python3)
node_version=24.19.0
code_server_version=4.139.1
claude_code_version=2.1.330
codex_version=0.169.0
jupyterlab_version=4.6.6

say() { printf 'workspace image: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# What the machine is set to, as files for the stages that build.
write_settings() {
    local to=$1
    rm -rf "$to"
    mkdir -p "$to"
    cat "$(authorities)" >"$to/ca.crt"
    debian_sources >"$to/sources.list"
    apt_conf >"$to/apt.conf"
    pip_conf >"$to/pip.conf"
    npmrc >"$to/npmrc"
    chmod -R a+rX "$to"
}

authorities() {
    local file
    for file in "${SSL_CERT_FILE:-}" "${NODE_EXTRA_CA_CERTS:-}" /etc/ssl/certs/ca-certificates.crt; do
        if [ -s "$file" ]; then printf '%s\n' "$file"; return; fi
    done
    printf '/dev/null\n'
}

# The lines of the machine's own sources that are of our suite: none on another system than this Debian.
debian_sources() {
    local address release component
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        while read -r address release component; do
            case $address$release in
            */debian*/"$suite"*) printf 'deb [signed-by=%s] %s %s %s\n' "$keyring" "$address" "$release" "$component" ;;
            esac
        done | sort -u
}

apt_conf() {
    printf 'Dir::Etc::SourceList "/settings/sources.list";\nDir::Etc::SourceParts "/dev/null";\n'
    printf 'Acquire::https::CAInfo "/settings/ca.crt";\n'
    printf 'APT::Install-Recommends "false";\nAPT::Sandbox::User "root";\n'
    apt-config dump | grep -E '^Acquire::(Check-|https?::(Proxy|proxy))' || true
}

pip_conf() {
    printf '[global]\ncert = /settings/ca.crt\ndisable-pip-version-check = true\nroot-user-action = ignore\n'
    command -v pip >/dev/null || return 0
    pip config list 2>/dev/null | sed -nE "s/^(global|:env:)\.((extra-)?index-url|trusted-host)='(.*)'$/\2 = \4/p"
}

npmrc() {
    printf 'cafile=/settings/ca.crt\nfund=false\naudit=false\nupdate-notifier=false\nomit-lockfile-registry-resolved=true\n'
    command -v npm >/dev/null || return 0
    printf 'registry=%s\n' "$(cd / && npm config get registry 2>/dev/null)"
}

# A word for each proxy that is set, after the option that hands it on.
proxies() {
    local option=$1 name
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
        [ -z "${!name:-}" ] || printf '%s\n%s\n' "$option" "$name=${!name}"
    done
}

# Debian as both images have it: named after what goes in, made once.
make_base() {
    base=deed-workspace-base:$(printf '%s\n' "$suite" "${base_packages[@]}" "$(declare -f import_debian finish_debian)" | sha256sum | cut -c 1-12)
    docker image inspect "$base" >/dev/null 2>&1 && return
    say "making $base, once, for two minutes or so"
    import_debian
    finish_debian
}

import_debian() {
    local rootfs=$work/rootfs mirror
    mirror=$(sed -nE "s/^deb [^ ]+ ([^ ]+) $suite main$/\1/p" "$work/settings/sources.list" | head -n 1)
    as_root rm -rf --one-file-system "$rootfs"
    as_root env SSL_CERT_FILE="$(authorities)" debootstrap --variant=minbase --include="$(IFS=,; echo "${base_packages[*]}")" \
        "$suite" "$rootfs" ${mirror:+"$mirror"} >"$work/debootstrap.log" 2>&1 ||
        stop "debootstrap failed: $(tail -n 5 "$work/debootstrap.log")"
    # The machine's own names, which debootstrap copies, are not for an image.
    as_root rm -f "$rootfs/etc/hostname" "$rootfs/etc/resolv.conf" "$rootfs/etc/apt/sources.list"
    as_root tar -C "$rootfs" -c . | docker import - "$base-raw" >/dev/null
    as_root rm -rf --one-file-system "$rootfs"
}

# The newest fixes, when the machine's sources have them; then all goes that the files of a mirror left behind.
finish_debian() {
    local container words
    mapfile -t words < <(proxies --env)
    container=$(docker create --network host --volume "$work/settings:/settings:ro" --env APT_CONFIG=/settings/apt.conf \
        --env DEBIAN_FRONTEND=noninteractive "${words[@]}" "$base-raw" sh -ec '
        if [ -s /settings/sources.list ]; then apt-get -q update && apt-get -q -y dist-upgrade; fi
        rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/log/* /tmp/*
        rm -rf /usr/share/man/* /usr/share/info/* /usr/share/locale/*
        find /usr/share/doc -depth -type f ! -name copyright -delete
        find / -xdev -name __pycache__ -prune -exec rm -rf {} +
        : >/etc/apt/sources.list')
    docker start --attach "$container" >"$work/upgrade.log" 2>&1 || stop "the upgrade failed: $(tail -n 5 "$work/upgrade.log")"
    docker export "$container" | docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8' - "$base" >/dev/null
    docker rm "$container" >/dev/null
    docker image rm "$base-raw" >/dev/null
}

build() {
    local kind=$1 image=$2 words
    cp "$here/deed-ide" "$here/deed-lab" "$work/"
    mapfile -t words < <(proxies --build-arg)
    docker build --network host --tag "$image" --file "$here/$kind.Dockerfile" "${words[@]}" --build-arg "BASE=$base" \
        --build-arg "NODE=$node_version" --build-arg "CODE_SERVER=$code_server_version" \
        --build-arg "CLAUDE_CODE=$claude_code_version" --build-arg "CODEX=$codex_version" \
        --build-arg "JUPYTERLAB=$jupyterlab_version" "$work"
}

kind=${1:-}
kind=${kind,,}
case $kind in
ide | light) ;;
*) stop "usage: build.sh ide|light [NAME]" ;;
esac
[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null || stop "debootstrap needs root"
export PATH=$PATH:/usr/sbin:/sbin
for command in docker debootstrap apt-get; do
    command -v "$command" >/dev/null || stop "\`$command\` is missing; run \`make setup\`"
done
docker version >/dev/null 2>&1 || stop "no engine answers; try DOCKER_HOST=unix://\$(fixtures/engine.sh socket)"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
work=$root/target/workspace-image/$kind
write_settings "$work/settings"
make_base
build "$kind" "${2:-deed-workspace-$kind}"
