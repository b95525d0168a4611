//! Answers about access, from several sides: of now and of the past, of who and of what.

#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

use fixtures::organization::{self, Size};
use fixtures::samples;
use ledger::event::id::GroupId;
use ledger::event::scope::{Environment, Scope};
use ledger::event::{Event, Subject};
use ledger::time::Time;
use projections::State;
use projections::access::{Permission, Place};
use projections::answers::{AccessOf, Answer, Diff, Explain, Question, Row, WhoMay};
use projections::history::Moment;
use std::collections::BTreeSet;

/// Seeds of worlds that are made.
const SEEDS: std::ops::Range<u64> = 0..40;

/// A world: its events and the state after each number of them.
struct World {
    events: Vec<Event>,
    states: Vec<State>,
}

impl World {
    fn of(seed: u64) -> Self {
        let events = organization::events(Size::SMALL, seed);
        let mut states = vec![State::default()];
        for event in &events {
            let mut next = states.last().cloned().unwrap_or_default();
            next.apply(event);
            states.push(next);
        }
        Self { events, states }
    }

    fn last(&self) -> &State {
        self.states.last().expect("there is a state before the first event")
    }

    /// The moment just after so many events.
    fn moment(&self, size: usize) -> Moment {
        let time = size.checked_sub(1).map(|last| self.events.get(last).expect("an event").time);
        Moment { size: size as u64, time: time.unwrap_or_default() }
    }

    fn subjects(&self) -> Vec<Subject> {
        self.last().subjects.list().map(|(subject, _)| subject).collect()
    }

    fn places(&self) -> Vec<Place> {
        let scopes = &self.last().scopes;
        let organizations = scopes.organizations(None).map(|(id, _)| Scope::Organization(id));
        let projects = scopes.projects(None).map(|(id, _)| Scope::Project(id));
        let scopes = [Scope::Site].into_iter().chain(organizations).chain(projects);
        let environments = [None, Some(Environment::Dev), Some(Environment::Prod)];
        scopes.flat_map(|scope| environments.map(|environment| Place { scope, environment })).collect()
    }

    fn questions(&self) -> Vec<Question> {
        let accesses = self.subjects().into_iter().map(|subject| Question::AccessOf(AccessOf { subject }));
        let places = self.places();
        let asked = places.iter().zip(Permission::ALL.iter().cycle().step_by(7));
        let asked: Vec<_> = asked.map(|(place, permission)| (*place, *permission)).collect();
        let who = asked.iter().map(|(place, permission)| who_may(*permission, *place));
        let why = asked.iter().zip(self.subjects().into_iter().cycle());
        let why: Vec<_> =
            why.map(|((place, permission), subject)| explain(subject, *permission, *place)).collect();
        accesses.chain(who).chain(why).collect()
    }
}

fn who_may(permission: Permission, place: Place) -> Question {
    let Place { scope, environment } = place;
    Question::WhoMay(WhoMay { permission: permission.as_str().into(), scope, environment })
}

fn explain(subject: Subject, permission: Permission, place: Place) -> Question {
    let Place { scope, environment } = place;
    Question::Explain(Explain { subject, permission: permission.as_str().into(), scope, environment })
}

fn every_world(check: impl Fn(u64, &World)) {
    SEEDS.for_each(|seed| check(seed, &World::of(seed)));
}

#[test]
fn the_same_seed_gives_the_same_world_and_worlds_have_everything_in_them() {
    assert_eq!(organization::events(Size::SMALL, 3), organization::events(Size::SMALL, 3));
    assert_ne!(organization::events(Size::SMALL, 3), organization::events(Size::SMALL, 4));
    let kinds: BTreeSet<&str> = SEEDS
        .flat_map(|seed| organization::events(Size::SMALL, seed))
        .map(|event| event.fact.name().0)
        .collect();
    for kind in [
        "access.project_changed",
        "access.role_retired",
        "access.role_revoked",
        "identity.agent_created",
        "identity.group_removed",
        "identity.member_removed",
        "identity.subject_reactivated",
        "identity.subject_removed",
        "identity.subject_suspended",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
}

#[test]
fn access_as_of_now_is_what_the_live_check_says() {
    every_world(|seed, world| {
        for size in [world.events.len() / 2, world.events.len()] {
            let state = world.states.get(size).expect("a state");
            let now = world.moment(size);
            // Also later, when more has expired.
            for moment in [now, Moment { time: now.time.plus_seconds(20), ..now }] {
                pairs(world.subjects(), &world.places()).for_each(|at| same_rights(seed, state, at, moment));
            }
        }
    });
}

fn same_rights(seed: u64, state: &State, (subject, place): (Subject, Place), moment: Moment) {
    let rights = state.rights_at(subject, place, moment);
    for permission in Permission::ALL.iter().copied() {
        let may = state.may(subject, permission, place, moment.time);
        assert_eq!(may, rights.contains(permission), "seed {seed} {subject} {place:?}");
        assert!(!may || state.subjects.is_active(subject));
    }
}

fn pairs(subjects: Vec<Subject>, places: &[Place]) -> impl Iterator<Item = (Subject, Place)> + '_ {
    subjects.into_iter().flat_map(move |subject| places.iter().map(move |place| (subject, *place)))
}

#[test]
fn an_explanation_is_there_just_when_the_live_check_allows() {
    every_world(|seed, world| {
        let (state, now) = (world.last(), world.moment(world.events.len()));
        for (subject, place) in pairs(world.subjects(), &world.places()) {
            for permission in Permission::ALL.iter().copied().step_by(3) {
                let question = explain(subject, permission, place);
                let answer = Answer::of(state, question, now, None, (0, 1));
                let may = state.may(subject, permission, place, now.time);
                assert_eq!(answer.allowed, Some(may), "seed {seed} {subject} {permission:?} {place:?}");
                assert_eq!((answer.total > 0, answer.standing.is_some()), (may, !may));
            }
        }
    });
}

#[test]
fn an_answer_about_the_past_is_the_answer_that_was_given_then() {
    every_world(|seed, world| {
        let questions = world.questions();
        for size in 0..=world.events.len() {
            let (then, moment) = (world.states.get(size).expect("a state"), world.moment(size));
            let earlier = Question::Diff(Diff { from: world.moment(size / 2), after: None });
            for question in questions.iter().chain([&earlier]) {
                let given = Answer::of(then, question.clone(), moment, None, (0, 1_000));
                let again = Answer::of(world.last(), question.clone(), moment, None, (0, 1_000));
                assert_eq!(given, again, "seed {seed} size {size}");
            }
        }
    });
}

/// What tells one role of somebody from another.
type Key = (Subject, ledger::event::id::GrantId, Option<GroupId>);

fn key(found: &projections::Entitlement) -> Key {
    (found.subject, found.grant, found.group)
}

fn accesses(state: &State, subjects: &[Subject], moment: Moment) -> BTreeSet<Key> {
    let of = |subject: &Subject| state.entitlements(*subject, moment);
    subjects.iter().flat_map(of).map(|found| key(&found)).collect()
}

/// All rows of a difference, asked for in parts of so many.
fn in_parts(state: &State, from: Moment, to: Moment, rows_max: usize) -> Vec<Row> {
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let part = state.difference(&Diff { from, after }, to, rows_max);
        let subjects: BTreeSet<_> = part.rows.iter().filter_map(Row::subject).collect();
        let is_whole = part.rows.len() <= rows_max || subjects.len() <= 1 || part.next.is_none();
        assert!(is_whole, "a part is too long");
        assert!(part.next.is_none_or(|next| after.is_none_or(|after| next > after)), "it goes back");
        rows.extend(part.rows);
        after = part.next;
        if after.is_none() {
            return rows;
        }
    }
}

#[test]
fn parts_of_a_difference_make_up_the_difference() {
    every_world(|seed, world| {
        let (state, to) = (world.last(), world.moment(world.events.len()));
        let from = world.moment(0);
        let whole = state.difference(&Diff { from, after: None }, to, usize::MAX);
        assert_eq!(whole.next, None);
        for rows_max in [0, 1, 2, 7, whole.rows.len()] {
            assert_eq!(in_parts(state, from, to, rows_max), whole.rows, "seed {seed} {rows_max}");
        }
    });
}

#[test]
fn a_difference_is_what_one_answer_has_and_the_other_has_not() {
    every_world(|seed, world| {
        let (state, subjects, len) = (world.last(), world.subjects(), world.events.len());
        for (from, to) in [(0, len), (len / 3, len), (len / 4, len / 2), (len / 2, len / 2), (len - 1, len)] {
            let from = world.moment(from);
            let to = Moment { time: world.moment(to).time.plus_seconds(5), ..world.moment(to) };
            let (before, after) = (accesses(state, &subjects, from), accesses(state, &subjects, to));
            let (mut gained, mut lost) = (BTreeSet::new(), BTreeSet::new());
            for row in in_parts(state, from, to, 3) {
                let within = |seq: u64| (from.size..to.size).contains(&seq);
                match row {
                    Row::Gained(change) => {
                        assert!(change.event.is_some_and(within), "seed {seed} {change:?}");
                        assert!(gained.insert(key(&change.access)), "seed {seed}");
                    }
                    Row::Lost(change) => {
                        assert!(change.event.is_none_or(within), "seed {seed} {change:?}");
                        assert!(lost.insert(key(&change.access)), "seed {seed}");
                    }
                    Row::Redefined(redefined) => assert!(within(redefined.event), "seed {seed}"),
                    Row::Has(_) => panic!("a difference does not say what stayed"),
                }
            }
            assert_eq!(gained, after.difference(&before).copied().collect(), "seed {seed}");
            assert_eq!(lost, before.difference(&after).copied().collect(), "seed {seed}");
        }
    });
}

#[test]
fn who_may_is_the_inverse_of_what_each_has() {
    every_world(|seed, world| {
        let state = world.last();
        for size in [world.events.len() / 2, world.events.len()] {
            let moment = world.moment(size);
            for place in world.places() {
                for permission in Permission::ALL.iter().copied().step_by(4) {
                    let who: Vec<_> = state.who_may(permission, place, moment);
                    let each = world.subjects().into_iter();
                    let each =
                        each.flat_map(|subject| state.entitlements_to(subject, permission, place, moment));
                    let (who, each): (BTreeSet<_>, BTreeSet<_>) =
                        (who.iter().map(key).collect(), each.map(|found| key(&found)).collect());
                    assert_eq!(who, each, "seed {seed} {permission:?} {place:?}");
                }
            }
        }
    });
}

#[test]
fn pages_of_an_answer_make_up_the_answer() {
    every_world(|_, world| {
        let (state, moment) = (world.last(), world.moment(world.events.len()));
        let question = who_may(Permission::TemplatesRead, Scope::Site.into());
        let whole = Answer::of(state, question.clone(), moment, None, (0, usize::MAX));
        let pages = (0..whole.total).step_by(3);
        let pages = pages.flat_map(|skip| Answer::of(state, question.clone(), moment, None, (skip, 3)).rows);
        assert_eq!(pages.collect::<Vec<_>>(), whole.rows);
        assert!(Answer::of(state, question, moment, None, (usize::MAX, 3)).rows.is_empty());
    });
}

#[test]
fn nobody_had_anything_before_the_beginning() {
    let world = World::of(1);
    let before = Moment { size: 0, time: Time::default() };
    for question in world.questions() {
        assert!(world.last().answer(&question, before).rows.is_empty());
    }
    assert_eq!(world.moment(1).time, samples::time(0));
}
