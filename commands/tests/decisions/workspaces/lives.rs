//! Random lives of workspaces: orders of everybody and outcomes in any order, old ones too. Each event and each refusal is judged by the
//! verifier's rules, and after each the books agree.
//!
//! Each seed is one life. `DEED_SIMULATION_SEEDS=<n>` lives so many, `DEED_SEED=<n>` one of them alone.

use super::schedule;
use crate::given::{Asking, Given, asked_by, grant_role};
use crate::names::request;
use crate::people::{credential, digest, grant, subject, time};
use crate::spending::{budget, deed, tokens};
use crate::workshop::*;
use commands::Command;
use commands::access::{GrantRole, RevokeRole};
use commands::identity::{IssueCredential, ReactivateSubject, SuspendSubject};
use commands::keys::RevokeKey;
use commands::workspaces::*;
use fixtures::rng::Rng;
use fixtures::samples::{self, workspaces::parameter};
use ledger::event::budgets::{BudgetSet, Target, Unit};
use ledger::event::custody::CommandRefused;
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::*;
use ledger::event::{Event, Fact};
use ledger::hash::Hash;
use ledger::snapshot::{decode, encode};
use projections::State;
use projections::access::Role;
use projections::workspaces::derived::{disk_reservation, running_amounts, running_reservation};
use projections::workspaces::{Status, ToolKey, Wish, Workspace};
use std::collections::BTreeMap;

/// Lives of one gate, and orders of one life.
const SEEDS: u64 = 150;
const ORDERS: u64 = 150;

struct Life {
    given: Given,
    rng: Rng,
    /// Seconds after the first day.
    now: u64,
    fresh: u64,
    seen: BTreeMap<&'static str, u64>,
}

/// A template in one of its shapes.
fn shape(rng: &mut Rng) -> WorkspaceSpec {
    let seconds = |rng: &mut Rng, most| rng.chance(1, 3).then(|| 1 + rng.below(most));
    let dormant_after_seconds = seconds(rng, 4_000);
    let times = Times {
        delete_after_dormant_seconds: dormant_after_seconds.and_then(|_| seconds(rng, 2_000)),
        dormant_after_seconds,
        idle_stop_seconds: seconds(rng, 1_000),
        lifetime_seconds_max: seconds(rng, 4_000),
    };
    let jobs = Parameter { mutable: true, ..parameter("jobs", Kind::Number, Some("2")) };
    let disks = [volume("cache", 512, false), volume("home", 512 * (1 + rng.below(2)), true)];
    WorkspaceSpec {
        ai: rng.chance(2, 3).then(Ai::default),
        limits: Limits { cpu_millis: 500 * (1 + rng.below(2)), ..rust().limits },
        parameters: if rng.chance(1, 2) { vec![jobs] } else { vec![] },
        prebuilt: rng.below(3),
        times,
        volumes: disks.into_iter().filter(|_| rng.chance(2, 3)).collect(),
        ..rust()
    }
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut given = world(shape(&mut rng));
        for (name, unit, limit) in
            [("all", Unit::Workspaces, 4), ("cpu", Unit::CpuMillis, 3_500), ("disk", Unit::DiskMib, 4_000)]
        {
            let target =
                if rng.chance(1, 2) { Target::Scope(deed()) } else { Target::Subject(subject("bob")) };
            given.happen([BudgetSet { budget: budget(name), unit, ..tokens("x", target, limit) }.into()]);
        }
        Self { given, rng, now: 3_600, fresh: 0, seen: BTreeMap::new() }
    }

    fn name(&mut self) -> String {
        self.fresh += 1;
        format!("n{}", self.fresh)
    }

    /// Somebody asks; what follows is judged and happens.
    fn ask(&mut self, asking: &Asking, command: Command) -> bool {
        let (name, about) = (command.name(), command.about());
        let facts = match self.given.when(asking, command).facts() {
            Ok(facts) => facts,
            Err(refusal) => {
                *self.seen.entry(refusal.code()).or_default() += 1;
                vec![CommandRefused { about, command: name.into(), refusal }.into()]
            }
        };
        let any = !facts.is_empty();
        for fact in facts {
            let event = samples::event(self.given.size(), Hash([0; 32]), fact.clone());
            let event = Event { actor: asking.actor, time: asking.now, ..event };
            let verdict = verify::rules::judge(&self.given.state, &event);
            assert_eq!(verdict, Ok(()), "{name}: {fact:?}");
            *self.seen.entry(fact.name().0).or_default() += 1;
            self.given.happen_at(asking, [fact]);
        }
        self.check();
        any
    }

    fn deed(&mut self, command: impl Into<Command>) -> bool {
        let now = system(self.now);
        self.ask(&now, command.into())
    }

    fn person(&mut self, name: &str, command: impl Into<Command>) {
        let asking = Asking { now: time(self.now), ..asked_by(name) };
        self.ask(&asking, command.into());
    }

    fn some_workspace(&mut self) -> WorkspaceId {
        let all: Vec<_> = self.given.state.workspaces.list(None).map(|(id, _)| id).collect();
        self.rng.pick(&all).copied().unwrap_or(workspace("none"))
    }

    fn found(&self, id: WorkspaceId) -> Option<Workspace> {
        self.given.state.workspaces.find(id).cloned()
    }

    /// Somebody wants something of a workspace.
    fn order(&mut self) {
        let who = *self.rng.pick(&["bob", "bob", "bob", "dan", "eve", "zoe"]).unwrap_or(&"bob");
        let (id, why) = (self.some_workspace(), Why::Person);
        let command: Command = match self.rng.below(14) {
            0..=3 => {
                let name = self.name();
                let handle = format!("h{}", self.rng.below(6)).into();
                let version = self.rng.chance(1, 6).then(|| 1 + self.rng.below(3));
                let chosen = if self.rng.chance(1, 4) { values(&[("jobs", "3")]) } else { Values::new() };
                CreateWorkspace { handle, version, values: chosen, ..create(&name) }.into()
            }
            4 | 5 => StartWorkspace { workspace: id, why }.into(),
            6 | 7 => StopWorkspace { workspace: id, why }.into(),
            8 => DeleteWorkspace { workspace: id, why }.into(),
            9 => {
                let jobs = format!("{}", self.rng.below(4));
                let chosen = if self.rng.chance(1, 2) { values(&[("jobs", &jobs)]) } else { Values::new() };
                UpdateWorkspace { workspace: id, version: None, values: chosen }.into()
            }
            10 => {
                let to = *self.rng.pick(&["bob", "dan", "zoe"]).unwrap_or(&"bob");
                TransferWorkspace { workspace: id, to: subject(to) }.into()
            }
            11 => {
                let all = [Sharing::Owner, Sharing::Organization, Sharing::Authenticated, Sharing::Public];
                let sharing = *self.rng.pick(&all).unwrap_or(&Sharing::Owner);
                ShareApp { workspace: id, app: "preview".into(), sharing }.into()
            }
            12 => {
                let days = *self.rng.pick(&["mon", "mon tue wed thu fri sat sun"]).unwrap_or(&"mon");
                let schedule = self.rng.chance(3, 4).then(|| schedule(days, "Europe/Berlin"));
                SetSchedule { workspace: id, schedule }.into()
            }
            _ => DeleteVolume { workspace: id, volume: "home".into() }.into(),
        };
        self.person(who, command);
    }

    /// Something else happens around workspaces.
    fn govern(&mut self) {
        let template = template("rust");
        let number = 1 + self.rng.below(4);
        match self.rng.below(9) {
            0 | 1 => {
                let promote = self.rng.chance(2, 3);
                let spec = shape(&mut self.rng);
                self.person("ada", PublishTemplate { promote, ..publish("rust", spec) });
            }
            2 => self.person("ada", PromoteVersion { template, number }),
            3 => self.person("ada", ArchiveVersion { template, number }),
            4 => {
                let message = self.rng.chance(1, 3).then(|| "use another".into());
                self.person("ada", DeprecateTemplate { template, message });
            }
            5 => self.person("ada", SuspendSubject { subject: subject("dan"), reason: "away".into() }),
            6 => {
                self.person("ada", ReactivateSubject { subject: subject("dan") });
                let name = self.name();
                let issue = IssueCredential {
                    credential: credential(&name),
                    digest: digest(&name),
                    expires: None,
                    subject: Some(subject("dan")),
                };
                self.person("ada", issue);
            }
            7 => {
                let (id, now) = (self.some_workspace(), time(self.now));
                let key = self.found(id).and_then(|found| self.given.state.live_tool_key(id, &found, now));
                if let Some(key) = key {
                    self.person("eve", RevokeKey { key, reason: None });
                }
            }
            _ => self.role(),
        }
    }

    /// Bob loses his role, or has it again.
    fn role(&mut self) {
        let held = self.given.state.may(
            subject("bob"),
            projections::access::Permission::WorkspacesUse,
            deed().into(),
            time(self.now),
        );
        if !held {
            let name = self.name();
            let again = GrantRole {
                request: request(&name),
                ..grant_role(grant(&name), subject("bob"), Role::Operator)
            };
            return self.person("ada", again);
        }
        if self.rng.chance(1, 3) {
            let state = &self.given.state;
            let all = state.grants.list(None).map(|(id, _)| id);
            let of_bob: Vec<_> = all.filter(|id| self.is_of_bob(*id)).collect();
            for grant in of_bob {
                self.person("ada", RevokeRole { grant, reason: None });
            }
        }
    }

    fn is_of_bob(&self, id: ledger::event::id::GrantId) -> bool {
        let found = self.given.state.grants.find(id);
        found.is_some_and(|found| found.grantee == subject("bob").into())
    }

    /// Something is said of an order: mostly of the last one, and mostly what can come of it.
    fn outcome(&mut self) {
        let workspace = self.some_workspace();
        let Some(found) = self.found(workspace) else { return };
        let build = if self.rng.chance(1, 8) { self.rng.below(4) } else { found.phase.build };
        let likely = match found.phase.status {
            Status::Requested => 0,
            Status::Building => 1,
            Status::Running => 5,
            Status::Lost => 1,
            Status::Stopping => 2,
            Status::Deleting => 3,
            Status::Stopped | Status::Failed | Status::Deleted => 6,
        };
        let which = if self.rng.chance(1, 6) { self.rng.below(7) } else { likely };
        let which = if which == 5 && self.rng.chance(2, 3) { 6 } else { which };
        match which {
            0 => self.begin(workspace, build),
            1 => drop(self.deed(RecordStarted { workspace, build, ..record_started("x", build) })),
            2 => drop(self.deed(RecordStopped { workspace, build })),
            3 => drop(self.deed(RecordDeleted { workspace, build })),
            4 => drop(self.deed(RecordFailed { workspace, build, ..record_failed("x", build) })),
            5 => drop(self.deed(RecordLost { workspace, build, exit: None })),
            _ => drop(self.deed(SeeActivity { workspace })),
        }
    }

    /// A build begins, with the key that is due; what does not fit fails.
    fn begin(&mut self, workspace: WorkspaceId, build: u64) {
        let now = time(self.now);
        let found = self.found(workspace);
        let due = found.and_then(|found| self.given.state.tool_key(workspace, &found, now));
        let key = due.and_then(|due| match due {
            ToolKey::Due(key) => Some((key, digest(&key.to_string()))),
            ToolKey::Live(_) => None,
        });
        let before = self.given.found_at(workspace).phase;
        self.deed(BeginBuild { workspace, build, key });
        let after = self.given.found_at(workspace).phase;
        if before == after && before.build == build && self.rng.chance(1, 2) {
            self.deed(RecordFailed { at: FailedAt::Quota, workspace, ..record_failed("x", build) });
        }
    }

    fn step(&mut self) {
        self.now += self.rng.below(200);
        match self.rng.below(10) {
            0..=3 => self.order(),
            4..=7 => self.outcome(),
            8 => self.govern(),
            _ => {
                for command in plan(&self.given.state, time(self.now)) {
                    // What was planned before may be no longer due.
                    self.deed(command.clone());
                    let again = self.given.when(&system(self.now), command).facts();
                    assert_eq!(again, Ok(vec![]));
                }
                if self.rng.chance(1, 3) {
                    let bytes = encode(&self.given.state).expect("it has an encoding");
                    let back: State = decode(&bytes).expect("it reads back");
                    assert!(back == self.given.state);
                }
            }
        }
    }

    /// What is taken is what runs or is built, and the disks of what is there; names, stock and keys are in order.
    fn check(&self) {
        let state = &self.given.state;
        let mut open = 0;
        for (id, found) in state.workspaces.list(None) {
            let (running, disk) = (running_reservation(id), disk_reservation(id));
            let holds = [running, disk].map(|reservation| state.budgets.open(reservation).is_some());
            open += holds.iter().filter(|held| **held).count();
            let spec = state.spec_of(found).map(|version| &version.spec);
            match (found.phase.wish, found.phase.status) {
                (_, Status::Deleted) => {
                    assert_eq!(holds, [false; 2], "{found:?}");
                    assert_eq!(state.live_tool_key(id, found, time(self.now)), None);
                }
                (_, Status::Stopped) | (Wish::Run, Status::Failed) => assert!(!holds[0], "{found:?}"),
                (_, Status::Building | Status::Running | Status::Lost) if found.owner.is_some() => {
                    let taken = state.budgets.open(running).map(|open| open.amounts.clone());
                    assert_eq!(taken, spec.and_then(|spec| running_amounts(spec)), "{found:?}");
                    assert_eq!(holds[1], spec.is_some_and(|spec| !spec.volumes.is_empty()));
                    assert_eq!(found.payer, found.owner);
                }
                _ => {}
            }
            if found.span.is_open() {
                assert_eq!(state.workspaces.by_label(&state.label_of(id)), Some(id));
                let named = found.owner.map(|owner| state.workspaces.by_handle(owner, &found.handle));
                assert_eq!(named, found.owner.map(|_| Some(id)));
                let mut stock = state.workspaces.stock(found.template, found.version);
                assert_eq!(stock.any(|one| one == id), found.owner.is_none());
            }
        }
        assert_eq!(state.budgets.open_count(), open, "a reservation was left");
    }

    /// Everything ends, and nothing is left.
    fn end(&mut self) {
        let live: Vec<_> = self.given.state.workspaces.all_live().map(|(id, _)| id).collect();
        for workspace in live {
            self.person("ada", DeleteWorkspace { workspace, why: Why::Person });
            let build = self.given.found_at(workspace).phase.build;
            assert!(self.deed(RecordDeleted { workspace, build }));
        }
        assert_eq!(self.given.state.budgets.open_count(), 0);
        assert_eq!(self.given.state.workspaces.stocked().count(), 0);
    }
}

impl Given {
    fn found_at(&self, id: WorkspaceId) -> Workspace {
        self.state.workspaces.find(id).cloned().expect("there is such a workspace")
    }
}

fn live(seed: u64) -> BTreeMap<&'static str, u64> {
    let mut life = Life::new(seed);
    for _ in 0..ORDERS {
        life.step();
    }
    life.end();
    life.seen
}

#[test]
fn the_books_of_workspaces_agree_and_the_verifier_with_each_event() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("DEED_SEED") {
        live(seed);
        return;
    }
    let seeds = number("DEED_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let mut seen = BTreeMap::<_, u64>::new();
    for seed in 0..seeds {
        let lived = std::panic::catch_unwind(|| live(seed));
        let lived = lived.unwrap_or_else(|_| panic!("life {seed} failed; again: DEED_SEED={seed}"));
        lived.into_iter().for_each(|(name, count)| *seen.entry(name).or_default() += count);
    }
    let never = [
        "workspaces.template_created",
        "workspaces.template_archived",
        "workspaces.connections_counted",
        "workspaces.egress_counted",
        "workspaces.orphan_found",
    ];
    let missed: Vec<_> = Fact::types()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("workspaces.") && !never.contains(name) && !seen.contains_key(name))
        .collect();
    assert_eq!(missed, Vec::<&str>::new(), "{seen:?}");
    assert!(seen.contains_key("over_budget") && seen.contains_key("keys.key_issued"), "{seen:?}");
}
