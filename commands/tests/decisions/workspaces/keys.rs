//! The key of a workspace's tools: the same after a restart, another after it ended, none without the right.

use crate::given::{Given, asked_by, granted};
use crate::people::{digest, grant, subject, time};
use crate::workshop::*;
use commands::access::RevokeRole;
use commands::identity::SuspendSubject;
use commands::keys::{IssueKey, RevokeKey, Wished};
use commands::workspaces::*;
use fixtures::samples::workspaces::least;
use ledger::event::id::VirtualKeyId;
use ledger::event::keys::{KeyClass, KeyIssued, KeyRevoked, Models};
use ledger::event::workspaces::*;
use ledger::event::{Fact, Keys};
use ledger::names::Names;
use projections::access::Role;
use projections::workspaces::ToolKey;

fn work() -> ledger::event::id::WorkspaceId {
    workspace("work")
}

/// Its key then.
fn key_of(given: &Given, seconds: u64) -> Option<ToolKey> {
    given.state.tool_key(work(), given.found("work"), time(seconds))
}

fn due(given: &Given, seconds: u64) -> VirtualKeyId {
    let key =
        key_of(given, seconds).and_then(|key| if let ToolKey::Due(key) = key { Some(key) } else { None });
    key.expect("a key is due")
}

/// Begins the build of an order, with the key that is due, and ends it.
fn build(given: &mut Given, seconds: u64) -> Vec<KeyIssued> {
    let (workspace, build) = (work(), given.found("work").phase.build);
    let key = match key_of(given, seconds) {
        Some(ToolKey::Due(key)) => Some((key, digest(&key.to_string()))),
        Some(ToolKey::Live(_)) | None => None,
    };
    let facts = given.does(&system(seconds), BeginBuild { workspace, build, key });
    given.does(&system(seconds + 1), record_started("work", build));
    let issued = facts
        .into_iter()
        .filter_map(|fact| if let Fact::Keys(Keys::KeyIssued(issued)) = fact { Some(issued) } else { None });
    issued.collect()
}

fn restart(given: &mut Given, seconds: u64) -> Vec<KeyIssued> {
    let bob = asked_by("bob");
    given.does(&bob, StopWorkspace { workspace: work(), why: Why::Person });
    let build_number = given.found("work").phase.build;
    given.does(&system(seconds), record_stopped("work", build_number));
    given.does(&bob, StartWorkspace { workspace: work(), why: Why::Person });
    build(given, seconds + 1)
}

/// Bob's workspace runs.
fn running(spec: WorkspaceSpec) -> (Given, Vec<KeyIssued>) {
    let mut given = world(spec);
    given.does(&asked_by("bob"), create("work"));
    let issued = build(&mut given, 3_610);
    (given, issued)
}

#[test]
fn a_key_is_issued_once_and_is_the_same_after_a_restart() {
    let (mut given, issued) = running(rust());
    let [issued] = &issued[..] else { panic!("one key is issued: {issued:?}") };
    assert_eq!((issued.owner, issued.class), (subject("bob"), KeyClass::Workspace));
    assert_eq!(&*issued.alias, format!("workspace/{}", work()));
    assert_eq!(issued.expires, time(3_610 + 90 * 86_400));
    assert_eq!(key_of(&given, 3_620), Some(ToolKey::Live(issued.key)));
    assert_eq!(restart(&mut given, 3_700), []);
    assert_eq!(key_of(&given, 3_720), Some(ToolKey::Live(issued.key)));
}

#[test]
fn another_is_due_after_the_one_before_expired_or_was_revoked() {
    let (mut given, first) = running(rust());
    given.does(&asked_by("bob"), RevokeKey { key: first[0].key, reason: None });
    let second = due(&given, 3_650);
    assert_ne!(second, first[0].key);
    let issued = restart(&mut given, 3_700);
    assert_eq!(issued.iter().map(|issued| issued.key).collect::<Vec<_>>(), [second]);
    let later = 3_700 + 91 * 86_400;
    let third = due(&given, later);
    assert!(![first[0].key, second].contains(&third));
    assert_eq!(restart(&mut given, later).len(), 1);
}

#[test]
fn a_key_that_is_not_the_one_that_is_due_is_not_issued() {
    let mut given = world(rust());
    given.does(&asked_by("bob"), create("work"));
    let wrong = (crate::spending::key("other"), digest("other"));
    let facts =
        given.when(&system(3_610), BeginBuild { workspace: work(), build: 1, key: Some(wrong) }).facts();
    let facts = facts.expect("it begins all the same");
    assert!(!facts.iter().any(|fact| matches!(fact, Fact::Keys(_))));
}

#[test]
fn tools_have_no_key_without_ai_or_without_the_right_to_call_models() {
    let (given, issued) = running(least());
    assert_eq!((key_of(&given, 3_620), issued), (None, vec![]));
    let mut given = world(rust());
    given.happen([granted("ada", Role::Owner)]);
    given.does(&asked_by("bob"), create("work"));
    let revoke = RevokeRole { grant: grant("bob operator"), reason: None };
    given.does(&asked_by("ada"), revoke);
    assert_eq!(key_of(&given, 3_620), None);
}

#[test]
fn a_key_has_what_the_template_says_within_policy() {
    let models = Models::Only(Names::of(["small"]).expect("a name"));
    let ai = Ai { models: Some(models.clone()), ..Ai::default() };
    let (_, issued) = running(WorkspaceSpec { ai: Some(ai), ..rust() });
    assert_eq!(issued[0].models, models);
    // What is looser than policy is not issued, and the workspace starts all the same.
    let lax = Ai { enforcement: Some("lax".into()), ..Ai::default() };
    let (given, issued) = running(WorkspaceSpec { ai: Some(lax), ..rust() });
    assert_eq!(issued, []);
    assert!(given.found("work").started.is_some());
}

#[test]
fn a_key_is_not_issued_under_a_name_that_is_taken() {
    let mut given = world(rust());
    let bob = asked_by("bob");
    given.does(&bob, create("work"));
    let own = IssueKey {
        key: crate::spending::key("own"),
        digest: digest("own"),
        owner: None,
        alias: format!("workspace/{}", work()).into(),
        class: KeyClass::User,
        scope: crate::spending::deed(),
        wished: Wished::default(),
    };
    given.does(&bob, own);
    assert_eq!(build(&mut given, 3_610), []);
}

/// Whether a key ends, and why.
fn ended(facts: &[Fact], key: VirtualKeyId) -> Option<&str> {
    facts.iter().find_map(|fact| {
        let Fact::Keys(Keys::KeyRevoked(KeyRevoked { key: found, reason })) = fact else { return None };
        reason.as_deref().filter(|_| *found == key)
    })
}

#[test]
fn a_key_ends_with_its_workspace_and_with_a_transfer() {
    let (mut given, issued) = running(rust());
    let bob = asked_by("bob");
    let mut other = given.clone();
    let facts = other.does(&bob, TransferWorkspace { workspace: work(), to: subject("dan") });
    assert_eq!(ended(&facts, issued[0].key), Some("workspace transferred"));
    other.does(&asked_by("dan"), StartWorkspace { workspace: work(), why: Why::Person });
    // What bob paid for is given back first.
    assert_eq!(build(&mut other, 3_800), []);
    let of_dan = build(&mut other, 3_810);
    assert_eq!(of_dan[0].owner, subject("dan"));
    given.does(&bob, DeleteWorkspace { workspace: work(), why: Why::Person });
    let facts = given.does(&system(3_700), record_deleted("work", 2));
    assert_eq!(ended(&facts, issued[0].key), Some("workspace deleted"));
}

#[test]
fn a_key_ends_whatever_its_owner_may_do_by_then() {
    let (mut given, issued) = running(rust());
    given.does(&asked_by("ada"), RevokeRole { grant: grant("bob operator"), reason: None });
    assert_eq!(key_of(&given, 3_620), None);
    given.does(&asked_by("eve"), DeleteWorkspace { workspace: work(), why: Why::Person });
    let facts = given.does(&system(3_700), record_deleted("work", 2));
    assert_eq!(ended(&facts, issued[0].key), Some("workspace deleted"));
    // A suspension ends it at once.
    let (mut given, issued) = running(rust());
    let facts =
        given.does(&asked_by("ada"), SuspendSubject { subject: subject("bob"), reason: "away".into() });
    assert!(facts.contains(&KeyRevoked { key: issued[0].key, reason: None }.into()));
}
