//! Building: from an order to run to a workspace that runs. Each part finds what an earlier attempt left and goes on from there.

use super::engine::{Container, Program};
use super::made::{self, Made};
use super::{Fault, Keeper};
use crate::secret::Secret;
use commands::workspaces::{BeginBuild, RecordStarted};
use ledger::event::Refusal;
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::{FailedAt, Names, WorkspaceSpec};
use ledger::hash::Hash;
use ledger::writer::PlainPayload;
use projections::as_json::AsJson;
use projections::workspaces::{Status, ToolKey, Workspace};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::disks::Wanted;
use super::log::Log;

/// One build.
pub(super) struct Build {
    pub(super) id: WorkspaceId,
    pub(super) workspace: Workspace,
    pub(super) spec: Arc<WorkspaceSpec>,
    pub(super) names: Names,
    pub(super) label: Box<str>,
    pub(super) log: Log,
    pub(super) event: u64,
}

impl Build {
    pub(super) fn made(&self, keeper: &Keeper) -> Made<'_> {
        Made {
            ledger: keeper.inner.ledger,
            workspace: self.id,
            spec: &self.spec,
            values: &self.workspace.values,
            names: &self.names,
            label: &self.label,
            event: self.event,
        }
    }

    pub(super) fn name(&self) -> String {
        made::name(self.id)
    }
}

impl Keeper {
    /// Makes a workspace run, unless another order overtakes it.
    pub(super) async fn build(&self, id: WorkspaceId, workspace: &Workspace) -> Result<(), Fault> {
        let build = workspace.phase.build;
        tokio::select! {
            done = self.built(id, workspace) => done,
            () = self.overtaken(id, build) => {
                self.inner.logs.of(id, build).line("given up: something else was ordered");
                Ok(())
            }
        }
    }

    async fn built(&self, id: WorkspaceId, workspace: &Workspace) -> Result<(), Fault> {
        if workspace.phase.status == Status::Requested && !self.begun(id, workspace).await? {
            return Ok(());
        }
        let Some(build) = self.one(id) else { return Ok(()) };
        self.forget(id).await;
        build.log.line(format!("build {} of {}", build.workspace.phase.build, build.workspace.handle));
        let image = self.with_image(&build).await?;
        // Before its volumes are touched: one that grows must not be in use.
        let still = self.stilled(&build).await?;
        let volumes = self.with_volumes(&build).await?;
        self.with_container(&build, still.as_ref(), &volumes).await?;
        let container = self.running(&build).await?;
        self.prepared(&build).await?;
        build.log.line("it runs");
        let log = Some(PlainPayload::build_log(id, build.log.text().into_bytes()));
        let build = build.workspace.phase.build;
        self.order(RecordStarted { workspace: id, build, container, image, log }).await;
        Ok(())
    }

    /// Begins with an order, as long as budgets allow. Whether there is something to go on with.
    async fn begun(&self, id: WorkspaceId, workspace: &Workspace) -> Result<bool, Fault> {
        let state = self.state();
        let due = state.tool_key(id, workspace, super::now());
        let key = due.and_then(|key| match key {
            ToolKey::Due(key) => Some((key, Secret::of_tools(&self.inner.secret, key).digest())),
            ToolKey::Live(_) => None,
        });
        let build = workspace.phase.build;
        match self.order(BeginBuild { workspace: id, build, key }).await {
            None => Err(Fault::Later("the order could not be recorded".into())),
            Some(Err(refusal @ Refusal::OverBudget { .. })) => {
                Err(Fault::At(FailedAt::Quota, refusal.to_string()))
            }
            Some(Err(refusal)) => Err(Fault::At(FailedAt::Quota, refusal.to_string())),
            Some(Ok(())) => {
                let state = self.state();
                let found = state.workspaces.live(id);
                Ok(found.is_some_and(|found| {
                    found.phase.build == build && found.phase.status == Status::Building
                }))
            }
        }
    }

    /// The build of a workspace as it is ordered now.
    pub(super) fn one(&self, id: WorkspaceId) -> Option<Build> {
        let state = self.state();
        let workspace = state.workspaces.live(id)?.clone();
        let spec = state.spec_of(&workspace).map(|version| AsJson::share(&version.spec))?;
        let names = state.names_of(id, &workspace);
        let label = state.label_of(id);
        let log = self.inner.logs.of(id, workspace.phase.build);
        let event = workspace.phase.since.0;
        Some(Build { id, workspace, spec, names, label, log, event })
    }

    async fn with_image(&self, build: &Build) -> Result<Hash, Fault> {
        let name = build.made(self).image();
        let asked = Fault::at(FailedAt::Image);
        if let Some(found) = self.inner.engine.image(&name).await.map_err(&asked)? {
            return Ok(found);
        }
        build.log.line(format!("fetching {name}"));
        let missing =
            |said: String| Fault::At(FailedAt::Image, format!("the engine does not have `{name}`, {said}"));
        if !name.contains('@') {
            return Err(missing("and its name does not say where it can be fetched".into()));
        }
        let pulled = self.inner.engine.pull(&name, |line| build.log.line(line)).await;
        pulled.map_err(|cause| match cause.is_away() {
            true => Fault::Later(super::words::chain(&cause)),
            false => missing(format!("and could not fetch it: {}", super::words::chain(&cause))),
        })?;
        let found = self.inner.engine.image(&name).await.map_err(&asked)?;
        found.ok_or_else(|| missing("also after it was fetched".into()))
    }

    async fn with_volumes<'a>(&self, build: &'a Build) -> Result<Vec<(PathBuf, &'a str)>, Fault> {
        let mut places = Vec::new();
        for volume in &build.spec.volumes {
            let owner = &build.spec.container.user;
            let wanted = Wanted { workspace: build.id, name: &volume.name, size_mib: volume.size_mib, owner };
            let place = self.inner.disks.ensure(&wanted).await.map_err(Fault::disk)?;
            build.log.line(format!("volume {} at {}", volume.name, volume.path));
            places.push((place, &*volume.path));
        }
        Ok(places)
    }

    /// The container that there is, standing still.
    async fn stilled(&self, build: &Build) -> Result<Option<Container>, Fault> {
        let (engine, name) = (&self.inner.engine, build.name());
        let failed = Fault::at(FailedAt::Container);
        let found = engine.container(&name).await.map_err(&failed)?;
        if found.as_ref().is_some_and(|found| found.workspace != Some(build.id)) {
            let said = format!("the engine has another container called `{name}`; rename or remove it");
            return Err(Fault::At(FailedAt::Container, said));
        }
        if found.is_some() {
            engine.stop(&name).await.map_err(&failed)?;
        }
        Ok(found)
    }

    /// See that there is the container that is wanted. One that was made from something else is made anew.
    async fn with_container(
        &self,
        build: &Build,
        found: Option<&Container>,
        volumes: &[(PathBuf, &str)],
    ) -> Result<(), Fault> {
        let (engine, name) = (&self.inner.engine, build.name());
        let failed = Fault::at(FailedAt::Container);
        if let Some(found) = found {
            if found.made.as_deref() == Some(&*build.made(self).digest()) {
                return engine.limit(&name, made::limits(&build.spec.limits)).await.map_err(&failed);
            }
            build.log.line("the container is made anew");
            engine.remove(&name).await.map_err(&failed)?;
        }
        engine.create(&name, build.made(self).body(volumes)).await.map_err(&failed)
    }

    /// Starts the container, and gives the engine's id of it.
    async fn running(&self, build: &Build) -> Result<Hash, Fault> {
        let (engine, name) = (&self.inner.engine, build.name());
        let failed = Fault::at(FailedAt::Start);
        engine.start(&name).await.map_err(&failed)?;
        let found = engine.container(&name).await.map_err(&failed)?;
        let found = found.filter(|found| found.runs);
        found.map(|found| found.id).ok_or_else(|| {
            Fault::At(
                FailedAt::Start,
                "its first process ended at once; `command` is to run as long as it lives".into(),
            )
        })
    }

    /// Opens its network, runs its startup script, and starts its apps.
    async fn prepared(&self, build: &Build) -> Result<(), Fault> {
        self.attend(build.id).await?;
        let environment = self.environment(build);
        if let Some(startup) = &build.spec.startup {
            build.log.line("startup");
            let script = format!("{}{}", self.prelude(build), startup.script);
            let name = build.name();
            let user = &build.spec.container.user;
            let program = Program { container: &name, user, script: &script, environment: &environment };
            let running = self.inner.engine.run(program, |line| build.log.line(line));
            let limit = Duration::from_secs(startup.timeout_seconds);
            let failed = |said: String| Fault::At(FailedAt::Startup, said);
            let ended = tokio::time::timeout(limit, running).await;
            let ended = ended
                .map_err(|_| failed(format!("the startup script took more than {} s", limit.as_secs())))?;
            match ended.map_err(Fault::at(FailedAt::Startup))?.code {
                Some(0) => {}
                Some(code) => return Err(failed(format!("the startup script ended with {code}"))),
                None => return Err(failed("the startup script was ended".into())),
            }
        }
        self.apps(build, &environment).await
    }

    /// What programs find in their environment beside what the container has: the key of the tools, and where models are called.
    pub(super) fn environment(&self, build: &Build) -> Vec<String> {
        let mut all = vec![format!("DEED_WORKSPACE_HANDLE={}", build.workspace.handle)];
        let Some(secret) = self.tool_secret(build) else { return all };
        let base = format!("http://127.0.0.1:{}", made::PROXY_PORT);
        let secret = secret.reveal();
        all.push(format!("OPENAI_BASE_URL={base}/v1"));
        all.push(format!("OPENAI_API_KEY={secret}"));
        all.push(format!("ANTHROPIC_BASE_URL={base}"));
        all.push(format!("ANTHROPIC_AUTH_TOKEN={secret}"));
        all
    }

    /// The secret of the key that the tools have, if they have one. It is derived each time and kept nowhere.
    fn tool_secret(&self, build: &Build) -> Option<Secret> {
        let state = self.state();
        match state.tool_key(build.id, &build.workspace, super::now())? {
            ToolKey::Live(key) => Some(Secret::of_tools(&self.inner.secret, key)),
            ToolKey::Due(_) => None,
        }
    }

    /// What runs before anything else: the settings of coding agents that read a file.
    fn prelude(&self, build: &Build) -> String {
        let has_key = self.tool_secret(build).is_some();
        if has_key {
            AGENTS.replace("GATEWAY", &format!("http://127.0.0.1:{}/v1", made::PROXY_PORT))
        } else {
            String::new()
        }
    }

    /// Starts the apps that have a command. Each is started again when it ends, and only once.
    pub(super) async fn apps(&self, build: &Build, environment: &[String]) -> Result<(), Fault> {
        let name = build.name();
        if build.spec.startup.is_none() {
            let script = self.prelude(build);
            if !script.is_empty() {
                let user = &build.spec.container.user;
                let program = Program { container: &name, user, script: &script, environment };
                // Without a shell or a home there is nothing to prepare.
                drop(self.inner.engine.run(program, |_| ()).await);
            }
        }
        for app in &build.spec.apps {
            let Some(command) = &app.command else { continue };
            build.log.line(format!("starting {}", app.name));
            let script = kept_running(&app.slug, command);
            let user = &build.spec.container.user;
            let program = Program { container: &name, user, script: &script, environment };
            self.inner.engine.leave(program).await.map_err(Fault::at(FailedAt::Start))?;
        }
        Ok(())
    }
}

/// The settings of Codex, which takes an address of models from a file alone.
const AGENTS: &str = r#"if [ -n "$HOME" ] && mkdir -p "$HOME/.codex" 2>/dev/null && [ ! -e "$HOME/.codex/config.toml" ]; then
cat > "$HOME/.codex/config.toml" <<'END' 2>/dev/null
model_provider = "deed"
[model_providers.deed]
name = "Deed"
base_url = "GATEWAY"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
END
fi
"#;

/// A script that runs a command for ever, and ends at once where it runs already.
fn kept_running(slug: &str, command: &str) -> String {
    let own = made::OWN_PATH;
    format!(
        "p={own}/{slug}.pid\n[ -s $p ] && kill -0 \"$(cat $p)\" 2>/dev/null && exit 0\necho $$ > $p\n\
         while :; do (\n{command}\n) > {own}/{slug}.log 2>&1; sleep 1; done\n"
    )
}
