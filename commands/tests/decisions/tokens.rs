//! Programs that are let in, get tokens, or come with a provider's word.

use crate::given::{Asking, Given, asked, asked_by, given, granted, issued, known, with_roles};
use crate::people::{account, credential, digest, person, subject, time};
use crate::programs::{
    browser, delegate, issue_token, let_in, let_in_by, on_behalf, recovered, token, with_workload, work,
    worked,
};
use crate::providers::{adopted, started};
use commands::identity::{IssueCredential, RefuseToken, RevokeCredential, SignInClient, SignInWorkload};
use ledger::event::identity::{
    Behalf, ClientSignedIn, CredentialIssued, CredentialRevoked, SessionStarted, SubjectSuspended,
    TokenIssued, Way, WorkloadSignedIn,
};
use ledger::event::policy::SignIn as Policy;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Refusal, Via};
use ledger::time::Time;
use projections::access::Role;

const WAYS: [Way; 2] = [Way::AuthorizationCode, Way::DeviceCode];

/// Ada owns all; eve is signed in; a service account and an agent have a credential each.
fn world(policy: Policy) -> Given {
    let mut facts = with_roles("ada", &[Role::Owner]);
    facts.extend([known("eve"), known("svc-ci"), known("agt-bot"), adopted(policy)].concat());
    facts.push(browser("eve").into());
    given(facts)
}

fn by(name: &str, shown: &str) -> Asking {
    asked(Actor::Subject(subject(name), credential(shown)))
}

fn from_provider() -> Asking {
    asked(Actor::Anonymous(Via::Provider))
}

fn token_refused(grant: &str, reason: &str) -> Refusal {
    Refusal::TokenRefused { grant: grant.into(), reason: reason.into() }
}

fn suspended(name: &str) -> Fact {
    SubjectSuspended { reason: "away".into(), subject: subject(name) }.into()
}

fn revoked(name: &str) -> Fact {
    CredentialRevoked { credential: credential(name) }.into()
}

/// So many credentials of somebody, until then.
fn many(name: &str, count: usize, expires: Option<Time>) -> Vec<Fact> {
    (0..count).map(|number| issued(name, &format!("{name} {number}"), expires)).collect()
}

/// The end of each of those.
fn ended(name: &str, count: usize) -> Vec<Fact> {
    (0..count).map(|number| revoked(&format!("{name} {number}"))).collect()
}

#[test]
fn a_person_lets_a_program_in_from_a_browser() {
    for way in WAYS {
        world(with_workload()).when(&by("eve", "session"), let_in(way)).then([let_in_by("eve", way).into()]);
    }
    // A session by a recovery code is one in a browser too.
    let mut given = world(with_workload());
    given.happen([recovered("ada", "one", time(5_000)).into()]);
    let signed_in = ClientSignedIn {
        expires: time(5_000),
        from: credential("rescue"),
        ..let_in_by("ada", Way::DeviceCode)
    };
    let rescued = Asking { now: time(1), ..by("ada", "rescue") };
    given.when(&rescued, let_in(Way::DeviceCode)).then([signed_in.into()]);
}

#[test]
fn programs_are_let_in_from_nothing_but_a_browser() {
    let mut given = world(with_workload());
    let signed_in = ClientSignedIn { idle_seconds: 1_000_000, ..let_in_by("eve", Way::AuthorizationCode) };
    given.happen([signed_in.into(), token("short", "svc-ci").into()]);
    let another = |way| SignInClient { session: credential("new"), digest: digest("new"), ..let_in(way) };
    for (way, grant) in WAYS.into_iter().zip(["authorization_code", "device_code"]) {
        for asking in [
            asked_by("eve"),
            by("eve", "program"),
            asked_by("svc-ci"),
            asked_by("agt-bot"),
            by("svc-ci", "short"),
        ] {
            given.when(&asking, another(way)).refused(token_refused(grant, "no_browser_session"));
        }
        for actor in [Actor::Anonymous(Via::Nothing), Actor::Anonymous(Via::Provider), Actor::System] {
            given.when(&asked(actor), another(way)).refused(Refusal::NotAuthenticated {});
        }
        let over = Asking { now: started("eve").expires, ..by("eve", "session") };
        given.when(&over, another(way)).refused(Refusal::NotAuthenticated {});
    }
}

#[test]
fn codes_that_people_type_can_be_off() {
    let given = world(Policy { device_codes: false, ..with_workload() });
    let off = token_refused("device_code", "device_codes_off");
    given.when(&by("eve", "session"), let_in(Way::DeviceCode)).refused(off);
    let way = Way::AuthorizationCode;
    given.when(&by("eve", "session"), let_in(way)).then([let_in_by("eve", way).into()]);
}

#[test]
fn no_program_is_let_in_with_fewer_factors_than_policy_wants() {
    let needed = || Refusal::SeveralFactorsNeeded { seconds_max: 900 };
    let owners = vec!["owner".into()];
    let policies = [
        Policy { several_factors: true, ..with_workload() },
        Policy { several_factors_roles: owners, ..with_workload() },
    ];
    for policy in policies {
        for way in WAYS {
            let session = SessionStarted { several_factors: false, ..browser("eve") };
            let mut weak = given([known("eve"), adopted(policy.clone())].concat());
            weak.happen([session.into(), granted("eve", Role::Owner)]);
            weak.when(&by("eve", "session"), let_in(way)).refused(needed());
            let mut strong = given([known("eve"), adopted(policy.clone())].concat());
            strong.happen([browser("eve").into(), granted("eve", Role::Owner)]);
            strong.when(&by("eve", "session"), let_in(way)).then([let_in_by("eve", way).into()]);
        }
    }
}

#[test]
fn a_program_gets_a_token_for_itself_or_for_a_person() {
    let given = world(with_workload());
    for program in ["svc-ci", "agt-bot"] {
        let own = TokenIssued { digest: digest("new"), token: credential("new"), ..token("new", program) };
        given.when(&asked_by(program), issue_token(None)).then([own.into()]);
        let behalf = on_behalf("new", program, "eve");
        given.when(&asked_by(program), issue_token(Some("eve"))).then([behalf.into()]);
    }
    let mut given = given;
    given.happen([token("short", "svc-ci").into()]);
    given.when(&by("svc-ci", "short"), issue_token(None)).then([token("new", "svc-ci").into()]);
    given
        .when(&by("svc-ci", "short"), issue_token(Some("eve")))
        .then([on_behalf("new", "svc-ci", "eve").into()]);
    // What a provider's word led to stands for itself.
    given.happen([worked("one").into()]);
    let from = TokenIssued { from: credential("job"), ..token("new", "svc-ci") };
    given.when(&by("svc-ci", "job"), issue_token(None)).then([from.into()]);
}

#[test]
fn whom_no_token_is_given() {
    let mut given = world(with_workload());
    given.happen([on_behalf("lent", "svc-ci", "eve").into(), token("short", "svc-ci").into()]);
    for asking in [asked_by("ada"), by("eve", "session")] {
        given.when(&asking, issue_token(None)).refused(token_refused("client_credentials", "not_a_program"));
        let refusal = token_refused("token_exchange", "not_a_program");
        given.when(&asking, issue_token(Some("eve"))).refused(refusal);
    }
    let lent = asked(delegate("svc-ci", "eve", "lent"));
    for behalf in [None, Some("eve"), Some("lent"), Some("ada")] {
        given.when(&lent, issue_token(behalf)).refused(Refusal::NotOnBehalf {});
    }
    let lies = [by("svc-ci", "lent"), by("svc-ci", "eve"), asked(delegate("svc-ci", "ada", "lent"))];
    let strangers = [Actor::Anonymous(Via::Nothing), Actor::Anonymous(Via::Provider), Actor::System];
    for asking in lies.into_iter().chain(strangers.map(asked)) {
        given.when(&asking, issue_token(None)).refused(Refusal::NotAuthenticated {});
    }
}

#[test]
fn whom_a_program_cannot_act_for() {
    let mut given = world(with_workload());
    given.happen([on_behalf("lent", "agt-bot", "eve").into(), token("short", "agt-bot").into()]);
    given.happen([worked("one").into(), issued("eve", "revoked", None), revoked("revoked")]);
    given.happen([issued("eve", "past", Some(time(3_600)))]);
    let idle = SessionStarted { idle_seconds: 60, digest: digest("idle"), ..started("eve") };
    given.happen([SessionStarted { session: credential("idle"), ..idle }.into()]);
    given.happen([known("zoe"), vec![suspended("zoe")]].concat());
    let cases = [
        ("revoked", "subject_token_over"),
        ("past", "subject_token_over"),
        ("idle", "subject_token_over"),
        ("nothing", "subject_token_over"),
        ("lent", "subject_token_is_a_token"),
        ("short", "subject_token_is_a_token"),
        ("job", "subject_token_is_a_token"),
        ("agt-bot", "not_a_person"),
        ("svc-ci", "not_a_person"),
        ("zoe", "not_a_person"),
    ];
    for (behalf, reason) in cases {
        let refusal = token_refused("token_exchange", reason);
        given.when(&asked_by("svc-ci"), issue_token(Some(behalf))).refused(refusal);
    }
    let session = given.when(&asked_by("svc-ci"), issue_token(Some("session"))).facts();
    assert!(session.is_ok(), "a session is a credential of a person");
}

#[test]
fn a_token_lasts_as_long_as_the_shortest_of_what_it_was_given_for() {
    let ends = || [None, Some(3_601), Some(5_000), Some(7_200), Some(9_000)].into_iter();
    let people = || [None].into_iter().chain(ends().map(Some));
    let until = |end: Option<u64>| end.map(time);
    let pairs = ends().flat_map(|own| ends().map(move |root| (own, root)));
    for ((own, root), hers) in pairs.flat_map(|pair| people().map(move |hers| (pair, hers))) {
        let mut given = world(with_workload());
        given.happen([issued("svc-ci", "root", until(root)), issued("eve", "hers", until(hers.flatten()))]);
        let shown = own.map_or("root", |_| "short");
        if let Some(expires) = until(own) {
            let (from, short) = (credential("root"), token("short", "svc-ci"));
            given.happen([TokenIssued { expires, from, ..short }.into()]);
        }
        let least = [own, root, hers.flatten(), Some(7_200)].into_iter().flatten().min();
        let expected = TokenIssued {
            behalf: hers.map(|_| Behalf { credential: credential("hers"), person: person("eve") }),
            expires: until(least).expect("an hour is among them"),
            from: credential("root"),
            ..token("new", "svc-ci")
        };
        let command = issue_token(hers.map(|_| "hers"));
        given.when(&by("svc-ci", shown), command).then([expected.into()]);
    }
}

#[test]
fn a_token_cannot_be_renewed_by_itself() {
    let mut given = world(with_workload());
    given.happen([TokenIssued { expires: time(5_000), ..token("short 0", "svc-ci") }.into()]);
    for number in 0..20 {
        let shown = by("svc-ci", &format!("short {number}"));
        let now = time(3_600 + number * 60);
        let next = TokenIssued { expires: time(5_000), ..token("new", "svc-ci") };
        given.when(&Asking { now, ..shown }, issue_token(None)).then([next.clone().into()]);
        let name = format!("short {}", number + 1);
        given.happen([TokenIssued { token: credential(&name), digest: digest(&name), ..next }.into()]);
        let over = Asking { now: time(5_000), ..shown };
        given.when(&over, issue_token(None)).refused(Refusal::NotAuthenticated {});
    }
}

#[test]
fn nothing_that_lasts_comes_of_a_token() {
    let mut given = world(with_workload());
    given.happen([token("short", "svc-ci").into(), worked("one").into()]);
    given.happen([on_behalf("lent", "svc-ci", "eve").into()]);
    let issue = |name: Option<&str>| IssueCredential {
        credential: credential("for ever"),
        digest: digest("for ever"),
        expires: None,
        subject: name.map(subject),
    };
    let needed = || Refusal::NotPermitted { permission: "identity.credentials".into(), scope: Scope::Site };
    let done = || -> Fact {
        let (credential, digest, subject) = (credential("for ever"), digest("for ever"), subject("svc-ci"));
        CredentialIssued { credential, digest, expires: None, subject }.into()
    };
    for shown in ["short", "job"] {
        given.when(&by("svc-ci", shown), issue(None)).refused(needed());
        given.when(&by("svc-ci", shown), issue(Some("svc-ci"))).refused(needed());
        given.when(&by("svc-ci", shown), issue(Some("eve"))).refused(needed());
        let end = RevokeCredential { credential: credential(shown) };
        given.when(&by("svc-ci", shown), end).then([revoked(shown)]);
    }
    given.when(&asked_by("svc-ci"), issue(None)).then([done()]);
    let lent = asked(delegate("svc-ci", "eve", "lent"));
    for name in [None, Some("svc-ci"), Some("eve")] {
        given.when(&lent, issue(name)).refused(Refusal::NotOnBehalf {});
    }
    // Whoever may make credentials for others may make this one too.
    given.happen([granted("svc-ci", Role::UserAdmin)]);
    given.when(&by("svc-ci", "short"), issue(None)).then([done()]);
}

#[test]
fn a_workload_comes_in_by_the_word_of_its_provider() {
    let given = world(with_workload());
    given.when(&from_provider(), work("one")).then([worked("one").into()]);
    let unknown = || token_refused("jwt_bearer", "unknown_workload");
    for command in [
        SignInWorkload { workload: "cd".into(), ..work("one") },
        SignInWorkload { subject: "repo:acme/other".into(), ..work("one") },
        SignInWorkload { subject: "".into(), ..work("one") },
    ] {
        given.when(&from_provider(), command).refused(unknown());
    }
    world(Policy { workloads: vec![], ..with_workload() })
        .when(&from_provider(), work("one"))
        .refused(unknown());
    let vias = [Via::Nothing, Via::Claim, Via::Recovery].map(Actor::Anonymous);
    for actor in vias.into_iter().chain([Actor::System, Actor::Operator, asked_by("svc-ci").actor]) {
        given.when(&asked(actor), work("one")).refused(Refusal::NotAuthenticated {});
    }
    let mut away = given;
    away.happen([suspended("svc-ci")]);
    away.when(&from_provider(), work("one")).refused(token_refused("jwt_bearer", "not_active"));
    let mut elsewhere = with_workload();
    for workload in &mut elsewhere.workloads {
        workload.service_account = account("svc-none");
    }
    let refusal = token_refused("jwt_bearer", "not_active");
    world(elsewhere).when(&from_provider(), work("one")).refused(refusal);
}

#[test]
fn an_assertion_counts_once() {
    let mut given = world(with_workload());
    let first = given.size();
    given.happen([worked("one").into()]);
    let replayed = || token_refused("jwt_bearer", "assertion_replayed");
    given.when(&from_provider(), work("one")).refused(replayed());
    given.when(&from_provider(), work("two")).then([worked("two").into()]);
    // An assertion that ends within the hour is not believed after two; others make room for it only then.
    let begun = fixtures::samples::time(first);
    for (later, is_spent) in [(3_600, true), (7_200, true), (7_201, false)] {
        let mut given = given.clone();
        let event = fixtures::samples::event(99, ledger::hash::Hash([0; 32]), worked("two").into());
        given.state.apply(&ledger::event::Event { time: begun.plus_seconds(later), ..event });
        assert_eq!(given.when(&from_provider(), work("one")).facts() == Err(replayed()), is_spent, "{later}");
    }
}

#[test]
fn what_is_over_makes_room_and_what_is_not_does_not() {
    let past = Some(time(3_600));
    let full = || Refusal::TooMany { count_max: 64 };
    let orders: [(&str, Asking, commands::Command, Fact); 4] = [
        ("svc-ci", asked_by("svc-ci"), issue_token(None).into(), token("new", "svc-ci").into()),
        (
            "svc-ci",
            asked_by("svc-ci"),
            issue_token(Some("eve")).into(),
            on_behalf("new", "svc-ci", "eve").into(),
        ),
        ("svc-ci", from_provider(), work("one").into(), worked("one").into()),
        (
            "eve",
            by("eve", "session"),
            let_in(Way::DeviceCode).into(),
            let_in_by("eve", Way::DeviceCode).into(),
        ),
    ];
    for (name, asking, command, done) in orders {
        let mut given = world(with_workload());
        given.happen(many(name, 70, past));
        given.when(&asking, command.clone()).then([ended(name, 70), vec![done]].concat());
        // The last one that fits, and the first that does not.
        let own = given.state.credentials.unrevoked(subject(name)).len() - 70;
        for (more, fits) in [(63 - own, true), (64 - own, false)] {
            let mut given = given.clone();
            given.happen((0..more).map(|number| issued(name, &format!("live {number}"), None)));
            let decided = given.when(&asking, command.clone()).facts();
            assert_eq!(decided.is_ok(), fits, "{} {more}", command.name());
            if let Err(refusal) = decided {
                assert_eq!(refusal, full());
            }
        }
    }
}

#[test]
fn tokens_that_were_given_for_what_was_revoked_make_room_too() {
    let mut given = world(with_workload());
    given.happen([issued("svc-ci", "old root", None), issued("eve", "old", None)]);
    let gone = TokenIssued { from: credential("old root"), ..token("gone", "svc-ci") };
    let lent = TokenIssued {
        behalf: Some(Behalf { credential: credential("old"), person: person("eve") }),
        ..token("lent", "svc-ci")
    };
    given.happen([gone.into(), lent.into(), token("good", "svc-ci").into()]);
    given.happen([revoked("old root"), revoked("old")]);
    let expected = [revoked("gone"), revoked("lent"), token("new", "svc-ci").into()];
    given.when(&asked_by("svc-ci"), issue_token(None)).then(expected);
}

#[test]
fn that_a_token_was_not_granted_is_written_down_as_it_was() {
    let mut given = world(with_workload());
    given.happen([on_behalf("lent", "svc-ci", "eve").into()]);
    let command = || RefuseToken { grant: "jwt_bearer".into(), reason: "token_expired".into() };
    let refusal = || token_refused("jwt_bearer", "token_expired");
    let anybody = [Via::Nothing, Via::Provider].map(Actor::Anonymous).map(asked);
    let known = [asked_by("svc-ci"), asked_by("ada"), asked(delegate("svc-ci", "eve", "lent"))];
    for asking in anybody.into_iter().chain(known) {
        given.when(&asking, command()).refused(refusal());
    }
    for lie in [by("svc-ci", "lent"), by("eve", "svc-ci"), asked(delegate("svc-ci", "ada", "lent"))] {
        given.when(&lie, command()).refused(Refusal::NotAuthenticated {});
    }
}

#[test]
fn a_workload_is_known_for_an_hour_and_no_longer() {
    let mut given = world(with_workload());
    given.happen([worked("one").into()]);
    let WorkloadSignedIn { expires, .. } = worked("one");
    assert_eq!(expires, time(3_600 + 3_600));
    let at = |now| Asking { now, ..by("svc-ci", "job") };
    given.when(&at(time(7_199)), issue_token(None)).then([{
        let from = credential("job");
        TokenIssued { from, expires, ..token("new", "svc-ci") }.into()
    }]);
    given.when(&at(expires), issue_token(None)).refused(Refusal::NotAuthenticated {});
}
