//! Power is lost at any call: what was acknowledged is there, what was not is a torn tail at most, and writing goes on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use fixtures::ledger_session::{Asked, NotOpened, open, write};
use fixtures::rng::Rng;
use fixtures::sim_disk::PowerLoss::{self, KeepAll, KeepPrefix, KeepSubset, KeepSyncedOnly};
use fixtures::sim_disk::SimDisk;

const SEEDS: u64 = 300;
const LOSSES: [PowerLoss; 4] = [KeepSyncedOnly, KeepAll, KeepPrefix, KeepSubset];
const GROUPS: usize = 8;

/// Opens a ledger, writes groups, and opens it once more, until something fails.
fn session(disk: &SimDisk, asked: &mut Asked, seed: u64) -> Result<(), NotOpened> {
    let mut rng = Rng::new(seed);
    for half in 0..2 {
        let (mut writer, found) = open(disk, seed * 2 + half)?;
        asked.check(&found)?;
        if write(&mut writer, asked, &mut rng, GROUPS / 2).is_err() {
            assert!(disk.is_off(), "nothing but the power fails");
            return Ok(());
        }
    }
    Ok(())
}

/// Recovers with the power going away once more in the middle, then checks and writes on.
fn recover(disk: &SimDisk, asked: &mut Asked, rng: &mut Rng, context: &str) {
    disk.cut_power_at(disk.calls_all() + rng.below(60));
    // Only a recovery that came to its end acknowledges what it found.
    match open(disk, rng.next_u64()) {
        Ok((_, found)) => asked.check(&found).unwrap_or_else(|cause| panic!("{context}: {cause:?}")),
        Err(cause) => assert!(disk.is_off(), "{context}: {cause:?}"),
    }
    disk.power_loss(*rng.pick(&LOSSES).unwrap());
    for _ in 0..2 {
        let opened = open(disk, rng.next_u64());
        let (mut writer, found) = opened.unwrap_or_else(|cause| panic!("{context}: {cause:?}"));
        asked.check(&found).unwrap_or_else(|cause| panic!("{context}: {cause:?}"));
        write(&mut writer, asked, rng, 2).unwrap_or_else(|cause| panic!("{context}: {cause:?}"));
        writer.checkpoint().unwrap();
        disk.power_loss(KeepSyncedOnly);
    }
}

/// Runs a session without a fault to learn its length, then once with each loss of power at some call.
fn run(seed: u64) {
    let calm = SimDisk::new(seed);
    let mut asked = Asked::default();
    session(&calm, &mut asked, seed).unwrap();
    assert!(asked.acknowledged.len() >= GROUPS);
    let mut rng = Rng::new(!seed);
    for loss in LOSSES {
        let disk = SimDisk::new(seed);
        let nth = rng.below(calm.calls_all());
        let context = format!("seed {seed}, {loss:?} at call {nth}");
        disk.cut_power_at(nth);
        let mut asked = Asked::default();
        if let Err(cause) = session(&disk, &mut asked, seed) {
            assert!(disk.is_off(), "{context}: {cause:?}");
        }
        disk.power_loss(loss);
        recover(&disk, &mut asked, &mut rng, &context);
    }
}

#[test]
fn no_loss_of_power_takes_an_acknowledged_event_or_payload() {
    (0..SEEDS).for_each(run);
}

#[test]
fn a_killed_process_loses_nothing_even_when_the_power_fails_later() {
    // The process dies at every call in turn; the next one acknowledges what it found, and then the power goes.
    let calm = SimDisk::new(1);
    session(&calm, &mut Asked::default(), 1).unwrap();
    for nth in 0..calm.calls_all() {
        let (disk, mut asked) = (SimDisk::new(1), Asked::default());
        disk.cut_power_at(nth);
        drop(session(&disk, &mut asked, 1));
        disk.power_loss(KeepAll);
        let (mut writer, found) = open(&disk, nth).unwrap_or_else(|cause| panic!("call {nth}: {cause:?}"));
        asked.check(&found).unwrap_or_else(|cause| panic!("call {nth}: {cause:?}"));
        if nth % 2 == 0 {
            writer.checkpoint().unwrap();
            write(&mut writer, &mut asked, &mut Rng::new(nth), 2).unwrap();
        }
        disk.power_loss(KeepSyncedOnly);
        let (_, found) = open(&disk, nth).unwrap_or_else(|cause| panic!("call {nth}: {cause:?}"));
        asked.check(&found).unwrap_or_else(|cause| panic!("call {nth}: {cause:?}"));
    }
}
