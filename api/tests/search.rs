//! The audit search beside a plain look through the log: the same events, however much the index holds.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use api::http::audit::{Clause, Searched, newest};
use fixtures::organization::{self, Size};
use fixtures::rng::Rng;
use fixtures::temp_dir::TempDir;
use ledger::container::Place;
use ledger::disk::RealDisk;
use ledger::event::{Decoded, Event};
use ledger::index::{Facet, Index, actor_text, actor_texts};
use ledger::log::{LogReader, ReadError, Record};
use std::path::{Path, PathBuf};
use std::sync::Arc;

struct Log {
    dir: TempDir,
    place: Place,
    reader: LogReader,
    records: Vec<Record>,
    events: Vec<Event>,
}

fn log() -> Log {
    let dir = TempDir::new().unwrap();
    let size = Size {
        subjects: 600,
        credentials: 900,
        memberships: 60,
        changes: 1_000,
        grants: 3_000,
        ..Size::SMALL
    };
    let scribe = organization::write(dir.path(), (size, 11), 1, 1 << 20).unwrap();
    let genesis = scribe.genesis().hash();
    let place = Place { disk: Arc::new(RealDisk), root: scribe.data(), genesis };
    let reader = LogReader::open(&place, scribe.writer.head().size()).unwrap();
    let records = reader.read(0, usize::MAX, usize::MAX).unwrap();
    let decoded = records.iter().map(|record| match Event::decode(&record.leaf).unwrap() {
        Decoded::Known(event) => event,
        Decoded::Unknown { kind, .. } => unreachable!("{kind}"),
    });
    let events = decoded.collect();
    Log { dir, place, reader, records, events }
}

/// The log's index, with so many events in it.
fn index(log: &Log, name: &str, count: usize) -> Index {
    let ledger = log.events.first().unwrap().ledger;
    let index = Index::open(&log.dir.join(name), ledger).unwrap();
    log.records.iter().take(count).collect::<Vec<_>>().chunks(1_000).for_each(|part| {
        let records: Vec<Record> = part.iter().map(|record| (*record).clone()).collect();
        index.add(&records).unwrap();
    });
    index
}

fn has(event: &Event, clause: &Clause) -> bool {
    let text = match clause.facet {
        Facet::Actor => return actor_texts(&event.actor).any(|text| clause.texts.contains(&text)),
        Facet::Object => event.fact.object(event.ledger).to_string(),
        Facet::Type => event.fact.name().0.to_owned(),
        Facet::Outcome => event.fact.outcome().text().to_owned(),
    };
    clause.texts.contains(&text)
}

fn clause(facet: Facet, texts: &[&str]) -> Clause {
    Clause { facet, texts: texts.iter().map(|text| (*text).to_owned()).collect() }
}

/// Searches that many, some and no events meet.
fn searches(log: &Log) -> Vec<Vec<Clause>> {
    let mut rng = Rng::new(4);
    let kinds = ["access.role_granted", "identity.member_removed", "access.role_retired"];
    let mut searches = vec![
        vec![],
        vec![clause(Facet::Outcome, &["done"])],
        vec![clause(Facet::Outcome, &["done"]), clause(Facet::Type, &["custody.ledger_opened"])],
        vec![clause(Facet::Type, &kinds), clause(Facet::Actor, &["system"])],
        vec![clause(Facet::Object, &["grt_none"]), clause(Facet::Outcome, &["done"])],
    ];
    for _ in 0..4 {
        let event = rng.pick(&log.events).unwrap();
        let object = event.fact.object(event.ledger).to_string();
        let (actor, kind) = (actor_text(&event.actor), rng.pick(&kinds).unwrap());
        let object = clause(Facet::Object, &[&object]);
        let (actor, types) =
            (clause(Facet::Actor, &[&actor]), clause(Facet::Type, &[kind, event.fact.name().0]));
        searches.push(vec![actor.clone(), object.clone()]);
        searches.push(vec![types.clone(), actor, clause(Facet::Outcome, &["done"])]);
        searches.push(vec![object, types]);
    }
    searches
}

/// What the pages hold, one after the other; pages of one row not to the end. A page may be short, and then it has a next.
fn by_pages(page: impl Fn(u64) -> Searched, (mut next, count): (u64, usize)) -> Vec<u64> {
    let mut found = Vec::new();
    loop {
        let page = page(next);
        assert!(page.records.len() <= count);
        found.extend(page.records.iter().map(|record| record.seq));
        let Some(lower) = page.next.filter(|_| count > 1 || found.len() <= 20) else { return found };
        assert!(lower < next);
        next = lower;
    }
}

#[test]
fn pages_hold_just_what_a_plain_look_finds() {
    let log = log();
    let size = log.records.len();
    assert!(size > 5_000, "{size}");
    let indexes = [index(&log, "whole", size), index(&log, "part", 4_500), index(&log, "none", 0)];
    for clauses in searches(&log) {
        for (from, upto) in [(0, size), (size / 3, size / 2), (4_400, 4_600), (7, 7)] {
            let events = log.events.get(from..upto).unwrap().iter().rev();
            let expected: Vec<u64> = events
                .filter(|event| clauses.iter().all(|clause| has(event, clause)))
                .map(|event| event.seq)
                .collect();
            for index in indexes.iter().map(Some).chain([None]) {
                for count in [1, 7, 5_000] {
                    let found = by_pages(
                        |next| newest(&log.reader, index, &clauses, (from as u64, next), count).unwrap(),
                        (upto as u64, count),
                    );
                    let whole = found.len() >= expected.len();
                    assert_eq!(found, expected.get(..found.len()).unwrap(), "{clauses:?} {from}..{upto}");
                    assert!(whole || count == 1, "{clauses:?} {from}..{upto}");
                }
            }
        }
    }
}

#[test]
fn while_the_index_is_made_again_the_pages_are_the_same() {
    let log = log();
    let (index, size) = (index(&log, "growing", 0), log.records.len());
    let searches = searches(&log);
    let expected = |clauses: &[Clause]| {
        let of = |event: &&Event| clauses.iter().all(|clause| has(event, clause));
        log.events.iter().rev().filter(of).map(|event| event.seq).collect::<Vec<u64>>()
    };
    let expected: Vec<_> = searches.iter().map(|clauses| expected(clauses)).collect();
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| log.records.chunks(64).for_each(|part| index.add(part).unwrap()));
        let mut rounds = 0;
        while rounds < 2 || !adding.is_finished() {
            for (clauses, expected) in searches.iter().zip(&expected) {
                let page = |next| newest(&log.reader, Some(&index), clauses, (0, next), 5_000).unwrap();
                assert_eq!(&by_pages(page, (size as u64, 5_000)), expected, "{clauses:?}");
            }
            rounds += 1;
        }
    });
    assert_eq!(index.position(), size as u64);
}

#[test]
fn an_index_whose_files_came_to_harm_changes_no_page() {
    let log = log();
    let (ledger, size) = (log.events.first().unwrap().ledger, log.records.len());
    let searches = searches(&log);
    for seed in 0..12 {
        let mut rng = Rng::new(seed);
        let name = format!("harmed-{seed}");
        drop(index(&log, &name, size));
        let files = files(&log.dir.join(&name));
        let path = rng.pick(&files).unwrap();
        let mut bytes = std::fs::read(path).unwrap();
        for _ in 0..50 {
            let at = rng.index(bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
        std::fs::write(path, bytes).unwrap();
        let index = Index::open(&log.dir.join(&name), ledger).unwrap();
        for clauses in &searches {
            let found = |index| {
                let page = |next| newest(&log.reader, index, clauses, (0, next), 5_000).unwrap();
                by_pages(page, (size as u64, 5_000))
            };
            assert_eq!(found(Some(&index)), found(None), "{seed} {clauses:?}");
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn a_log_that_cannot_be_read_gives_an_error_and_no_page_with_holes() {
    let log = log();
    let (index, size) = (index(&log, "whole", log.records.len()), log.records.len() as u64);
    let files = files(&log.dir.join("data/log"));
    assert!(files.len() > 2);
    let searches = searches(&log);
    let found = |clauses: &[Clause]| {
        // Nothing is known yet of where events are, as after a start.
        let reader = LogReader::open(&log.place, size).unwrap();
        let page = newest(&reader, Some(&index), clauses, (0, size), 5_000);
        page.map(|page| page.records.iter().map(|record| record.seq).collect::<Vec<_>>())
    };
    let whole: Vec<_> = searches.iter().map(|clauses| found(clauses).unwrap()).collect();
    let mut failed = 0;
    for file in &files {
        let bytes = std::fs::read(file).unwrap();
        let half = bytes.get(..bytes.len() / 2).unwrap();
        for harmed in [half, &[], b"DEEDSEG1"] {
            std::fs::write(file, harmed).unwrap();
            for (clauses, whole) in searches.iter().zip(&whole) {
                match found(clauses) {
                    Ok(found) => assert_eq!(&found, whole, "{clauses:?}"),
                    Err(ReadError::Damaged { .. } | ReadError::Container { .. }) => failed += 1,
                }
            }
        }
        std::fs::write(file, &bytes).unwrap();
    }
    assert!(failed > 50, "{failed}");
}
