//! Modules of Coder's registry: those that a workspace can have are made of what the workspace image has.

use super::value::Text;
use super::work::{View, Work};
use super::{agent, apps};
use crate::templates::report::Outcome;
use ledger::event::workspaces::{Kind, Parameter};

/// The port of the browser IDE of the workspace image, and its command.
const IDE: (&str, u16) = ("deed-ide", 8080);
/// The port of the notebook.
const NOTEBOOK: (&str, u16) = (
    "jupyter lab --no-browser --ip=127.0.0.1 --port=8888 --IdentityProvider.token= --ServerApp.allow_remote_access=True",
    8888,
);

/// Modules without which a workspace is none the worse, and why.
const IGNORED: &[(&[&str], &str)] = &[
    (
        &[
            "jetbrains",
            "jetbrains-gateway",
            "jetbrains-fleet",
            "cursor",
            "vscode-desktop",
            "windsurf",
            "zed",
            "kiro",
            "fleet-ide",
            "antigravity",
        ],
        "editors on the developer's machine come in by SSH, which a workspace does not have",
    ),
    (&["coder-login", "coder-utils", "agent-helper", "slackme"], "it is about Coder itself"),
    (
        &["git-config", "git-commit-signing", "github-upload-public-key"],
        "who somebody is to git, they say themselves",
    ),
    (&["personalize"], "a script of one's own home runs when one runs it"),
    (
        &[
            "claude-code",
            "codex",
            "aider",
            "goose",
            "gemini",
            "copilot",
            "copilot-cli",
            "cursor-cli",
            "opencode",
            "amazon-q",
            "sourcegraph-amp",
            "auggie",
            "agentapi",
        ],
        "the agents that the image has find a key and their configuration in the workspace",
    ),
];

/// A module.
pub(super) fn module<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(source) = work.literal(view, "source", "what follows") else {
        return work.refuse(view.site(), "a module has a `source`");
    };
    if source.starts_with('.') || source.starts_with('/') {
        let why = "a module of its own folder is not evaluated: write its blocks into the file";
        return all(work, view, &Outcome::refused(why));
    }
    let name = name(&source);
    let ignored = IGNORED.iter().find(|(names, _)| names.contains(&name));
    if let Some((_, why)) = ignored {
        return all(work, view, &Outcome::ignored(*why));
    }
    match name {
        "code-server" | "vscode-web" => built_in(work, view, "code-server", IDE),
        "jupyterlab" | "jupyter-notebook" => built_in(work, view, "jupyter", NOTEBOOK),
        "git-clone" => clone(work, view),
        "dotfiles" => dotfiles(work, view),
        _ => {
            let why = format!(
                "the module `{name}` is not known: write what it does into the image, the startup script or an app"
            );
            return all(work, view, &Outcome::refused(why));
        }
    }
    all(work, view, &Outcome::ignored("Deed has its own way to do what the module does"));
}

/// The rest of a module.
fn all<'a>(work: &mut Work<'a>, view: &View<'a>, outcome: &Outcome) {
    if outcome.is_refused() {
        work.sheet.mark(view.site(), outcome.clone());
    }
    work.sheet.mark_all(view.file, view.block, outcome);
}

/// The last part of where a module comes from, without the registry's own.
fn name(source: &str) -> &str {
    let path = source.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [.., name, "coder"] => name,
        [.., name] => name,
        [] => "",
    }
}

fn built_in<'a>(work: &mut Work<'a>, view: &View<'a>, name: &str, (command, port): (&str, u16)) {
    let sharing = apps::share(work, view);
    let slug = apps::built_in(work, name, command, port, sharing);
    work.map(view.site(), format!("apps.{slug}, run by `{}`", command.split(' ').next().unwrap_or_default()));
}

fn clone<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(url) = work.text(view, "url", "startup.script") else {
        return work.refuse(view.site(), "what is to be cloned is not said");
    };
    let base = work.text(view, "base_dir", "startup.script").filter(|base| base.has_something());
    let branch = work.text(view, "branch_name", "startup.script").filter(|branch| branch.has_something());
    let written = cloning(work, &url, base.as_ref(), branch.as_ref());
    match written {
        Ok(script) => {
            agent::add(work, &script);
            work.map(view.site(), "startup.script");
        }
        Err(why) => work.refuse(view.site(), why),
    }
}

fn cloning(
    work: &mut Work<'_>,
    url: &Text,
    base: Option<&Text>,
    branch: Option<&Text>,
) -> Result<String, String> {
    let url = apps::words(work, url)?;
    let base = base.map_or(Ok("\"$HOME\"".to_owned()), |base| apps::words(work, base))?;
    // A tilde in quotes would be a folder of that name.
    let base = base.replacen("\"~", "\"$HOME", 1);
    let branch = branch.map_or(Ok(String::new()), |branch| {
        apps::words(work, branch).map(|one| format!(" --branch {one}"))
    })?;
    Ok(format!(
        "url={url}\nname=${{url##*/}}\nfolder={base}/${{name%.git}}\nif [ ! -e \"$folder\" ]; then mkdir -p {base} && git clone{branch} -- \"$url\" \"$folder\"; fi\n"
    ))
}

/// Files of one's own, from where the module says or, if it does not, where one chooses.
fn dotfiles<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let given = ["dotfiles_uri", "default_dotfiles_uri"]
        .into_iter()
        .find(|name| view.attribute(name).is_some())
        .and_then(|name| work.text(view, name, "startup.script"));
    let own = "dotfiles_uri";
    let url = match given.filter(Text::has_something) {
        Some(text) => apps::words(work, &text),
        None => {
            if !work.draft.parameters.iter().any(|one| &*one.name == own) {
                work.draft.parameters.push(chosen(own));
            }
            Ok("\"${DEED_PARAMETER_DOTFILES_URI}\"".to_owned())
        }
    };
    match url {
        Ok(url) => {
            agent::add(
                work,
                &format!(
                    "url={url}\nif [ -n \"$url\" ] && [ ! -e \"$HOME/.dotfiles\" ]; then\n  git clone -- \"$url\" \"$HOME/.dotfiles\" || exit 1\n  if [ -x \"$HOME/.dotfiles/install.sh\" ]; then \"$HOME/.dotfiles/install.sh\"; fi\nfi\n"
                ),
            );
            work.map(view.site(), "startup.script");
        }
        Err(why) => work.refuse(view.site(), why),
    }
}

fn chosen(name: &str) -> Parameter {
    Parameter {
        default: Some("".into()),
        description: Some("A git repository of dotfiles; empty for none".into()),
        kind: Kind::Text,
        max: None,
        min: None,
        mutable: true,
        name: name.into(),
        options: Vec::new(),
        pattern: None,
    }
}
