//! What no provider may lead to, signed with the real key, and what it may.

use crate::spending::on;
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::RoleGranted;
use ledger::event::custody::CommandRefused;
use ledger::event::id::{CredentialId, GrantId, PersonId, PolicyId};
use ledger::event::identity::*;
use ledger::event::policy::{Body, ClaimNames, PolicyAdopted, PolicyProposed, Provider, SignIn};
use ledger::event::scope::Scope;
use ledger::event::{Actor, ContentDigest, Fact, Refusal, Subject, Via};
use ledger::hash::Hash;
use verify::Code;

pub(crate) const PROVIDER: Actor = Actor::Anonymous(Via::Provider);
pub(crate) const WRONG: Option<Code> = Some(Code::RefusalWrong);

pub(crate) fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

fn login(number: u8) -> ContentDigest {
    ContentDigest([number; 16])
}

pub(crate) fn corp() -> Provider {
    Provider {
        claims: ClaimNames { email: "email".into(), groups: "groups".into(), name: "name".into() },
        client_id: "deed".into(),
        email_domains: vec![],
        issuer: "https://id.corp.example".into(),
        link_verified_email: true,
        name: "corp".into(),
        relaxations: vec![],
        required_groups: vec![],
        scopes: vec![],
        secret: None,
        several_factors: vec!["mfa".into()],
        sign_up: true,
        special_addresses: false,
    }
}

/// A policy in force, and a person who was created with a name to sign in with.
pub(crate) fn there(owner: Actor, policy: SignIn) -> Vec<(Actor, Fact)> {
    let id = PolicyId::from_bytes([0x71; 16]);
    let facts: [Fact; 3] = [
        PolicyProposed { body: Body::SignIn(policy), policy: id }.into(),
        PolicyAdopted { policy: id }.into(),
        PersonCreated { login: Some(login(1)), person: person(1) }.into(),
    ];
    facts.map(|fact| (owner, fact)).to_vec()
}

pub(crate) fn believing(provider: Provider) -> SignIn {
    SignIn { providers: vec![provider], ..SignIn::default() }
}

pub(crate) fn session() -> CredentialId {
    CredentialId::from_bytes([0x72; 16])
}

/// A session of the person, from the first of the year on; `several_factors` as said.
pub(crate) fn started(several_factors: bool) -> SessionStarted {
    SessionStarted {
        assertion: Hash([1; 32]),
        authenticated: on(1),
        digest: Hash([0x73; 32]),
        expires: on(1).plus_seconds(28_000),
        idle_seconds: 3_600,
        person: person(1),
        provider: "corp".into(),
        provider_session: None,
        session: session(),
        several_factors,
    }
}

fn beginnings(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = there(owner, believing(corp()));
    let suspended =
        then(&there, owner, SubjectSuspended { reason: "x".into(), subject: Subject::Person(person(1)) });
    let careful = self::there(owner, SignIn { several_factors: true, ..believing(corp()) });
    let closed = self::there(owner, believing(Provider { sign_up: false, ..corp() }));
    let begun = || started(false);
    let with = |change: fn(&mut SessionStarted)| {
        let mut session = begun();
        change(&mut session);
        then(&there, PROVIDER, session)
    };
    let newcomer = |login| PersonCreated { login, person: person(2) };
    vec![
        ("a session", then(&there, PROVIDER, begun()), None),
        ("a session by somebody", then(&there, owner, begun()), DENIED),
        ("a session by nobody", then(&there, Actor::Anonymous(Via::Nothing), begun()), DENIED),
        ("a session from elsewhere", with(|session| session.provider = "other".into()), DENIED),
        ("a session of nobody", with(|session| session.person = person(9)), DENIED),
        ("a session of the suspended", then(&suspended, PROVIDER, begun()), DENIED),
        ("a session for long", with(|session| session.expires = on(2)), DENIED),
        ("a session that is over", with(|session| session.expires = on(1)), DENIED),
        ("a session that may lie unused", with(|session| session.idle_seconds = 3_601), DENIED),
        ("a session from the future", with(|session| session.authenticated = on(9)), DENIED),
        ("a session twice", then(&then(&there, PROVIDER, begun()), PROVIDER, begun()), DENIED),
        ("a session with one factor too few", then(&careful, PROVIDER, begun()), DENIED),
        ("a session with enough factors", then(&careful, PROVIDER, started(true)), None),
        ("a person who signs up", then(&there, PROVIDER, newcomer(Some(login(2)))), None),
        ("a person without a name", then(&there, PROVIDER, newcomer(None)), DENIED),
        ("a person under another's name", then(&there, PROVIDER, newcomer(Some(login(1)))), DENIED),
        ("a person who may not sign up", then(&closed, PROVIDER, newcomer(Some(login(2)))), DENIED),
        (
            "a service account from a provider",
            then(
                &there,
                PROVIDER,
                CredentialIssued {
                    credential: session(),
                    digest: Hash([1; 32]),
                    expires: None,
                    subject: Subject::Person(person(1)),
                },
            ),
            DENIED,
        ),
    ]
}

fn links(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = there(owner, believing(corp()));
    let unbelieved = self::there(owner, believing(Provider { link_verified_email: false, ..corp() }));
    let link = |number| LoginLinked { login: login(number), person: person(1), provider: "corp".into() };
    let linked = then(&there, PROVIDER, link(2));
    vec![
        ("a link", linked.clone(), None),
        ("a link by somebody", then(&there, owner, link(2)), DENIED),
        ("a link to a name that is taken", then(&there, PROVIDER, link(1)), DENIED),
        ("a second link", then(&linked, PROVIDER, link(3)), DENIED),
        ("a link that nobody believes", then(&unbelieved, PROVIDER, link(2)), DENIED),
        (
            "a link to who has no such name",
            {
                let nameless = PersonCreated { login: None, person: person(3) };
                let there = then(&there, owner, nameless);
                then(&there, PROVIDER, LoginLinked { person: person(3), ..link(2) })
            },
            DENIED,
        ),
    ]
}

fn uses_and_ends(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = then(&there(owner, believing(corp())), PROVIDER, started(true));
    let own = Actor::Subject(Subject::Person(person(1)), session());
    let used = SessionUsed { session: session() };
    let another = SessionUsed { session: cast.owner_credential };
    let revoke = |credential| CredentialRevoked { credential };
    let said = |provider: &str| ProviderLoggedOut { provider: provider.into(), token: Hash([4; 32]) };
    let once = then(&there, PROVIDER, said("corp"));
    let ended = then(&once, PROVIDER, revoke(session()));
    vec![
        ("a use", then(&there, own, used.clone()), None),
        ("a use by somebody else", then(&there, owner, used.clone()), DENIED),
        ("a use of what is no session", then(&there, owner, another), DENIED),
        ("a use after the end", then(&ended, own, used), DENIED),
        ("a logout", once.clone(), None),
        ("a logout by somebody", then(&there, owner, said("corp")), DENIED),
        ("a logout from elsewhere", then(&there, PROVIDER, said("other")), DENIED),
        ("a logout twice", then(&once, PROVIDER, said("corp")), DENIED),
        ("an end", ended, None),
        ("an end of what is no session", then(&once, PROVIDER, revoke(cast.admin_credential)), DENIED),
        ("one's own end", then(&there, own, revoke(session())), None),
        ("an end by an owner", then(&there, owner, revoke(session())), None),
    ]
}

fn factors(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let policy = SignIn { several_factors_permissions: vec!["identity.create".into()], ..believing(corp()) };
    let there = there(owner, policy);
    let person_ = Subject::Person(person(1));
    let powerful = then(
        &there,
        owner,
        RoleGranted::new(GrantId::from_bytes([0x74; 16]), "user_admin", Scope::Site, person_),
    );
    let own = Actor::Subject(person_, session());
    let create = PersonCreated { login: None, person: person(5) };
    let issue = CredentialIssued {
        credential: CredentialId::from_bytes([0x75; 16]),
        digest: Hash([0x76; 32]),
        expires: None,
        subject: person_,
    };
    let weak = then(&powerful, PROVIDER, started(false));
    let strong = then(&powerful, PROVIDER, started(true));
    let refused = |refusal| CommandRefused { about: None, command: "x.y".into(), refusal };
    let needed = |seconds_max| refused(Refusal::SeveralFactorsNeeded { seconds_max });
    let kept_out = || refused(Refusal::SignInRefused { provider: "corp".into(), reason: "x".into() });
    vec![
        ("a sensitive command with one factor", then(&weak, own, create.clone()), DENIED),
        ("a sensitive command with several", then(&strong, own, create), None),
        ("a credential with one factor", then(&weak, own, issue.clone()), DENIED),
        ("a credential with several", then(&strong, own, issue), None),
        ("several factors were needed", then(&weak, own, needed(900)), None),
        ("several factors within another time", then(&weak, own, needed(901)), WRONG),
        ("several factors that nobody wants", vec![(owner, Fact::from(needed(900)))], WRONG),
        ("kept out", then(&there, PROVIDER, kept_out()), None),
        ("kept out, by somebody", then(&there, owner, kept_out()), WRONG),
    ]
}

#[test]
fn sessions_and_people_that_no_provider_may_make_are_found() {
    holds(beginnings);
}

#[test]
fn links_that_no_provider_may_make_are_found() {
    holds(links);
}

#[test]
fn uses_and_ends_of_sessions_by_the_wrong_ones_are_found() {
    holds(uses_and_ends);
}

#[test]
fn what_a_session_does_with_one_factor_too_few_is_found() {
    holds(factors);
}
