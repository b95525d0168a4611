//! The claim, service accounts and credentials.

use crate::given::{Asking, asked, asked_by, given, granted, issued, known, with_roles};
use crate::people::{account, credential, digest, grant, person, subject, time};
use commands::identity::{ClaimOwnership, CreateServiceAccount, IssueCredential, RevokeCredential};
use ledger::event::custody::ClaimOpened;
use ledger::event::identity::{CredentialRevoked, OwnershipClaimed, PersonCreated, ServiceAccountCreated};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Refusal, Via};
use projections::access::Permission;
use projections::access::Role::{Auditor, Member, Owner, UserAdmin};

fn opened() -> Fact {
    ClaimOpened { digest: digest("token"), expires: time(7_200) }.into()
}

fn claim(token: &str, name: &str) -> ClaimOwnership {
    ClaimOwnership {
        token: digest(token),
        person: person(name),
        grant: grant(&format!("{name} owner")),
        credential: credential(name),
        digest: digest(name),
        profile: None,
    }
}

fn claimer() -> Asking {
    asked(Actor::Anonymous(Via::Claim))
}

fn issue(to: Option<&str>) -> IssueCredential {
    let (credential, digest) = (credential("new"), digest("new"));
    IssueCredential { credential, digest, expires: None, subject: to.map(subject) }
}

#[test]
fn whoever_has_the_token_becomes_owner() {
    let claimed: [Fact; 4] = [
        OwnershipClaimed { claim: digest("token"), person: person("ada") }.into(),
        PersonCreated { login: None, person: person("ada") }.into(),
        granted("ada", Owner),
        issued("ada", "ada", None),
    ];
    let mut given = given([opened()]);
    given.when(&claimer(), claim("token", "ada")).then(claimed.clone());
    given.happen(claimed);
    given.when(&claimer(), claim("token", "eve")).refused(Refusal::ClaimNotOpen {});
}

#[test]
fn a_claim_link_opens_for_its_token_only_and_until_it_expires() {
    let expired = Asking { now: time(7_200), ..claimer() };
    let given_open = given([opened()]);
    given_open.when(&claimer(), claim("guess", "eve")).refused(Refusal::ClaimNotOpen {});
    given_open.when(&expired, claim("token", "eve")).refused(Refusal::ClaimNotOpen {});
    let nothing_shown = asked(Actor::Anonymous(Via::Nothing));
    given_open.when(&nothing_shown, claim("token", "eve")).refused(Refusal::ClaimNotOpen {});
    given([]).when(&claimer(), claim("token", "eve")).refused(Refusal::ClaimNotOpen {});
    let newer = ClaimOpened { digest: digest("newer"), expires: time(7_200) }.into();
    given([opened(), newer]).when(&claimer(), claim("token", "eve")).refused(Refusal::ClaimNotOpen {});
}

#[test]
fn a_name_belongs_to_one_service_account() {
    let create = |handle: &str| CreateServiceAccount {
        service_account: account("svc-new"),
        handle: handle.into(),
        profile: None,
    };
    let given = given([with_roles("ada", &[UserAdmin]), known("svc-ci")].concat());
    let created = ServiceAccountCreated { handle: "deploy".into(), service_account: account("svc-new") };
    given.when(&asked_by("ada"), create("deploy")).then([created.into()]);
    given.when(&asked_by("ada"), create("svc-ci")).refused(Refusal::HandleTaken { handle: "svc-ci".into() });
}

#[test]
fn anybody_issues_a_credential_to_oneself() {
    given(known("bob")).when(&asked_by("bob"), issue(None)).then([issued("bob", "new", None)]);
    given(known("bob")).when(&asked_by("bob"), issue(Some("bob"))).then([issued("bob", "new", None)]);
}

#[test]
fn a_credential_for_another_needs_permission_and_all_rights_of_the_other() {
    let given = given(
        [with_roles("ada", &[UserAdmin]), with_roles("bob", &[Member]), with_roles("eve", &[Auditor])]
            .concat(),
    );
    given.when(&asked_by("ada"), issue(Some("bob"))).then([issued("bob", "new", None)]);
    let permission = Permission::AccessReview.as_str().into();
    given
        .when(&asked_by("ada"), issue(Some("eve")))
        .refused(Refusal::ExceedsOwnRights { permission, scope: Scope::Site });
    let permission = Permission::IdentityCredentials.as_str().into();
    given
        .when(&asked_by("eve"), issue(Some("bob")))
        .refused(Refusal::NotPermitted { permission, scope: Scope::Site });
    let unknown = Refusal::UnknownSubject { subject: subject("zoe") };
    given.when(&asked_by("ada"), issue(Some("zoe"))).refused(unknown);
}

#[test]
fn a_credential_expires_in_the_future_or_not_at_all() {
    let until = |seconds| IssueCredential { expires: Some(time(seconds)), ..issue(None) };
    let given = given(known("bob"));
    given.when(&asked_by("bob"), until(3_601)).then([issued("bob", "new", Some(time(3_601)))]);
    given.when(&asked_by("bob"), until(3_600)).refused(Refusal::ExpiryInPast {});
}

#[test]
fn a_credential_works_until_it_expires_or_is_revoked_and_for_its_owner_alone() {
    let mut given = given([known("bob"), known("eve")].concat());
    given.happen([issued("bob", "short", Some(time(4_000)))]);
    let with = |name: &str, shown: &str, seconds| Asking {
        actor: Actor::Subject(subject(name), credential(shown)),
        now: time(seconds),
    };
    given.when(&with("bob", "short", 3_999), issue(None)).then([issued("bob", "new", None)]);
    let refused = || Refusal::NotAuthenticated {};
    given.when(&with("bob", "short", 4_000), issue(None)).refused(refused());
    given.when(&with("eve", "bob", 3_600), issue(None)).refused(refused());
    given.when(&with("bob", "none", 3_600), issue(None)).refused(refused());
    given.happen([CredentialRevoked { credential: credential("bob") }.into()]);
    given.when(&with("bob", "bob", 3_600), issue(None)).refused(refused());
    for actor in [Actor::System, Actor::Operator] {
        given.when(&asked(actor), issue(None)).refused(refused());
    }
}

#[test]
fn one_revokes_ones_own_credentials_and_those_of_lesser_ones() {
    let revoke = |name: &str| RevokeCredential { credential: credential(name) };
    let revoked = |name: &str| [CredentialRevoked { credential: credential(name) }.into()];
    let mut given =
        given([with_roles("ada", &[UserAdmin]), known("bob"), with_roles("eve", &[Owner])].concat());
    given.when(&asked_by("bob"), revoke("bob")).then(revoked("bob"));
    given.when(&asked_by("ada"), revoke("bob")).then(revoked("bob"));
    let permission = Permission::AccessDefine.as_str().into();
    given
        .when(&asked_by("ada"), revoke("eve"))
        .refused(Refusal::ExceedsOwnRights { permission, scope: Scope::Site });
    let permission = Permission::IdentityCredentials.as_str().into();
    given
        .when(&asked_by("bob"), revoke("ada"))
        .refused(Refusal::NotPermitted { permission, scope: Scope::Site });
    let unknown = Refusal::UnknownCredential { credential: credential("none") };
    given.when(&asked_by("ada"), revoke("none")).refused(unknown);
    given.happen(revoked("bob"));
    given.when(&asked_by("ada"), revoke("bob")).then([]);
}
