//! The files of a data directory.

use super::{Row, Section, Source, Trouble};
use crate::fault::{Code, Finding};
use ledger::container::{FILE_BYTES_MAX, Place};
use ledger::disk::read_whole;
use ledger::note::KeyId;
use ledger::segment::{
    FRAME_HEAD_BYTES, Header, HeaderFault, Kind, LogFile, StoredEvent, Tail, file_name, first_of,
};
use std::io;

/// Bytes of an event frame before its text: the frame's head, the tag, the length of the text.
const LEAF_AT: usize = FRAME_HEAD_BYTES + 4 + 8;
/// What the writer calls a file that it prepares.
const UNFINISHED: &str = "next.new";

/// The numbers of the files of a kind, ascending, and a warning for every name that is none.
pub fn firsts(place: &Place, kind: Kind) -> Result<(Vec<u64>, Vec<Finding>), Trouble> {
    let folder = place.folder(kind);
    let names = match place.disk.list(&folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names.map_err(|cause| Trouble::Read { path: folder, cause })?,
    };
    let (mut firsts, mut foreign) = (Vec::new(), Vec::new());
    for name in names.iter().filter(|name| *name != UNFINISHED) {
        match first_of(name) {
            Some(first) => firsts.push(first),
            None => foreign.push(Finding::of_all(
                Code::ForeignFile,
                format!("`{}` was passed over", name.escape_debug()),
            )),
        }
    }
    Ok((firsts, foreign))
}

/// The bytes of one file, and what is wrong with its header.
pub fn read(place: &Place, kind: Kind, first: u64) -> Result<(Vec<u8>, Option<Finding>), Trouble> {
    let path = place.folder(kind).join(file_name(first));
    let bytes = read_whole(place.disk.as_ref(), &path, FILE_BYTES_MAX)
        .map_err(|cause| Trouble::Read { path: path.clone(), cause })?;
    let finding = Header { kind, first, genesis: place.genesis }.check(&bytes).err().map(|fault| {
        let code = match fault {
            HeaderFault::Short | HeaderFault::Damaged => Code::HeaderDamaged,
            HeaderFault::Foreign => Code::HeaderForeign,
        };
        Finding::at(code, first, format!("`{}`: {fault}", path.display().to_string().escape_debug()))
    });
    Ok((bytes, finding))
}

/// The log of a data directory.
pub struct LogFiles {
    place: Place,
    firsts: Vec<u64>,
    /// How many files were read; beyond the last after a fault.
    done: usize,
}

impl LogFiles {
    /// Lists the files.
    pub fn open(place: Place) -> Result<(Self, Vec<Finding>), Trouble> {
        let (firsts, foreign) = firsts(&place, Kind::Log)?;
        Ok((Self { place, firsts, done: 0 }, foreign))
    }

    fn section(&mut self, first: u64) -> Result<Section, Trouble> {
        let (bytes, header) = read(&self.place, Kind::Log, first)?;
        let file = LogFile::parse(&bytes, first);
        let mut section = Section {
            first,
            rows: file.events.iter().map(row).collect(),
            findings: header.into_iter().collect(),
            read: bytes.len() as u64,
            ..Section::default()
        };
        let next = self.firsts.get(self.done + 1).copied();
        let end = first + section.rows.len() as u64;
        if let Some(fault) = tail_fault(file.tail, end, next) {
            section.findings.push(fault);
            self.done = self.firsts.len();
        } else if let Tail::Torn { bytes } = file.tail {
            section.torn = bytes as u64;
        }
        section.commits = file.commits;
        section.bytes = bytes;
        self.done += 1;
        Ok(section)
    }
}

fn row(event: &StoredEvent<'_>) -> Row {
    let start = event.offset + LEAF_AT;
    Row { start, end: start + event.leaf.len(), signature: event.signature, key: KeyId(event.key) }
}

/// What the end of a file says, when `next` is the number of the file after it.
fn tail_fault(tail: Tail, end: u64, next: Option<u64>) -> Option<Finding> {
    match (tail, next) {
        (Tail::Clean, Some(next)) if next != end => {
            let what = format!("the file ends before event {end}, and the next one begins with event {next}");
            Some(Finding::at(if next > end { Code::FileMissing } else { Code::Fork }, end.min(next), what))
        }
        (Tail::Clean, _) | (Tail::Torn { .. }, None) => None,
        (Tail::Torn { .. }, Some(_)) => {
            let what = "the file is damaged, though another one follows; nothing after this was read";
            Some(Finding::at(Code::FrameDamaged, end, what))
        }
        (Tail::Damaged { offset }, _) => {
            let what = format!("the file is damaged at byte {offset}; nothing after this was read");
            Some(Finding::at(Code::FrameDamaged, end, what))
        }
    }
}

impl Source for LogFiles {
    fn next(&mut self) -> Option<Result<Section, Trouble>> {
        let first = *self.firsts.get(self.done)?;
        if self.done == 0 && first != 0 {
            self.done = self.firsts.len();
            let what = format!("the log begins with event {first}");
            let findings = vec![Finding::at(Code::FileMissing, 0, what)];
            return Some(Ok(Section { findings, ..Section::default() }));
        }
        Some(self.section(first))
    }

    fn bytes(&self) -> u64 {
        let length = |first: &u64| {
            let path = self.place.folder(Kind::Log).join(file_name(*first));
            self.place.disk.open_read(&path).and_then(|file| file.len()).unwrap_or(0)
        };
        self.firsts.iter().map(length).sum()
    }
}
