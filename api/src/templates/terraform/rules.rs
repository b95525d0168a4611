//! What becomes of attributes and blocks that are not read, by the kind of resource.

/// What becomes of one.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// A workspace is none the worse without it.
    Ignore(&'static str),
    /// It has no place.
    Refuse(&'static str),
    /// It has no place, unless it asks for nothing.
    Off(&'static str),
}

pub(super) type Rules = &'static [(&'static str, Rule)];

use Rule::{Ignore, Off, Refuse};

const LOOKS: &str = "it is about how Coder's pages look";
const KEEPER: &str = "Deed starts, watches and stops containers itself";
const ALONE: &str = "a workspace has its own network, and no way to others or to the host";
const NO_PRIVILEGE: &str = "a workspace has no privileges: nothing can be added to what it may do";
const NO_HOST: &str = "nothing of the host is in a workspace";
const LABELS: &str = "Deed labels what it makes itself";
const NO_AGENT: &str = "Deed needs no agent in a workspace";

/// What every resource may have.
pub(super) const META: Rules = &[
    ("provider", Ignore("there is one engine")),
    ("depends_on", Ignore("Deed knows the order")),
    ("lifecycle", Ignore("it is about Terraform's state")),
    ("timeouts", Ignore(KEEPER)),
    ("connection", Refuse("nothing of a template runs on the host or over SSH")),
    (
        "provisioner",
        Refuse(
            "nothing of a template runs on the host or over SSH: put it into the image or the startup script",
        ),
    ),
];

pub(super) const CONTAINER: Rules = &[
    ("name", Ignore("Deed names containers itself")),
    ("hostname", Ignore("Deed names hosts itself")),
    ("domainname", Ignore("Deed names hosts itself")),
    ("labels", Ignore(LABELS)),
    ("dns", Ignore("names are resolved by Deed's proxy")),
    ("dns_opts", Ignore("names are resolved by Deed's proxy")),
    ("dns_search", Ignore("names are resolved by Deed's proxy")),
    ("restart", Ignore(KEEPER)),
    ("max_retry_count", Ignore(KEEPER)),
    ("must_run", Ignore(KEEPER)),
    ("rm", Ignore(KEEPER)),
    ("start", Ignore(KEEPER)),
    ("attach", Ignore(KEEPER)),
    ("wait", Ignore(KEEPER)),
    ("wait_timeout", Ignore(KEEPER)),
    ("logs", Ignore(KEEPER)),
    ("log_driver", Ignore(KEEPER)),
    ("log_opts", Ignore(KEEPER)),
    ("healthcheck", Ignore(KEEPER)),
    ("stop_signal", Ignore(KEEPER)),
    ("stop_timeout", Ignore(KEEPER)),
    ("destroy_grace_seconds", Ignore(KEEPER)),
    ("remove_volumes", Ignore(KEEPER)),
    ("container_read_refresh_timeout_milliseconds", Ignore(KEEPER)),
    ("stdin_open", Ignore("terminals are opened through Deed")),
    ("tty", Ignore("terminals are opened through Deed")),
    ("init", Ignore("who reaps ended processes is not a template's to say")),
    ("shm_size", Ignore("what is written into shared memory counts as memory")),
    ("memory_swap", Ignore("a workspace does not swap")),
    ("memory_reservation", Ignore("only the limit holds")),
    ("cpu_shares", Ignore("only the limit holds")),
    ("cpu_set", Ignore("only the limit holds")),
    ("cpu_period", Off("say how many processors with `cpus`")),
    ("cpu_quota", Off("say how many processors with `cpus`")),
    ("storage_opts", Ignore("volumes say what they hold")),
    ("ulimit", Ignore("the limits of the spec hold")),
    ("platform", Ignore("the digest says which image")),
    ("privileged", Off(NO_PRIVILEGE)),
    ("capabilities", Refuse(NO_PRIVILEGE)),
    ("security_opts", Off(NO_PRIVILEGE)),
    ("group_add", Off(NO_PRIVILEGE)),
    ("sysctls", Off(NO_PRIVILEGE)),
    ("devices", Refuse(NO_HOST)),
    ("gpus", Off(NO_HOST)),
    ("pid_mode", Off(NO_HOST)),
    ("ipc_mode", Off(NO_HOST)),
    ("userns_mode", Off(NO_HOST)),
    ("cgroup_parent", Off(NO_HOST)),
    ("cgroupns_mode", Off(NO_HOST)),
    ("publish_all_ports", Off("ports are reached through Deed only: make them apps")),
    ("ports", Refuse("ports are reached through Deed only: make them apps")),
    ("networks_advanced", Refuse(ALONE)),
    ("network_alias", Off(ALONE)),
    ("networks", Off(ALONE)),
    ("links", Off(ALONE)),
    ("upload", Refuse("put the file into the image")),
];

pub(super) const IMAGE: Rules = &[
    ("keep_locally", Ignore("Deed keeps what is in use")),
    ("force_remove", Ignore("Deed keeps what is in use")),
    ("pull_triggers", Ignore("the digest says which image")),
    ("pull_trigger", Ignore("the digest says which image")),
    ("triggers", Ignore("the digest says which image")),
    ("platform", Ignore("the digest says which image")),
];

pub(super) const VOLUME: Rules = &[
    ("name", Ignore("Deed names volumes itself, by workspace")),
    ("labels", Ignore(LABELS)),
    ("driver_opts", Off("a volume is a disk of its own, and not a place on the host")),
    ("cluster", Refuse("a volume is a disk of its own")),
];

pub(super) const MOUNT: Rules = &[
    ("consistency", Ignore("it is about other systems")),
    ("volume_options", Ignore("a volume is a disk of its own")),
    ("bind_options", Refuse(NO_HOST)),
    ("host_path", Refuse("nothing of the host is in a workspace: make it a volume")),
    ("from_container", Refuse("a workspace is one container")),
];

pub(super) const AGENT: Rules = &[
    ("arch", Ignore(NO_AGENT)),
    ("auth", Ignore(NO_AGENT)),
    ("connection_timeout", Ignore(NO_AGENT)),
    ("api_key_scope", Ignore(NO_AGENT)),
    ("metadata", Ignore("Deed measures workspaces itself")),
    ("resources_monitoring", Ignore("Deed measures workspaces itself")),
    ("display_apps", Ignore("`doors` of the spec say what there is")),
    ("motd_file", Ignore(LOOKS)),
    ("order", Ignore(LOOKS)),
    ("troubleshooting_url", Ignore(LOOKS)),
    ("login_before_ready", Ignore("apps open once the startup script has ended")),
    ("startup_script_behavior", Ignore("apps open once the startup script has ended")),
    ("shutdown_script", Off("nothing runs at a stop, which cannot be put off")),
    ("shutdown_script_timeout", Ignore("nothing runs at a stop")),
    ("devcontainers", Refuse("a workspace is one container")),
];

pub(super) const SCRIPT: Rules = &[
    ("agent_id", Ignore("a workspace is one container")),
    ("display_name", Ignore(LOOKS)),
    ("icon", Ignore(LOOKS)),
    ("log_path", Ignore("what it prints is in the log of the start")),
    ("start_blocks_login", Ignore("apps open once the startup script has ended")),
    ("timeout", Ignore("one time holds for the whole start")),
    ("run_on_stop", Off("nothing runs at a stop, which cannot be put off")),
    (
        "cron",
        Off("nothing runs by the clock within a workspace: use its schedule, or a program of the image"),
    ),
];

pub(super) const APP: Rules = &[
    ("agent_id", Ignore("a workspace is one container")),
    ("icon", Ignore(LOOKS)),
    ("order", Ignore(LOOKS)),
    ("group", Ignore(LOOKS)),
    ("hidden", Ignore(LOOKS)),
    ("open_in", Ignore(LOOKS)),
    ("tooltip", Ignore(LOOKS)),
    ("subdomain", Ignore("Deed has a subdomain for each app")),
    ("name", Ignore(LOOKS)),
    ("relative_path", Ignore("Deed has a subdomain for each app")),
    ("interval", Ignore("Deed asks in its own time")),
    ("threshold", Ignore("Deed asks in its own time")),
];

pub(super) const PARAMETER: Rules = &[
    ("display_name", Ignore("a parameter is shown by its name and description")),
    ("icon", Ignore(LOOKS)),
    ("form_type", Ignore(LOOKS)),
    ("styling", Ignore(LOOKS)),
    ("description", Ignore("an option is shown by its name")),
    ("optional", Ignore("what has a default need not be chosen")),
    ("error", Ignore("Deed says itself what is wrong with a value")),
    ("ephemeral", Off("a value lasts as long as its workspace, or until it is changed")),
    ("monotonic", Off("a value may become greater or less where its parameter is mutable")),
    ("min_disabled", Ignore(LOOKS)),
    ("max_disabled", Ignore(LOOKS)),
];
