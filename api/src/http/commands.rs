//! `POST /api/v1/commands`: one door for every order.
//!
//! A request names a command and its arguments; fresh ids and secrets are made here. The result is read back from the events that
//! became lasting, so that a repeated request gets the answer of the first.

use super::asking::{Asker, Deed, Request};
use super::body::{Json, parse};
use super::tags::Seen;
use super::{Kind, Problem, access, budgets, custody, identity, keys, policy, workspaces};
use crate::secret::Secret;
use axum::Json as JsonResponse;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use commands::Command;
use ledger::event::access::{Ground, RoleGranted};
use ledger::event::id::CommandId;
use ledger::event::{Access, Decoded, Event, Fact, Identity, Keys};
use ledger::hash::Hash;
use ledger::receipt::Receipt;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A command as clients write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandRequest {
    /// The client's own name for it: sent again, it is not done again.
    id: CommandId,
    /// `<area>.<order>`.
    command: String,
    /// What the command needs.
    arguments: Box<RawValue>,
}

/// A command's answer.
#[derive(JsonSchema, Serialize)]
pub(super) struct CommandAnswer {
    /// As it was sent.
    command: String,
    /// What came of it: ids, and secrets that are shown this once.
    result: BTreeMap<&'static str, String>,
    /// Absent when everything was so already.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

/// A parsed command with what must be remembered beside it.
pub(super) struct Parsed {
    pub(super) asker: Asker,
    pub(super) command: Command,
    /// Secrets whose digests are in the command.
    pub(super) secrets: Vec<Once>,
}

/// A secret that is shown this once.
pub(super) struct Once {
    /// Its name in the result.
    pub(super) name: &'static str,
    pub(super) digest: Hash,
    pub(super) text: String,
}

impl From<Secret> for Once {
    fn from(secret: Secret) -> Self {
        Self { name: "secret", digest: secret.digest(), text: secret.reveal() }
    }
}

/// Who asks, and what parsing a command may need of the server.
#[derive(Clone, Copy)]
pub(super) struct Door<'a> {
    pub(super) asker: Asker,
    pub(super) deed: &'a Deed,
}

impl Parsed {
    pub(super) fn plain(door: Door<'_>, command: impl Into<Command>) -> Self {
        Self { asker: door.asker, command: command.into(), secrets: Vec::new() }
    }
}

pub(super) async fn command(
    State(deed): State<Deed>,
    asker: Asker,
    Seen(seen): Seen,
    Json(request): Json<CommandRequest>,
) -> Result<Response, Problem> {
    let CommandRequest { id, command: name, arguments } = request;
    let Parsed { asker, command, secrets } = parsed(&name, Door { asker, deed: &deed }, arguments.get())?;
    let digest = deed.content_digest(content(&name, arguments.get())?.as_bytes());
    let wanted = keys::Wanted::by(&asker, &command);
    let receipt = deed.order(asker, Request { id, digest, command, seen }).await?;
    let result = match &receipt {
        Some(receipt) => result(&deed, receipt, &secrets)?,
        None => wanted
            .and_then(|wanted| wanted.found(&deed))
            .map(|key| ("key", key.to_string()))
            .into_iter()
            .collect(),
    };
    let answer = CommandAnswer { command: name, result, receipt };
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], JsonResponse(answer))
        .into_response())
}

macro_rules! orders {
    ($($name:literal => $parse:path;)*) => {
        /// The names of all commands that clients may send.
        pub const COMMANDS: &[&str] = &[$($name),*];

        /// The schema of each command.
        pub(super) fn alternatives(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
            vec![$(($name, alternative($name, $parse, generator))),*]
        }

        fn parsed(name: &str, door: Door<'_>, arguments: &str) -> Result<Parsed, Problem> {
            let arguments = arguments.as_bytes();
            match name {
                $($name => $parse(door, parse(arguments, "`arguments`")?),)*
                _ => {
                    let detail = format!(
                        "there is no command `{}`; there are `{}`",
                        name.chars().take(64).collect::<String>().escape_debug(),
                        COMMANDS.join("`, `")
                    );
                    Err(Problem::new(Kind::UnknownCommand, detail))
                }
            }
        }
    };
}

orders! {
    "identity.claim_ownership" => identity::claim_ownership;
    "identity.create_person" => identity::create_person;
    "identity.create_service_account" => identity::create_service_account;
    "identity.create_agent" => identity::create_agent;
    "identity.suspend_subject" => identity::suspend_subject;
    "identity.reactivate_subject" => identity::reactivate_subject;
    "identity.remove_subject" => identity::remove_subject;
    "identity.create_group" => identity::create_group;
    "identity.remove_group" => identity::remove_group;
    "identity.add_member" => identity::add_member;
    "identity.remove_member" => identity::remove_member;
    "identity.issue_credential" => identity::issue_credential;
    "identity.revoke_credential" => identity::revoke_credential;
    "identity.make_recovery_codes" => identity::make_recovery_codes;
    "access.create_organization" => access::create_organization;
    "access.create_project" => access::create_project;
    "access.change_project" => access::change_project;
    "access.define_role" => access::define_role;
    "access.change_role" => access::change_role;
    "access.retire_role" => access::retire_role;
    "access.grant_role" => access::grant_role;
    "access.revoke_role" => access::revoke_role;
    "access.approve_grant" => access::approve_grant;
    "access.decline_grant" => access::decline_grant;
    "access.break_glass" => access::break_glass;
    "access.review_break_glass" => access::review_break_glass;
    "access.separate_duties" => access::separate_duties;
    "access.join_duties" => access::join_duties;
    "access.map_group" => access::map_group;
    "access.unmap_group" => access::unmap_group;
    "keys.issue_key" => keys::issue_key;
    "keys.rotate_key" => keys::rotate_key;
    "keys.revoke_key" => keys::revoke_key;
    "budgets.set_budget" => budgets::set_budget;
    "budgets.change_budget" => budgets::change_budget;
    "budgets.end_budget" => budgets::end_budget;
    "policy.propose" => policy::propose;
    "policy.approve" => policy::approve;
    "policy.decline" => policy::decline;
    "workspaces.publish_template" => workspaces::publish_template;
    "workspaces.promote_version" => workspaces::promote_version;
    "workspaces.archive_version" => workspaces::archive_version;
    "workspaces.deprecate_template" => workspaces::deprecate_template;
    "workspaces.archive_template" => workspaces::archive_template;
    "workspaces.create_workspace" => workspaces::create_workspace;
    "workspaces.start_workspace" => workspaces::start_workspace;
    "workspaces.stop_workspace" => workspaces::stop_workspace;
    "workspaces.delete_workspace" => workspaces::delete_workspace;
    "workspaces.update_workspace" => workspaces::update_workspace;
    "workspaces.transfer_workspace" => workspaces::transfer_workspace;
    "workspaces.share_app" => workspaces::share_app;
    "workspaces.set_schedule" => workspaces::set_schedule;
    "workspaces.delete_volume" => workspaces::delete_volume;
    "custody.erase_payloads" => custody::erase_payloads;
}

/// The schema of a command whose arguments a function reads.
fn alternative<A: JsonSchema>(
    name: &str,
    _: impl Fn(Door<'_>, A) -> Result<Parsed, Problem>,
    generator: &mut SchemaGenerator,
) -> Schema {
    let about = Command::ABOUT.iter().find(|(known, _)| *known == name);
    json_schema!({
        "type": "object",
        "description": about.map(|(_, about)| about.trim()),
        "properties": {
            "id": generator.subschema_for::<CommandId>(),
            "command": {"const": name},
            "arguments": A::json_schema(generator),
        },
        "required": ["id", "command", "arguments"],
        "additionalProperties": false,
    })
}

/// The command's content in one form, whatever the order of keys or the space it was sent with.
fn content(name: &str, arguments: &str) -> Result<String, Problem> {
    let mut arguments: serde_json::Value = parse(arguments.as_bytes(), "`arguments`")?;
    arguments.sort_all_objects();
    Ok(format!("{name}\0{arguments}"))
}

/// Tells the operator what must not go unseen.
fn announce(fact: &Fact) {
    let Fact::Access(Access::RoleGranted(granted)) = fact else { return };
    if granted.ground == Some(Ground::BreakGlass {}) {
        let RoleGranted { grant, role, scope, subject, .. } = granted;
        tracing::warn!(
            "break-glass: `{subject}` took the role `{role}` in `{scope}` by `{grant}`; it waits for a review"
        );
    }
}

/// What the events of a receipt say came of the command.
fn result(
    deed: &Deed,
    receipt: &Receipt,
    secrets: &[Once],
) -> Result<BTreeMap<&'static str, String>, Problem> {
    let unreadable = || {
        let detail = "it was done, and the log cannot be read to say what came of it; send it again with the same `id`";
        Problem::new(Kind::Unreadable, detail)
    };
    let mut result = BTreeMap::new();
    for event in &receipt.events {
        let record = deed.engine.reader().event(event.seq).ok().flatten().ok_or_else(unreadable)?;
        let Ok(Decoded::Known(event)) = Event::decode(&record.leaf) else { return Err(unreadable()) };
        let object = event.fact.object(event.ledger);
        result.insert(object.kind(), object.to_string());
        announce(&event.fact);
        let kept = kept(&event.fact);
        for Once { name, text, .. } in secrets.iter().filter(|secret| kept.contains(&secret.digest)) {
            let shown: &mut String = result.entry(name).or_default();
            if !shown.is_empty() {
                shown.push(' ');
            }
            shown.push_str(text);
        }
    }
    Ok(result)
}

/// The digests of the secrets that a fact is about.
fn kept(fact: &Fact) -> Vec<Hash> {
    match fact {
        Fact::Identity(Identity::CredentialIssued(issued)) => vec![issued.digest],
        Fact::Identity(Identity::RecoveryCodesMade(made)) => made.codes.clone(),
        Fact::Keys(Keys::KeyIssued(issued)) => vec![issued.digest],
        Fact::Keys(Keys::KeyRotated(rotated)) => vec![rotated.digest],
        Fact::Identity(_)
        | Fact::Access(_)
        | Fact::Keys(Keys::KeyRevoked(_))
        | Fact::Budgets(_)
        | Fact::Policy(_)
        | Fact::Provisioning(_)
        | Fact::Workspaces(_)
        | Fact::Custody(_) => Vec::new(),
    }
}
