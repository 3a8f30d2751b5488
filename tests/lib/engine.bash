# Engines for bats files: fake ones that misbehave, real ones of Debian's packages. Everything is
# private to the file that starts it (sockets, storage, runtime folders), and everything is ended
# by its process id, unmounted and removed by stop_engines.

FAKE=$BATS_TEST_DIRNAME/fake-engine.py

# fake BEHAVIOUR [COUNT]: starts a fake engine for this test; its URL is in $fake_url.
fake() {
        fake_socket=$(mktemp -u "$BATS_TEST_TMPDIR/fake-XXXXXX")
        local out=$fake_socket.out
        : >"$out"
        "$FAKE" "$fake_socket" "$@" >"$out" 2>&1 3>&- &
        echo "$!" >>"$BATS_TEST_TMPDIR/fakes" # a file: it may be called in a subshell
        fake_url=unix://$fake_socket
        wait_for grep -q ready "$out" || { echo "the fake engine did not start: $(<"$out")"; return 1; }
}

stop_fake() {
        local pid
        [ -e "$BATS_TEST_TMPDIR/fakes" ] || return 0
        while read -r pid; do
                kill "$pid" 2>/dev/null || true
                wait "$pid" 2>/dev/null || true
        done <"$BATS_TEST_TMPDIR/fakes"
        rm "$BATS_TEST_TMPDIR/fakes"
}

# Says why a test cannot run here; the runner prints it.
needs_root() {
        [ "$(id -u)" -eq 0 ] || skip "needs root: a real engine starts containers"
}

# For a file whose tests share an engine. In setup_file, `for_root || return 0` and
# `docker_for_file [DOCKERD-OPTION…] || return 0` keep the reason why there is none; in setup,
# `needs_engine` skips with it.
for_root() {
        [ "$(id -u)" -eq 0 ] && return
        export ENGINE_SKIP="needs root: a real engine starts containers"
        return 1
}

docker_for_file() {
        for_root || return
        if ! start_docker "$@"; then
                export ENGINE_SKIP="dockerd does not run here: $(tail -n 1 "$docker_dir/log")"
                return 1
        fi
        export docker_pid docker_pids docker_dir docker_dirs
}

# The same, with an image box:1 in which /probe makes any call.
probes_for_file() {
        if [ "$(uname -m)" != x86_64 ]; then
                export ENGINE_SKIP="numbers of calls are those of x86_64"
                return 1
        fi
        if [ ! -e /sys/kernel/btf/vmlinux ]; then
                export ENGINE_SKIP="this kernel has no BTF"
                return 1
        fi
        docker_for_file || return
        busybox_rootfs "$BATS_FILE_TMPDIR/rootfs"
        built_probe "$BATS_FILE_TMPDIR/rootfs/probe"
        make_image docker
}

needs_engine() {
        [ -z "${ENGINE_SKIP:-}" ] || skip "$ENGINE_SKIP"
}

# A folder whose path is short enough for sockets below it.
engine_folder() {
        mktemp -d "${BATS_RUN_TMPDIR:-/tmp}/e.XXXX"
}

# ---- Docker -----------------------------------------------------------------------------------------

# start_docker [DOCKERD-OPTION…]: a private dockerd, reached through $DOCKER_HOST. Non-zero and the
# end of its log when it cannot run here.
start_docker() {
        local driver until
        unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH
        for driver in overlay2 vfs; do
                docker_dir=$(engine_folder)
                echo '{}' >"$docker_dir/none.json" # nothing of this machine's own configuration
                export DOCKER_HOST=unix://$docker_dir/docker.sock DOCKER_CONFIG=$docker_dir/client
                dockerd --host "$DOCKER_HOST" --data-root "$docker_dir/data" \
                        --exec-root "$docker_dir/exec" --pidfile "$docker_dir/pid" \
                        --config-file "$docker_dir/none.json" --bridge=none --iptables=false \
                        --ip6tables=false --storage-driver "$driver" --shutdown-timeout 2 "$@" \
                        >"$docker_dir/log" 2>&1 3>&- &
                docker_pid=$!
                docker_pids="${docker_pids:-} $docker_pid"
                docker_dirs="${docker_dirs:-} $docker_dir"
                until=$((SECONDS + 60))
                while [ $SECONDS -lt $until ]; do
                        docker version >/dev/null 2>&1 && break 2
                        kill -0 "$docker_pid" 2>/dev/null || break
                        sleep 0.1
                done
        done
        if ! docker version >/dev/null 2>&1; then
                echo "dockerd does not run here: $(tail -n 3 "$docker_dir/log")"
                return 1
        fi
}

# A folder with nothing but a static busybox; what images and bundles are made of.
busybox_rootfs() {
        local rootfs=$1 applet
        mkdir -p "$rootfs/bin" "$rootfs/tmp" "$rootfs/proc" "$rootfs/dev" "$rootfs/sys"
        cp "$(command -v busybox)" "$rootfs/bin/busybox"
        for applet in sh sleep cat grep true; do
                ln -sf busybox "$rootfs/bin/$applet"
        done
}

# make_image COMMAND…: imports a tar of it as box:1.
make_image() {
        local rootfs=$BATS_FILE_TMPDIR/rootfs
        [ -d "$rootfs" ] || busybox_rootfs "$rootfs"
        tar -C "$rootfs" -c . | "$@" import - box:1 >/dev/null 2>&1
}

# run_box NAME [OPTION…]: a container that sleeps.
run_box() {
        local name=$1
        shift
        docker run -d --network none --name "$name" "$@" box:1 /bin/sleep 3600 >/dev/null
}

# The first process of a container.
pid_of() {
        docker inspect --format '{{ .State.Pid }}' "$1"
}

# stop_one PID: asks, waits, insists.
stop_one() {
        local i
        kill "$1" 2>/dev/null || return 0
        for ((i = 0; i < 100; i++)); do
                kill -0 "$1" 2>/dev/null || return 0
                sleep 0.1
        done
        kill -9 "$1" 2>/dev/null || true
}

descendants() {
        local child
        for child in $(pgrep -P "$1"); do
                echo "$child"
                descendants "$child"
        done
}

# Processes that a killed engine left behind (containerd, shims, monitors; their command lines name
# a folder that is this file's alone), and the containers below them.
stop_leftovers() {
        local pid left below=
        left=$(pgrep -f -- "$1/" | grep -vx $$) || true # none
        for pid in $left; do
                below="$below $(descendants "$pid")"
        done
        for pid in $left; do
                stop_one "$pid"
        done
        for pid in $below; do
                kill -9 "$pid" 2>/dev/null || true
        done
}

# Ends every engine that this file started, deepest mounts first.
stop_engines() {
        local pid dir mount
        for dir in ${docker_dirs:-}; do
                docker --host "unix://$dir/docker.sock" ps -q 2>/dev/null |
                        xargs -r docker --host "unix://$dir/docker.sock" kill >/dev/null 2>&1 || true
        done
        for dir in ${podman_dirs:-}; do
                podman_dir=$dir private_podman rm -fa -t 0 >/dev/null 2>&1 || true
        done
        for pid in ${docker_pids:-} ${podman_pids:-}; do
                stop_one "$pid"
        done
        for dir in ${docker_dirs:-} ${podman_dirs:-}; do
                stop_leftovers "$dir"
                while read -r _ mount _; do
                        case $mount in "$dir"/*) umount -l "$mount" 2>/dev/null || true ;; esac
                done < <(tac /proc/mounts)
                rm -rf "$dir" 2>/dev/null || true
        done
        docker_pids= docker_dirs= podman_pids= podman_dirs=
}

# ---- Podman -------------------------------------------------------------------------------------------

# Podman with storage of its own; without systemd, journal and network.
private_podman() {
        podman --root "$podman_dir/root" --runroot "$podman_dir/run" --tmpdir "$podman_dir/tmp" \
                --cgroup-manager cgroupfs --events-backend file --runtime "$podman_runtime" "$@"
}

# start_podman: the API service on a private socket; its URL is in $podman_url.
start_podman() {
        local until=$((SECONDS + 60))
        podman_dir=$(engine_folder)
        podman_dirs="${podman_dirs:-} $podman_dir"
        podman_url=unix://$podman_dir/podman.sock
        private_podman system service --time 0 "$podman_url" >"$podman_dir/log" 2>&1 3>&- &
        podman_pids="${podman_pids:-} $!"
        while [ $SECONDS -lt $until ]; do
                [ -S "$podman_dir/podman.sock" ] &&
                        curl -s --unix-socket "$podman_dir/podman.sock" http://d/_ping >/dev/null &&
                        return
                sleep 0.1
        done
        echo "podman does not run here: $(tail -n 3 "$podman_dir/log")"
        return 1
}
