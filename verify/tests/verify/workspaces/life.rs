//! Orders, what came of them, what was reserved for them, and keys of tools.

use super::*;
use ledger::event::access::RoleGranted;
use ledger::event::id::{GrantId, VirtualKeyId};
use ledger::event::identity::SubjectSuspended;
use ledger::event::keys::{KeyClass, KeyIssued, KeyRevoked, Models};
use ledger::event::policy::STANDARD;
use projections::workspaces::derived::key_alias;

fn orders(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let (running, standing) = (running(cast), standing(cast));
    let going = then(&running, owner, deletes(2, Why::Person));
    vec![
        ("stop", then(&running, owner, stops(2, Why::Person)), None),
        ("stop for another reason", then(&running, owner, stops(2, Why::Idle)), DENIED),
        ("stop as who manages", then(&running, owner, stops(2, Why::Administrator)), DENIED),
        ("stop by who may not", then(&running, admin, stops(2, Why::Person)), DENIED),
        ("stop under an old number", then(&running, owner, stops(1, Why::Person)), DENIED),
        ("stop under a later number", then(&running, owner, stops(3, Why::Person)), DENIED),
        ("start", then(&standing, owner, starts(3, Why::Person)), None),
        ("start what is to be gone", then(&going, owner, starts(3, Why::Person)), DENIED),
        ("delete", going.clone(), None),
        ("delete by who may not", then(&running, admin, deletes(2, Why::Person)), DENIED),
        ("by Deed, for a person's reason", then(&running, SYSTEM, stops(2, Why::Person)), DENIED),
        ("by Deed, for its template", then(&running, SYSTEM, deletes(2, Why::Template)), DENIED),
        ("by Deed, idle too early", then(&running, SYSTEM, stops(2, Why::Idle)), DENIED),
        ("by Deed, idle", then(&later(&running, cast, 12), SYSTEM, stops(2, Why::Idle)), None),
        ("by Deed, alive too long", then(&running, SYSTEM, stops(2, Why::Lifetime)), DENIED),
        ("by Deed, of one who may act", then(&running, SYSTEM, stops(2, Why::Suspension)), DENIED),
        ("by Deed, unstable", then(&running, SYSTEM, stops(2, Why::Unstable)), DENIED),
        (
            "by Deed, lost once",
            then(&then(&running, SYSTEM, lost(1)), SYSTEM, stops(2, Why::Unstable)),
            DENIED,
        ),
        ("by Deed, lost five times", then(&lost_often(cast, 5), SYSTEM, stops(2, Why::Unstable)), None),
        ("by Deed, lost four times", then(&lost_often(cast, 4), SYSTEM, stops(2, Why::Unstable)), DENIED),
        ("by Deed, by no schedule", then(&running, SYSTEM, stops(2, Why::Schedule)), DENIED),
        ("by Deed, started by no schedule", then(&standing, SYSTEM, starts(3, Why::Schedule)), DENIED),
    ]
}

/// It was lost so often.
fn lost_often(cast: &Cast, times: usize) -> Told {
    let mut told = then(&running(cast), SYSTEM, lost(1));
    for _ in 1..times {
        told = also(&told, SYSTEM, [started(1), lost(1)]);
    }
    told
}

/// The administrator is an owner too.
pub(super) fn granted(cast: &Cast) -> RoleGranted {
    RoleGranted::new(GrantId::from_bytes([0x97; 16]), "owner", Scope::Site, cast.admin)
}

/// Another owner has a workspace that is to run.
fn of_another(cast: &Cast) -> Told {
    let told = then(&there(cast), cast.as_owner(), granted(cast));
    also(&told, cast.as_admin(), [requested(Some(cast.admin)).into(), starts(1, Why::Person)])
}

fn by_standing(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let theirs = of_another(cast);
    let away = then(&theirs, owner, SubjectSuspended { reason: "x".into(), subject: cast.admin });
    vec![
        ("of another, by who manages", then(&theirs, owner, stops(2, Why::Administrator)), None),
        ("of another, as if one's own", then(&theirs, owner, stops(2, Why::Person)), DENIED),
        ("by Deed, of who may not act", then(&away, SYSTEM, stops(2, Why::Suspension)), None),
        ("by who may not act", then(&away, cast.as_admin(), stops(2, Why::Person)), DENIED),
    ]
}

fn outcomes(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let (asked, paid, building, running) = (asked(cast), paid(cast), building(cast), running(cast));
    let stopping = then(&running, owner, stops(2, Why::Person));
    let given_back = then(&stopping, SYSTEM, gives_running());
    let deleting = then(&running, owner, deletes(2, Why::Person));
    let both = also(&deleting, SYSTEM, [gives_running(), gives_disk()]);
    vec![
        ("a build", building.clone(), None),
        ("a build by the owner", then(&paid, owner, began(1)), DENIED),
        ("a build that nothing pays for", then(&asked, SYSTEM, began(1)), DENIED),
        (
            "a build without its disks",
            then(&then(&asked, SYSTEM, takes_running(cast)), SYSTEM, began(1)),
            DENIED,
        ),
        ("a build of no order", then(&paid, SYSTEM, began(2)), DENIED),
        ("a build twice", then(&building, SYSTEM, began(1)), DENIED),
        ("a start", running.clone(), None),
        ("a start before the build", then(&paid, SYSTEM, started(1)), DENIED),
        ("a start by the owner", then(&building, owner, started(1)), DENIED),
        ("a start twice", then(&running, SYSTEM, started(1)), DENIED),
        ("a start after a loss", then(&then(&running, SYSTEM, lost(1)), SYSTEM, started(1)), None),
        ("a start after a stop", then(&stopping, SYSTEM, started(1)), DENIED),
        ("a loss", then(&running, SYSTEM, lost(1)), None),
        ("a loss of what does not run", then(&building, SYSTEM, lost(1)), DENIED),
        ("a failure", then(&then(&building, SYSTEM, gives_running()), SYSTEM, failed(1)), None),
        ("a failure that keeps what it took", then(&building, SYSTEM, failed(1)), DENIED),
        ("a failure of what runs", then(&running, SYSTEM, failed(1)), DENIED),
        ("a failed stop", then(&stopping, SYSTEM, failed(2)), None),
        ("a stop", then(&given_back, SYSTEM, stopped(2)), None),
        ("a stop that keeps what it took", then(&stopping, SYSTEM, stopped(2)), DENIED),
        ("a stop of an overtaken order", then(&given_back, SYSTEM, stopped(1)), DENIED),
        ("a stop that nobody ordered", then(&running, SYSTEM, stopped(1)), DENIED),
        ("an end", then(&both, SYSTEM, gone(2, &["home"])), None),
        ("an end of what is protected", then(&both, SYSTEM, gone(2, &[])), DENIED),
        ("an end that keeps too much", then(&both, SYSTEM, gone(2, &["cache", "home"])), DENIED),
        ("an end that keeps what it took", then(&deleting, SYSTEM, gone(2, &["home"])), DENIED),
        ("an end that nobody ordered", then(&running, SYSTEM, gone(1, &["home"])), DENIED),
    ]
}

fn reservations(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let running = running(cast);
    let stopping = then(&running, owner, stops(2, Why::Person));
    let deleting = then(&running, owner, deletes(2, Why::Person));
    let again = then(&standing(cast), owner, starts(3, Why::Person));
    vec![
        ("given back while it runs", then(&running, SYSTEM, gives_running()), DENIED),
        ("disks given back while it runs", then(&running, SYSTEM, gives_disk()), DENIED),
        ("given back while it is built", then(&building(cast), SYSTEM, gives_running()), None),
        ("given back while it stops", then(&stopping, SYSTEM, gives_running()), None),
        ("disks given back while it stops", then(&stopping, SYSTEM, gives_disk()), DENIED),
        ("disks given back before a build", then(&again, SYSTEM, gives_disk()), None),
        ("disks given back while it goes", then(&deleting, SYSTEM, gives_disk()), None),
        ("given back by the owner", then(&stopping, owner, gives_running()), DENIED),
        ("taken twice", then(&running, SYSTEM, takes_running(cast)), DENIED),
    ]
}

fn issued(cast: &Cast, key: VirtualKeyId) -> KeyIssued {
    KeyIssued {
        alias: key_alias(workspace(1)),
        class: KeyClass::Workspace,
        digest: Hash([0x51; 32]),
        enforcement: STANDARD.into(),
        expires: on(9),
        guardrails: STANDARD.into(),
        key,
        models: Models::Any,
        owner: cast.owner,
        requests_per_minute: 600,
        scope: Scope::Site,
        tokens_per_minute: 1_000_000,
    }
}

/// The first key of the tools of the owner's workspace.
fn first_key(cast: &Cast) -> VirtualKeyId {
    let owner = cast.owner.to_string();
    let parts: [&[u8]; 3] = [&[1; 16], owner.as_bytes(), &[0; 8]];
    let Hash(bytes) = Hash::in_context("deed/workspace-key/v1", &parts);
    VirtualKeyId::from_bytes(*bytes.first_chunk().unwrap())
}

fn keys(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let asked = asked(cast);
    let key = || issued(cast, first_key(cast));
    let with_key = then(&asked, SYSTEM, key());
    let other = VirtualKeyId::from_bytes([1; 16]);
    let revoked = || KeyRevoked { key: first_key(cast), reason: None };
    let begun = also(&with_key, SYSTEM, [takes_running(cast), takes_disk(cast), began(1), started(1)]);
    let deleting = then(&begun, owner, deletes(2, Why::Person));
    let both = also(&deleting, SYSTEM, [gives_running(), gives_disk()]);
    let ended = then(&both, SYSTEM, revoked());
    vec![
        ("a key of tools", with_key.clone(), None),
        ("a key of tools, twice", then(&with_key, SYSTEM, key()), DENIED),
        ("a key that is not theirs", then(&asked, SYSTEM, issued(cast, other)), DENIED),
        ("a key of another class", then(&asked, SYSTEM, KeyIssued { class: KeyClass::Ci, ..key() }), DENIED),
        (
            "a key of another name",
            then(&asked, SYSTEM, KeyIssued { alias: "laptop".into(), ..key() }),
            DENIED,
        ),
        ("a key for another", then(&asked, SYSTEM, KeyIssued { owner: cast.admin, ..key() }), DENIED),
        ("a key of a workspace that runs", then(&running(cast), SYSTEM, key()), DENIED),
        ("a key that ends while it runs", then(&begun, SYSTEM, revoked()), DENIED),
        ("a key that ends by who may not", then(&begun, admin, revoked()), DENIED),
        ("a key that ends by its owner", then(&begun, owner, revoked()), None),
        ("a key that ends with its workspace", ended.clone(), None),
        ("an end with its key", then(&ended, SYSTEM, gone(2, &["home"])), None),
        ("an end that leaves its key", then(&both, SYSTEM, gone(2, &["home"])), DENIED),
    ]
}

#[test]
fn orders_without_a_right_or_a_reason_are_found() {
    holds(|cast| [orders(cast), by_standing(cast)].concat());
}

#[test]
fn outcomes_that_do_not_follow_are_found() {
    holds(|cast| [outcomes(cast), reservations(cast)].concat());
}

#[test]
fn keys_of_tools_that_were_not_due_are_found() {
    holds(keys);
}
