//! What holds for every fold: it follows from the events alone, in whatever way they arrive.

#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

use fixtures::rng::Rng;
use fixtures::samples;
use ledger::event::access::{RoleGranted, RoleRevoked};
use ledger::event::custody::{ClaimOpened, PayloadErased, PayloadName};
use ledger::event::id::{CredentialId, GrantId, GroupId, PersonId};
use ledger::event::identity::{
    Behalf, ClientSignedIn, CredentialIssued, CredentialRevoked, GroupCreated, OwnerRecovered, PersonCreated,
    RecoveryCodesMade, ServiceAccountCreated, SessionStarted, SubjectReactivated, SubjectRemoved,
    SubjectSuspended, TokenIssued, Way, WorkloadSignedIn,
};
use ledger::event::provisioning::{GroupDeleted, GroupWritten, SubjectDeleted, SubjectWritten};
use ledger::event::scope::Scope;
use ledger::event::{Actor, ContentDigest, Decoded, Delegate, Event, Fact, Identity, Origin, Subject};
use ledger::hash::Hash;
use ledger::snapshot::{decode, digest, encode};
use projections::State;
use projections::access::{Permission, Permissions, Role};

/// A random fact about a few people, right or wrong; ids are few, so that they meet.
fn random_fact(rng: &mut Rng, samples: &[Fact]) -> Fact {
    let mut number = || u8::try_from(rng.below(5)).expect("a small number") + 1;
    let (one, other) = (number(), number());
    let id = |number: u8| [number; 16];
    let subject = match other % 2 {
        0 => Subject::Person(samples::person(one)),
        _ => Subject::ServiceAccount(samples::service_account(one)),
    };
    let (credential, grant) = (CredentialId::from_bytes(id(other)), GrantId::from_bytes(id(other)));
    let role = rng.pick(Role::BUILT_IN).map_or_else(String::new, Role::to_string);
    match rng.below(23) {
        0 => PersonCreated { login: None, person: samples::person(one) }.into(),
        1 => {
            let service_account = samples::service_account(one);
            ServiceAccountCreated { handle: format!("h{other}").into(), service_account }.into()
        }
        2 | 3 => {
            let expires = (one > 3).then(|| samples::time(one.into()));
            CredentialIssued { credential, digest: Hash([one; 32]), expires, subject }.into()
        }
        4 => CredentialRevoked { credential }.into(),
        5 | 6 => RoleGranted::new(grant, &role, Scope::Site, subject).into(),
        7 => RoleRevoked::new(grant).into(),
        8 => ClaimOpened { digest: Hash([one; 32]), expires: samples::time(one.into()) }.into(),
        9 => {
            let payloads = vec![PayloadName { name: "profile".into(), seq: rng.below(60) }];
            PayloadErased { bucket: subject, payloads, reason: "asked for".into() }.into()
        }
        10..=15 => random_sign_in(rng, (one, other), subject),
        16..=20 => random_word(rng, (one, other), subject),
        _ => rng.pick(samples).cloned().expect("there are samples"),
    }
}

/// Sessions, tokens and codes of the same few people; what a token is given for may not be there.
fn random_sign_in(rng: &mut Rng, (one, other): (u8, u8), subject: Subject) -> Fact {
    let named = |number: u8| CredentialId::from_bytes([number; 16]);
    let (person, service_account) = (samples::person(one), samples::service_account(one));
    let (digest, expires, idle_seconds) = (Hash([one; 32]), samples::time(one.into()), u64::from(other) * 9);
    let (session, from) = (named(other), named(one));
    match rng.below(6) {
        0 => SessionStarted {
            assertion: digest,
            authenticated: samples::time(0),
            digest,
            expires,
            idle_seconds,
            person,
            provider: "corp".into(),
            provider_session: (one > 3).then_some(ContentDigest([other; 16])),
            session,
            several_factors: rng.chance(1, 2),
        }
        .into(),
        1 => {
            let (client, way) = ("deed-cli".into(), Way::DeviceCode);
            ClientSignedIn { client, digest, expires, from, idle_seconds, person, session, way }.into()
        }
        2 => {
            let behalf = Behalf { credential: named(u8::try_from(rng.below(6)).unwrap_or(0)), person };
            let behalf = rng.chance(1, 2).then_some(behalf);
            TokenIssued { behalf, digest, expires, from, subject, token: session }.into()
        }
        3 => {
            let (assertion, workload) = (Hash([other; 32]), "ci".into());
            WorkloadSignedIn { assertion, digest, expires, service_account, token: session, workload }.into()
        }
        4 => {
            let codes = (0..rng.below(4)).map(|_| Hash([u8::try_from(rng.below(8)).unwrap_or(0); 32]));
            RecoveryCodesMade { codes: codes.collect(), person }.into()
        }
        _ => {
            let code = Hash([u8::try_from(rng.below(8)).unwrap_or(0); 32]);
            OwnerRecovered { code, digest, expires, idle_seconds, person, session }.into()
        }
    }
}

/// What one of two tenants says of the same few people, and of a few groups.
fn random_word(rng: &mut Rng, (one, other): (u8, u8), subject: Subject) -> Fact {
    let (group, occurred) = (GroupId::from_bytes([one; 16]), None);
    let tenant: Box<str> = if rng.chance(1, 2) { "corp".into() } else { "other".into() };
    let digest = |number: u8| ContentDigest([number; 16]);
    let is_known = rng.chance(1, 2);
    let letter = if rng.chance(1, 2) { 'g' } else { 'G' };
    let name: Box<str> = format!("{letter}{other}").into();
    match rng.below(10) {
        0..=3 => {
            let (name, external) = (digest(other), is_known.then_some(digest(one)));
            let active = rng.chance(1, 2);
            SubjectWritten { active, external, name, occurred, subject, tenant }.into()
        }
        4 => SubjectDeleted { occurred, subject, tenant }.into(),
        5 => SubjectReactivated { subject }.into(),
        6 => GroupCreated { group, handle: format!("{tenant}/{name}").into(), scope: Scope::Site }.into(),
        7 | 8 => {
            let external = is_known.then(|| format!("id {one}").into());
            GroupWritten { external, group, name, occurred, tenant }.into()
        }
        _ => GroupDeleted { group, occurred, tenant }.into(),
    }
}

/// A subject, or a program that acts for one.
fn random_actor(rng: &mut Rng, actor: Actor) -> Actor {
    let Some((_, credential)) = actor.shown().filter(|_| rng.chance(1, 4)) else { return actor };
    let person = samples::person(1);
    let program = Subject::ServiceAccount(samples::service_account(3));
    Actor::Delegate(Delegate { program, person, credential })
}

fn random_events(seed: u64) -> Vec<Event> {
    let (mut rng, facts) = (Rng::new(seed), samples::facts());
    let event = |seq| {
        let event = samples::event(seq, Hash([0; 32]), random_fact(&mut rng, &facts));
        Event { actor: random_actor(&mut rng, event.actor), ..event }
    };
    (0..80).map(event).collect()
}

fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> State {
    let mut state = State::default();
    events.into_iter().for_each(|event| state.apply(event));
    state
}

fn every_seed(check: impl Fn(u64, &[Event])) {
    (0..150).for_each(|seed| check(seed, &random_events(seed)));
}

#[test]
fn a_fold_of_decoded_events_equals_one_of_the_events() {
    every_seed(|seed, events| {
        let mut decoded = State::default();
        for event in events {
            let text = event.encode().expect("samples have a text");
            decoded.apply_decoded(&Event::decode(&text).expect("what was written can be read"));
        }
        assert!(decoded == fold(events), "seed {seed}");
    });
}

#[test]
fn a_fold_can_be_left_and_taken_up_again_at_any_place() {
    every_seed(|seed, events| {
        let whole = fold(events);
        let place = usize::try_from(seed).expect("a small number") % events.len();
        let (before, after) = events.split_at(place);
        let mut state: State =
            decode(&encode(&fold(before)).expect("it has an encoding")).expect("it reads back");
        after.iter().for_each(|event| state.apply(event));
        assert!(state == whole, "seed {seed}");
    });
}

#[test]
fn equal_states_have_equal_bytes_and_other_states_have_others() {
    every_seed(|seed, events| {
        let (one, other) = (fold(events), fold(events));
        let (bytes, same) = (encode(&one).expect("an encoding"), encode(&other).expect("an encoding"));
        assert_eq!(bytes, same, "seed {seed}");
        let back: State = decode(&bytes).expect("it reads back");
        assert!(back == one, "seed {seed}");
        let (last, but_one) = events.split_last().expect("there are events");
        let mut before = fold(but_one);
        let earlier = encode(&before).expect("an encoding");
        before.apply(last);
        assert_eq!(before == fold(but_one), earlier == bytes, "seed {seed}");
        assert_eq!(digest(&earlier) == digest(&bytes), earlier == bytes);
    });
}

#[test]
fn an_older_state_stays_as_it_was_when_a_copy_goes_on() {
    every_seed(|seed, events| {
        let (before, after) = events.split_at(30);
        let kept = fold(before);
        let mut copy = kept.clone();
        after.iter().for_each(|event| copy.apply(event));
        assert!(kept == fold(before), "seed {seed}");
    });
}

#[test]
fn unknown_types_are_counted_by_type_and_version_and_change_nothing_else() {
    let mut state = fold(&random_events(1));
    let before = state.clone();
    for (kind, version, times) in
        [("future.thing", 1, 3), ("future.thing", 2, 1), ("access.role_granted", 9, 2)]
    {
        for _ in 0..times {
            state.apply_decoded(&Decoded::Unknown { kind: kind.to_owned(), version });
        }
    }
    let counted: Vec<_> = state.unknown.iter().map(|(kind, count)| (&**kind, *count)).collect();
    assert_eq!(counted, [("access.role_granted/9", 2), ("future.thing/1", 3), ("future.thing/2", 1)]);
    state.unknown.clear();
    assert!(state == before);
}

#[test]
fn no_fold_depends_on_what_a_payload_holds() {
    every_seed(|seed, events| {
        let mut other = events.to_vec();
        for entry in other.iter_mut().flat_map(|event| &mut event.sealed) {
            entry.commit = Hash([0xee; 32]);
            entry.bytes += 1;
        }
        assert!(fold(&other) == fold(events), "seed {seed}");
    });
}

#[test]
fn no_fold_but_those_of_sessions_tenants_and_workspaces_depends_on_when_and_none_on_the_door() {
    every_seed(|seed, events| {
        let by_time = |event: &Event| {
            let sessions = [
                "identity.session_started",
                "identity.session_used",
                "identity.client_signed_in",
                "identity.owner_recovered",
                "identity.provider_logged_out",
                "identity.workload_signed_in",
            ];
            sessions.contains(&event.fact.name().0)
                || matches!(event.fact, Fact::Provisioning(_) | Fact::Workspaces(_))
        };
        let events: Vec<Event> = events.iter().filter(|event| !by_time(event)).cloned().collect();
        let (events, mut other) = (&events, events.clone());
        for event in &mut other {
            event.origin = Origin::console();
            event.cause = None;
            event.time = samples::time(9_999);
        }
        assert!(fold(&other) == fold(events), "seed {seed}");
    });
}

#[test]
fn what_is_taken_stays_whose_it_is() {
    let (ada, eve) = (Subject::Person(samples::person(1)), Subject::Person(samples::person(2)));
    let issue = |id, digest, subject| -> Fact {
        let (credential, digest) = (CredentialId::from_bytes([id; 16]), Hash([digest; 32]));
        CredentialIssued { credential, digest, expires: None, subject }.into()
    };
    let grant = |role: Role, subject| -> Fact {
        let (grant, role) = (GrantId::from_bytes([1; 16]), role.to_string());
        RoleGranted::new(grant, &role, Scope::Site, subject).into()
    };
    let facts = [
        issue(1, 1, ada),
        issue(1, 2, eve),
        issue(2, 1, eve),
        grant(Role::Member, ada),
        grant(Role::Owner, eve),
        CredentialRevoked { credential: CredentialId::from_bytes([2; 16]) }.into(),
    ];
    let events: Vec<_> =
        (0..).zip(facts).map(|(seq, fact)| samples::event(seq, Hash([0; 32]), fact)).collect();
    let state = fold(&events);
    let now = samples::time(0);
    assert_eq!(
        state.credentials.bearer(&Hash([1; 32]), now),
        Some(Actor::Subject(ada, CredentialId::from_bytes([1; 16])))
    );
    assert_eq!(state.credentials.bearer(&Hash([2; 32]), now), None);
    assert_eq!(state.holders.held(eve), []);
    assert_eq!(state.holders.held(ada).iter().map(|held| held.role).collect::<Vec<_>>(), [Role::Member]);
}

#[test]
fn a_secret_that_was_revoked_can_be_another_credentials() {
    let (ada, eve) = (Subject::Person(samples::person(1)), Subject::Person(samples::person(2)));
    let (one, other) = (CredentialId::from_bytes([1; 16]), CredentialId::from_bytes([2; 16]));
    let (digest, now) = (Hash([1; 32]), samples::time(0));
    let issue = |credential, subject| CredentialIssued { credential, digest, expires: None, subject }.into();
    let facts: [Fact; 3] = [issue(one, ada), CredentialRevoked { credential: one }.into(), issue(other, eve)];
    let events: Vec<_> =
        (0..).zip(facts).map(|(seq, fact)| samples::event(seq, Hash([0; 32]), fact)).collect();
    let found = [1, 2, 3].map(|size| {
        let state = fold(&events[..size]);
        (state.credentials.bearer(&digest, now), state.credentials.has_digest(&digest))
    });
    let [ada, eve] = [Actor::Subject(ada, one), Actor::Subject(eve, other)];
    assert_eq!(found, [(Some(ada), true), (None, false), (Some(eve), true)]);
}

/// Codes and whose they are, by a list.
fn codes(events: &[Event]) -> Vec<(Hash, PersonId)> {
    let mut model: Vec<(Hash, PersonId)> = Vec::new();
    let facts = events.iter().map(|event| &event.fact);
    for fact in facts {
        if let Fact::Identity(Identity::RecoveryCodesMade(made)) = fact {
            model.retain(|(_, owner)| *owner != made.person);
            for code in &made.codes {
                let free = !model.iter().any(|(taken, _)| taken == code);
                model.extend(free.then_some((*code, made.person)));
            }
        }
        if let Fact::Identity(Identity::OwnerRecovered(by)) = fact {
            model.retain(|(code, _)| *code != by.code);
        }
        if let Fact::Identity(
            Identity::SubjectSuspended(SubjectSuspended { subject, .. })
            | Identity::SubjectRemoved(SubjectRemoved { subject, .. }),
        ) = fact
        {
            model.retain(|(_, owner)| Subject::Person(*owner) != *subject);
        }
    }
    model
}

#[test]
fn a_code_is_whose_it_was_last_made_for_until_it_is_spent() {
    every_seed(|seed, events| {
        let model = codes(events);
        let state = fold(events);
        for code in (0..=9).map(|number| Hash([number; 32])) {
            let expected = model.iter().find(|(known, _)| *known == code).map(|(_, owner)| *owner);
            assert_eq!(state.recovery.owner(&code), expected, "seed {seed}");
        }
        for person in (1..=5).map(samples::person) {
            let expected = model.iter().filter(|(_, owner)| *owner == person).count();
            assert_eq!(state.recovery.left(person), expected, "seed {seed}");
        }
    });
}

#[test]
fn no_token_outlives_what_it_was_given_for() {
    let mut seen = 0;
    (0..150).for_each(|seed| {
        let state = fold(&random_events(seed));
        let now = samples::time(0);
        let revoked = |id| state.credentials.find(id).is_none_or(|found| found.is_revoked());
        for (id, credential) in state.credentials.list(None) {
            let Some(token) = credential.token.as_deref() else { continue };
            let behind = token.behalf.map(|behalf| behalf.credential);
            let ended = [Some(id), Some(token.from), behind].into_iter().flatten().any(revoked);
            seen += usize::from(ended);
            assert_eq!(state.credentials.live(id, now).is_some(), !ended, "seed {seed}");
        }
    });
    assert!(seen > 100, "{seen} tokens had ended");
}

#[test]
fn a_secret_is_shown_by_nobody_but_who_has_it() {
    every_seed(|seed, events| {
        let (state, now) = (fold(events), samples::time(0));
        for digest in (0..=9).map(|number| Hash([number; 32])) {
            let Some(actor) = state.credentials.bearer(&digest, now) else { continue };
            let (subject, id) = actor.shown().expect("a secret is shown by a subject");
            let credential = state.credentials.find(id).expect("it is known");
            assert_eq!((credential.subject, credential.digest), (subject, digest), "seed {seed}");
            assert_eq!(
                actor.person_behind(),
                credential.behalf().map(|behalf| Subject::Person(behalf.person)),
                "seed {seed}"
            );
        }
    });
}

#[test]
fn what_a_subject_may_do_is_what_its_live_grants_say() {
    every_seed(|seed, events| {
        let state = fold(events);
        let subjects = (1..=5).flat_map(|number| {
            [
                Subject::Person(samples::person(number)),
                Subject::ServiceAccount(samples::service_account(number)),
            ]
        });
        for subject in subjects {
            let live = state
                .grants
                .list(None)
                .filter(|(_, grant)| grant.grantee == subject.into() && !grant.is_revoked());
            let roles = live.filter_map(|(_, grant)| grant.role);
            let expected = roles.map(|role| state.roles.permissions(role));
            let expected = expected.fold(Permissions::NONE, Permissions::union);
            let own = state.holders.held(subject).iter().map(|held| state.roles.permissions(held.role));
            assert_eq!(own.fold(Permissions::NONE, Permissions::union), expected, "seed {seed}");
        }
    });
}

#[test]
fn sets_of_permissions_are_sets() {
    for permission in Permission::ALL {
        assert!(Permissions::ALL.contains(*permission));
        assert!(!Permissions::default().contains(*permission));
        assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
    }
    assert_eq!(Permissions::ALL.iter().count(), Permission::ALL.len());
    for role in Role::BUILT_IN.iter().copied() {
        assert_eq!(Role::parse(&role.to_string()), Some(role));
        let set = role.built_in().expect("it is built in");
        assert_eq!(set.first_beyond(set), None);
        assert_eq!(set.union(Permissions::default()), set);
        assert_eq!(
            Permissions::ALL.first_beyond(set),
            Permission::ALL.iter().copied().find(|one| !set.contains(*one))
        );
    }
}
