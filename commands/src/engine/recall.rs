//! Answers to commands that were sent before: found by their id, read from the log.

use super::{Answer, COMMAND_EVENTS_MAX, Failure, chain};
use ledger::event::{ContentDigest, Custody, Decoded, Event, Fact, Refusal};
use ledger::index::{CommandKey, Index};
use ledger::log::LogReader;
use ledger::note::KeyId;
use ledger::receipt::{Receipt, ReceiptEvent};
use ledger::signature::Signature;

/// What is known of a command id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nobody used it.
    Nothing,
    /// The same command, one of whose events is at this position.
    Same(u64),
    /// Another command.
    Other,
}

impl Found {
    pub(super) fn comparing(at: u64, stored: Option<ContentDigest>, sent: Option<ContentDigest>) -> Self {
        if stored == sent { Self::Same(at) } else { Self::Other }
    }
}

/// What the index says of a command id, checked against the log. An index that is wrong is thrown away at the next start.
pub(super) fn look_up(
    index: &Index,
    reader: &LogReader,
    key: CommandKey,
    digest: Option<ContentDigest>,
) -> Result<Found, Failure> {
    let failed = |cause: &dyn std::error::Error| Failure::NotRecorded(chain(cause).into());
    let Some(at) = index.command(key).map_err(|cause| failed(&cause))? else { return Ok(Found::Nothing) };
    let record = reader.event(at).map_err(|cause| failed(&cause))?;
    match record.map(|record| Event::decode(&record.leaf)) {
        Some(Ok(Decoded::Known(event))) if CommandKey::of(&event) == Some(key) => {
            Ok(Found::comparing(at, event.origin.digest, digest))
        }
        _ => {
            // Whether or not this succeeds, the command is not taken.
            drop(index.distrust());
            Err(Failure::IndexBehind)
        }
    }
}

/// The answer that was given to the command one of whose events is at `at`.
pub fn recall(reader: &LogReader, at: u64) -> Answer {
    match recall_events(reader, at) {
        Some((Some(refusal), receipt)) => Answer::Refused(refusal, Some(receipt)),
        Some((None, receipt)) => Answer::Done(Some(receipt)),
        None => Answer::Failed(Failure::NotRecorded("the log cannot be read".into())),
    }
}

fn recall_events(reader: &LogReader, at: u64) -> Option<(Option<Refusal>, Receipt)> {
    let from = at.saturating_sub(COMMAND_EVENTS_MAX);
    let records = reader.read(from, 2 * usize::try_from(COMMAND_EVENTS_MAX).ok()?, usize::MAX).ok()?;
    let mut found = Vec::new();
    for record in records {
        let Ok(Decoded::Known(event)) = Event::decode(&record.leaf) else { continue };
        found.push((CommandKey::of(&event), event, record));
    }
    let wanted = found.iter().find(|(_, event, _)| event.seq == at)?.0?;
    found.retain(|(key, _, _)| *key == Some(wanted));
    let refusal = found.iter().find_map(|(_, event, _)| match &event.fact {
        Fact::Custody(Custody::CommandRefused(refused)) => Some(refused.refusal.clone()),
        Fact::Custody(_)
        | Fact::Identity(_)
        | Fact::Access(_)
        | Fact::Keys(_)
        | Fact::Budgets(_)
        | Fact::Policy(_)
        | Fact::Provisioning(_)
        | Fact::Workspaces(_) => None,
    });
    let (_, first, record) = found.first()?;
    let (ledger, key) = (first.ledger, KeyId(record.key));
    let events = found.iter().map(|(_, event, record)| ReceiptEvent {
        id: event.id,
        leaf_hash: ledger::merkle::leaf_hash(&record.leaf),
        seq: event.seq,
        signature: Signature(record.signature),
        kind: event.fact.name().0.into(),
    });
    Some((refusal, Receipt::new(ledger, key, events.collect())))
}
