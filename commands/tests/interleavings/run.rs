//! One run: random orders, each checked against the books, with crashes in between.

use crate::books::Books;
use crate::names::group;
use crate::people::{credential, person, subject, time};
use crate::spending::{budget, deed, grouped, key, key_of, reservation};
use commands::budgets::{ChangeBudget, EndBudget, Payer, Release, Reserve, SetBudget, Settle, plan};
use commands::{Ask, Command};
use fixtures::rng::Rng;
use fixtures::samples;
use ledger::event::access::{OrganizationCreated, ProjectCreated, RoleGranted};
use ledger::event::budgets::{Amounts, Kind, Period, Target, Thresholds, Unit};
use ledger::event::id::GrantId;
use ledger::event::identity::{CredentialIssued, PersonCreated};
use ledger::event::scope::{Environments, Scope};
use ledger::event::{Actor, Event, Fact, Refusal};
use ledger::hash::Hash;
use ledger::time::Time;
use ledger::zone::Zone;
use projections::State;

/// Orders of one run.
const ORDERS: u64 = 150;

/// How often what happened.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) reserved: u64,
    pub(crate) over: u64,
    pub(crate) settled: u64,
    pub(crate) released: u64,
    pub(crate) expired: u64,
    pub(crate) reached: u64,
    pub(crate) replays: u64,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.reserved += other.reserved;
        self.over += other.over;
        self.settled += other.settled;
        self.released += other.released;
        self.expired += other.expired;
        self.reached += other.reached;
        self.replays += other.replays;
    }

    fn note(&mut self, fact: &Fact) {
        use ledger::event::Budgets;
        let Fact::Budgets(fact) = fact else { return };
        match fact {
            Budgets::Reserved(_) => self.reserved += 1,
            Budgets::Settled(settled) if settled.expired => self.expired += 1,
            Budgets::Settled(_) => self.settled += 1,
            Budgets::Released(_) => self.released += 1,
            Budgets::ThresholdReached(_) => self.reached += 1,
            Budgets::BudgetSet(_) | Budgets::BudgetEnded(_) => {}
        }
    }
}

struct Run {
    rng: Rng,
    state: State,
    leaves: Vec<Vec<u8>>,
    books: Books,
    now: Time,
    named: u64,
    seen: Seen,
}

pub(crate) fn run(seed: u64) -> Seen {
    let (rng, now) = (Rng::new(seed), time(3_600));
    let (state, books, seen) = (State::default(), Books::default(), Seen::default());
    let mut run = Run { rng, state, leaves: Vec::new(), books, now, named: 0, seen };
    run.happen(beginning());
    for _ in 0..ORDERS {
        run.step();
        run.compare();
    }
    run.end();
    run.seen
}

fn beginning() -> Vec<Fact> {
    let (organization, project) = (crate::names::organization("acme"), crate::names::project("deed"));
    let environments = Environments::of([ledger::event::scope::Environment::Dev]);
    let mut facts: Vec<Fact> = vec![
        OrganizationCreated { handle: "acme".into(), organization }.into(),
        ProjectCreated { environments, handle: "deed".into(), organization, project, repositories: vec![] }
            .into(),
    ];
    for name in ["ada", "bob", "eve"] {
        let (credential, digest) = (credential(name), crate::people::digest(name));
        facts.push(PersonCreated { login: None, person: person(name) }.into());
        facts.push(CredentialIssued { credential, digest, expires: None, subject: subject(name) }.into());
    }
    facts.push(RoleGranted::new(GrantId::FIRST, "owner", Scope::Site, subject("ada")).into());
    facts.extend(grouped("team", "bob"));
    facts.push(key_of("bob", "laptop").into());
    facts
}

fn targets() -> [Target; 7] {
    [
        Target::Scope(Scope::Site),
        Target::Scope(Scope::Organization(crate::names::organization("acme"))),
        Target::Scope(deed()),
        Target::Group(group("team")),
        Target::Subject(subject("bob")),
        Target::Key(key("laptop")),
        Target::Model("large".into()),
    ]
}

impl Run {
    fn happen(&mut self, facts: Vec<Fact>) {
        self.books.take(&facts);
        for fact in facts {
            self.seen.note(&fact);
            let event = samples::event(self.leaves.len() as u64, Hash([0; 32]), fact);
            self.leaves.push(event.encode().expect("it has a text"));
            self.state.apply(&event);
        }
    }

    /// Gives an order. What it leads to happens.
    fn give(&mut self, actor: Actor, command: impl Into<Command>) -> usize {
        let ask = Ask { actor, now: self.now, state: &self.state };
        match command.into().decide(&ask) {
            Ok(happenings) => {
                let facts: Vec<_> = happenings.into_iter().map(|happening| happening.fact).collect();
                let count = facts.len();
                self.happen(facts);
                count
            }
            Err(Refusal::OverBudget { .. }) => {
                self.seen.over += 1;
                0
            }
            Err(Refusal::TooMany { .. } | Refusal::UnknownObject { .. }) => 0,
            Err(refusal) => panic!("refused: {refusal}"),
        }
    }

    fn fresh(&mut self) -> String {
        self.named += 1;
        self.named.to_string()
    }

    fn step(&mut self) {
        match self.rng.below(20) {
            0 | 1 => self.set(),
            2 => self.change(),
            3 if self.rng.chance(1, 3) => self.end_one(),
            4 => self.now = self.now.plus_seconds(self.rng.below(40 * 3_600)),
            5 => self.expire(),
            6 => self.crash(),
            7..=12 => self.reserve(),
            13 | 14 => self.release(),
            _ => self.settle(),
        }
    }

    fn owner(&self) -> Actor {
        Actor::Subject(subject("ada"), credential("ada"))
    }

    fn set(&mut self) {
        let name = self.fresh();
        let zones = ["UTC", "Europe/Berlin", "Pacific/Apia"];
        let zone = Zone::parse(self.rng.pick(&zones).expect("there are some")).expect("a zone");
        let period = *self.rng.pick(&[Period::Day, Period::Month, Period::Lifetime]).expect("there are some");
        let unit = *self.rng.pick(&[Unit::Tokens, Unit::MicroDollars]).expect("there are some");
        let target = self.rng.pick(&targets()).expect("there are some").clone();
        let kind = if self.rng.chance(3, 4) { Kind::Hard } else { Kind::Alert };
        let (limit, thresholds) = (self.rng.below(2_000), self.thresholds());
        let budget = budget(&name);
        self.give(self.owner(), SetBudget { budget, target, unit, period, zone, kind, limit, thresholds });
    }

    fn thresholds(&mut self) -> Thresholds {
        let some = [10, 50, 80, 100, 150].into_iter().filter(|_| self.rng.chance(1, 2)).collect::<Vec<_>>();
        Thresholds::of(some).expect("they ascend")
    }

    fn change(&mut self) {
        let Some(budget) = self.rng.pick(&self.books.live()).copied() else { return };
        let (limit, thresholds) = (self.rng.below(2_000), self.thresholds());
        self.give(self.owner(), ChangeBudget { budget, limit, thresholds });
    }

    fn end_one(&mut self) {
        let Some(budget) = self.rng.pick(&self.books.live()).copied() else { return };
        self.give(self.owner(), EndBudget { budget });
    }

    fn amounts(&mut self) -> Amounts {
        let (money, tokens) = (self.rng.below(300), self.rng.below(300));
        let both = [(Unit::MicroDollars, money), (Unit::Tokens, tokens)];
        let count = if self.rng.chance(3, 4) { 2 } else { 1 };
        Amounts::of(both.into_iter().take(count)).expect("each unit once")
    }

    fn reserve(&mut self) {
        let reservation = reservation(&self.fresh());
        let payers = [
            Payer::Key(key("laptop")),
            Payer::Subject(subject("bob"), deed()),
            Payer::Subject(subject("eve"), Scope::Site),
        ];
        let payer = *self.rng.pick(&payers).expect("there are some");
        let model = self.rng.chance(1, 2).then(|| "large".into());
        let expires = self.now.plus_seconds(1 + self.rng.below(100_000));
        let order = Reserve { reservation, payer, model, amounts: self.amounts(), expires };
        if self.give(Actor::System, order.clone()) > 0 {
            assert_eq!(self.give(Actor::System, order), 0, "reserving twice changes nothing");
        }
    }

    fn settle(&mut self) {
        if self.rng.chance(1, 10) {
            let Some(reservation) = self.rng.pick(&self.books.over()).copied() else { return };
            let amounts = self.amounts();
            assert_eq!(self.give(Actor::System, Settle { reservation, amounts }), 0);
        }
        let Some(reservation) = self.rng.pick(&self.books.open()).copied() else { return };
        let amounts = self.amounts();
        assert!(self.give(Actor::System, Settle { reservation, amounts }) > 0);
    }

    fn release(&mut self) {
        if self.rng.chance(1, 10) {
            let Some(reservation) = self.rng.pick(&self.books.over()).copied() else { return };
            assert_eq!(self.give(Actor::System, Release { reservation, reason: None }), 0);
        }
        let Some(reservation) = self.rng.pick(&self.books.open()).copied() else { return };
        assert_eq!(self.give(Actor::System, Release { reservation, reason: None }), 1);
    }

    fn expire(&mut self) {
        for command in plan(&self.state, self.now) {
            assert!(self.give(Actor::System, command.clone()) > 0);
            assert_eq!(self.give(Actor::System, command), 0, "run twice, it changes nothing");
        }
        assert!(plan(&self.state, self.now).is_empty());
    }

    /// Begins again from the texts of the events, or from a stored state and the texts after it.
    fn crash(&mut self) {
        let at = self.rng.index(self.leaves.len() + 1);
        let fold = |mut state: State, leaves: &[Vec<u8>]| {
            for leaf in leaves {
                state.apply_decoded(&Event::decode(leaf).expect("it reads back"));
            }
            state
        };
        let early = fold(State::default(), &self.leaves[..at]);
        let stored = ledger::snapshot::encode(&early).expect("it has an encoding");
        let early: State = ledger::snapshot::decode(&stored).expect("it reads back");
        let again = fold(early, &self.leaves[at..]);
        assert!(again == self.state, "the fold of the texts is another");
        self.state = again;
        self.seen.replays += 1;
    }

    fn compare(&self) {
        let budgets = &self.state.budgets;
        for charge in self.books.charges() {
            let tally = budgets.tally(charge.budget, charge.window);
            assert_eq!((tally.spent, tally.reserved), self.books.sums(&charge));
        }
        assert_eq!(budgets.open_count(), self.books.open().len());
        assert_eq!(budgets.owed().count(), 0, "nothing is left unsaid");
    }

    fn end(&mut self) {
        for reservation in self.books.open() {
            let amounts = self.amounts();
            self.give(Actor::System, Settle { reservation, amounts });
        }
        self.compare();
        assert_eq!(self.state.budgets.open_count(), 0);
        for charge in self.books.charges() {
            assert_eq!(self.state.budgets.tally(charge.budget, charge.window).reserved, 0);
        }
    }
}
