//! The Docker engine, as far as Deed uses it. The one place that knows `bollard`.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum,
    ContainerUpdateBody, EventMessage,
};
use bollard::query_parameters::{
    CreateContainerOptions, CreateImageOptions, EventsOptions, ListContainersOptions, RemoveContainerOptions,
    StopContainerOptions,
};
use commands::workspaces::{SeenContainer, SeenState};
use ledger::event::id::{LedgerId, WorkspaceId};
use ledger::hash::{Hash, array_from_hex};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use thiserror::Error as ThisError;
use tokio_stream::{Stream, StreamExt};

/// How long the engine may take for one answer.
const ANSWER_SECONDS: u64 = 120;
/// How long a container may take to stop before it is killed.
const STOP_SECONDS: i32 = 10;

/// Says which ledger a container belongs to.
pub const LEDGER_LABEL: &str = "deed.ledger";
/// Says which workspace it is.
pub const WORKSPACE_LABEL: &str = "deed.workspace";
/// Says from what it was made: another digest, another container.
pub const MADE_LABEL: &str = "deed.made";
/// Says by which event it was made.
pub const EVENT_LABEL: &str = "deed.event";

/// The engine did not do what it was asked for.
#[derive(Debug, ThisError)]
pub enum EngineError {
    /// It cannot be reached, or did not answer: asked again, it may.
    #[error("the engine does not answer")]
    Away(#[source] Error),
    /// It has no such thing.
    #[error("the engine does not have it: {said}")]
    Missing {
        /// In its words.
        said: String,
    },
    /// It refused.
    #[error("the engine says: {said}")]
    Refused {
        /// In its words.
        said: String,
    },
}

impl EngineError {
    /// Whether asking again may help.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

impl From<Error> for EngineError {
    fn from(error: Error) -> Self {
        if let Error::DockerResponseServerError { status_code, message: said } = error {
            return if status_code == 404 { Self::Missing { said } } else { Self::Refused { said } };
        }
        if let Error::DockerStreamError { error: said } = error {
            return Self::Refused { said };
        }
        Self::Away(error)
    }
}

/// What came of asking the engine.
pub type Asked<T> = Result<T, EngineError>;

/// A Docker engine on this host.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    ledger: LedgerId,
}

/// A container, looked at closely.
#[derive(Clone, Debug)]
pub struct Container {
    /// The engine's id.
    pub id: Hash,
    /// The engine's id of its image.
    pub image: Hash,
    /// Whether it runs.
    pub runs: bool,
    /// From what it was made, if it is ours.
    pub made: Option<String>,
    /// Which workspace its labels name, if they do.
    pub workspace: Option<WorkspaceId>,
    /// Its network, while it runs.
    pub network: Option<PathBuf>,
}

/// How a program in a container ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` when the engine does not know it.
    pub code: Option<i64>,
}

/// A program to run in a container.
pub struct Program<'a> {
    /// The container's name.
    pub container: &'a str,
    /// As whom.
    pub user: &'a str,
    /// A script for `/bin/sh`.
    pub script: &'a str,
    /// `NAME=value`.
    pub environment: &'a [String],
}

/// The text of an id of the engine: 64 hex digits, with or without `sha256:`.
fn id(text: &str) -> Option<Hash> {
    array_from_hex(text.strip_prefix("sha256:").unwrap_or(text).as_bytes()).map(Hash)
}

impl Engine {
    /// The engine at a socket, for the workspaces of one ledger. It is not asked anything yet.
    pub fn at(socket: &Path, ledger: LedgerId) -> Asked<Self> {
        let address = socket.to_string_lossy();
        let docker = Docker::connect_with_unix(&address, ANSWER_SECONDS, bollard::API_DEFAULT_VERSION)?;
        Ok(Self { docker, ledger })
    }

    fn ours(&self) -> HashMap<String, Vec<String>> {
        [("label".to_owned(), vec![format!("{LEDGER_LABEL}={}", self.ledger)])].into()
    }

    /// Every container of this ledger, and the names of those that carry no workspace.
    pub async fn containers(&self) -> Asked<(Vec<SeenContainer>, Vec<String>)> {
        let options = ListContainersOptions { all: true, filters: Some(self.ours()), ..Default::default() };
        let (mut seen, mut foreign) = (Vec::new(), Vec::new());
        for found in self.docker.list_containers(Some(options)).await? {
            match summary(&found) {
                Some(container) => seen.push(container),
                None => foreign.extend(found.names.unwrap_or_default().into_iter().next()),
            }
        }
        Ok((seen, foreign))
    }

    /// Says whenever something happens to a container of this ledger.
    pub fn changes(&self) -> impl Stream<Item = Result<EventMessage, Error>> + use<> {
        let mut filters = self.ours();
        filters.insert("type".to_owned(), vec!["container".to_owned()]);
        let named = ["die", "pause", "unpause", "destroy", "start", "oom"];
        filters.insert("event".to_owned(), named.map(str::to_owned).to_vec());
        self.docker.events(Some(EventsOptions { filters: Some(filters), ..Default::default() }))
    }

    /// A container by its name or id; `None` when there is none.
    pub async fn container(&self, name: &str) -> Asked<Option<Container>> {
        match self.docker.inspect_container(name, None).await.map_err(EngineError::from) {
            Ok(found) => Ok(closely(found)),
            Err(EngineError::Missing { .. }) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// The engine's id of an image; `None` when it does not have it.
    pub async fn image(&self, name: &str) -> Asked<Option<Hash>> {
        match self.docker.inspect_image(name).await.map_err(EngineError::from) {
            Ok(found) => Ok(found.id.as_deref().and_then(id)),
            Err(EngineError::Missing { .. }) => Ok(None),
            Err(cause) => Err(cause),
        }
    }

    /// Fetches an image by its digest from where its name says.
    pub async fn pull(&self, name: &str, mut line: impl FnMut(String)) -> Asked<()> {
        let options = CreateImageOptions { from_image: Some(name.to_owned()), ..Default::default() };
        let mut progress = std::pin::pin!(self.docker.create_image(Some(options), None, None));
        while let Some(step) = progress.next().await {
            if let Some(status) = step?.status {
                line(status);
            }
        }
        Ok(())
    }

    /// Makes a container.
    pub async fn create(&self, name: &str, body: ContainerCreateBody) -> Asked<()> {
        let options = CreateContainerOptions { name: Some(name.to_owned()), ..Default::default() };
        self.docker.create_container(Some(options), body).await?;
        Ok(())
    }

    /// Changes the limits of a container.
    pub async fn limit(&self, name: &str, limits: ContainerUpdateBody) -> Asked<()> {
        Ok(self.docker.update_container(name, limits).await?)
    }

    /// Starts a container.
    pub async fn start(&self, name: &str) -> Asked<()> {
        Ok(self.docker.start_container(name, None).await?)
    }

    /// Lets a container go on that is held still.
    pub async fn resume(&self, name: &str) -> Asked<()> {
        Ok(self.docker.unpause_container(name).await?)
    }

    /// Stops a container, held still or not; one that is gone is stopped.
    pub async fn stop(&self, name: &str) -> Asked<()> {
        // An engine of before 2021 does not stop what is held still.
        drop(self.docker.unpause_container(name).await);
        let options = StopContainerOptions { t: Some(STOP_SECONDS), ..Default::default() };
        there(self.docker.stop_container(name, Some(options)).await)
    }

    /// Removes a container, running or not; one that is gone is removed.
    pub async fn remove(&self, name: &str) -> Asked<()> {
        let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
        there(self.docker.remove_container(name, Some(options)).await)
    }

    /// Runs a program in a container to its end, and gives its output line by line.
    pub async fn run(&self, program: Program<'_>, mut line: impl FnMut(String)) -> Asked<Ended> {
        let exec = self.exec(&program, true).await?;
        let started = self.docker.start_exec(&exec, None::<StartExecOptions>).await?;
        if let StartExecResults::Attached { mut output, .. } = started {
            let mut lines = Lines::default();
            while let Some(part) = output.next().await {
                lines.take(&part?.into_bytes(), &mut line);
            }
            lines.end(&mut line);
        }
        let ended = self.docker.inspect_exec(&exec).await?;
        Ok(Ended { code: ended.exit_code })
    }

    /// Starts a program in a container and leaves it to itself.
    pub async fn leave(&self, program: Program<'_>) -> Asked<()> {
        let exec = self.exec(&program, false).await?;
        let options = StartExecOptions { detach: true, ..Default::default() };
        self.docker.start_exec(&exec, Some(options)).await?;
        Ok(())
    }

    async fn exec(&self, program: &Program<'_>, attached: bool) -> Asked<String> {
        let options = CreateExecOptions::<String> {
            attach_stdout: Some(attached),
            attach_stderr: Some(attached),
            env: Some(program.environment.to_vec()),
            cmd: Some(["/bin/sh", "-c", program.script].map(str::to_owned).to_vec()),
            user: Some(program.user.to_owned()),
            ..Default::default()
        };
        Ok(self.docker.create_exec(program.container, options).await?.id)
    }

    /// Opens a terminal in a container: a shell with a screen of its own.
    pub async fn terminal(&self, program: Program<'_>) -> Asked<Terminal> {
        let options = CreateExecOptions::<String> {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(true),
            env: Some(program.environment.to_vec()),
            cmd: Some(["/bin/sh", "-c", program.script].map(str::to_owned).to_vec()),
            user: Some(program.user.to_owned()),
            ..Default::default()
        };
        let exec = self.docker.create_exec(program.container, options).await?.id;
        let options = StartExecOptions { tty: true, ..Default::default() };
        match self.docker.start_exec(&exec, Some(options)).await? {
            StartExecResults::Attached { output, input } => Ok(Terminal { exec, output, input }),
            StartExecResults::Detached => Err(EngineError::Refused { said: "it gave no terminal".into() }),
        }
    }

    /// Says how large the screen of a terminal is.
    pub async fn resize(&self, exec: &str, columns: u16, rows: u16) -> Asked<()> {
        let options = bollard::exec::ResizeExecOptions { width: columns, height: rows };
        Ok(self.docker.resize_exec(exec, options).await?)
    }
}

/// A terminal in a container.
pub struct Terminal {
    /// The engine's name for it.
    pub exec: String,
    /// What it shows.
    pub output: std::pin::Pin<Box<dyn Stream<Item = Result<LogOutput, Error>> + Send>>,
    /// What is typed.
    pub input: std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>,
}

/// What is gone already need not be stopped or removed.
fn there(done: Result<(), Error>) -> Asked<()> {
    match done.map_err(EngineError::from) {
        Err(EngineError::Missing { .. }) => Ok(()),
        // 304: it stands still already.
        Err(EngineError::Refused { said }) if said.is_empty() => Ok(()),
        done => done,
    }
}

fn summary(found: &ContainerSummary) -> Option<SeenContainer> {
    let labels = found.labels.as_ref()?;
    let workspace = labels.get(WORKSPACE_LABEL)?.parse().ok()?;
    let state = match found.state {
        Some(ContainerSummaryStateEnum::RUNNING) => SeenState::Running,
        Some(ContainerSummaryStateEnum::PAUSED) => SeenState::Paused,
        Some(ContainerSummaryStateEnum::CREATED) => SeenState::Created,
        _ => SeenState::Ended(found.status.as_deref().and_then(exit_code)),
    };
    Some(SeenContainer { id: id(found.id.as_deref()?)?, workspace, state })
}

/// From `Exited (137) 2 seconds ago`.
fn exit_code(status: &str) -> Option<i64> {
    status.split_once('(')?.1.split_once(')')?.0.parse().ok()
}

fn closely(found: ContainerInspectResponse) -> Option<Container> {
    let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
    let runs = found.state.and_then(|state| state.running).unwrap_or_default();
    let network = found.network_settings.and_then(|settings| settings.sandbox_key);
    Some(Container {
        id: id(found.id.as_deref()?)?,
        image: id(found.image.as_deref()?)?,
        runs,
        made: labels.get(MADE_LABEL).cloned(),
        workspace: labels.get(WORKSPACE_LABEL).and_then(|text| text.parse().ok()),
        network: network.filter(|path| runs && !path.is_empty()).map(PathBuf::from),
    })
}

/// Longest line of output that is kept whole.
const LINE_BYTES_MAX: usize = 4096;

/// Output that comes in parts, cut into lines.
#[derive(Default)]
struct Lines {
    open: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], line: &mut impl FnMut(String)) {
        for byte in bytes {
            if *byte == b'\n' || self.open.len() >= LINE_BYTES_MAX {
                self.end(line);
            }
            if *byte != b'\n' {
                self.open.push(*byte);
            }
        }
    }

    fn end(&mut self, line: &mut impl FnMut(String)) {
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() {
            line(String::from_utf8_lossy(&open).trim_end_matches('\r').to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_lines_however_it_comes() {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for part in ["a", "b\nc\r\n", "", "d"] {
            lines.take(part.as_bytes(), &mut |line| found.push(line));
        }
        lines.end(&mut |line| found.push(line));
        assert_eq!(found, ["ab", "c", "d"]);
        let mut long = Vec::new();
        Lines::default().take(&[b'x'; 10_000], &mut |line| long.push(line.len()));
        assert_eq!(long, [LINE_BYTES_MAX, LINE_BYTES_MAX]);
    }

    #[test]
    fn an_exit_code_is_read_from_the_status() {
        assert_eq!(exit_code("Exited (137) 2 seconds ago"), Some(137));
        assert_eq!(exit_code("Up 3 minutes"), None);
    }
}
