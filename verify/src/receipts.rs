//! Receipts: what clients kept, looked for in the log.

use crate::fault::{Code, Finding};
use ledger::event::id::LedgerId;
use ledger::hash::Hash;
use ledger::key_ring::KeyRing;
use ledger::receipt::{Receipt, ReceiptEvent};
use ledger::signature::event_message;
use std::collections::BTreeMap;

/// Receipted events by position, and the log's hash there once the walk has come by.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    wanted: Vec<Receipt>,
    met: BTreeMap<u64, Option<Hash>>,
}

impl Receipts {
    pub(crate) fn new(receipts: &[Receipt]) -> Self {
        let met =
            receipts.iter().flat_map(|receipt| &receipt.events).map(|event| (event.seq, None)).collect();
        Self { wanted: receipts.to_vec(), met }
    }

    /// The walk has come by a position.
    pub(crate) fn meet(&mut self, seq: u64, hash: &Hash) {
        if let Some(met) = self.met.get_mut(&seq) {
            *met = Some(*hash);
        }
    }

    /// How many receipted events are in the log, and what is wrong with the others.
    pub(crate) fn finish(&self, ledger: LedgerId, ring: &KeyRing) -> (u64, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut found = 0;
        for receipt in &self.wanted {
            for event in &receipt.events {
                match self.judge(receipt, event, ledger, ring) {
                    Ok(()) => found += 1,
                    Err(finding) => findings.push(finding),
                }
            }
        }
        (found, findings)
    }

    fn judge(
        &self,
        receipt: &Receipt,
        event: &ReceiptEvent,
        ledger: LedgerId,
        ring: &KeyRing,
    ) -> Result<(), Finding> {
        let key = ring.event_key(event.seq);
        let signed = key.key().verify(&event_message(&event.leaf_hash), &event.signature).is_ok();
        if receipt.ledger != ledger || !signed {
            let what = "a receipt is not signed by the key in force there; either it is forged or this is another ledger";
            return Err(Finding::at(Code::ReceiptSignature, event.seq, what));
        }
        if self.met.get(&event.seq) == Some(&Some(event.leaf_hash)) {
            return Ok(());
        }
        let what = "the ledger signed a receipt for an event that is not in the log";
        Err(Finding::at(Code::ReceiptNotInLog, event.seq, what))
    }
}
