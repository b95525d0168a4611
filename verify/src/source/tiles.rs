//! The files of a tiles directory. Every tile of hashes is compared with the entries.

use super::{Row, Section, Source, Trouble};
use crate::fault::{Code, Finding};
use ledger::checkpoint::SignedCheckpoint;
use ledger::container::Place;
use ledger::disk::read_whole;
use ledger::merkle::leaf_hash;
use ledger::note::{KeyId, NOTE_BYTES_MAX};
use ledger::tiles::{
    BUNDLE_BYTES_MAX, Levels, SIGNED_BYTES, Tile, WIDTH, entries, entries_path, signatures_path,
};
use std::io;

/// Bundles that make a section.
const SECTION_BUNDLES: u64 = 64;

/// The bundles of a tiles directory.
pub struct TilesFiles {
    place: Place,
    /// How many events the checkpoint beside the tiles covers.
    size: u64,
    next: u64,
    levels: Levels,
    ended: bool,
}

impl TilesFiles {
    /// Reads how much there is.
    pub fn open(place: Place) -> Result<Self, Trouble> {
        let path = place.root.join("checkpoint");
        let note = read_whole(place.disk.as_ref(), &path, NOTE_BYTES_MAX as u64)
            .map_err(|cause| Trouble::Read { path, cause })?;
        // A checkpoint that cannot be read is found to be so when the checkpoints are judged.
        let size = SignedCheckpoint::parse(&note).map_or(0, |signed| signed.checkpoint().size());
        Ok(Self { place, size, next: 0, levels: Levels::default(), ended: size == 0 })
    }

    /// A file, or nothing when it is not there.
    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, Trouble> {
        let path = self.place.root.join(name);
        match read_whole(self.place.disk.as_ref(), &path, BUNDLE_BYTES_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Trouble::Read { path, cause }),
        }
    }

    fn section(&mut self) -> Result<Section, Trouble> {
        let mut section = Section { first: self.next, ..Section::default() };
        for _ in 0..SECTION_BUNDLES {
            if self.next >= self.size || !self.bundle(&mut section)? {
                self.ended = true;
                break;
            }
        }
        if self.next >= self.size {
            let partial: Vec<Tile> = self.levels.partial().collect();
            self.compare(partial, &mut section)?;
        }
        section.read = section.bytes.len() as u64;
        Ok(section)
    }

    /// Adds the next bundle; `false` when it cannot be read, and so nothing after it.
    fn bundle(&mut self, section: &mut Section) -> Result<bool, Trouble> {
        let width = usize::try_from(self.size - self.next).unwrap_or(WIDTH).min(WIDTH);
        let n = self.next / WIDTH as u64;
        let (Some(bundle), Some(signed)) =
            (self.file(&entries_path(n, width))?, self.file(&signatures_path(n, width))?)
        else {
            let what = format!("bundle {n} or its signatures are missing");
            section.findings.push(Finding::at(Code::FileMissing, self.next, what));
            return Ok(false);
        };
        let places = entries(&bundle).filter(|places| places.len() == width);
        let (signatures, rest) = signed.as_chunks::<SIGNED_BYTES>();
        let Some(places) = places.filter(|_| signatures.len() == width && rest.is_empty()) else {
            let what = format!("bundle {n} does not hold {width} entries and as many signatures");
            section.findings.push(Finding::at(Code::FrameDamaged, self.next, what));
            return Ok(false);
        };
        let base = section.bytes.len();
        for (place, signed) in places.into_iter().zip(signatures) {
            let full = self.levels.push(leaf_hash(bundle.get(place.clone()).unwrap_or_default()));
            self.compare(full, section)?;
            section.rows.push(row(base, place, signed));
        }
        section.bytes.extend_from_slice(&bundle);
        self.next += width as u64;
        Ok(true)
    }

    fn compare(&self, tiles: Vec<Tile>, section: &mut Section) -> Result<(), Trouble> {
        for tile in tiles {
            if self.file(&tile.path())?.as_ref() != Some(&tile.bytes()) {
                let first = (tile.n << (8 * tile.level)) * WIDTH as u64;
                let what = format!("the tile `{}` is missing, or differs from the entries", tile.path());
                section.findings.push(Finding::at(Code::Tile, first, what));
            }
        }
        Ok(())
    }
}

fn row(base: usize, place: std::ops::Range<usize>, signed: &[u8; SIGNED_BYTES]) -> Row {
    let [a, b, c, d, signature @ ..] = *signed;
    Row { start: base + place.start, end: base + place.end, signature, key: KeyId([a, b, c, d]) }
}

impl Source for TilesFiles {
    fn next(&mut self, _room: Section) -> Option<Result<Section, Trouble>> {
        (!self.ended).then(|| self.section())
    }

    fn bytes(&self) -> u64 {
        0
    }
}
