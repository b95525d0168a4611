//! What a workspace may do to itself, to its host and to its neighbours: rights, writing, filling, memory and processes, tried from inside.

use crate::isolation::{Attempt, Cell, OUT, attempt};
use crate::scene::{HOME, USER, next_id, was_done};
use serde_json::json;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Ways to more rights than it has.
fn climbing() -> Vec<Attempt> {
    vec![
        attempt(
            "capabilities",
            "grep ^Cap /proc/self/status | grep -v 0000000000000000 || echo none",
            "none",
        ),
        attempt("new privileges", "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"),
        attempt("system calls", "grep ^Seccomp: /proc/self/status", "Seccomp:\t2"),
        attempt(
            "capabilities of the first process",
            "grep ^Cap /proc/1/status | grep -v 0000000000000000 || echo none",
            "none",
        ),
        attempt(
            "a program that is root's",
            "ls -l /suid/busybox | cut -c 1-10; /suid/busybox su -c id </dev/null",
            "must be suid",
        ),
        attempt("its user", "id -u; id -G", "1000"),
        attempt("a mount", "mount -t tmpfs x /tmp", "ermission denied|not permitted"),
        attempt(
            "a bind mount over the host's files",
            "mount --bind /tmp /etc",
            "ermission denied|not permitted",
        ),
        attempt("a mount of a disk", "mount /dev/vda /tmp", "ermission denied|not permitted|No such"),
        attempt("the mount of its home", "umount /home/coder", "ermission denied|not permitted"),
        attempt("a user namespace", "unshare -U sh -c 'echo REACHED'", "not permitted"),
        attempt("a mount namespace", "unshare -m sh -c 'echo REACHED'", "not permitted"),
        attempt("a network namespace", "unshare -n sh -c 'echo REACHED'", "not permitted"),
        attempt(
            "the first process's namespaces",
            "nsenter -t 1 -m -n sh -c 'echo REACHED'",
            "not permitted|denied",
        ),
        attempt("another root", "chroot / sh -c 'echo REACHED'", "not permitted"),
        attempt("a device", "mknod /tmp/disk b 253 0", "not permitted"),
        attempt("a device on the volume", "mknod /home/coder/disk b 253 0", "not permitted"),
        attempt("memory of the machine", "head -c 1 /dev/mem /dev/kmem /dev/port", "No such file"),
        attempt("the kernel's log", "dmesg", "not permitted"),
        attempt("a kernel module", "insmod /tmp/x.ko; modprobe dummy", "can't|not found|No such"),
        attempt("the clock", "date -s 2020-01-01", "can't set date"),
        attempt("the host name", "hostname evil", "must be root|not permitted|you are not root"),
        attempt("a restart of the machine", "reboot -f", "not permitted"),
        attempt(
            "processes of the host",
            "ls /proc | grep -c '^[0-9]' | awk '{ print $1 < 32 ? \"few\" : \"many\" }'; grep -l dockerd /proc/[0-9]*/comm || echo none",
            "few none",
        ),
        attempt("memory of the kernel", "head -c 1 /proc/kcore | wc -c", "0|denied"),
        attempt(
            "a file on a set-user-id volume",
            "cp /bin/busybox /home/coder/b && chmod 4755 /home/coder/b; grep /home/coder /proc/mounts",
            "nosuid,nodev",
        ),
    ]
}

/// Ways to write where nothing is its own.
fn writing() -> Vec<Attempt> {
    let mut all = Vec::new();
    for path in [
        "/evil",
        "/bin/busybox",
        "/etc/passwd",
        "/etc/hosts",
        "/etc/hostname",
        "/etc/resolv.conf",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sysrq-trigger",
        "/proc/1/oom_score_adj",
        "/sys/kernel/uevent_helper",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/dev/evil",
    ] {
        let value = if path.ends_with("adj") { "-1000" } else { "x" };
        let script = format!("(echo {value} >> {path}) && echo {OUT}");
        all.push(attempt(
            &format!("writing {path}"),
            &script,
            "Read-only|ermission denied|nonexistent|not permitted",
        ));
    }
    let groups = "for f in $(find /sys/fs/cgroup -name cgroup.procs -o -name release_agent -o -name notify_on_release -o -name devices.allow 2>/dev/null); do (echo 1 > $f) 2>/dev/null && echo REACHED $f; done; echo none";
    all.push(attempt("writing files of control groups", groups, "none"));
    let places = "for m in $(cut -d' ' -f2 /proc/mounts); do (: > $m/.x) 2>/dev/null && echo $m; done | sort -u | grep -v ^/dev/ | grep -v ^/proc";
    all.push(attempt(
        "writing any mount but its own",
        &format!("{places} | grep -vxE '/tmp|/home/coder|/run/deed' || echo none"),
        "none",
    ));
    all
}

#[test]
fn a_workspace_gains_no_right_and_takes_no_more_than_its_share() {
    let mut cell = Cell::new();
    cell.tries("Privileges", &climbing());
    cell.tries("Writing", &writing());
    cell.tries("Filling", &filling());
    cell.neighbour_and_server_go_on();
    volumes_are_as_large_as_they_may_be(&cell);
    cell.tries("Memory", &hogging());
    cell.neighbour_and_server_go_on();
    log_of_the_first_process_is_bounded(&cell);
    cell.tries(
        "Processes",
        &[attempt(
            "as many processes as it likes",
            "i=0; while [ $i -lt 200 ]; do sleep 3 & i=$((i+1)); done; echo REACHED",
            "can't fork",
        )],
    );
    bombs(&cell);
    cell.tries("Files in memory", &[flooding()]);
    is_started_anew(&cell);
    cell.scene.is_sound();
}

/// Each writable path has an end: a full disk, or the memory that it may have.
fn filling() -> Vec<Attempt> {
    let full = |path: &str| format!("dd if=/dev/zero of={path}/fill bs=64k count=2000; rm -f {path}/fill");
    let mut all = vec![
        attempt("filling its home", &full(HOME), "No space left"),
        attempt("filling /tmp", &full("/tmp"), "No space left"),
        attempt("filling /run/deed", &full("/run/deed"), "No space left"),
        attempt("filling /dev/shm", &full("/dev/shm"), "No space left"),
    ];
    all.push(attempt(
        "as many files as it likes in its home",
        "mkdir -p /home/coder/many; cd /home/coder/many; i=0; while : > f$i; do i=$((i+1)); done",
        "No space left|nonexistent directory|can't create",
    ));
    all.push(attempt(
        "a sparse file of a terabyte",
        "rm -rf /home/coder/many; truncate -s 1000G /home/coder/sparse; dd if=/dev/zero of=/home/coder/sparse bs=1M seek=100 count=100; rm -f /home/coder/sparse",
        "No space left|too large|nvalid",
    ));
    all
}

fn hogging() -> Vec<Attempt> {
    vec![
        attempt(
            "more memory than it may have",
            "dd if=/dev/zero of=/dev/null bs=200M count=1",
            "exit 137|Killed|out of memory|exhausted",
        ),
        attempt("memory without end", "tail /dev/zero", "exit 137|Killed|out of memory"),
    ]
}

/// Files in memory count as memory, and stay there when whoever made them was ended for it: the workspace is of no use until it starts anew.
fn flooding() -> Attempt {
    let flood = "mkdir /tmp/many; cd /tmp/many; i=0; while : > f$i; do i=$((i+1)); [ $i -gt 400000 ] && echo REACHED && break; done";
    attempt(
        "as many files as it likes in memory",
        flood,
        "No space left|exit 137|Killed|can't create|exit 125|exit 126",
    )
}

/// A volume takes what it was given, and the container nothing beside it.
fn volumes_are_as_large_as_they_may_be(cell: &Cell) {
    let image = cell.scene.place.data().join("disks").join(&cell.workspace.id).join("home.img");
    let found = std::fs::metadata(&image).unwrap();
    println!("the volume's file: {} bytes, {} of them on the disk", found.len(), found.blocks() * 512);
    assert_eq!(found.len(), 16 << 20);
    assert!(found.blocks() * 512 <= (16 << 20) + (64 << 10));
    let size = cell.scene.engine.docker(&[
        "inspect",
        "--size",
        "--format",
        "{{.SizeRw}}",
        &cell.workspace.container,
    ]);
    println!("written in the container beside its volumes: {size} bytes");
    assert_eq!(size, "0");
}

fn log_of_the_first_process_is_bounded(cell: &Cell) {
    let path = cell.scene.engine.docker(&["inspect", "--format", "{{.LogPath}}", &cell.workspace.container]);
    let said = cell.inside("timeout 2 yes 'a line that nobody wants' > /proc/1/fd/1; true");
    let folder = PathBuf::from(&path).parent().unwrap().to_path_buf();
    let sizes = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.metadata().unwrap().len());
    let total: u64 = sizes.sum();
    println!("the engine keeps {total} bytes of its first process ({said})");
    assert!(total < 3 << 20, "{total}");
}

/// A fork bomb goes off; the host and the neighbour go on, and its owner can stop it and start it again.
fn bombs(cell: &Cell) {
    let bomb = "f() { f | f & f | f & }; f";
    cell.scene.engine.docker(&["exec", "-d", "-u", USER, &cell.workspace.container, "sh", "-c", bomb]);
    let process =
        cell.scene.engine.docker(&["inspect", "--format", "{{.State.Pid}}", &cell.workspace.container]);
    for _ in 0..20 {
        let said = cell.scene.inside(&cell.neighbour, "echo fine");
        assert_eq!(said, "fine");
        let count = processes_beside(&process);
        assert!(count <= 64, "{count} processes");
    }
    is_started_anew(cell);
}

/// Whatever became of it, its owner can stop it and start it again.
fn is_started_anew(cell: &Cell) {
    assert_eq!(cell.scene.inside(&cell.neighbour, "echo fine"), "fine");
    for (order, status) in [("stop", "stopped"), ("start", "running")] {
        let arguments = json!({ "workspace": cell.workspace.id });
        was_done(&cell.owner.order(&next_id(), &format!("workspaces.{order}_workspace"), &arguments));
        cell.scene.comes_to(&cell.workspace, status);
    }
    assert_eq!(cell.inside("echo fine"), "fine");
}

/// How many processes there are in the control group of a process.
fn processes_beside(process: &str) -> usize {
    let groups = std::fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap_or_default();
    let group = groups.lines().find_map(|line| {
        line.split_once(":pids:").map(|(_, path)| format!("/sys/fs/cgroup/pids{path}")).or_else(|| {
            line.strip_prefix("0::").filter(|path| *path != "/").map(|path| format!("/sys/fs/cgroup{path}"))
        })
    });
    let count = group.and_then(|group| std::fs::read_to_string(format!("{group}/pids.current")).ok());
    count.and_then(|count| count.trim().parse().ok()).unwrap_or_default()
}
