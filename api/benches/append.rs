//! Durable appends through the engine, beside the limits of the same machine in the same run.
//!
//! A submitter is a task that sends a command, waits until its event is signed, synced and applied, and sends the next. The limits are: one write and
//! `fdatasync` of a group's bytes into a zero-filled file, and one core's signatures. `cargo bench -p api` prints a table after criterion's own figures.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a benchmark may stop at the first surprise"
)]
#![expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "rates are for people")]

use api::clock;
use commands::access::{GrantRole, RevokeRole};
use commands::engine::{self, Answer, Handle, Lookup, Options, Source, Submission, by_operator};
use commands::identity::{ClaimOwnership, CreateServiceAccount};
use commands::{Command, custody::OpenClaim};
use criterion::{BenchmarkId, Criterion, Throughput};
use fixtures::temp_dir::TempDir;
use ledger::disk::{Disk, RealDisk};
use ledger::entropy;
use ledger::event::access::Terms;
use ledger::event::custody::ClaimOpened;
use ledger::event::id::{CredentialId, GrantId, PersonId, RequestId, ServiceAccountId, uuid_v7};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, ContentDigest, Origin, Subject, Via};
use ledger::hash::Hash;
use ledger::signature::{SigningKey, event_message};
use ledger::store::Folders;
use projections::access::Role;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SUBMITTERS: [usize; 4] = [1, 16, 256, 1_024];
/// Bytes of one event on the disk, frame included, as these commands make them.
const EVENT_BYTES: usize = 790;

fn id() -> [u8; 16] {
    uuid_v7(clock::now(), entropy::fresh())
}

struct World {
    _folder: TempDir,
    engine: Handle,
    owner: Actor,
    accounts: Vec<Subject>,
    runtime: tokio::runtime::Runtime,
}

async fn order(engine: &Handle, actor: Actor, command: Command) -> Answer {
    let (answered, answer) = tokio::sync::oneshot::channel();
    let request = ledger::hash::to_hex(&id()).parse().unwrap();
    let origin = Origin { channel: Channel::Http, digest: Some(ContentDigest(id())), request: Some(request) };
    let reply = Box::new(move |answer| drop(answered.send(answer)));
    let lookup = Lookup::FreeBelow(0);
    engine
        .submit(Submission { actor, origin, source: Source::OWN, command, lookup, seen: None, reply })
        .unwrap();
    answer.await.unwrap()
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let folders = Folders {
            disk: Arc::new(RealDisk),
            data: folder.join("data"),
            keys: folder.join("keys"),
            head_lock: folder.join("head.lock"),
            segment_bytes: ledger::log::SEGMENT_BYTES,
        };
        let mut options = Options::new(Box::new(|_| ()));
        options.index = std::env::var_os("DEED_BENCH_WITHOUT_INDEX").is_none();
        let mut engine = engine::open(folders, Box::new(clock::now), entropy::system(), options).unwrap();
        let token = Hash::of(&[b"token"]);
        let opened = ClaimOpened { digest: token, expires: clock::now().plus_seconds(600) };
        engine.turn([by_operator(OpenClaim(opened).into(), Box::new(|_| ()))]);
        let (engine, _thread) = engine::run(engine, |_| (), || ()).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (owner, accounts) = runtime.block_on(people(&engine, token));
        Self { _folder: folder, engine, owner, accounts, runtime }
    }

    /// Appends about `total` events with so many submitters; the time it took and each event's latency.
    fn append(&self, submitters: usize, total: usize) -> (Duration, Vec<Duration>) {
        let each = total.div_ceil(submitters).max(2);
        let began = Instant::now();
        let latencies = self.runtime.block_on(async {
            let tasks: Vec<_> = (0..submitters)
                .map(|number| {
                    let (engine, owner, subject) = (self.engine.clone(), self.owner, self.accounts[number]);
                    tokio::spawn(async move { submitter(&engine, owner, subject, each).await })
                })
                .collect();
            let mut all = Vec::with_capacity(total);
            for task in tasks {
                all.extend(task.await.unwrap());
            }
            all
        });
        (began.elapsed(), latencies)
    }
}

async fn people(engine: &Handle, token: Hash) -> (Actor, Vec<Subject>) {
    let person = PersonId::from_bytes(id());
    let credential = CredentialId::from_bytes(id());
    let claim = ClaimOwnership {
        token,
        person,
        grant: GrantId::from_bytes(id()),
        credential,
        digest: Hash::of(&[b"secret"]),
        profile: None,
    };
    order(engine, Actor::Anonymous(Via::Claim), claim.into()).await;
    let owner = Actor::Subject(Subject::Person(person), credential);
    let mut accounts = Vec::new();
    for number in 0..1_024 {
        let service_account = ServiceAccountId::from_bytes(id());
        let handle = format!("account-{number}").into();
        order(engine, owner, CreateServiceAccount { service_account, handle, profile: None }.into()).await;
        accounts.push(Subject::ServiceAccount(service_account));
    }
    (owner, accounts)
}

/// Grants and revokes in turn, so that every command leads to one event.
async fn submitter(engine: &Handle, owner: Actor, subject: Subject, count: usize) -> Vec<Duration> {
    let mut latencies = Vec::with_capacity(count);
    let mut grant = GrantId::from_bytes(id());
    for number in 0..count + count % 2 {
        let command = if number % 2 == 0 {
            grant = GrantId::from_bytes(id());
            Command::from(grant_role(grant, subject, Role::Member))
        } else {
            RevokeRole { grant, reason: None }.into()
        };
        let began = Instant::now();
        let answer = order(engine, owner, command).await;
        latencies.push(began.elapsed());
        assert!(matches!(answer, Answer::Done(Some(_))), "{answer:?}");
    }
    latencies
}

/// One write and `fdatasync` of so many bytes, again and again, into a zero-filled file.
fn raw_sync(bytes: usize, times: usize) -> Vec<Duration> {
    let folder = TempDir::new().unwrap();
    let file = RealDisk.create_new(&folder.join("raw")).unwrap();
    let group = vec![7; bytes];
    file.write_at(0, &vec![0; bytes * times]).unwrap();
    file.sync_all().unwrap();
    (0..times)
        .map(|number| {
            let began = Instant::now();
            file.write_at((number * bytes) as u64, &group).unwrap();
            file.sync_data().unwrap();
            began.elapsed()
        })
        .collect()
}

/// Signatures of one core in a second.
fn raw_sign() -> f64 {
    let key = SigningKey::generate().unwrap();
    let began = Instant::now();
    let rounds = 20_000_u64;
    for number in 0..rounds {
        std::hint::black_box(key.sign(&event_message(&Hash::of(&[&number.to_be_bytes()]))));
    }
    rounds as f64 / began.elapsed().as_secs_f64()
}

fn percentile(latencies: &mut [Duration], part: f64) -> Duration {
    latencies.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let place = (latencies.len() as f64 * part) as usize;
    latencies[place.min(latencies.len() - 1)]
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let world = World::new();
    let mut group = criterion.benchmark_group("append");
    for submitters in SUBMITTERS {
        group.throughput(Throughput::Elements(1));
        group.bench_with_input(
            BenchmarkId::from_parameter(submitters),
            &submitters,
            |bencher, submitters| {
                bencher.iter_custom(|rounds| {
                    let rounds = usize::try_from(rounds).unwrap();
                    let (took, latencies) = world.append(*submitters, rounds);
                    took.mul_f64(rounds as f64 / latencies.len() as f64)
                });
            },
        );
    }
    group.finish();
    let sign = raw_sign();
    println!("\none core signs {sign:.0}/s");
    println!(
        "| submitters | events/s | of one core's signing | p50 | p99 | raw write+fdatasync of one event: p50 | of a group |"
    );
    println!("|---|---|---|---|---|---|---|");
    for submitters in SUBMITTERS {
        let (took, mut latencies) = world.append(submitters, submitters.max(64) * 128);
        let rate = latencies.len() as f64 / took.as_secs_f64();
        let (mut one, mut many) = (raw_sync(EVENT_BYTES, 500), raw_sync(EVENT_BYTES * submitters, 50));
        println!(
            "| {submitters} | {rate:.0} | {:.2} | {:.2?} | {:.2?} | {:.2?} | {:.2?} |",
            rate / sign,
            percentile(&mut latencies, 0.5),
            percentile(&mut latencies, 0.99),
            percentile(&mut one, 0.5),
            percentile(&mut many, 0.5),
        );
    }
}

fn grant_role(grant: GrantId, subject: Subject, role: Role) -> GrantRole {
    let (request, subject) = (RequestId::from_bytes(id()), subject.into());
    GrantRole { grant, request, subject, role, scope: Scope::Site, terms: Terms::default() }
}
