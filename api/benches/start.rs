//! A ledger of a million events: how fast it is replayed, how fast a server is ready from a snapshot, and how much memory it then holds.
//!
//! `cargo bench -p api --bench start` makes the ledger once (a minute or two) and prints a table. `DEED_BENCH_EVENTS` changes its size.
#![expect(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    reason = "a benchmark may stop at the first surprise"
)]
#![expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "rates are for people")]

use api::clock;
use commands::access::{GrantRole, RevokeRole};
use commands::engine::{self, Engine, Lookup, Options, Source, Submission, by_operator};
use commands::identity::{ClaimOwnership, CreateServiceAccount};
use commands::{Command, custody::OpenClaim};
use fixtures::temp_dir::TempDir;
use ledger::disk::RealDisk;
use ledger::entropy;
use ledger::event::access::Terms;
use ledger::event::custody::ClaimOpened;
use ledger::event::id::{CredentialId, GrantId, PersonId, RequestId, ServiceAccountId, uuid_v7};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, ContentDigest, Decoded, Event, Origin, Subject, Via};
use ledger::hash::Hash;
use ledger::index::{Facet, Index};
use ledger::store::Folders;
use projections::State;
use projections::access::Role;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BATCH: usize = 1_024;

fn id() -> [u8; 16] {
    uuid_v7(clock::now(), entropy::fresh())
}

fn folders(at: &Path) -> Folders {
    Folders {
        disk: Arc::new(RealDisk),
        data: at.join("data"),
        keys: at.join("keys"),
        head_lock: at.join("head.lock"),
        segment_bytes: ledger::log::SEGMENT_BYTES,
    }
}

fn open(at: &Path) -> Engine {
    let options = Options::new(Box::new(|warning| eprintln!("{warning}")));
    engine::open(folders(at), Box::new(clock::now), entropy::system(), options).unwrap()
}

fn asked(actor: Actor, command: Command) -> Submission {
    let request = ledger::hash::to_hex(&id()).parse().unwrap();
    let origin = Origin { channel: Channel::Http, digest: Some(ContentDigest(id())), request: Some(request) };
    let lookup = Lookup::FreeBelow(u64::MAX);
    Submission { actor, origin, source: Source::OWN, command, lookup, seen: None, reply: Box::new(|_| ()) }
}

/// One service account in eight commands; the others grant and revoke.
fn fill(engine: &mut Engine, events: u64) {
    let token = Hash::of(&[b"token"]);
    let opened = ClaimOpened { digest: token, expires: clock::now().plus_seconds(3_600) };
    let (person, credential) = (PersonId::from_bytes(id()), CredentialId::from_bytes(id()));
    let (grant, digest) = (GrantId::from_bytes(id()), Hash::of(&[b"secret"]));
    let claim = ClaimOwnership { token, person, grant, credential, digest, profile: None };
    engine.turn([by_operator(OpenClaim(opened).into(), Box::new(|_| ()))]);
    engine.turn([asked(Actor::Anonymous(Via::Claim), claim.into())]);
    let owner = Actor::Subject(Subject::Person(person), credential);
    let mut size = engine.reader().size();
    let mut subject = Subject::Person(person);
    let mut grant = grant;
    let mut number = 0_u64;
    while size < events {
        let batch: Vec<_> = (0..BATCH)
            .map(|_| {
                number += 1;
                asked(owner, next(number, &mut subject, &mut grant))
            })
            .collect();
        engine.turn(batch);
        size = engine.reader().size();
    }
}

fn next(number: u64, subject: &mut Subject, grant: &mut GrantId) -> Command {
    match number % 8 {
        1 => {
            let service_account = ServiceAccountId::from_bytes(id());
            *subject = Subject::ServiceAccount(service_account);
            CreateServiceAccount {
                service_account,
                handle: format!("account-{number}").into(),
                profile: None,
            }
            .into()
        }
        even if even % 2 == 0 => {
            *grant = GrantId::from_bytes(id());
            grant_role(*grant, *subject, Role::Member).into()
        }
        _ => RevokeRole { grant: *grant, reason: None }.into(),
    }
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

/// Runs this program again for one figure, so that each has a process of its own.
fn alone(what: &str, folder: &TempDir) -> String {
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new(program)
        .env("DEED_BENCH_PART", what)
        .env("DEED_BENCH_AT", folder.path())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Adds the whole log to a new index, on this thread alone.
fn add(at: &Path) {
    let store = ledger::store::Store::open(folders(at), clock::now(), entropy::system()).unwrap();
    let folder = TempDir::new().unwrap();
    let index = Index::open(&folder.join("index"), store.genesis().ledger()).unwrap();
    let (reader, began) = (store.reader(), Instant::now());
    let (mut adding, mut longest) = (Duration::ZERO, Duration::ZERO);
    while index.position() < reader.size() {
        let records = reader.read(index.position(), 4_096, 8 << 20).unwrap();
        let began = Instant::now();
        index.add(&records).unwrap();
        adding += began.elapsed();
        longest = longest.max(began.elapsed());
    }
    let (took, size) = (began.elapsed(), reader.size() as f64);
    let rate = |took: Duration| size / took.as_secs_f64();
    index.flush().unwrap();
    println!(
        "{:.0} events/s, the longest call {longest:.2?}; with reading the log {:.0}; {} MiB on the disk",
        rate(adding),
        rate(took),
        bytes(folder.path()) >> 20
    );
}

/// Opens the index and reads its newest snapshot.
fn read_index(at: &Path) {
    let text = std::fs::read(at.join("data/genesis.json")).unwrap();
    let genesis = ledger::genesis::Genesis::parse(&text).unwrap();
    let before = resident_mib();
    let began = Instant::now();
    let index = Index::open(&at.join("data/index"), genesis.ledger()).unwrap();
    let opened = resident_mib();
    let (took, snapshot) = (began.elapsed(), index.snapshot(u64::MAX).unwrap().unwrap());
    let read = resident_mib();
    let bytes = snapshot.state.len() >> 20;
    let state: State = ledger::snapshot::decode(&snapshot.state).unwrap();
    drop(snapshot);
    let decoded = resident_mib();
    println!(
        "{took:.2?}, {:.2?} | at {before} MiB, opened {opened}, snapshot of {bytes} read {read}, decoded {decoded}",
        began.elapsed()
    );
    drop((index, state));
}

fn part(what: &str, at: &Path) {
    match what {
        "index" => read_index(at),
        "add" => add(at),
        "find" => {
            let text = std::fs::read(at.join("data/genesis.json")).unwrap();
            let genesis = ledger::genesis::Genesis::parse(&text).unwrap();
            find(&Index::open(&at.join("data/index"), genesis.ledger()).unwrap());
        }
        "start" => {
            let began = Instant::now();
            let engine = open(at);
            let took = began.elapsed();
            let (handle, writer) = engine::run(engine, |_| (), || ()).unwrap();
            let at_once = resident_mib();
            // The index thread does the same; whoever is done first.
            handle.index().unwrap().warm().unwrap();
            println!("{took:.2?} | {at_once} MiB; with the filter of command ids filled {}", resident_mib());
            handle.stop("measured");
            drop(handle);
            writer.join().unwrap();
        }
        _ => {
            let store = ledger::store::Store::open(folders(at), clock::now(), entropy::system()).unwrap();
            let (reader, mut state, mut next) = (store.reader(), State::default(), 0);
            let began = Instant::now();
            loop {
                let records = reader.read(next, 4_096, 8 << 20).unwrap();
                let Some(last) = records.last() else { break };
                next = last.seq + 1;
                for record in &records {
                    let decoded: Decoded = Event::decode(&record.leaf).unwrap();
                    state.apply_decoded(&decoded);
                }
            }
            println!("{:.0} events/s", next as f64 / began.elapsed().as_secs_f64());
        }
    }
}

/// How long it takes to find a page of a hundred positions, for texts that many, few and no events have; and to find it again.
fn find(index: &Index) {
    let half = index.position() / 2;
    let searches: [(&str, (Facet, &str), u64); 4] = [
        ("the newest of many", (Facet::Type, "access.role_granted"), u64::MAX),
        ("from the middle of many", (Facet::Type, "access.role_granted"), half),
        ("of few", (Facet::Type, "custody.server_started"), u64::MAX),
        ("of none", (Facet::Object, "grt_none"), u64::MAX),
    ];
    let times = searches.map(|(label, wanted, upto)| {
        let took = |_| {
            let began = Instant::now();
            let found = index.newest_positions(wanted, 0, upto, 100).unwrap();
            (began.elapsed(), found.len())
        };
        let [first, (again, count)] = [(); 2].map(took);
        format!("{label} ({count}) {:.0?}, again {again:.0?}", first.0)
    });
    println!("{}", times.join("; "));
}

/// Bytes of all files in a folder.
fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let size = |entry: std::fs::DirEntry| {
        let about = entry.metadata().unwrap();
        if about.is_dir() { bytes(&entry.path()) } else { about.len() }
    };
    entries.map(size).sum()
}

fn main() {
    if let (Ok(what), Ok(at)) = (std::env::var("DEED_BENCH_PART"), std::env::var("DEED_BENCH_AT")) {
        return part(&what, Path::new(&at));
    }
    let events =
        std::env::var("DEED_BENCH_EVENTS").ok().and_then(|events| events.parse().ok()).unwrap_or(1_000_000);
    let folder = TempDir::new().unwrap();
    let mut engine = open(folder.path());
    fill(&mut engine, events);
    let index = engine.index().unwrap();
    let reader = engine.reader();
    while index.position() < reader.size() {
        let records = reader.read(index.position(), 4_096, 8 << 20).unwrap();
        index.add(&records).unwrap();
    }
    engine.stop("filled");
    let records = reader.read(index.position(), 4_096, 8 << 20).unwrap();
    index.add(&records).unwrap();
    index.flush().unwrap();
    drop((engine, index, reader));
    println!("| {events} events | |\n|---|---|");
    println!("| replay (read, decode, fold), one core | {} |", alone("replay", &folder));
    println!("| adding to the index, one thread | {} |", alone("add", &folder));
    println!("| a page of 100 positions | {} |", alone("find", &folder));
    println!("| index and snapshot alone | {} |", alone("index", &folder));
    for _ in 0..3 {
        println!("| start from snapshot; resident then | {} |", alone("start", &folder));
    }
}

fn grant_role(grant: GrantId, subject: Subject, role: Role) -> GrantRole {
    let (request, subject) = (RequestId::from_bytes(id()), subject.into());
    GrantRole { grant, request, subject, role, scope: Scope::Site, terms: Terms::default() }
}
