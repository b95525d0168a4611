//! Reading one sealed payload by the event that commits to it, beside the writer.
//!
//! Of each file it is remembered where its payloads begin, once somebody asked for one of them. Nothing that was sealed is kept in memory, nor
//! is any key.

use super::{SealedError, SealedPayload, belongs_to};
use crate::bucket::{Binding, BucketError, Buckets};
use crate::container::{ContainerError, Place};
use crate::event::id::WorkspaceId;
use crate::segment::{Frame, Frames, HEADER_BYTES, Kind, Slot, file_name};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// Files whose contents are remembered; the lowest go first, since the newest are asked for most.
const FILES_MAX: usize = 256;

/// A payload could not be opened.
#[derive(Debug, Error)]
pub enum OpenSealedError {
    /// The files failed.
    #[error("the sealed payload of event {seq} could not be read")]
    Files {
        /// Which event commits to it.
        seq: u64,
        /// Why.
        #[source]
        cause: SealedError,
    },
    /// The key could not be used, or is another.
    #[error("the sealed payload of event {seq} could not be decrypted")]
    Bucket {
        /// Which event commits to it.
        seq: u64,
        /// Why.
        #[source]
        cause: BucketError,
    },
}

/// Opens payloads of one ledger. Clones share what is remembered.
#[derive(Clone)]
pub struct SealedReader {
    place: Place,
    keys: Arc<Buckets>,
    ledger: Arc<str>,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    firsts: Vec<u64>,
    files: BTreeMap<u64, Contents>,
}

/// Where a payload is: in which file, from where on, and how long it is.
#[derive(Clone, Copy)]
struct At {
    first: u64,
    offset: u64,
    bytes: usize,
}

/// Where the payloads of a file begin, as far as it was walked.
struct Contents {
    starts: Vec<(u64, u64)>,
    end: u64,
}

impl SealedReader {
    /// Over the payloads of a ledger, with its bucket keys.
    pub fn new(place: Place, keys: Arc<Buckets>, ledger: &str) -> Self {
        Self { place, keys, ledger: ledger.into(), known: Arc::default() }
    }

    /// The profile that is sealed in a bucket beside the event at `seq`; `None` when it was erased, or never was.
    ///
    /// # Errors
    /// When the files or the key cannot be used, or the bytes are not what was sealed.
    pub fn profile(&self, seq: u64, bucket: &str) -> Result<Option<Vec<u8>>, OpenSealedError> {
        self.open(seq, bucket, "profile", "profile")
    }

    /// What the build of a workspace said that is sealed beside the event at `seq`; `None` when it was erased, or never was.
    ///
    /// # Errors
    /// When the files or the key cannot be used, or the bytes are not what was sealed.
    pub fn build_log(&self, seq: u64, workspace: WorkspaceId) -> Result<Option<Vec<u8>>, OpenSealedError> {
        self.open(seq, &workspace.to_string(), "content", "build_log")
    }

    fn open(
        &self,
        seq: u64,
        bucket: &str,
        class: &str,
        name: &str,
    ) -> Result<Option<Vec<u8>>, OpenSealedError> {
        let payload = self.find(seq, name).map_err(|cause| OpenSealedError::Files { seq, cause })?;
        let Some(payload) = payload.filter(|payload| payload.bucket == bucket) else { return Ok(None) };
        let binding = Binding { ledger: &self.ledger, bucket, class, name };
        match self.keys.open(binding, &payload.ciphertext) {
            Ok(plain) => Ok(Some(plain)),
            Err(BucketError::Gone { .. }) => Ok(None),
            Err(cause) => Err(OpenSealedError::Bucket { seq, cause }),
        }
    }

    fn find(&self, seq: u64, name: &str) -> Result<Option<SealedPayload>, SealedError> {
        for place in self.places(seq)? {
            let found = self.read_at(place)?;
            if let Some(payload) = found.filter(|payload| payload.seq == seq && payload.name == name) {
                return Ok(Some(payload));
            }
        }
        Ok(None)
    }

    fn places(&self, seq: u64) -> Result<Vec<At>, ContainerError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.places(&self.place, seq)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let firsts = self.place.firsts(Kind::Sealed)?;
        if firsts == known.firsts {
            return Ok(found);
        }
        known.firsts = firsts;
        known.places(&self.place, seq)
    }

    fn read_at(&self, at: At) -> Result<Option<SealedPayload>, ContainerError> {
        let bytes = read_from(&self.place, at.first, at.offset, at.bytes)?;
        let mut frames = Frames::from(Kind::Sealed, &bytes, 0);
        let Some((_, Slot::Frame(Frame::Payload { seq, name, bucket, salt, ciphertext }))) = frames.next()
        else {
            return Ok(None);
        };
        let (name, bucket, ciphertext) = (name.to_owned(), bucket.to_owned(), ciphertext.to_vec());
        Ok(Some(SealedPayload { seq, name, bucket, salt, ciphertext }))
    }
}

impl Known {
    fn places(&mut self, place: &Place, seq: u64) -> Result<Vec<At>, ContainerError> {
        let after = self.firsts.partition_point(|first| *first <= seq);
        let Some(first) = after.checked_sub(1).and_then(|at| self.firsts.get(at)).copied() else {
            return Ok(Vec::new());
        };
        while self.files.len() > FILES_MAX {
            self.files.pop_first();
        }
        let begun = || Contents { starts: Vec::new(), end: HEADER_BYTES as u64 };
        let contents = self.files.entry(first).or_insert_with(begun);
        if contents.starts.last().is_none_or(|(last, _)| *last < seq) {
            contents.walk_on(place, first)?;
        }
        Ok(contents.places(seq).map(|(offset, bytes)| At { first, offset, bytes }).collect())
    }
}

impl Contents {
    /// Where payloads of an event begin, and how long each is.
    fn places(&self, seq: u64) -> impl Iterator<Item = (u64, usize)> + '_ {
        let from = self.starts.partition_point(|(at, _)| *at < seq);
        let ends = self.starts.iter().skip(from + 1).map(|(_, next)| *next).chain([self.end]);
        let of_event = self.starts.iter().skip(from).take_while(move |(at, _)| *at == seq);
        let bytes =
            |(start, end): (u64, u64)| usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        of_event.zip(ends).map(move |((_, start), end)| (*start, bytes((*start, end))))
    }

    /// Takes up what the file holds behind what was walked before. What is not whole yet is left for the next time.
    fn walk_on(&mut self, place: &Place, first: u64) -> Result<(), ContainerError> {
        let bytes = read_from(place, first, self.end, usize::MAX)?;
        let (mut frames, begin) = (Frames::from(Kind::Sealed, &bytes, 0), self.end);
        while let Some((offset, slot)) = frames.next() {
            let Some((seq, _)) = belongs_to(&bytes, offset, slot) else { break };
            self.starts.push((seq, begin + offset as u64));
            self.end = begin + frames.offset() as u64;
        }
        Ok(())
    }
}

/// Up to so many bytes of a file, from a place on.
fn read_from(place: &Place, first: u64, offset: u64, bytes_max: usize) -> Result<Vec<u8>, ContainerError> {
    let path = place.folder(Kind::Sealed).join(file_name(first));
    let read = || {
        let file = place.disk.open_read(&path)?;
        let left = file.len()?.saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(bytes_max)];
        let read = file.read_at(offset, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    };
    read().map_err(|cause| ContainerError::Read { path, cause })
}
