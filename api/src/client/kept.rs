//! The sessions that `deed login` began: one file of the person's own, by server.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The file cannot be used.
#[derive(Debug, Error)]
pub(super) enum KeptError {
    #[error("there is no home folder; set `HOME` or `XDG_CONFIG_HOME`, or use `--credential-file`")]
    NoHome,
    #[error("could not use `{path}`")]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("`{path}` can be read by others; take that right away (`chmod 600`)")]
    Open { path: PathBuf },
    #[error("`{path}` is not what `deed login` writes; remove it and sign in again")]
    Shape {
        path: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
}

/// Secrets by the address of their server.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    servers: BTreeMap<String, String>,
}

fn key(server: &str) -> String {
    server.trim_end_matches('/').to_lowercase()
}

impl Kept {
    fn path() -> Result<PathBuf, KeptError> {
        let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")));
        Ok(config.ok_or(KeptError::NoHome)?.join("deed").join("sessions.json"))
    }

    /// What was kept; nothing, when nobody signed in.
    pub(super) fn read() -> Result<Self, KeptError> {
        let path = Self::path()?;
        let failed = |cause| KeptError::File { path: path.clone(), cause };
        let about = match std::fs::metadata(&path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            about => about.map_err(failed)?,
        };
        if is_open(&about) {
            return Err(KeptError::Open { path });
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        serde_json::from_str(&text).map_err(|cause| KeptError::Shape { path, cause })
    }

    /// The secret for a server.
    pub(super) fn secret(&self, server: &str) -> Option<&str> {
        self.servers.get(&key(server)).map(String::as_str)
    }

    /// Keeps another one, or none.
    pub(super) fn set(mut self, server: &str, secret: Option<&str>) -> Result<(), KeptError> {
        match secret {
            Some(secret) => self.servers.insert(key(server), secret.to_owned()),
            None => self.servers.remove(&key(server)),
        };
        let path = Self::path()?;
        let text = serde_json::to_string_pretty(&self).unwrap_or_default();
        write(&path, &text).map_err(|cause| KeptError::File { path, cause })
    }
}

/// Writes a file that nobody else may read, whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

fn is_open(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 != 0
}
