//! What a container is made of: the spec, hardened. Pure, so that it can be looked at in tests.

use super::engine::{EVENT_LABEL, LEDGER_LABEL, MADE_LABEL, WORKSPACE_LABEL};
use bollard::models::{
    ContainerCreateBody, ContainerUpdateBody, HostConfig, HostConfigLogConfig, Mount, MountType,
};
use ledger::event::id::{LedgerId, WorkspaceId};
use ledger::event::workspaces::{Limits, Names, Values, WorkspaceSpec, resolve};
use ledger::hash::Hash;
use std::collections::HashMap;
use std::path::PathBuf;

/// Where the way out listens in a workspace: the proxy, and the gateway to models.
pub const PROXY_PORT: u16 = 3128;
/// What Deed keeps in memory in a workspace, such as which apps run.
pub const OWN_PATH: &str = "/run/deed";

/// What a container is made for.
pub struct Made<'a> {
    /// Of which ledger.
    pub ledger: LedgerId,
    /// Which workspace.
    pub workspace: WorkspaceId,
    /// From what.
    pub spec: &'a WorkspaceSpec,
    /// With which values.
    pub values: &'a Values,
    /// For whom.
    pub names: &'a Names,
    /// What stands for it in host names.
    pub label: &'a str,
    /// By which event.
    pub event: u64,
}

/// What a container is called.
pub fn name(workspace: WorkspaceId) -> String {
    format!("deed-{workspace}")
}

impl Made<'_> {
    /// The image, by its digest.
    pub fn image(&self) -> String {
        resolve(&self.spec.container.image, self.values, self.names)
    }

    /// Environment variables of everything that runs in it. None of them is a secret.
    pub fn environment(&self) -> Vec<String> {
        let mut all = vec![format!("DEED_WORKSPACE={}", self.names.workspace_id)];
        let parameters = self.values.iter();
        all.extend(parameters.map(|(name, value)| format!("DEED_PARAMETER_{}={value}", name.to_uppercase())));
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            all.push(format!("{name}=http://127.0.0.1:{PROXY_PORT}"));
        }
        all.extend(["no_proxy", "NO_PROXY"].map(|name| format!("{name}=127.0.0.1,localhost,::1")));
        let own = self.spec.container.environment.iter();
        all.extend(own.map(|(name, value)| format!("{name}={}", resolve(value, self.values, self.names))));
        all
    }

    /// What makes it another container when it changes.
    pub fn digest(&self) -> String {
        let volumes: Vec<_> = self.spec.volumes.iter().map(|volume| (&volume.name, &volume.path)).collect();
        let parts = serde_json::json!([self.image(), self.environment(), self.spec.container, volumes]);
        Hash::in_context("deed/container/v1", &[parts.to_string().as_bytes()]).to_string()
    }

    /// What the engine is asked to make, with each volume where it is mounted.
    pub fn body(&self, volumes: &[(PathBuf, &str)]) -> ContainerCreateBody {
        let container = &self.spec.container;
        let command: Vec<String> = container.command.iter().map(|word| word.to_string()).collect();
        let labels = [
            (LEDGER_LABEL, self.ledger.to_string()),
            (WORKSPACE_LABEL, self.workspace.to_string()),
            (MADE_LABEL, self.digest()),
            (EVENT_LABEL, self.event.to_string()),
        ];
        ContainerCreateBody {
            // Not what its owner calls it: one of a template's stock stays the container that it was when it becomes somebody's.
            hostname: Some(self.label.to_string()),
            user: Some(container.user.to_string()),
            env: Some(self.environment()),
            cmd: Some(command).filter(|words| !words.is_empty()),
            image: Some(self.image()),
            working_dir: container.working_directory.as_deref().map(str::to_owned),
            labels: Some(labels.map(|(name, value)| (name.to_owned(), value)).into()),
            host_config: Some(self.host(volumes)),
            ..Default::default()
        }
    }

    fn host(&self, volumes: &[(PathBuf, &str)]) -> HostConfig {
        let container = &self.spec.container;
        let (user, group) = container.user.split_once(':').unwrap_or_default();
        let own = format!("rw,nosuid,nodev,noexec,size=1m,mode=0700,uid={user},gid={group}");
        let scratch = container.scratch.iter().map(|one| {
            let options = format!("rw,nosuid,nodev,exec,size={}m,mode=1777", one.size_mib);
            (one.path.to_string(), options)
        });
        let mount = |(source, target): &(PathBuf, &str)| Mount {
            target: Some((*target).to_owned()),
            source: Some(source.to_string_lossy().into_owned()),
            typ: Some(MountType::BIND),
            ..Default::default()
        };
        let limits = limits(&self.spec.limits);
        HostConfig {
            memory: limits.memory,
            memory_swap: limits.memory_swap,
            nano_cpus: limits.nano_cpus,
            pids_limit: limits.pids_limit,
            init: Some(true),
            network_mode: Some("none".into()),
            ipc_mode: Some("private".into()),
            privileged: Some(false),
            cap_drop: Some(vec!["ALL".into()]),
            security_opt: Some(vec!["no-new-privileges".into()]),
            readonly_rootfs: Some(!container.writable_root),
            runtime: container.runtime.as_deref().map(str::to_owned),
            // It counts as memory: filled, it must not be all there is.
            shm_size: Some(shared_memory(&self.spec.limits)),
            tmpfs: Some([(OWN_PATH.to_owned(), own)].into_iter().chain(scratch).collect()),
            mounts: Some(volumes.iter().map(mount).collect()),
            // What its first process prints is kept by the engine: without an end it would fill the disk.
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".into()),
                config: Some(HashMap::from([
                    ("max-size".to_owned(), "1m".to_owned()),
                    ("max-file".to_owned(), "1".to_owned()),
                ])),
            }),
            ..Default::default()
        }
    }
}

/// Bytes of `/dev/shm`: a quarter of the memory, and no more than engines usually give.
fn shared_memory(limits: &Limits) -> i64 {
    i64::try_from((limits.memory_mib << 20) / 4).unwrap_or(i64::MAX).min(64 << 20)
}

/// The limits that can change without another container. Without swap, memory is all there is.
pub fn limits(limits: &Limits) -> ContainerUpdateBody {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let memory = Some(signed(limits.memory_mib << 20));
    ContainerUpdateBody {
        memory,
        memory_swap: memory,
        nano_cpus: Some(signed(limits.cpu_millis * 1_000_000)),
        pids_limit: Some(signed(limits.processes)),
        ..Default::default()
    }
}
