//! Sealed payloads: each that an event commits to must be there and match, or be named by an erasure.
//!
//! Payload files are ordered by the events they belong to, so a file is read once the walk has come past what it can hold, and only the
//! commitments in between are kept in memory, beside those whose payloads are gone.

use crate::fault::{Code, Finding};
use crate::source::{Trouble, directory};
use ledger::container::Place;
use ledger::event::custody::PayloadErased;
use ledger::event::{Event, SealedEntry};
use ledger::sealed::{ERASABLE, commit};
use ledger::segment::{Frame, Frames, Kind, Slot};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

/// Salts that are remembered to find one used twice: the newest of them, about 4 MB.
pub const SALTS_REMEMBERED: usize = 65_536;
/// More positions than one group has events: the payloads of a group share the file of its first.
const GROUP_SPAN: u64 = 65_536;

type Name = (u64, Box<str>);

/// What became of the payloads.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub(crate) matched: u64,
    pub(crate) erased: u64,
    pub(crate) erasing: u64,
    pub(crate) torn: u64,
    pub(crate) leftover: u64,
    pub(crate) findings: Vec<Finding>,
}

/// Commitments that wait for their payload.
pub(crate) struct Payloads {
    /// Where the files are; tiles directories and bundles have none.
    place: Option<Place>,
    /// Files that are not read yet, last first.
    files: Vec<u64>,
    waiting: BTreeMap<Name, SealedEntry>,
    /// Payloads that were altered, so that they are not called missing as well.
    altered: BTreeSet<Name>,
    named: BTreeSet<Name>,
    salts: (HashSet<[u8; 32]>, VecDeque<[u8; 32]>),
    settled: Settled,
}

impl Payloads {
    /// Of a data directory.
    pub(crate) fn open(place: Place) -> Result<Self, Trouble> {
        let (mut files, findings) = directory::firsts(&place, Kind::Sealed)?;
        files.reverse();
        let settled = Settled { findings, ..Settled::default() };
        Ok(Self { place: Some(place), files, settled, ..Self::elsewhere() })
    }

    /// Of a source without payloads, which then are not looked for.
    pub(crate) fn elsewhere() -> Self {
        Self {
            place: None,
            files: Vec::new(),
            waiting: BTreeMap::new(),
            altered: BTreeSet::new(),
            named: BTreeSet::new(),
            salts: (HashSet::new(), VecDeque::new()),
            settled: Settled::default(),
        }
    }

    /// Takes up what an event commits to.
    pub(crate) fn expect(&mut self, seq: u64, event: &Event) {
        if self.place.is_some() {
            let entries = event.sealed.iter();
            self.waiting.extend(entries.map(|entry| ((seq, entry.name.clone()), entry.clone())));
        }
    }

    /// Takes up what an erasure names.
    pub(crate) fn erase(&mut self, erased: &PayloadErased) {
        if self.place.is_some() {
            self.named.extend(erased.payloads.iter().map(|gone| (gone.seq, gone.name.clone())));
        }
    }

    /// Reads the files that hold nothing of events from `position` on.
    pub(crate) fn settle(&mut self, position: u64) -> Result<(), Trouble> {
        while let [.., after, _] = self.files.as_slice() {
            if after.saturating_add(GROUP_SPAN) > position {
                break;
            }
            self.read_next(position)?;
        }
        Ok(())
    }

    /// Reads the rest, and says what became of all.
    pub(crate) fn finish(&mut self, size: u64) -> Result<Settled, Trouble> {
        while !self.files.is_empty() {
            self.read_next(size)?;
        }
        for ((seq, name), entry) in std::mem::take(&mut self.waiting) {
            let class = ERASABLE.contains(&&*entry.class);
            let what = format!("the payload `{}`", name.escape_debug());
            let place = (seq, name);
            let erased = self.named.contains(&place);
            if erased && class {
                self.settled.erased += 1;
            } else if erased {
                let what = format!("{what} is gone, and its class may not be erased");
                self.settled.findings.push(Finding::at(Code::ErasureForbidden, seq, what));
            } else if !self.altered.contains(&place) {
                let what = format!("{what} is missing, and no erasure names it");
                self.settled.findings.push(Finding::at(Code::MissingPayload, seq, what));
            }
        }
        if self.settled.leftover > 0 {
            let what = format!(
                "{} payloads belong to no event; an interrupted write leaves such",
                self.settled.leftover
            );
            self.settled.findings.push(Finding::of_all(Code::PayloadLeftover, what));
        }
        Ok(std::mem::take(&mut self.settled))
    }

    fn read_next(&mut self, size: u64) -> Result<(), Trouble> {
        let (Some(first), Some(place)) = (self.files.pop(), &self.place) else { return Ok(()) };
        let (bytes, header) = directory::read(place, Kind::Sealed, first)?;
        self.settled.findings.extend(header);
        let last_file = self.files.is_empty();
        let mut damaged_at = None;
        for (offset, slot) in Frames::of(Kind::Sealed, &bytes) {
            let belongs = match slot {
                Slot::Frame(Frame::Payload { seq, name, salt, ciphertext, .. }) => {
                    self.payload((seq, name.into()), salt, ciphertext);
                    seq < size
                }
                Slot::Frame(Frame::Erased { seq, filler, .. }) => {
                    seq < size && filler.iter().all(|byte| *byte == 0)
                }
                Slot::Frame(_) | Slot::Damaged | Slot::Unreadable => false,
            };
            let sound = matches!(slot, Slot::Frame(_)) && (belongs || last_file);
            if !sound {
                damaged_at = damaged_at.or(Some(offset));
            }
            // What follows shows that the damage is no interrupted write.
            if belongs && let Some(offset) = damaged_at.take() {
                self.damaged(first, offset);
            }
        }
        if let Some(offset) = damaged_at {
            self.end_of(first, offset, &bytes, last_file);
        }
        Ok(())
    }

    fn end_of(&mut self, first: u64, offset: usize, bytes: &[u8], last_file: bool) {
        if !last_file {
            return self.damaged(first, offset);
        }
        let rest = bytes.get(offset..).unwrap_or_default();
        let used = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.settled.torn += used as u64;
    }

    fn damaged(&mut self, first: u64, offset: usize) {
        let what = format!("the file of sealed payloads {first} is damaged at byte {offset}");
        self.settled.findings.push(Finding::of_all(Code::FrameDamaged, what));
    }

    fn payload(&mut self, place: Name, salt: [u8; 32], ciphertext: &[u8]) {
        let Some(entry) = self.waiting.get(&place) else {
            self.settled.leftover += 1;
            return;
        };
        let same = ciphertext.len() as u64 == entry.bytes && commit(&salt, ciphertext) == entry.commit;
        if !same {
            let what = format!("the payload `{}` does not match its commitment", place.1.escape_debug());
            self.settled.findings.push(Finding::at(Code::PayloadAltered, place.0, what));
            self.altered.insert(place);
            return;
        }
        self.settled.matched += 1;
        self.settled.erasing += u64::from(self.named.contains(&place));
        self.waiting.remove(&place);
        self.check_salt(place.0, salt);
    }

    fn check_salt(&mut self, seq: u64, salt: [u8; 32]) {
        let (known, order) = &mut self.salts;
        if salt == [0; 32] || !known.insert(salt) {
            let what = "the salt of its sealed payload is zero or was used before";
            self.settled.findings.push(Finding::at(Code::Salt, seq, what));
            return;
        }
        order.push_back(salt);
        if order.len() > SALTS_REMEMBERED
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
    }
}
