//! An organization of 100,000 subjects in a ledger of a million events: how fast permissions are checked, questions about access answered
//! as of now and of the past, and events found.
//!
//! `cargo bench -p api --bench access` makes the ledger once (a minute or two) and prints a table. `DEED_BENCH_SMALL=1` makes a hundredth of it.
#![expect(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    reason = "a benchmark may stop at the first surprise"
)]
#![expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "rates are for people")]

use api::clock;
use api::http::audit::{Clause, newest};
use commands::engine::{self, Engine, Options};
use fixtures::organization::{self, Size};
use fixtures::rng::Rng;
use fixtures::temp_dir::TempDir;
use ledger::container::Place as Files;
use ledger::disk::RealDisk;
use ledger::entropy;
use ledger::event::scope::Scope;
use ledger::event::{Decoded, Envelope, Event, Fact, Subject};
use ledger::genesis::Genesis;
use ledger::index::{Facet, Index, actor_text};
use ledger::log::{LogReader, SEGMENT_BYTES};
use ledger::snapshot::decode;
use ledger::store::{Folders, Store};
use ledger::time::Time;
use projections::State;
use projections::access::{Permission, Place};
use projections::answers::{AccessOf, DIFF_ROWS_MAX, Diff, Question, WhoMay};
use projections::history::Moment;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Seconds between two events: a million are ten months.
const SECONDS: u64 = 26;
const MONTH_SECONDS: u64 = 30 * 86_400;
/// Events that are read and folded in turn: few, as a server does one after the other.
const FOLDED: usize = 32;

fn folders(at: &Path) -> Folders {
    Folders {
        disk: Arc::new(RealDisk),
        data: at.join("data"),
        keys: at.join("keys"),
        head_lock: at.join("head.lock"),
        segment_bytes: SEGMENT_BYTES,
    }
}

fn open(at: &Path) -> Engine {
    let options = Options::new(Box::new(|warning| eprintln!("{warning}")));
    engine::open(folders(at), Box::new(clock::now), entropy::system(), options).unwrap()
}

fn size() -> Size {
    let part = if std::env::var_os("DEED_BENCH_SMALL").is_some() { 100 } else { 1 };
    let Size { projects, subjects, groups, memberships, grants, credentials, changes, .. } = Size::BIG;
    Size {
        projects: projects / part,
        subjects: subjects / part,
        groups: groups / part,
        memberships: memberships / part,
        grants: grants / part,
        credentials: credentials / part,
        changes: changes / part,
        ..Size::BIG
    }
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

/// Runs this program again for some figures, so that each has a process of its own.
fn alone(what: &str, folder: &TempDir) {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    let status = command.env("DEED_BENCH_PART", what).env("DEED_BENCH_AT", folder.path()).status().unwrap();
    assert!(status.success(), "{what}");
}

fn index(at: &Path) -> Index {
    let text = std::fs::read(at.join("data/genesis.json")).unwrap();
    let genesis = Genesis::parse(&text).unwrap();
    Index::open(&at.join("data/index"), genesis.ledger()).unwrap()
}

/// The middle and the longest of several times.
fn times(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let middle = took.get(took.len() / 2).unwrap();
    format!("{middle:.2?}; longest {:.2?}", took.last().unwrap())
}

/// How long something takes for each of some things, and how many rows it gives at most.
fn each<T>(things: &[T], ask: impl Fn(&T) -> usize) -> String {
    let mut rows = 0;
    let took = things.iter().map(|thing| {
        let began = Instant::now();
        rows = rows.max(black_box(ask(thing)));
        began.elapsed()
    });
    let took = times(took.collect());
    format!("{took}; up to {rows} rows")
}

fn ask(at: &Path) {
    let snapshot = index(at).snapshot(u64::MAX).unwrap().unwrap();
    let (size, time) = (snapshot.frontier.size(), snapshot.time);
    let state: State = decode(&snapshot.state).unwrap();
    drop(snapshot);
    let mut rng = Rng::new(1);
    let subjects: Vec<Subject> = state.subjects.list().map(|(subject, _)| subject).collect();
    let projects: Vec<Scope> = state.scopes.projects(None).map(|(id, _)| Scope::Project(id)).collect();
    let some: Vec<Subject> = (0..2_000).map(|_| *rng.pick(&subjects).unwrap()).collect();
    println!("| subjects, projects, events | {}, {}, {size} |", subjects.len(), projects.len());
    check(&state, (&subjects, &projects), time);
    let now = Moment { size, time };
    let reader = reader(at);
    let then = Time::from_micros(time.micros() - MONTH_SECONDS * 1_000_000);
    let then = Moment { size: events_before(&reader, then), time: then };
    for (when, moment) in [("now", now), ("a month ago", then)] {
        let of = |subject: &Subject| {
            state.answer(&Question::AccessOf(AccessOf { subject: *subject }), moment).rows.len()
        };
        println!("| what a subject has, {when} | {} |", each(&some, of));
        let who = |scope: &Scope| {
            let permission = "workspaces.use".into();
            let asked = WhoMay { permission, scope: *scope, environment: None };
            state.answer(&Question::WhoMay(asked), moment).rows.len()
        };
        println!("| who may work in a project, {when} | {} |", each(projects.get(..20).unwrap(), who));
        println!("| who may work everywhere, {when} | {} |", each(&[Scope::Site], who));
    }
    diff(&state, then, now);
}

/// What changed between two moments, at once and in the parts that a server gives.
fn diff(state: &State, from: Moment, to: Moment) {
    let whole = |from: &Moment| {
        let asked = Diff { from: *from, after: None };
        state.difference(&asked, to, usize::MAX).rows.len()
    };
    println!("| what changed in a month, at once | {} |", each(&[from; 3], whole));
    let (mut parts, mut after) = (Vec::new(), None);
    loop {
        parts.push(after);
        let part = state.difference(&Diff { from, after }, to, DIFF_ROWS_MAX);
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    let part = |after: &Option<Subject>| {
        state.difference(&Diff { from, after: *after }, to, DIFF_ROWS_MAX).rows.len()
    };
    println!("| the same, each of {} parts | {} |", parts.len(), each(&parts, part));
}

/// Checks as a server makes them: another subject, permission and place each time, of everybody, of a thousand who are at work, of one.
fn check(state: &State, (subjects, projects): (&[Subject], &[Scope]), now: Time) {
    for (who, count) in [("anybody", subjects.len()), ("any of a thousand", 1_000), ("the same one", 1)] {
        let mut rng = Rng::new(2);
        let among: Vec<Subject> = (0..count).map(|_| *rng.pick(subjects).unwrap()).collect();
        let asked: Vec<(Subject, Permission, Place)> = (0..1_000_000)
            .map(|_| {
                let (subject, project) = (*rng.pick(&among).unwrap(), *rng.pick(projects).unwrap());
                (subject, *rng.pick(Permission::ALL).unwrap(), Place::from(project))
            })
            .collect();
        let began = Instant::now();
        let allowed = asked.iter().filter(|(subject, what, place)| state.may(*subject, *what, *place, now));
        let allowed = black_box(allowed.count());
        let each = began.elapsed().as_nanos() as f64 / asked.len() as f64;
        println!(
            "| a permission check of {who}, in any project | {each:.0} ns ({allowed} of a million allowed) |"
        );
    }
}

fn events_before(reader: &LogReader, time: Time) -> u64 {
    let (mut below, mut above) = (0, reader.size());
    while below < above {
        let middle = below + (above - below) / 2;
        let record = reader.event(middle).unwrap().unwrap();
        let at = Envelope::parse(&record.leaf).unwrap().time.to_owned();
        if at <= time.to_string() { below = middle + 1 } else { above = middle }
    }
    below
}

fn reader(at: &Path) -> LogReader {
    let text = std::fs::read(at.join("data/genesis.json")).unwrap();
    let genesis = Genesis::parse(&text).unwrap().hash();
    let disk = Arc::new(RealDisk);
    let place = Files { disk, root: at.join("data"), genesis };
    let size = index(at).snapshot(u64::MAX).unwrap().unwrap().frontier.size();
    LogReader::open(&place, size).unwrap()
}

fn clause(facet: Facet, text: &str) -> Clause {
    Clause { facet, texts: vec![text.to_owned()] }
}

/// Pages of a hundred events, found by several things at once.
fn search(at: &Path) {
    let (reader, index) = (reader(at), index(at));
    let size = reader.size();
    let owner = Event::decode(&reader.event(1_000).unwrap().unwrap().leaf).unwrap();
    let Decoded::Known(owner) = owner else { return };
    let owner = actor_text(&owner.actor);
    let record = reader.event(size / 3).unwrap().unwrap();
    let Decoded::Known(old) = Event::decode(&record.leaf).unwrap() else { return };
    let object = old.fact.object(old.ledger).to_string();
    let done = || clause(Facet::Outcome, "done");
    let area: Vec<String> =
        Fact::types().map(|(name, _)| name.to_owned()).filter(|name| name.starts_with("identity.")).collect();
    let searches = [
        ("everything", vec![]),
        ("of one actor who did nearly all", vec![clause(Facet::Actor, &owner)]),
        (
            "of an area, by that actor, done",
            vec![Clause { facet: Facet::Type, texts: area }, clause(Facet::Actor, &owner), done()],
        ),
        (
            "of a rare type, by that actor, done",
            vec![clause(Facet::Type, "identity.group_removed"), clause(Facet::Actor, &owner), done()],
        ),
        ("about one old thing, done", vec![clause(Facet::Object, &object), done()]),
        ("refused: none", vec![clause(Facet::Outcome, "refused"), clause(Facet::Actor, &owner)]),
    ];
    for (label, clauses) in searches {
        for (place, upto) in [("the newest", size), ("from the middle", size / 2)] {
            let took = |_| {
                let began = Instant::now();
                let found = newest(&reader, Some(&index), &clauses, (0, upto), 100).unwrap();
                (began.elapsed(), found.records.len())
            };
            let [first, (again, count)] = [(); 2].map(took);
            println!("| a page of what is {label}, {place} ({count}) | {:.2?}, again {again:.2?} |", first.0);
        }
    }
}

fn replay(at: &Path) {
    let store = Store::open(folders(at), clock::now(), entropy::system()).unwrap();
    let (reader, mut state, mut next) = (store.reader(), State::default(), 0);
    let began = Instant::now();
    let mut folding = Duration::ZERO;
    loop {
        let records = reader.read(next, 4_096, 8 << 20).unwrap();
        let Some(last) = records.last() else { break };
        next = last.seq + 1;
        for some in records.chunks(FOLDED) {
            let decoded: Vec<_> = some.iter().map(|record| Event::decode(&record.leaf).unwrap()).collect();
            let began = Instant::now();
            decoded.iter().for_each(|decoded| state.apply_decoded(decoded));
            folding += began.elapsed();
        }
    }
    let rate = |took: Duration| next as f64 / took.as_secs_f64();
    let (all, folding) = (rate(began.elapsed()), rate(folding));
    println!("| replay (read, decode, fold), one core | {all:.0} events/s; folding alone {folding:.0} |");
}

fn part(what: &str, at: &Path) {
    match what {
        "ask" => ask(at),
        "search" => search(at),
        "replay" => replay(at),
        _ => {
            let began = Instant::now();
            let engine = open(at);
            println!("| start {what} | {:.2?}; {} MiB resident |", began.elapsed(), resident_mib());
            drop(engine);
        }
    }
}

fn main() {
    if let (Ok(what), Ok(at)) = (std::env::var("DEED_BENCH_PART"), std::env::var("DEED_BENCH_AT")) {
        return part(&what, Path::new(&at));
    }
    let folder = TempDir::new().unwrap();
    let made = (size(), 1);
    drop(organization::write(folder.path(), made, SECONDS, SEGMENT_BYTES).unwrap());
    println!("| | |\n|---|---|");
    alone("from the log alone", &folder);
    let mut engine = open(folder.path());
    let (index, reader) = (engine.index().unwrap(), engine.reader());
    let catch_up = || {
        while index.position() < reader.size() {
            index.add(&reader.read(index.position(), 4_096, 8 << 20).unwrap()).unwrap();
        }
    };
    catch_up();
    engine.stop("filled");
    catch_up();
    index.flush().unwrap();
    drop((engine, index, reader));
    ["replay", "ask", "search"].iter().for_each(|what| alone(what, &folder));
    (0..3).for_each(|_| alone("from a snapshot", &folder));
}
