//! Every reason for refusing has a case.

use crate::given::{asked, asked_by, given, known, with_roles};
use crate::people::{account, credential, digest, grant, person, subject, time};
use commands::Command;
use commands::access::{GrantRole, Look, RevokeRole};
use commands::custody::ErasePayloads;
use commands::identity::{ClaimOwnership, CreateServiceAccount, IssueCredential, RevokeCredential};
use ledger::event::{Actor, Refusal, Via};
use projections::access::{Permission, Role};
use std::collections::BTreeSet;

const CODES: usize = 12;

/// A number for each reason. A new one stops the build here, and then wants a case below.
fn number(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::NotAuthenticated {} => 0,
        Refusal::NotPermitted { .. } => 1,
        Refusal::ExceedsOwnRights { .. } => 2,
        Refusal::UnknownSubject { .. } => 3,
        Refusal::UnknownGrant { .. } => 4,
        Refusal::UnknownCredential { .. } => 5,
        Refusal::HandleTaken { .. } => 6,
        Refusal::ClaimNotOpen {} => 7,
        Refusal::LastOwner { .. } => 8,
        Refusal::CommandIdReused { .. } => 9,
        Refusal::ExpiryInPast {} => 10,
        Refusal::NothingToErase { .. } => 11,
    }
}

/// A case for each code but `command_id_reused`, which the engine gives: see `tests/engine/idempotency.rs`.
fn cases() -> Vec<(&'static str, Actor, Command)> {
    let (ada, adm) = (asked_by("ada").actor, asked_by("adm").actor);
    let (claimer, nobody) = (Actor::Anonymous(Via::Claim), Actor::Anonymous(Via::Nothing));
    let grant_to = |name: &str, role| GrantRole { grant: grant("new"), subject: subject(name), role };
    let claim = ClaimOwnership {
        token: digest("guess"),
        person: person("new"),
        grant: grant("new"),
        credential: credential("new"),
        digest: digest("new"),
        profile: None,
    };
    let expired = IssueCredential {
        credential: credential("new"),
        digest: digest("new"),
        expires: Some(time(1)),
        subject: None,
    };
    let create =
        CreateServiceAccount { service_account: account("svc-new"), handle: "svc-ci".into(), profile: None };
    vec![
        ("not_authenticated", nobody, Look { permission: None }.into()),
        ("not_permitted", adm, Look { permission: Some(Permission::CustodyRead) }.into()),
        ("exceeds_own_rights", adm, grant_to("bob", Role::Owner).into()),
        ("unknown_subject", ada, grant_to("zoe", Role::Member).into()),
        ("unknown_grant", ada, RevokeRole { grant: grant("none") }.into()),
        ("unknown_credential", ada, RevokeCredential { credential: credential("none") }.into()),
        ("handle_taken", ada, create.into()),
        ("claim_not_open", claimer, claim.into()),
        ("last_owner", ada, RevokeRole { grant: grant("ada owner") }.into()),
        ("expiry_in_past", ada, expired.into()),
        ("nothing_to_erase", ada, ErasePayloads { subject: subject("svc-ci"), reason: "x".into() }.into()),
    ]
}

#[test]
fn every_reason_for_refusing_has_a_case() {
    let given = given(
        [
            with_roles("ada", &[Role::Owner]),
            with_roles("adm", &[Role::UserAdmin]),
            known("bob"),
            known("svc-ci"),
        ]
        .concat(),
    );
    let mut seen: BTreeSet<usize> = [9].into();
    for (code, actor, command) in cases() {
        let refusal = given.when(&asked(actor), command).facts().expect_err(code);
        assert_eq!(refusal.code(), code);
        seen.insert(number(&refusal));
    }
    assert_eq!(seen, (0..CODES).collect());
}
