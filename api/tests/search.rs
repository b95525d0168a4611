//! The audit search beside a plain look through the log: the same events, however much the index holds.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use api::http::audit::{Clause, Searched, newest};
use fixtures::organization::{self, Size};
use fixtures::rng::Rng;
use fixtures::temp_dir::TempDir;
use ledger::container::Place;
use ledger::disk::RealDisk;
use ledger::event::{Decoded, Event};
use ledger::index::{Facet, Index, actor_text};
use ledger::log::{LogReader, Record};
use std::sync::Arc;

struct Log {
    dir: TempDir,
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
    Log { dir, reader, records, events }
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
        Facet::Actor => actor_text(&event.actor),
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
