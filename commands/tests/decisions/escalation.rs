//! Nobody gains a right that who gave it lacked: every place of every role against every other, for every order that gives.

use crate::given::{Given, asked_by, given, grant_role, granted, known, organized};
use crate::names::{custom, group, mapping, organization, project, request};
use crate::people::{credential, digest, grant, subject, time};
use crate::tenants::{delete, delete_group, grouped_by, put, put_group, put_off, tenant, tenants};
use commands::Command;
use commands::access::{BreakGlass, ChangeRole, DefineRole, GrantRole, MapGroup, RevokeRole};
use commands::identity::{
    AddMember, IssueCredential, ReactivateSubject, RemoveMember, RemoveSubject, RevokeCredential,
    SuspendSubject,
};
use commands::provisioning::PutGroup;
use ledger::event::access::{RoleGranted, Terms};
use ledger::event::identity::{GroupCreated, MemberAdded};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Access, Fact, Grantee, Identity, Subject};
use ledger::time::Time;
use projections::Lasting;
use projections::access::{Permissions, Place, Role};

const PEOPLE: [&str; 3] = ["ada", "bob", "agt-eve"];

/// Every role at every scope where it can be granted, unlimited, limited to an environment, and for a time.
fn holdings() -> Vec<(Role, Scope, Terms)> {
    let scopes = [Scope::Site, Scope::Organization(organization("acme")), Scope::Project(project("deed"))];
    let mut found = Vec::new();
    for role in Role::BUILT_IN {
        for scope in scopes.into_iter().filter(|scope| role.fits(*scope)) {
            found.push((*role, scope, Terms::default()));
            let expires = Some(later());
            found.push((*role, scope, Terms { expires, ..Terms::default() }));
            if let Scope::Project(_) = scope {
                let environments = Some(Environments::of([Environment::Dev]));
                found.push((*role, scope, Terms { environments, ..Terms::default() }));
            }
        }
    }
    found
}

fn later() -> Time {
    time(7_200)
}

fn held(name: &str, grantee: Grantee, (role, scope, terms): (Role, Scope, Terms)) -> Fact {
    let plain = RoleGranted::new(grant(name), &role.to_string(), scope, grantee);
    RoleGranted { terms, ..plain }.into()
}

/// Everything that could move a right, for everybody.
fn gifts() -> Vec<Command> {
    let mut gifts = Vec::new();
    let team = Grantee::Group(group("team"));
    for grantee in PEOPLE.iter().map(|name| Grantee::from(subject(name))).chain([team]) {
        for (role, scope, terms) in holdings() {
            let (grant, request) = (grant("new"), request("new"));
            gifts.push(GrantRole { grant, request, subject: grantee, role, scope, terms }.into());
        }
    }
    for name in ["ada holds", "bob holds", "team holds", "eve owner"] {
        gifts.push(RevokeRole { grant: grant(name), reason: None }.into());
    }
    for name in PEOPLE {
        let (credential, digest, subject) = (credential("new"), digest("new"), subject(name));
        gifts.push(IssueCredential { credential, digest, expires: None, subject: Some(subject) }.into());
        gifts.push(RevokeCredential { credential: crate::people::credential(name) }.into());
        gifts.push(AddMember { group: group("team"), subject }.into());
        gifts.push(RemoveMember { group: group("team"), subject }.into());
        gifts.push(SuspendSubject { subject, reason: "x".into() }.into());
        gifts.push(ReactivateSubject { subject }.into());
        gifts.push(RemoveSubject { subject, reason: "x".into() }.into());
    }
    for permissions in [Permissions::ALL, Permissions::of(&[projections::access::Permission::CustodyErase])] {
        gifts.push(DefineRole { role: custom("new"), handle: "new".into(), permissions }.into());
        gifts.push(ChangeRole { role: custom("on-call"), permissions }.into());
    }
    let (provider, external) = ("corp".into(), "all".into());
    gifts.push(
        MapGroup { mapping: mapping("new"), provider, external, role: Role::Owner, scope: Scope::Site }
            .into(),
    );
    gifts
}

fn places() -> Vec<Place> {
    let project = Scope::Project(project("deed"));
    let mut places: Vec<Place> =
        [Scope::Site, Scope::Organization(organization("acme")), project].map(Place::from).into();
    places
        .extend(Environment::ALL.map(|environment| Place { scope: project, environment: Some(environment) }));
    places
}

fn rights(given: &Given, who: Subject, place: Place, lasting: Lasting) -> Permissions {
    given.state.rights(who, place, lasting)
}

/// What everybody may do everywhere, now and for ever.
fn all_rights(given: &Given) -> Vec<(Subject, Place, Lasting, Permissions)> {
    let now = time(3_600);
    let mut found = Vec::new();
    for who in PEOPLE.map(subject) {
        for place in places() {
            for lasting in [Lasting::beyond(now), Lasting::until(now, None)] {
                found.push((who, place, lasting, rights(given, who, place, lasting)));
            }
        }
    }
    found
}

fn world(ada: &(Role, Scope, Terms), bob: &(Role, Scope, Terms), by_group: bool) -> Given {
    let team = Grantee::Group(group("team"));
    let mut facts = [known("ada"), known("bob"), known("agt-eve"), known("owner"), organized()].concat();
    facts.push(granted("owner", Role::Owner));
    facts.push(GroupCreated { group: group("team"), handle: "team".into(), scope: Scope::Site }.into());
    facts.push(held("ada holds", subject("ada").into(), ada.clone()));
    facts.push(if by_group {
        held("team holds", team, bob.clone())
    } else {
        held("bob holds", subject("bob").into(), bob.clone())
    });
    facts.push(MemberAdded { group: group("team"), subject: subject("bob") }.into());
    given(facts)
}

fn check(before: &Given, gift: &Command) -> usize {
    let Ok(facts) = before.when(&asked_by("ada"), gift.clone()).facts() else { return 0 };
    let ada = subject("ada");
    for fact in &facts {
        if let Fact::Identity(Identity::CredentialIssued(issued)) = fact {
            for place in places() {
                let lasting = Lasting::beyond(time(3_600));
                let of_subject = rights(before, issued.subject, place, lasting);
                assert_eq!(of_subject.first_beyond(rights(before, ada, place, lasting)), None, "{gift:?}");
            }
        }
        if let Fact::Access(Access::GrantRequested(_)) = fact {
            panic_on_request(gift);
        }
    }
    let count = facts.len();
    let mut after = before.clone();
    after.happen(facts);
    for ((who, place, lasting, had), (.., has)) in all_rights(before).into_iter().zip(all_rights(&after)) {
        let own = rights(before, ada, place, lasting);
        assert_eq!(has.first_beyond(had.union(own)), None, "{who} at {place:?}, {lasting:?}: {gift:?}");
        let own_now = rights(before, ada, place, Lasting::beyond(time(3_600)));
        let lost = had.first_beyond(has);
        assert!(lost.is_none_or(|lost| own_now.contains(lost)), "{who} at {place:?} loses: {gift:?}");
    }
    count
}

fn panic_on_request(gift: &Command) {
    assert!(matches!(gift, Command::GrantRole(_)), "only a grant is asked for");
}

#[test]
fn nobody_gains_a_right_that_the_giver_lacked() {
    let (gifts, holdings) = (gifts(), holdings());
    let mut given_something = 0;
    for ada in &holdings {
        for bob in &holdings {
            for by_group in [false, true] {
                let before = world(ada, bob, by_group);
                given_something += gifts.iter().map(|gift| check(&before, gift)).sum::<usize>();
            }
        }
    }
    assert!(given_something > 10_000, "the test gives too little: {given_something}");
}

#[test]
fn breaking_glass_gives_what_the_policy_says_for_as_long_as_it_says() {
    let before =
        given([known("ada"), known("bob"), organized(), vec![granted("ada", Role::Responder)]].concat());
    let order = BreakGlass {
        grant: grant("new"),
        role: Role::Owner,
        scope: Scope::Site,
        seconds: 3_600,
        reason: "the page is down".into(),
    };
    let mut after = before.clone();
    after.happen(before.when(&asked_by("ada"), order).facts().expect("it is allowed"));
    let ada = subject("ada");
    let has = |now| rights(&after, ada, Scope::Site.into(), Lasting::beyond(now));
    assert_eq!(has(time(3_601)), Permissions::ALL);
    assert_ne!(has(time(7_200)), Permissions::ALL);
    let for_ever = grant_role(grant("other"), subject("bob"), Role::Owner);
    after.when(&asked_by("ada"), for_ever).facts().expect_err("what is short cannot be handed on for long");
}

/// Everything that a tenant could order, about its own and about others.
fn words() -> Vec<Command> {
    let mut words = Vec::new();
    for name in PEOPLE {
        words.extend([put(name).into(), put_off(name).into(), delete(name).into()]);
        for of in ["crew", "team", "new"] {
            words.push(put_group(of, &[name]).into());
            let named = put_group(of, &[name]);
            words.push(PutGroup { names: None, ..named.clone() }.into());
            words.push(PutGroup { go: named.come, come: vec![], ..named }.into());
        }
    }
    words.extend([put("new").into(), put("svc-new").into(), put("agt-new").into()]);
    words.extend(["crew", "team"].map(|of| Command::from(delete_group(of))));
    words
}

/// Bob and an agent are the tenant's; ada is not, and holds all. Its group, and one that is not its own, hold something; what the
/// first holds, so does a probe.
fn tenant_world(crew: &(Role, Scope, Terms), team: &(Role, Scope, Terms)) -> Given {
    let mut given = given([known("ada"), known("svc-corp"), known("svc-probe"), organized()].concat());
    given.happen([granted("ada", Role::Owner)]);
    given.happen(tenants("tenants", &[tenant("corp")]));
    given.has("corp", &["bob", "agt-eve"]);
    given.happen_by("svc-corp", grouped_by("corp", "crew"));
    given.happen([
        GroupCreated { group: group("team"), handle: "team".into(), scope: Scope::Site }.into(),
        held("crew holds", Grantee::Group(group("crew")), crew.clone()),
        held("probe holds", subject("svc-probe").into(), crew.clone()),
        held("team holds", Grantee::Group(group("team")), team.clone()),
    ]);
    given
}

#[test]
fn a_tenant_hands_out_what_its_groups_were_given_and_nothing_else() {
    let (words, holdings) = (words(), holdings());
    let mut given_something = 0;
    for crew in &holdings {
        for team in &holdings {
            let before = tenant_world(crew, team);
            let before_rights = all_rights(&before);
            for word in &words {
                let Ok(facts) = before.when(&asked_by("svc-corp"), word.clone()).facts() else { continue };
                let mut after = before.clone();
                after.happen_by("svc-corp", facts);
                for ((who, place, lasting, had), (.., has)) in before_rights.iter().zip(all_rights(&after)) {
                    let crew = rights(&before, subject("svc-probe"), *place, *lasting);
                    assert_eq!(has.first_beyond(had.union(crew)), None, "{who} at {place:?}: {word:?}");
                    given_something += usize::from(has != *had);
                }
                let own =
                    rights(&after, subject("svc-corp"), Scope::Site.into(), Lasting::beyond(time(3_600)));
                assert_eq!(own, Permissions::NONE, "{word:?}");
            }
        }
    }
    assert!(given_something > 1_000, "the test gives too little: {given_something}");
}
