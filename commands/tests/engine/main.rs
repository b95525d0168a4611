//! The engine: one answer for one command id, floods, failures of the disk, starts and stops, the index.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it cannot go on"
)]

#[path = "../common/bench.rs"]
mod bench;
#[path = "../common/names.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod names;
#[path = "../common/people.rs"]
mod people;

mod checkpoints;
mod conditions;
mod counts;
mod erasure;
mod failures;
mod idempotency;
mod index;
mod owned;
mod provisioning;
mod reactor;
mod snapshots;
mod starts;
mod threads;
mod time;

use bench::Bench;
use commands::Command;
use commands::identity::{CreateServiceAccount, IssueCredential};
use fixtures::sim_disk::SimDisk;
use fixtures::temp_dir::TempDir;
use ledger::disk::RealDisk;
use ledger::event::Subject;
use ledger::writer::PlainPayload;
use people::{account, credential, digest};
use std::path::Path;
use std::sync::Arc;

fn on_sim(disk: &SimDisk) -> Bench {
    Bench::new(Arc::new(disk.clone()), Path::new("/deed"), 1 << 16, false)
}

fn on_real(folder: &TempDir) -> Bench {
    Bench::new(Arc::new(RealDisk), folder.path(), 1 << 20, true)
}

/// Creates the service account of that name, with a profile.
fn create(name: &str) -> Command {
    let id = account(name);
    let profile = PlainPayload::profile(Subject::ServiceAccount(id), b"builds things".to_vec());
    CreateServiceAccount { service_account: id, handle: name.into(), profile: Some(profile) }.into()
}

/// An order that leads to one event and nothing sealed: a service account of that name.
fn add(name: &str) -> Command {
    CreateServiceAccount { service_account: account(name), handle: name.into(), profile: None }.into()
}

/// A credential of that name for whoever asks.
fn issue(name: &str) -> Command {
    let (credential, digest) = (credential(name), digest(name));
    IssueCredential { credential, digest, expires: None, subject: None }.into()
}

/// Brings the index up to the log, a few events at a time, as the index thread does.
fn index_up(engine: &commands::engine::Engine, at_once: usize) {
    let index = engine.index().expect("there is an index");
    loop {
        let records =
            engine.reader().read(index.position(), at_once, usize::MAX).expect("the log can be read");
        if records.is_empty() {
            return;
        }
        index.add(&records).expect("the index takes what follows");
    }
}
