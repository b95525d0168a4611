//! The files of a data directory.

use super::{Row, Section, Source, Trouble};
use crate::fault::{Code, Finding};
use ledger::container::{FILE_BYTES_MAX, Place};
use ledger::disk::{Disk, read_whole};
use ledger::note::KeyId;
use ledger::segment::{
    FRAME_HEAD_BYTES, HEADER_BYTES, Header, HeaderFault, Kind, LogFile, StoredEvent, Tail, file_name,
    first_of, is_zero,
};
use std::io;
use std::path::Path;

/// Bytes of an event frame before its text: the frame's head, the tag, the length of the text.
const LEAF_AT: usize = FRAME_HEAD_BYTES + 4 + 8;
/// How much of a file is read at once: small enough to stay near the processor and to begin with soon, and large beside a group.
const WINDOW_BYTES: u64 = 4 << 20;
/// How much is read at once where only zero bytes are expected: what stays in the processor's cache.
const ZEROS_BYTES: usize = 256 << 10;
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
    let finding = header_fault(place, kind, first, &bytes);
    Ok((bytes, finding))
}

fn header_fault(place: &Place, kind: Kind, first: u64, bytes: &[u8]) -> Option<Finding> {
    let path = place.folder(kind).join(file_name(first));
    Header { kind, first, genesis: place.genesis }.check(bytes).err().map(|fault| {
        let code = match fault {
            HeaderFault::Short | HeaderFault::Damaged => Code::HeaderDamaged,
            HeaderFault::Foreign => Code::HeaderForeign,
        };
        Finding::at(code, first, format!("`{}`: {fault}", path.display().to_string().escape_debug()))
    })
}

/// The log of a data directory.
pub struct LogFiles {
    place: Place,
    firsts: Vec<u64>,
    /// How many files were read to their end; beyond the last after a fault.
    done: usize,
    /// Where to go on in the file after those; `None` at its beginning.
    reached: Option<Reached>,
    window_bytes: u64,
}

/// A place between two groups of a file.
#[derive(Clone, Copy)]
struct Reached {
    /// Bytes of the file before the one that stands as long before the next group as a header is long.
    skipped: u64,
    /// Events before it, in the whole log.
    events: u64,
}

/// A part of a file, with room for a header before its first group.
struct Window {
    bytes: Vec<u8>,
    /// Whether the file goes on.
    more: bool,
    /// Zero bytes that end the file and are not in `bytes`.
    zeros: u64,
}

impl LogFiles {
    /// Lists the files.
    pub fn open(place: Place) -> Result<(Self, Vec<Finding>), Trouble> {
        let (firsts, foreign) = firsts(&place, Kind::Log)?;
        Ok((Self { place, firsts, done: 0, reached: None, window_bytes: WINDOW_BYTES }, foreign))
    }

    fn section(&mut self, first: u64, room: Section) -> Result<Section, Trouble> {
        let from = self.reached.unwrap_or(Reached { skipped: 0, events: first });
        let mut window = self.window(first, from.skipped, self.window_bytes, room.bytes)?;
        let (mut section, mut end, mut tail) = groups(&window.bytes, from.events, room.rows);
        if window.more && section.commits.is_empty() {
            // Damage, the end, or a group that is larger: what it is can be told only from all that follows.
            window = self.rest(first, from.skipped, window)?;
            (section, end, tail) = groups(&window.bytes, from.events, section.rows);
        }
        let events = from.events + section.rows.len() as u64;
        if self.reached.is_none() {
            section.findings.extend(header_fault(&self.place, Kind::Log, first, &window.bytes));
        }
        if window.more {
            let read = end.saturating_sub(HEADER_BYTES) as u64;
            section.read = read;
            self.reached = Some(Reached { skipped: from.skipped + read, events });
        } else {
            section.read = window.bytes.len() as u64 + window.zeros;
            self.finish(&mut section, events, moved(tail, from.skipped));
        }
        section.bytes = window.bytes;
        Ok(section)
    }

    /// Turns to the next file, or to none after a fault.
    fn finish(&mut self, section: &mut Section, end: u64, tail: Tail) {
        let next = self.firsts.get(self.done + 1).copied();
        if let Some(fault) = tail_fault(tail, end, next) {
            section.findings.push(fault);
            self.done = self.firsts.len();
        } else if let Tail::Torn { bytes } = tail {
            section.torn = bytes as u64;
        }
        self.done += 1;
        self.reached = None;
    }

    /// All that follows in a file, of which `part` is the beginning. Zero bytes are not kept: most of a file is zero while it is filled.
    fn rest(&self, first: u64, skipped: u64, mut part: Window) -> Result<Window, Trouble> {
        let path = self.place.folder(Kind::Log).join(file_name(first));
        let after = skipped + part.bytes.len() as u64;
        let room = part.bytes.get_mut(HEADER_BYTES..).unwrap_or_default();
        let zeros =
            if is_zero(room) { zeros(self.place.disk.as_ref(), &path, after, room) } else { Ok(None) };
        match zeros.map_err(|cause| Trouble::Read { path, cause })? {
            Some(zeros) => Ok(Window { more: false, zeros, ..part }),
            None => self.window(first, skipped, FILE_BYTES_MAX, part.bytes),
        }
    }

    fn window(&self, first: u64, skipped: u64, bytes_max: u64, room: Vec<u8>) -> Result<Window, Trouble> {
        let path = self.place.folder(Kind::Log).join(file_name(first));
        let read = read_part(self.place.disk.as_ref(), &path, skipped, bytes_max, room);
        read.map_err(|cause| Trouble::Read { path, cause })
    }
}

/// At most `bytes_max` bytes of a file that is not too large to be read whole, in the buffer `room`.
fn read_part(
    disk: &dyn Disk,
    path: &Path,
    skipped: u64,
    bytes_max: u64,
    room: Vec<u8>,
) -> io::Result<Window> {
    let file = disk.open_read(path)?;
    let len = file.len()?;
    if len > FILE_BYTES_MAX {
        let what = format!("{len} bytes, at most {FILE_BYTES_MAX} are read");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    let rest = len.saturating_sub(skipped);
    let mut bytes = room;
    bytes.resize(usize::try_from(rest.min(bytes_max)).map_err(io::Error::other)?, 0);
    let read = file.read_at(skipped, &mut bytes)?;
    bytes.truncate(read);
    Ok(Window { bytes, more: rest > bytes_max, zeros: 0 })
}

/// How many zero bytes a file has from `start` on, when it has no others there. `room` is zero, and stays so then.
fn zeros(disk: &dyn Disk, path: &Path, start: u64, room: &mut [u8]) -> io::Result<Option<u64>> {
    let file = disk.open_read(path)?;
    let end = file.len()?;
    let (room, _) = room.split_at_mut(room.len().min(ZEROS_BYTES));
    let mut at = start;
    while at < end {
        let read = file.read_at(at, room)?;
        if read == 0 || !is_zero(room) {
            return Ok(None);
        }
        at += read as u64;
    }
    Ok(Some(at - start))
}

/// The whole groups of a window, where they end, and what follows.
fn groups(window: &[u8], first: u64, rows: Vec<Row>) -> (Section, usize, Tail) {
    let file = LogFile::parse_into(rows, window, first, |event| row(&event));
    (Section { first, rows: file.events, commits: file.commits, ..Section::default() }, file.end, file.tail)
}

/// The same end, in bytes of the file.
fn moved(tail: Tail, skipped: u64) -> Tail {
    match tail {
        Tail::Damaged { offset } => {
            Tail::Damaged { offset: offset.saturating_add(usize::try_from(skipped).unwrap_or(usize::MAX)) }
        }
        Tail::Clean | Tail::Torn { .. } => tail,
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
    fn next(&mut self, room: Section) -> Option<Result<Section, Trouble>> {
        let first = *self.firsts.get(self.done)?;
        if self.done == 0 && first != 0 {
            self.done = self.firsts.len();
            let what = format!("the log begins with event {first}");
            let findings = vec![Finding::at(Code::FileMissing, 0, what)];
            return Some(Ok(Section { findings, ..Section::default() }));
        }
        Some(self.section(first, room))
    }

    fn bytes(&self) -> u64 {
        let length = |first: &u64| {
            let path = self.place.folder(Kind::Log).join(file_name(*first));
            self.place.disk.open_read(&path).and_then(|file| file.len()).unwrap_or(0)
        };
        self.firsts.iter().map(length).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fixtures::temp_dir::TempDir;
    use ledger::disk::RealDisk;
    use ledger::hash::Hash;
    use ledger::segment::Frame;
    use std::sync::Arc;

    /// A file of seven groups of one to four events, with zero bytes after them.
    fn file(genesis: Hash) -> Vec<u8> {
        let mut bytes = Header { kind: Kind::Log, first: 0, genesis }.encode().to_vec();
        let mut size = 0;
        for group in 0..7_u8 {
            for event in 0..=group % 4 {
                let leaf = [group; 40];
                let frame = Frame::Event { leaf: &leaf, signature: [event; 64], key: [1; 4] };
                frame.write(&mut bytes).unwrap();
                size += 1;
            }
            Frame::Commit { size, head: [group; 32] }.write(&mut bytes).unwrap();
        }
        bytes.resize(bytes.len() + 300, 0);
        bytes
    }

    /// All that the sections of a log say, joined.
    fn told(place: &Place, window_bytes: u64) -> (Vec<Vec<u8>>, Vec<u64>, Vec<Finding>, u64, u64) {
        let (mut files, _) = LogFiles::open(place.clone()).unwrap();
        files.window_bytes = window_bytes;
        let (mut texts, mut sizes, mut findings, mut torn, mut read) = (vec![], vec![], vec![], 0, 0);
        let mut room = Section { bytes: vec![7; 10], ..Section::default() };
        while let Some(section) = files.next(std::mem::take(&mut room)) {
            let section = section.unwrap();
            assert_eq!(section.first, texts.len() as u64);
            texts.extend(section.rows.iter().map(|row| section.bytes[row.start..row.end].to_vec()));
            sizes.extend(section.commits.iter().map(|commit| commit.size));
            findings.extend(section.findings.iter().cloned());
            torn += section.torn;
            read += section.read;
            room = section;
        }
        (texts, sizes, findings, torn, read)
    }

    #[test]
    fn windows_tell_of_a_file_what_the_whole_of_it_tells() {
        let dir = TempDir::new().unwrap();
        let place =
            Place { disk: Arc::new(RealDisk), root: dir.path().to_path_buf(), genesis: Hash([3; 32]) };
        let folder = place.folder(Kind::Log);
        std::fs::create_dir_all(&folder).unwrap();
        let whole = file(place.genesis);
        let path = folder.join(file_name(0));
        let mut kinds = std::collections::BTreeSet::new();
        for place_of_fault in (0..whole.len()).step_by(13).chain([usize::MAX]) {
            for cut in [false, true] {
                let mut bytes = whole.clone();
                if cut {
                    bytes.truncate(place_of_fault);
                } else if let Some(byte) = bytes.get_mut(place_of_fault) {
                    *byte ^= 0x40;
                }
                std::fs::write(&path, &bytes).unwrap();
                let expected = told(&place, FILE_BYTES_MAX);
                kinds.insert((expected.2.len(), expected.3 > 0));
                for window_bytes in [100, 400, 700, 1_500] {
                    let found = told(&place, window_bytes);
                    assert_eq!((&found.0, &found.1, &found.3), (&expected.0, &expected.1, &expected.3));
                    assert_eq!(format!("{:?}", found.2), format!("{:?}", expected.2), "{place_of_fault}");
                    assert_eq!(found.4, bytes.len() as u64, "{place_of_fault} {window_bytes}");
                }
            }
        }
        assert!(kinds.contains(&(0, true)) && kinds.contains(&(1, false)), "{kinds:?}");
    }
}
