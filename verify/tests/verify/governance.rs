//! Subjects, groups, scopes, roles, grants and policies against the rules, signed with the real key: for each rule a story whose last
//! event must be found.

use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::*;
use ledger::event::id::*;
use ledger::event::identity::*;
use ledger::event::policy::{AccessPolicy, Body, PolicyAdopted, PolicyDeclined, PolicyProposed};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Actor, ContentDigest, Fact, Grantee, Subject};
use ledger::hash::Hash;
use ledger::time::Time;

const ID: [u8; 16] = [0x77; 16];
pub(crate) const OTHER: [u8; 16] = [0x78; 16];

fn organization() -> OrganizationId {
    OrganizationId::from_bytes(ID)
}

fn project() -> ProjectId {
    ProjectId::from_bytes(ID)
}

fn group() -> GroupId {
    GroupId::from_bytes(ID)
}

fn role() -> RoleId {
    RoleId::from_bytes(ID)
}

fn request() -> RequestId {
    RequestId::from_bytes(ID)
}

fn grant(number: u8) -> GrantId {
    GrantId::from_bytes([number; 16])
}

/// A person whom the owner made owner too, with a credential.
fn second() -> Actor {
    Actor::Subject(Subject::Person(PersonId::from_bytes(OTHER)), CredentialId::from_bytes(OTHER))
}

fn second_subject() -> Subject {
    Subject::Person(PersonId::from_bytes(OTHER))
}

fn with_second(owner: Actor) -> Vec<(Actor, Fact)> {
    let person = PersonId::from_bytes(OTHER);
    let issued = CredentialIssued {
        credential: CredentialId::from_bytes(OTHER),
        digest: Hash([0x78; 32]),
        expires: None,
        subject: second_subject(),
    };
    vec![
        (owner, PersonCreated { login: Some(ContentDigest([1; 16])), person }.into()),
        (owner, RoleGranted::new(grant(0x78), "owner", Scope::Site, second_subject()).into()),
        (owner, issued.into()),
    ]
}

fn subjects(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let two = with_second(owner);
    let person = |id, login: Option<u8>| PersonCreated {
        login: login.map(|login| ContentDigest([login; 16])),
        person: PersonId::from_bytes(id),
    };
    let agent = |sponsor| AgentCreated { agent: AgentId::from_bytes(ID), handle: "coder".into(), sponsor };
    let suspend = |subject| SubjectSuspended { reason: "x".into(), subject };
    let remove = |subject| SubjectRemoved { reason: "x".into(), subject };
    let suspended = vec![(owner, Fact::from(suspend(cast.admin)))];
    let removed = vec![(owner, Fact::from(remove(cast.admin)))];
    let nobody = Subject::Person(PersonId::from_bytes(ID));
    let revoked = CredentialRevoked { credential: cast.admin_credential };
    vec![
        ("a person", vec![(admin, person(ID, Some(2)).into())], None),
        ("a person by Deed", vec![(Actor::System, person(ID, None).into())], DENIED),
        ("a person twice", then(&two, owner, person(OTHER, None)), DENIED),
        ("a login twice", then(&two, owner, person(ID, Some(1))), DENIED),
        ("an agent", vec![(admin, agent(cast.owner).into())], None),
        ("an agent of nobody", vec![(admin, agent(nobody).into())], DENIED),
        ("suspend", suspended.clone(), None),
        ("suspend one's better", vec![(admin, suspend(cast.owner).into())], DENIED),
        ("suspend the last owner", vec![(owner, suspend(cast.owner).into())], DENIED),
        ("suspend one of two owners", then(&two, second(), suspend(cast.owner)), None),
        ("suspend nobody", vec![(owner, suspend(nobody).into())], DENIED),
        ("suspend twice", then(&suspended, owner, suspend(cast.admin)), DENIED),
        ("suspend by Deed", vec![(Actor::System, suspend(cast.admin).into())], DENIED),
        ("end its credential", then(&suspended, owner, revoked.clone()), None),
        ("end it by Deed", then(&suspended, Actor::System, revoked), DENIED),
        ("act while suspended", then(&suspended, admin, agent(cast.owner)), DENIED),
        ("reactivate", then(&suspended, owner, SubjectReactivated { subject: cast.admin }), None),
        ("reactivate the active", vec![(owner, SubjectReactivated { subject: cast.admin }.into())], DENIED),
        ("remove", removed.clone(), None),
        ("remove the suspended", then(&suspended, owner, remove(cast.admin)), None),
        ("reactivate the removed", then(&removed, owner, SubjectReactivated { subject: cast.admin }), DENIED),
        ("remove the last owner", vec![(owner, remove(cast.owner).into())], DENIED),
        (
            "grant to the removed",
            then(&removed, owner, RoleGranted::new(grant(1), "member", Scope::Site, cast.admin)),
            DENIED,
        ),
    ]
}

fn groups(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let made = |id, handle: &str| GroupCreated {
        group: GroupId::from_bytes(id),
        handle: handle.into(),
        scope: Scope::Site,
    };
    let there = vec![(admin, Fact::from(made(ID, "team")))];
    let add = |subject| MemberAdded { group: group(), subject };
    let joined = then(&there, admin, add(cast.admin));
    let team = Grantee::Group(group());
    let of_owners = then(&there, owner, RoleGranted::new(grant(1), "owner", Scope::Site, team));
    let removed = then(&there, admin, GroupRemoved { group: group() });
    let leave = MemberRemoved { group: group(), subject: cast.admin };
    let elsewhere = GroupCreated { scope: Scope::Organization(organization()), ..made(ID, "team") };
    vec![
        ("a group", there.clone(), None),
        ("a group by Deed", vec![(Actor::System, made(ID, "team").into())], DENIED),
        ("a group twice", then(&there, admin, made(ID, "other")), DENIED),
        ("a name twice", then(&there, admin, made(OTHER, "team")), DENIED),
        ("a group of nowhere", vec![(owner, elsewhere.into())], DENIED),
        ("join", joined.clone(), None),
        ("join twice", then(&joined, admin, add(cast.admin)), DENIED),
        ("join what has more", then(&of_owners, admin, add(cast.admin)), DENIED),
        ("join it as its better", then(&of_owners, owner, add(cast.admin)), None),
        ("join what was removed", then(&removed, admin, add(cast.admin)), DENIED),
        ("leave", then(&joined, admin, leave.clone()), None),
        ("leave where one is not", then(&there, admin, leave), DENIED),
        ("remove a group that has more", then(&of_owners, admin, GroupRemoved { group: group() }), DENIED),
        ("remove twice", then(&removed, admin, GroupRemoved { group: group() }), DENIED),
        (
            "grant to a removed group",
            then(&removed, owner, RoleGranted::new(grant(2), "member", Scope::Site, team)),
            DENIED,
        ),
    ]
}

fn organized(owner: Actor) -> Vec<(Actor, Fact)> {
    let created = ProjectCreated {
        environments: Environments::of([Environment::Dev]),
        handle: "deed".into(),
        organization: organization(),
        project: project(),
        repositories: vec![],
    };
    vec![
        (owner, OrganizationCreated { handle: "acme".into(), organization: organization() }.into()),
        (owner, created.into()),
    ]
}

fn scopes(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let there = organized(owner);
    let inside = Scope::Project(project());
    let again = |id, handle: &str| OrganizationCreated {
        handle: handle.into(),
        organization: OrganizationId::from_bytes(id),
    };
    let project_of = |id, organization, handle: &str| ProjectCreated {
        environments: Environments::of([Environment::Dev]),
        handle: handle.into(),
        organization: OrganizationId::from_bytes(organization),
        project: ProjectId::from_bytes(id),
        repositories: vec![],
    };
    let granted = |number, role: &str, scope, terms: Terms| RoleGranted {
        terms,
        ..RoleGranted::new(grant(number), role, scope, cast.admin)
    };
    let plain = Terms::default;
    let in_prod = || Terms { environments: Some(Environments::of([Environment::Prod])), ..plain() };
    let in_dev = || Terms { environments: Some(Environments::of([Environment::Dev])), ..plain() };
    let past = Terms { expires: Some(Time::from_micros(1)), ..plain() };
    vec![
        ("organizations", there.clone(), None),
        ("an organization twice", then(&there, owner, again(ID, "other")), DENIED),
        ("its name twice", then(&there, owner, again(OTHER, "acme")), DENIED),
        ("a project of none", then(&there, owner, project_of(OTHER, OTHER, "x")), DENIED),
        ("a project's name twice", then(&there, owner, project_of(OTHER, ID, "deed")), DENIED),
        ("a project by Deed", then(&there, Actor::System, project_of(OTHER, ID, "x")), DENIED),
        ("a role inside", then(&there, owner, granted(1, "operator", inside, plain())), None),
        ("a role where it does not fit", then(&there, owner, granted(1, "member", inside, plain())), DENIED),
        (
            "a role of a project everywhere",
            then(&there, owner, granted(1, "viewer", Scope::Site, plain())),
            DENIED,
        ),
        ("a role nowhere", vec![(owner, granted(1, "viewer", inside, plain()).into())], DENIED),
        ("a role in an environment", then(&there, owner, granted(1, "viewer", inside, in_dev())), None),
        (
            "a role in no environment of it",
            then(&there, owner, granted(1, "viewer", inside, in_prod())),
            DENIED,
        ),
        ("a limit on the site", then(&there, owner, granted(1, "member", Scope::Site, in_dev())), DENIED),
        ("a role of the past", then(&there, owner, granted(1, "member", Scope::Site, past)), DENIED),
        ("beyond one's scope", then(&there, admin, granted(1, "admin", inside, plain())), DENIED),
    ]
}

fn for_a_while(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let two = with_second(owner);
    let until = |day: u8| Terms {
        expires: Some(Time::parse(&format!("2026-02-{day:02}T00:00:00.000000Z")).unwrap()),
        ..Terms::default()
    };
    let person = Subject::Person(PersonId::from_bytes(OTHER));
    // The second person's lasting ownership is replaced by one for some days.
    let short = RoleGranted { terms: until(7), ..RoleGranted::new(grant(1), "owner", Scope::Site, person) };
    let while_it_lasts = then(&then(&two, owner, short), owner, RoleRevoked::new(grant(0x78)));
    let give =
        |terms| RoleGranted { terms, ..RoleGranted::new(grant(2), "auditor", Scope::Site, cast.admin) };
    vec![
        ("for as long as one has it", then(&while_it_lasts, second(), give(until(7))), None),
        ("for longer than one has it", then(&while_it_lasts, second(), give(until(8))), DENIED),
        ("for ever", then(&while_it_lasts, second(), give(Terms::default())), DENIED),
    ]
}

fn roles(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let define = |id, handle: &str, permissions: &[&str]| RoleDefined {
        handle: handle.into(),
        permissions: permissions.iter().map(|name| (*name).into()).collect(),
        role: RoleId::from_bytes(id),
    };
    let there = vec![(owner, Fact::from(define(ID, "on-call", &["runs.read"])))];
    let retired = then(&there, owner, RoleRetired { role: role() });
    let apart = DutiesSeparated {
        duty: DutyId::from_bytes(ID),
        one: "keys.read".into(),
        other: "runs.review".into(),
    };
    let duties = then(&there, owner, apart);
    let both = &["keys.read", "runs.review"];
    vec![
        ("a role", there.clone(), None),
        ("a role by who may not", vec![(admin, define(ID, "x", &[]).into())], DENIED),
        ("a role in disorder", vec![(owner, define(ID, "x", &["runs.read", "keys.read"]).into())], DENIED),
        ("a role of nothing known", vec![(owner, define(ID, "x", &["runs.fly"]).into())], DENIED),
        ("a built-in name", vec![(owner, define(ID, "owner", &[]).into())], DENIED),
        ("a name twice", then(&there, owner, define(OTHER, "on-call", &[])), DENIED),
        ("another name later", then(&there, owner, define(ID, "x", &[])), DENIED),
        ("a change", then(&there, owner, define(ID, "on-call", &["keys.read"])), None),
        ("a change of what was retired", then(&retired, owner, define(ID, "on-call", &[])), DENIED),
        ("retire twice", then(&retired, owner, RoleRetired { role: role() }), DENIED),
        (
            "grant what was retired",
            then(&retired, owner, RoleGranted::new(grant(1), &role().to_string(), Scope::Site, cast.admin)),
            DENIED,
        ),
        ("a role of both duties", then(&duties, owner, define(OTHER, "x", both)), DENIED),
        ("one duty to a role", then(&duties, owner, define(ID, "on-call", &["keys.read"])), DENIED),
        (
            "the same duty twice",
            then(
                &duties,
                owner,
                DutiesSeparated {
                    duty: DutyId::from_bytes(OTHER),
                    one: "keys.read".into(),
                    other: "keys.read".into(),
                },
            ),
            DENIED,
        ),
        ("end a rule", then(&duties, owner, DutiesJoined { duty: DutyId::from_bytes(ID) }), None),
        ("end no rule", then(&duties, owner, DutiesJoined { duty: DutyId::from_bytes(OTHER) }), DENIED),
    ]
}

fn duties(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let apart = DutiesSeparated {
        duty: DutyId::from_bytes(ID),
        one: "access.grant".into(),
        other: "access.review".into(),
    };
    let there = vec![(owner, Fact::from(apart))];
    let give = RoleGranted::new(grant(1), "auditor", Scope::Site, cast.admin);
    let joined = then(&there, owner, DutiesJoined { duty: DutyId::from_bytes(ID) });
    let made = GroupCreated { group: group(), handle: "team".into(), scope: Scope::Site };
    let team = RoleGranted::new(grant(2), "auditor", Scope::Site, Grantee::Group(group()));
    let reviewers = then(&then(&there, owner, made), owner, team);
    vec![
        ("duties that meet", then(&there, owner, give.clone()), DENIED),
        ("duties that met again", then(&joined, owner, give), None),
        (
            "duties that meet by a group",
            then(&reviewers, owner, MemberAdded { group: group(), subject: cast.admin }),
            DENIED,
        ),
    ]
}

pub(crate) fn careful(owner: Actor) -> Vec<(Actor, Fact)> {
    let policy = PolicyId::from_bytes(OTHER);
    let approved_roles = vec!["auditor".into()];
    let body =
        Body::Access(AccessPolicy { approved_roles, policies_are_approved: true, ..AccessPolicy::default() });
    let facts: [Fact; 2] = [PolicyProposed { body, policy }.into(), PolicyAdopted { policy }.into()];
    let mut story = with_second(owner);
    story.extend(facts.map(|fact| (owner, fact)));
    story
}

fn approvals(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let there = careful(owner);
    let wanted = |subject: Subject| GrantRequested {
        request: request(),
        role: "auditor".into(),
        scope: Scope::Site,
        subject: subject.into(),
        terms: Terms::default(),
    };
    let asked = then(&there, owner, wanted(cast.admin));
    let plain = |subject| RoleGranted::new(grant(1), "auditor", Scope::Site, subject);
    let approved = |subject| RoleGranted { ground: Some(Ground::Request(request())), ..plain(subject) };
    let declined = GrantDeclined { reason: "no".into(), request: request() };
    let gone = then(&asked, owner, declined.clone());
    let other_role = RoleGranted { role: "member".into(), ..approved(cast.admin) };
    let for_second = then(&there, owner, wanted(second_subject()));
    vec![
        ("a request", asked.clone(), None),
        ("a request by who could not grant it", then(&there, admin, wanted(cast.admin)), DENIED),
        (
            "a request that needs none",
            then(&there, owner, GrantRequested { role: "member".into(), ..wanted(cast.admin) }),
            DENIED,
        ),
        ("a grant past approval", then(&there, owner, plain(cast.admin)), DENIED),
        ("an approval", then(&asked, second(), approved(cast.admin)), None),
        ("one's own approval", then(&asked, owner, approved(cast.admin)), DENIED),
        ("an approval for oneself", then(&for_second, second(), approved(second_subject())), DENIED),
        ("an approval of another role", then(&asked, second(), other_role), DENIED),
        ("an approval for another", then(&asked, second(), approved(cast.erased)), DENIED),
        ("an approval of what was declined", then(&gone, second(), approved(cast.admin)), DENIED),
        ("a second decision", then(&gone, second(), declined.clone()), DENIED),
        ("a decision by who may not", then(&asked, Actor::System, declined), DENIED),
    ]
}

fn emergencies(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let responder = RoleGranted::new(grant(3), "responder", Scope::Site, cast.admin);
    let there = then(&with_second(owner), owner, responder);
    let glass = |role: &str, subject: Subject, expires, reason: Option<&str>| RoleGranted {
        ground: Some(Ground::BreakGlass {}),
        terms: Terms { expires, reason: reason.map(Into::into), ..Terms::default() },
        ..RoleGranted::new(grant(4), role, Scope::Site, subject)
    };
    let now = Time::parse("2026-01-01T00:00:00.000000Z").unwrap();
    let soon = Some(now.plus_seconds(3_000));
    let broken = then(&there, admin, glass("owner", cast.admin, soon, Some("down")));
    let review = |grant| BreakGlassReviewed { finding: "x".into(), grant, justified: true };
    let reviewed = then(&broken, owner, review(grant(4)));
    vec![
        ("a broken glass", broken.clone(), None),
        (
            "glass without the right",
            vec![(admin, glass("owner", cast.admin, soon, Some("down")).into())],
            DENIED,
        ),
        ("glass for another", then(&there, admin, glass("owner", cast.erased, soon, Some("down"))), DENIED),
        (
            "glass of another role",
            then(&there, admin, glass("auditor", cast.admin, soon, Some("down"))),
            DENIED,
        ),
        ("glass for ever", then(&there, admin, glass("owner", cast.admin, None, Some("down"))), DENIED),
        (
            "glass for long",
            then(&there, admin, glass("owner", cast.admin, Some(now.plus_seconds(9_000)), Some("down"))),
            DENIED,
        ),
        ("glass without a reason", then(&there, admin, glass("owner", cast.admin, soon, None)), DENIED),
        ("a review", reviewed.clone(), None),
        ("one's own review", then(&broken, admin, review(grant(4))), DENIED),
        ("a second review", then(&reviewed, second(), review(grant(4))), DENIED),
        ("a review of no glass", then(&broken, owner, review(grant(3))), DENIED),
    ]
}

fn mappings(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let mapping = MappingId::from_bytes(ID);
    let map = |role: &str| GroupMapped {
        external: "all".into(),
        mapping,
        provider: "corp".into(),
        role: role.into(),
        scope: Scope::Site,
    };
    let there = vec![(owner, Fact::from(map("auditor")))];
    let ground = Some(Ground::Mapping(mapping));
    let give =
        |role: &str| RoleGranted { ground, ..RoleGranted::new(grant(1), role, Scope::Site, cast.admin) };
    let given = then(&there, Actor::System, give("auditor"));
    let unmapped = then(&there, owner, GroupUnmapped { mapping });
    let back = |ground| RoleRevoked { grant: grant(1), ground, reason: None };
    let other = Some(Ground::Mapping(MappingId::from_bytes(OTHER)));
    vec![
        ("a mapping", there.clone(), None),
        ("a mapping by who may not", vec![(admin, map("member").into())], DENIED),
        ("a mapping of what is approved", then(&careful(owner), owner, map("auditor")), DENIED),
        ("what it gives", given.clone(), None),
        ("what it gives, by somebody", then(&there, owner, give("auditor")), DENIED),
        ("what it does not give", then(&there, Actor::System, give("owner")), DENIED),
        (
            "what a second person must agree to by now",
            then(&[there.clone(), careful(owner)].concat(), Actor::System, give("auditor")),
            DENIED,
        ),
        ("what it gave once", then(&unmapped, Actor::System, give("auditor")), DENIED),
        ("end it twice", then(&unmapped, owner, GroupUnmapped { mapping }), DENIED),
        ("what it takes back", then(&given, Actor::System, back(ground)), None),
        ("what another takes back", then(&given, Actor::System, back(other)), DENIED),
        ("a revocation on no ground", then(&given, owner, back(Some(Ground::BreakGlass {}))), DENIED),
    ]
}

fn policies(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let policy = PolicyId::from_bytes(ID);
    let propose = || PolicyProposed { body: Body::Access(AccessPolicy::default()), policy };
    let waits = then(&careful(owner), owner, propose());
    let declined = then(&waits, owner, PolicyDeclined { policy, reason: "no".into() });
    let free = vec![(owner, Fact::from(propose()))];
    vec![
        ("a proposal", free.clone(), None),
        ("a proposal by who may not", vec![(admin, propose().into())], DENIED),
        ("a proposal twice", then(&free, owner, propose()), DENIED),
        ("in force at once", then(&free, owner, PolicyAdopted { policy }), None),
        ("approved by another", then(&waits, second(), PolicyAdopted { policy }), None),
        ("approved by oneself", then(&waits, owner, PolicyAdopted { policy }), DENIED),
        ("approved by Deed", then(&waits, Actor::System, PolicyAdopted { policy }), DENIED),
        ("approved after all", then(&declined, second(), PolicyAdopted { policy }), DENIED),
        (
            "declined by who may not",
            then(&waits, admin, PolicyDeclined { policy, reason: "no".into() }),
            DENIED,
        ),
    ]
}

#[test]
fn subjects_and_groups_are_judged() {
    holds(|cast| [subjects(cast), groups(cast)].concat());
}

#[test]
fn scopes_roles_and_duties_are_judged() {
    holds(|cast| [scopes(cast), for_a_while(cast), roles(cast), duties(cast)].concat());
}

#[test]
fn approvals_emergencies_mappings_and_policies_are_judged() {
    holds(|cast| [approvals(cast), emergencies(cast), mappings(cast), policies(cast)].concat());
}
