//! The bytes of containers: headers, frames, groups, and how an interrupted write is told from damage.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use ledger::hash::Hash;
use ledger::segment::{
    FRAME_HEAD_BYTES, Frame, Frames, HEADER_BYTES, Header, HeaderFault, Kind, LogFile, PAYLOAD_BYTES_MAX,
    Slot, Tail, TooLong, file_name, first_event, first_of,
};
use proptest::prelude::*;

/// CRC-32C, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82F6_3B78 } else { 0 })
    })
}

fn framed(payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&length.to_be_bytes(), &crc(payload).to_be_bytes(), payload].concat()
}

fn written(frame: &Frame<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.write(&mut bytes).unwrap();
    bytes
}

const HEADER: Header = Header { kind: Kind::Log, first: 0x0102, genesis: Hash([0xab; 32]) };

#[test]
fn the_checksum_is_crc_32c() {
    assert_eq!(crc(b"123456789"), 0xE306_9283);
}

#[test]
fn a_header_has_the_bytes_of_the_format() {
    for (kind, mark) in
        [(Kind::Log, b"log\0\0\0\0\0"), (Kind::Sealed, b"sealed\0\0"), (Kind::Checkpoints, b"checkpt\0")]
    {
        let mut expected = [b"DEEDSEG1", &mark[..], &[0, 0, 0, 0, 0, 0, 1, 2], &[0xab; 32], &[0; 4]].concat();
        expected.extend(crc(&expected).to_be_bytes());
        assert_eq!(Header { kind, ..HEADER }.encode().to_vec(), expected);
    }
}

#[test]
fn a_header_is_refused_when_short_altered_or_of_another_file() {
    let bytes = HEADER.encode();
    assert_eq!(HEADER.check(&bytes), Ok(()));
    assert_eq!(HEADER.check(&[&bytes[..], b"rest"].concat()), Ok(()));
    for len in 0..HEADER_BYTES {
        assert_eq!(HEADER.check(&bytes[..len]), Err(HeaderFault::Short));
    }
    for place in 0..HEADER_BYTES {
        let mut altered = bytes;
        altered[place] ^= 1;
        assert_eq!(HEADER.check(&altered), Err(HeaderFault::Damaged), "{place}");
    }
    for other in [
        Header { kind: Kind::Sealed, ..HEADER },
        Header { first: 0, ..HEADER },
        Header { genesis: Hash([0; 32]), ..HEADER },
    ] {
        assert_eq!(other.check(&bytes), Err(HeaderFault::Foreign));
    }
}

#[test]
fn a_file_name_is_twenty_digits_and_nothing_else() {
    for first in [0, 7, u64::MAX] {
        assert_eq!(first_of(&file_name(first)), Some(first));
    }
    assert_eq!(file_name(7), "00000000000000000007.seg");
    for name in [
        "7.seg",
        "+0000000000000000007.seg",
        "00000000000000000007",
        "99999999999999999999.seg",
        ".seg",
        "next.new",
    ] {
        assert_eq!(first_of(name), None, "{name}");
    }
}

#[test]
fn frames_have_the_bytes_of_the_format() {
    let long = |len: u64| len.to_be_bytes();
    let tag = |tag: u32| tag.to_be_bytes();
    let cases: [(Frame<'_>, Vec<u8>); 5] = [
        (
            Frame::Event { leaf: b"{}", signature: [5; 64], key: [1, 2, 3, 4] },
            [&tag(0)[..], &long(2), b"{}", &[5; 64], &[1, 2, 3, 4]].concat(),
        ),
        (Frame::Commit { size: 258, head: [6; 32] }, [&tag(1)[..], &long(258), &[6; 32]].concat()),
        (
            Frame::Payload { seq: 3, name: "é", bucket: "per_1", salt: [7; 32], ciphertext: b"xyz" },
            [&tag(2)[..], &long(3), &long(2), "é".as_bytes(), &long(5), b"per_1", &[7; 32], &long(3), b"xyz"]
                .concat(),
        ),
        (
            Frame::Erased { seq: 3, name: "n", filler: &[0; 4] },
            [&tag(3)[..], &long(3), &long(1), b"n", &long(4), &[0; 4]].concat(),
        ),
        (Frame::Checkpoint { note: b"note" }, [&tag(4)[..], &long(4), b"note"].concat()),
    ];
    for (frame, payload) in cases {
        assert_eq!(written(&frame), framed(&payload), "{frame:?}");
        for kind in [Kind::Log, Kind::Sealed, Kind::Checkpoints] {
            let belongs = match frame {
                Frame::Event { .. } | Frame::Commit { .. } => Kind::Log,
                Frame::Payload { .. } | Frame::Erased { .. } => Kind::Sealed,
                Frame::Checkpoint { .. } => Kind::Checkpoints,
            };
            let bytes = framed(&payload);
            let found = Frames::from(kind, &bytes, 0).next();
            let slot = if kind == belongs { Slot::Frame(frame) } else { Slot::Damaged };
            assert_eq!(found, Some((0, slot)), "{kind:?}");
        }
    }
}

#[test]
fn a_payload_may_have_the_greatest_length_and_no_more() {
    let room = PAYLOAD_BYTES_MAX - 12;
    let longest = vec![1; room];
    let bytes = written(&Frame::Checkpoint { note: &longest });
    assert_eq!(bytes.len(), FRAME_HEAD_BYTES + PAYLOAD_BYTES_MAX);
    let slot = Frames::from(Kind::Checkpoints, &bytes, 0).next().unwrap().1;
    assert_eq!(slot, Slot::Frame(Frame::Checkpoint { note: &longest }));
    let mut out = b"before".to_vec();
    assert_eq!(Frame::Checkpoint { note: &vec![1; room + 1] }.write(&mut out), Err(TooLong));
    assert_eq!(out, b"before");
}

#[test]
fn lengths_that_lie_are_neither_believed_nor_reserved() {
    for length in [u32::MAX, 1 << 31, 131_073] {
        let mut bytes = vec![9; 200_000];
        bytes[..4].copy_from_slice(&length.to_be_bytes());
        assert_eq!(Frames::from(Kind::Log, &bytes, 0).next(), Some((0, Slot::Unreadable)));
    }
    for inner in [u64::MAX, 1 << 63, 1 << 40, 131_072, 3] {
        let payload = [&[0; 4][..], &inner.to_be_bytes(), b"{}", &[5; 64], &[1, 2, 3, 4]].concat();
        let bytes = framed(&payload);
        assert_eq!(Frames::from(Kind::Log, &bytes, 0).next(), Some((0, Slot::Damaged)), "{inner}");
    }
}

#[test]
fn payloads_that_are_not_exactly_one_frame_are_damaged() {
    let commit = [&[0, 0, 0, 1][..], &[0; 40]].concat();
    let trailing = [&commit[..], &[0]].concat();
    let unknown = [&[0, 0, 0, 5][..], &[0; 40]].concat();
    let high = [&[1, 0, 0, 1][..], &[0; 40]].concat();
    for payload in [&trailing[..], &unknown, &high, &commit[..43], &[0]] {
        let bytes = framed(payload);
        assert_eq!(Frames::from(Kind::Log, &bytes, 0).next(), Some((0, Slot::Damaged)), "{payload:?}");
    }
    let name = [&[0, 0, 0, 3][..], &[0; 8], &1_u64.to_be_bytes(), &[0xff], &[0; 8]].concat();
    assert_eq!(Frames::from(Kind::Sealed, &framed(&name), 0).next().unwrap().1, Slot::Damaged);
    let bytes = framed(&commit);
    assert!(matches!(
        Frames::from(Kind::Log, &bytes, 0).next(),
        Some((0, Slot::Frame(Frame::Commit { .. })))
    ));
}

#[test]
fn bytes_after_the_zero_that_ends_the_frames_are_seen() {
    for len in 1..20 {
        let mut bytes = vec![0; len];
        assert_eq!(Frames::from(Kind::Log, &bytes, 0).next(), None);
        bytes[len - 1] = 1;
        assert_eq!(Frames::from(Kind::Log, &bytes, 0).next(), Some((0, Slot::Unreadable)), "{len}");
    }
}

proptest! {
    #[test]
    fn any_frame_is_read_back(
        kind in 0..5_usize, seq: u64, name: String, bytes in prop::collection::vec(any::<u8>(), 0..400), salt: [u8; 32],
    ) {
        let frame = match kind {
            0 => Frame::Event { leaf: &bytes, signature: [3; 64], key: [4; 4] },
            1 => Frame::Commit { size: seq, head: salt },
            2 => Frame::Payload { seq, name: &name, bucket: "b", salt, ciphertext: &bytes },
            3 => Frame::Erased { seq, name: &name, filler: &bytes },
            _ => Frame::Checkpoint { note: &bytes },
        };
        let kind = [Kind::Log, Kind::Log, Kind::Sealed, Kind::Sealed, Kind::Checkpoints][kind];
        let mut file = vec![0xee; 5];
        frame.write(&mut file).unwrap();
        file.extend([0; 30]);
        let mut frames = Frames::from(kind, &file, 5);
        prop_assert_eq!(frames.next(), Some((5, Slot::Frame(frame))));
        prop_assert_eq!(frames.next(), None);
        prop_assert_eq!(frames.offset(), file.len() - 30);
    }

    #[test]
    fn from_any_byte_on_the_first_event_is_the_next_of_the_walk(
        lengths in prop::collection::vec(0..300_usize, 1..8), cut in 0..3_000_usize,
    ) {
        let mut file = Vec::new();
        for (n, len) in lengths.iter().enumerate() {
            if n % 3 == 2 {
                Frame::Commit { size: 7, head: [0; 32] }.write(&mut file).unwrap();
            }
            Frame::Event { leaf: &vec![b'{'; *len], signature: [0; 64], key: [0; 4] }.write(&mut file).unwrap();
        }
        file.truncate(cut);
        let walked = Frames::from(Kind::Log, &file, 0).filter_map(|(offset, slot)| match slot {
            Slot::Frame(Frame::Event { leaf, .. }) => Some((offset, leaf)),
            Slot::Frame(_) | Slot::Damaged | Slot::Unreadable => None,
        });
        let walked: Vec<_> = walked.collect();
        for from in 0..=file.len() {
            let next = walked.iter().find(|(offset, _)| *offset >= from).copied();
            let found = first_event(&file[from..]).map(|(offset, leaf)| (from + offset, leaf));
            prop_assert_eq!(found, next);
        }
    }

    #[test]
    fn any_bytes_are_walked_to_an_end(bytes in prop::collection::vec(0..4_u8, 0..300), first: u64) {
        prop_assert!(Frames::from(Kind::Log, &bytes, 0).count() <= bytes.len());
        let file = [&HEADER.encode()[..], &bytes].concat();
        let read = LogFile::parse(&file, first >> 1);
        prop_assert!(read.end <= file.len() && read.last_group <= read.end);
    }
}

/// A file of the log that starts with event 258: groups of the lengths given, and where each ends.
fn log_file(groups: &[&[usize]]) -> (Vec<u8>, Vec<usize>) {
    let (mut file, mut ends, mut size) = (HEADER.encode().to_vec(), vec![HEADER_BYTES], 0x0102);
    for group in groups {
        for len in *group {
            Frame::Event { leaf: &vec![b'{'; *len], signature: [5; 64], key: [1, 2, 3, 4] }
                .write(&mut file)
                .unwrap();
            size += 1;
        }
        Frame::Commit { size, head: [6; 32] }.write(&mut file).unwrap();
        ends.push(file.len());
    }
    (file, ends)
}

const GROUPS: [&[usize]; 3] = [&[20, 3], &[40], &[1, 300, 2]];

/// Events in the first so many groups.
fn events(groups: usize) -> usize {
    GROUPS[..groups].iter().map(|group| group.len()).sum()
}

#[test]
fn whole_groups_are_read_with_the_place_of_the_next() {
    let (mut file, ends) = log_file(&GROUPS);
    file.resize(file.len() + 100, 0);
    let read = LogFile::parse(&file, 0x0102);
    assert_eq!((read.events.len(), read.commits.len(), read.end, read.tail), (6, 3, ends[3], Tail::Clean));
    assert_eq!(read.last_group, ends[2]);
    assert_eq!(read.commits[1].size, 0x0105);
    assert_eq!(read.events[2].offset, ends[1]);
}

#[test]
fn a_file_cut_or_zeroed_from_any_byte_on_keeps_its_whole_groups_and_is_never_damaged() {
    let (mut file, ends) = log_file(&GROUPS);
    file.resize(file.len() + 50, 0);
    for place in HEADER_BYTES..file.len() {
        let mut zeroed = file.clone();
        zeroed[place..].fill(0);
        for bytes in [&file[..place], &zeroed] {
            let read = LogFile::parse(bytes, 0x0102);
            // A cut may take no more than zeros, and what ends with zeros is whole without them.
            let whole = ends
                .iter()
                .rposition(|end| bytes.get(..*end).is_some_and(|kept| *kept == file[..*end]))
                .unwrap();
            assert_eq!(
                (read.events.len(), read.commits.len(), read.end),
                (events(whole), whole, ends[whole]),
                "{place}"
            );
            match bytes[ends[whole]..].iter().rposition(|byte| *byte != 0) {
                None => assert_eq!(read.tail, Tail::Clean, "{place}"),
                Some(last) => assert_eq!(read.tail, Tail::Torn { bytes: last + 1 }, "{place}"),
            }
        }
    }
}

#[test]
fn any_part_of_the_last_group_may_be_missing_without_being_damage() {
    let (file, ends) = log_file(&GROUPS);
    for from in ends[2]..file.len() {
        for to in from + 1..=file.len() {
            let mut torn = file.clone();
            torn[from..to].fill(0);
            if torn == file {
                continue;
            }
            let read = LogFile::parse(&torn, 0x0102);
            assert_eq!((read.events.len(), read.end), (3, ends[2]), "{from}..{to}");
            assert!(!matches!(read.tail, Tail::Damaged { .. }), "{from}..{to}");
        }
    }
}

#[test]
fn an_altered_byte_is_damage_when_a_later_group_proves_it_and_torn_when_none_does() {
    let (mut file, ends) = log_file(&GROUPS);
    let end = file.len();
    file.resize(end + 20, 0);
    for place in HEADER_BYTES..file.len() {
        for mask in [1, 0x10, 0x80, 0xff] {
            let mut altered = file.clone();
            altered[place] ^= mask;
            let read = LogFile::parse(&altered, 0x0102);
            let whole = ends.iter().rposition(|end| *end <= place).unwrap();
            assert_eq!((read.events.len(), read.end), (events(whole), ends[whole]), "{place} {mask}");
            match whole {
                0 | 1 => assert!(matches!(read.tail, Tail::Damaged { .. }), "{place} {mask}"),
                _ => assert!(matches!(read.tail, Tail::Torn { .. }), "{place} {mask}"),
            }
        }
    }
}

#[test]
fn events_without_a_commit_frame_and_commit_frames_that_miscount_are_torn() {
    let (file, ends) = log_file(&GROUPS);
    let mut open = file[..ends[2]].to_vec();
    Frame::Event { leaf: b"{}", signature: [5; 64], key: [1, 2, 3, 4] }.write(&mut open).unwrap();
    let torn = open.len() - ends[2];
    assert_eq!(LogFile::parse(&open, 0x0102).tail, Tail::Torn { bytes: torn });
    for size in [0, 0x0105, 0x0107, u64::MAX] {
        let mut wrong = open.clone();
        Frame::Commit { size, head: [6; 32] }.write(&mut wrong).unwrap();
        let read = LogFile::parse(&wrong, 0x0102);
        assert_eq!(
            (read.events.len(), read.tail),
            (3, Tail::Torn { bytes: wrong.len() - ends[2] }),
            "{size}"
        );
    }
    let mut empty = file[..ends[2]].to_vec();
    Frame::Commit { size: 0x0105, head: [6; 32] }.write(&mut empty).unwrap();
    assert!(matches!(LogFile::parse(&empty, 0x0102).tail, Tail::Torn { .. }), "a group without events");
    assert_eq!(LogFile::parse(&file, 0x0103).events.len(), 0, "counted from another event");
}
