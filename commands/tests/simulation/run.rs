//! One run: lives of a server, each with an opening, batches and an end, and what must hold after each.

use crate::bench::{Answers, Bench, done, events, sent};
use crate::coverage::Coverage;
use crate::model::{Model, Order, Who};
use crate::orders::{Orders, actor_of, command_of, key_of};
use crate::people::{credential, digest, grant, person, subject, time};
use commands::Command;
use commands::custody::RotateKey;
use commands::engine::{Answer, Engine, Failure as Failed, by_operator};
use fixtures::ledger_session::{check_sealed, replay};
use fixtures::rng::Rng;
use fixtures::sim_disk::{Call, Effect, Failure, Fault, PowerLoss, Repeat, SimDisk};
use ledger::container::Place;
use ledger::event::identity::Behalf;
use ledger::event::scope::Scope;
use ledger::event::{Actor, ContentDigest, Custody, Event, Fact, Subject};
use ledger::hash::Hash;
use ledger::receipt::Receipt;
use ledger::signature::{Purpose, SigningKey};
use projections::Lasting;
use projections::State;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// A command id under who used it.
type Key = (String, String);

struct World {
    rng: Rng,
    disk: SimDisk,
    bench: Bench,
    orders: Orders,
    now: u64,
    /// What lasts, as far as we were told.
    model: Model,
    /// Every order that was sent under a command id, by the digest of its command.
    sent: BTreeMap<(Key, ContentDigest), (Who, Order)>,
    /// Command ids that stand in the log, with what they stand for and what was answered, if it was.
    used: BTreeMap<Key, (ContentDigest, Option<Answered>)>,
    /// Command ids of which we were told that they were not recorded, and that were not sent again.
    denied: BTreeSet<(Key, ContentDigest)>,
    receipts: Vec<Receipt>,
    requests: u64,
    /// Whether anything was planned to go wrong in this life.
    armed: bool,
    coverage: Coverage,
}

#[derive(Clone, PartialEq, Debug)]
struct Answered {
    receipt: Receipt,
    code: Option<&'static str>,
}

struct Try {
    who: Who,
    order: Order,
    key: Key,
    digest: ContentDigest,
}

/// One run.
pub(crate) fn run(seed: u64) -> Coverage {
    let disk = SimDisk::new(seed);
    let mut bench = Bench::new(Arc::new(disk.clone()), Path::new("/deed"), 4_096, false);
    (bench.checkpoint_events, bench.checkpoint_seconds) = (6, 20);
    let mut world = World {
        rng: Rng::new(seed),
        disk,
        bench,
        orders: Orders::default(),
        now: 0,
        model: Model::default(),
        sent: BTreeMap::new(),
        used: BTreeMap::new(),
        denied: BTreeSet::new(),
        receipts: Vec::new(),
        requests: 0,
        armed: false,
        coverage: Coverage::default(),
    };
    for _ in 0..2 + world.rng.below(3) {
        let mut engine = world.open();
        world.check_restart(&mut engine);
        world.live(&mut engine);
        world.end(engine);
    }
    let mut engine = world.open_calmly();
    world.check_restart(&mut engine);
    world.coverage
}

impl World {
    fn pass(&mut self, seconds: u64) {
        self.now += seconds;
        // Each life's clock begins at a whole second; it moves by less than one between two calls.
        self.bench.set_clock(time(self.now));
    }

    fn open(&mut self) -> Engine {
        let planned = match self.rng.below(6) {
            0 => {
                let ahead = self.rng.below(60);
                self.disk.cut_power_at(self.disk.calls_all() + ahead);
                "power cut while opening"
            }
            1 => {
                self.plan_fault(20);
                "fault while opening"
            }
            _ => return self.open_calmly(),
        };
        let opened = self.bench.open();
        self.disk.clear_faults();
        match opened {
            Ok(engine) if !self.disk.is_off() => engine,
            _ => {
                self.coverage.note(planned);
                self.crash();
                self.open_calmly()
            }
        }
    }

    fn open_calmly(&mut self) -> Engine {
        self.armed = false;
        self.pass(1);
        self.bench.open().expect("nothing hinders the opening")
    }

    fn plan_fault(&mut self, within: u64) {
        let call = *self.rng.pick(&Call::ALL).expect("there are calls");
        let bytes = self.rng.index(600);
        let effects =
            [Effect::NotDone, Effect::DoneAndLasting, Effect::Short { bytes }, Effect::UnsyncedDropped];
        let effect = *self.rng.pick(&effects).expect("there are effects");
        let failure =
            *self.rng.pick(&[Failure::Io, Failure::Full, Failure::ReadOnly]).expect("there are failures");
        // A new directory whose name a failed sync has dropped cannot be made to last by any later call.
        let drops_names = call == Call::SyncDir && effect == Effect::UnsyncedDropped;
        let effect = if drops_names { Effect::NotDone } else { effect };
        let nth = self.disk.calls(call) + self.rng.below(within);
        let repeat = if self.rng.chance(1, 4) { Repeat::Sticky } else { Repeat::Once };
        self.disk.fail(Fault { call, nth, failure, effect, repeat });
    }

    fn crash(&mut self) {
        let count = self.rng.index(20);
        let modes = [
            ("crash KeepSyncedOnly", PowerLoss::KeepSyncedOnly),
            ("crash KeepAll", PowerLoss::KeepAll),
            ("crash KeepFirst", PowerLoss::KeepFirst(count)),
            ("crash KeepPrefix", PowerLoss::KeepPrefix),
            ("crash KeepSubset", PowerLoss::KeepSubset),
        ];
        let (name, mode) = *self.rng.pick(&modes).expect("there are modes");
        self.disk.clear_faults();
        self.disk.lift_limit();
        self.disk.power_loss(mode);
        self.coverage.note(name);
    }

    fn live(&mut self, engine: &mut Engine) {
        for _ in 0..1 + self.rng.below(6) {
            match self.rng.below(14) {
                0 => {
                    self.armed = true;
                    self.plan_fault(6);
                    self.coverage.note("fault while running");
                }
                1 => {
                    self.armed = true;
                    let ahead = self.rng.below(25);
                    self.disk.cut_power_at(self.disk.calls_all() + ahead);
                    self.coverage.note("power cut while running");
                }
                2 => {
                    self.armed = true;
                    self.disk.limit_to(self.disk.used_bytes() + self.rng.below(3_000));
                    self.coverage.note("full disk");
                }
                3 => {
                    self.disk.lift_limit();
                    self.disk.clear_faults();
                }
                4 => self.flood(engine),
                5 => self.by_operator(engine),
                6 => self.pass(self.now_and_then()),
                _ => {}
            }
            if self.model.subjects.is_empty() {
                self.by_operator(engine);
            }
            self.batch(engine);
            engine.checkpoint_if_due();
            if engine.is_dead() {
                return;
            }
            self.compare(&engine.published().load().state.clone());
        }
    }

    fn now_and_then(&self) -> u64 {
        1 + self.rng.clone().below(70)
    }

    fn end(&mut self, mut engine: Engine) {
        if self.rng.chance(1, 3) {
            engine.stop("end of a life");
            if engine.is_stopped() && !engine.is_dead() {
                self.coverage.note("clean stop");
            }
        }
        drop(engine);
        self.crash();
    }

    /// Refusals without a command id, of one source.
    fn flood(&mut self, engine: &mut Engine) {
        let look = command_of(&Order::Look { permission: "custody.read" }).expect("it has a command");
        let batch = (0..30).map(|_| sent(actor_of(&Who::Anonymous), "", look.clone()));
        let answers = crate::bench::send_all(engine, batch);
        for answer in answers {
            match answer {
                Answer::Refused(refusal, receipt) => {
                    assert_eq!(refusal.code(), "not_authenticated");
                    self.receipts.extend(receipt);
                }
                Answer::Failed(_) => assert!(self.armed, "{answer:?}"),
                Answer::Done(_) => panic!("nobody may look: {answer:?}"),
            }
        }
    }

    fn rotation(&mut self, engine: &mut Engine, order: &Order) -> Option<Command> {
        let Order::Rotate { key } = order else { return None };
        let purpose = if key.is_multiple_of(2) { Purpose::Events } else { Purpose::Checkpoints };
        let mut secret = [*key; 32];
        secret[..8].copy_from_slice(&self.rng.next_u64().to_be_bytes());
        let rotated = engine.writer().rotation(purpose, &SigningKey::from_seed(&secret));
        rotated.ok().map(|rotated| RotateKey(rotated).into())
    }

    fn by_operator(&mut self, engine: &mut Engine) {
        let order = self.orders.by_operator(&mut self.rng, self.now);
        let command = match (command_of(&order), self.rotation(engine, &order)) {
            (Some(command), _) | (None, Some(command)) => command,
            (None, None) => return assert!(self.armed, "the key cannot be kept"),
        };
        self.coverage.note(format!("command {}", command.name()));
        let answers = Answers::default();
        engine.turn([by_operator(command, answers.waiting())]);
        match answers.all().pop().expect("one was sent") {
            answer @ Answer::Done(Some(_)) => {
                self.receipts.push(done(&answer));
                let carried = self.model.carry_out(&Who::Operator, self.now, &order);
                assert_eq!(carried, Ok(1), "{order:?}");
            }
            // Counts that were written in the same turn moved the place that the new key had signed for.
            Answer::Failed(Failed::NotRecorded(_)) if matches!(order, Order::Rotate { .. }) => {}
            Answer::Failed(failure) => assert!(self.armed, "{order:?}: {failure:?}"),
            answer @ (Answer::Done(None) | Answer::Refused(..)) => panic!("{order:?}: {answer:?}"),
        }
    }

    fn next_try(&mut self) -> Try {
        let (who, order) = self.orders.by_client(&mut self.rng, self.now, &self.model);
        let again: Vec<_> = self.sent.iter().collect();
        let earlier = self
            .rng
            .pick(&again)
            .filter(|_| !again.is_empty())
            .map(|(key, sent)| ((*key).clone(), (*sent).clone()));
        match (earlier, self.rng.below(8)) {
            (Some(((key, digest), (who, order))), 0) => Try { who, order, key, digest },
            (Some(((key, _), (who, _))), 1) => self.under(who, order, key.1),
            _ => {
                self.requests += 1;
                let request = format!("r{}", self.requests);
                self.under(who, order, request)
            }
        }
    }

    fn under(&mut self, who: Who, order: Order, request: String) -> Try {
        let command = command_of(&order).expect("clients rotate no keys");
        let content = Hash::of(&[format!("{command:?}").as_bytes()]);
        let digest = ContentDigest(*content.0.first_chunk().expect("a hash is longer"));
        Try { key: (key_of(&who), request), who, order, digest }
    }

    fn batch(&mut self, engine: &mut Engine) {
        let tries: Vec<_> = (0..1 + self.rng.below(7)).map(|_| self.next_try()).collect();
        let batch = tries.iter().map(|one| {
            let command = command_of(&one.order).expect("clients rotate no keys");
            sent(actor_of(&one.who), &one.key.1, command)
        });
        for one in &tries {
            self.sent.insert((one.key.clone(), one.digest), (one.who.clone(), one.order.clone()));
            self.denied.remove(&(one.key.clone(), one.digest));
            let name = command_of(&one.order).expect("clients rotate no keys").name();
            self.coverage.note(format!("command {name}"));
        }
        let answers = crate::bench::send_all(engine, batch);
        for (one, answer) in tries.into_iter().zip(answers) {
            self.judge(one, answer);
        }
    }

    /// What the model says to one answer.
    fn judge(&mut self, one: Try, answer: Answer) {
        let Try { who, order, key, digest } = one;
        if let Answer::Failed(failure) = answer {
            assert!(self.armed, "nothing was to fail: {order:?}: {failure:?}");
            self.coverage.note(match failure {
                Failed::NotRecorded(_) => "answer not recorded",
                Failed::Unknown(_) => "answer unknown",
                Failed::Stopped => "answer stopped",
                Failed::IndexBehind => "answer index behind",
                Failed::ChangedSince { .. } => panic!("no order was sent under a condition"),
            });
            if matches!(failure, Failed::NotRecorded(_)) && !self.used.contains_key(&key) {
                self.denied.insert((key, digest));
            }
            return;
        }
        let known = self.used.get(&key).cloned();
        let expected = match &known {
            None => self.model.carry_out(&who, self.now, &order),
            Some(_) if !self.model.is_authentic(&who, self.now) => Err("not_authenticated"),
            Some((stored, answered)) if *stored == digest => return self.recalled(answer, answered.clone()),
            Some(_) => Err("command_id_reused"),
        };
        let (code, receipt) = match answer {
            Answer::Done(receipt) => (None, receipt),
            Answer::Refused(refusal, receipt) => (Some(refusal.code()), receipt),
            Answer::Failed(_) => return,
        };
        assert_eq!(code, expected.err(), "{who:?} {order:?}");
        let events = receipt.as_ref().map_or(0, |receipt| receipt.events.len());
        match (expected, code) {
            (Ok(_), _) if order == Order::Read => assert!(events <= 1),
            (Ok(wanted), _) => assert_eq!(events, wanted, "{who:?} {order:?}"),
            (Err(_), _) => assert!(events <= 1),
        }
        self.coverage.note(match (code, events) {
            (None, 0) => "answer nothing",
            (None, _) => "answer done",
            (Some(_), 0) => "answer counted",
            (Some(_), _) => "answer refused",
        });
        if let (Who::Delegate(..), None) = (&who, code) {
            self.coverage.note("a delegate did something");
        }
        code.into_iter().for_each(|code| self.coverage.note(format!("code {code}")));
        let Some(receipt) = receipt else { return };
        self.receipts.push(receipt.clone());
        if known.is_none() {
            self.used.insert(key, (digest, Some(Answered { receipt, code })));
        }
    }

    fn recalled(&mut self, answer: Answer, answered: Option<Answered>) {
        self.coverage.note("answer recalled");
        let (code, receipt) = match answer {
            Answer::Done(receipt) => (None, receipt),
            Answer::Refused(refusal, receipt) => (Some(refusal.code()), receipt),
            Answer::Failed(failure) => panic!("{failure:?}"),
        };
        let receipt = receipt.expect("what stands in the log has a receipt");
        if let Some(answered) = answered {
            assert_eq!(Answered { receipt, code }, answered);
        }
    }
}

/// After a restart.
impl World {
    fn check_restart(&mut self, engine: &mut Engine) {
        let genesis = engine.writer().genesis().clone();
        let replayed = replay(&genesis, &engine.reader()).expect("the chain and every signature are right");
        let (disk, root) = (Arc::clone(&self.bench.folders.disk), self.bench.folders.data.clone());
        let place = Place { disk, root, genesis: genesis.hash() };
        check_sealed(&place, &replayed.events).expect("what is sealed is there unless it is erased");
        for receipt in &self.receipts {
            for told in &receipt.events {
                let seq = usize::try_from(told.seq).expect("a small log");
                let (record, event) = (&replayed.records[seq], &replayed.events[seq]);
                assert_eq!(ledger::merkle::leaf_hash(&record.leaf), told.leaf_hash, "event {seq} is another");
                assert_eq!((event.id, record.signature), (told.id, told.signature.0));
                assert_eq!(receipt.key.0, record.key, "the receipt names the key that signed");
            }
        }
        let state = engine.published().load().state.clone();
        let mut folded = State::default();
        replayed.events.iter().for_each(|event| folded.apply(event));
        assert!(folded == state, "the state is not that of the log");
        self.read_log(&replayed.events);
        self.compare(&state);
        assert_eq!(events(engine).len(), replayed.events.len());
    }

    /// Builds the model anew from the orders that stand in the log.
    fn read_log(&mut self, events: &[Event]) {
        let told = std::mem::take(&mut self.used);
        self.model = Model::default();
        let mut next = 0;
        while let Some(event) = events.get(next) {
            self.coverage.note(format!("type {}", event.fact.name().0));
            next += match (&event.origin.request, event.actor) {
                (Some(request), actor) => {
                    let key = (ledger::index::actor_text(&actor), request.to_string());
                    self.replay(key, events.get(next..).unwrap_or_default(), &told)
                }
                (None, Actor::Operator) => {
                    self.replay_operator(&event.fact);
                    1
                }
                (None, _) => 1,
            };
        }
        for key in told.keys() {
            assert!(self.used.contains_key(key), "{key:?} was acknowledged and is lost");
        }
        let lost = self.sent.keys().any(|(key, _)| !self.used.contains_key(key));
        if lost {
            self.coverage.note("unacknowledged and lost");
        }
    }

    /// Carries out the order that these events begin with. How many events it has.
    fn replay(
        &mut self,
        key: Key,
        events: &[Event],
        told: &BTreeMap<Key, (ContentDigest, Option<Answered>)>,
    ) -> usize {
        let first = &events[0];
        let digest = first.origin.digest.expect("a command id comes with a digest");
        let (who, order) = self.sent.get(&(key.clone(), digest)).cloned().expect("somebody sent it");
        assert!(!self.denied.contains(&(key.clone(), digest)), "{order:?} was said not to be recorded");
        assert!(!self.used.contains_key(&key), "{key:?} stands for two commands");
        if !told.contains_key(&key) {
            self.coverage.note("unacknowledged and kept");
        }
        let seconds = first.time.seconds_since(time(0));
        let carried = self.model.carry_out(&who, seconds, &order);
        let answered = told.get(&key).and_then(|(_, answered)| answered.clone());
        self.used.insert(key, (digest, answered));
        let count = match (&first.fact, carried) {
            (Fact::Custody(Custody::CommandRefused(refused)), Err(code)) => {
                assert_eq!(refused.refusal.code(), code);
                1
            }
            (_, Ok(count)) => count.max(1),
            (fact, Err(code)) => panic!("{order:?} should be refused as {code}: {fact:?}"),
        };
        assert!(events.iter().take(count).all(|event| event.origin == first.origin), "half of {order:?}");
        count
    }

    fn replay_operator(&mut self, fact: &Fact) {
        if let Fact::Custody(Custody::ClaimOpened(opened)) = fact {
            let token = (0..10_000).map(|number| format!("token {number}"));
            let token =
                token.into_iter().find(|token| digest(token) == opened.digest).expect("a known token");
            self.model.claim = Some((token, opened.expires.seconds_since(time(0))));
        }
    }

    /// The engine's state and the model say the same, and neither says more.
    fn compare(&self, state: &State) {
        let Model { subjects, handles, credentials, grants, sealed, codes, .. } = &self.model;
        let people = state.people_count();
        assert_eq!(people, subjects.len(), "who exists");
        for name in subjects {
            assert!(state.subjects.contains(subject(name)), "{name} exists");
            let rights: BTreeSet<_> = state
                .rights(subject(name), Scope::Site.into(), Lasting::beyond(time(0)))
                .iter()
                .map(|permission| permission.as_str())
                .collect();
            assert_eq!(rights, self.model.rights(name), "{name}");
            assert_eq!(!state.payloads.of(subject(name)).is_empty(), sealed.contains(name), "{name}");
        }
        for (handle, name) in handles {
            assert_eq!(state.subjects.by_handle(handle), Some(subject(name)));
        }
        assert_eq!(state.credentials.list(None).count(), credentials.len());
        for (name, expected) in credentials {
            let found = state.credentials.find(credential(name)).expect("the credential exists");
            assert_eq!(
                (found.subject, found.digest, found.is_revoked()),
                (subject(&expected.owner), digest(name), expected.revoked)
            );
            // The clock of a token began between two seconds.
            assert_eq!(found.expires.map(|expires| expires.seconds_since(time(0))), expected.expires);
            let token = expected.token.as_ref();
            assert_eq!(
                found.token.as_deref().map(|token| token.from),
                token.map(|token| credential(&token.from))
            );
            if let Some((person, hers)) = token.and_then(|token| token.behalf.as_ref()) {
                let behalf = Behalf { credential: credential(hers), person: self::person(person) };
                assert_eq!(found.behalf(), Some(behalf), "{name}");
                let who = Who::Delegate(expected.owner.clone(), person.clone(), name.clone());
                let lasting = Lasting::beyond(time(0));
                let rights = state.rights_of(&actor_of(&who), Scope::Site.into(), lasting);
                let rights: BTreeSet<_> = rights.iter().map(|permission| permission.as_str()).collect();
                assert_eq!(rights, self.model.rights_of(&who), "{who:?}");
            }
        }
        for (code, owner) in codes {
            assert_eq!(
                state.recovery.owner(&digest(code)).map(Subject::Person),
                Some(subject(owner)),
                "{code}"
            );
        }
        let left = subjects.iter().filter_map(|name| match subject(name) {
            Subject::Person(person) => Some(state.recovery.left(person)),
            Subject::ServiceAccount(_) | Subject::Agent(_) => None,
        });
        assert_eq!(left.sum::<usize>(), codes.len());
        assert_eq!(state.grants.list(None).count(), grants.len());
        for (name, expected) in grants {
            let found = state.grants.find(grant(name)).expect("the grant exists");
            let role = found.role.map(|role| role.to_string());
            assert_eq!(
                (found.grantee, role, found.is_revoked()),
                (subject(&expected.holder).into(), Some(expected.role.to_owned()), expected.revoked)
            );
        }
    }
}

/// How many subjects there are.
trait Count {
    fn people_count(&self) -> usize;
}

impl Count for State {
    fn people_count(&self) -> usize {
        self.subjects.list().count()
    }
}
