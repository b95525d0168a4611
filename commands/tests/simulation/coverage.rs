//! What the runs came by, so that nobody believes in runs that try nothing.

use std::collections::BTreeMap;

/// How often each thing happened.
#[derive(Default, Debug)]
pub(crate) struct Coverage(BTreeMap<String, u64>);

/// Everything that has to happen in one gate.
const WANTED: &[&str] = &[
    "crash KeepAll",
    "crash KeepFirst",
    "crash KeepPrefix",
    "crash KeepSubset",
    "crash KeepSyncedOnly",
    "fault while opening",
    "fault while running",
    "power cut while opening",
    "power cut while running",
    "clean stop",
    "full disk",
    "answer done",
    "answer nothing",
    "answer refused",
    "answer counted",
    "answer recalled",
    "answer not recorded",
    "answer unknown",
    "answer stopped",
    "unacknowledged and kept",
    "unacknowledged and lost",
    "command identity.claim_ownership",
    "command identity.create_service_account",
    "command identity.issue_credential",
    "command identity.revoke_credential",
    "command identity.issue_token",
    "command identity.make_recovery_codes",
    "command identity.recover",
    "a delegate did something",
    "command access.grant_role",
    "command access.revoke_role",
    "command access.look",
    "command custody.erase_payloads",
    "command custody.read_log",
    "command custody.open_claim",
    "command custody.rotate_key",
    "command custody.report_key",
    "code not_authenticated",
    "code not_permitted",
    "code exceeds_own_rights",
    "code unknown_subject",
    "code unknown_grant",
    "code unknown_credential",
    "code handle_taken",
    "code claim_not_open",
    "code last_owner",
    "code command_id_reused",
    "code expiry_in_past",
    "code nothing_to_erase",
    "code token_refused",
    "code not_on_behalf",
    "code recovery_refused",
    "type custody.refusals_counted",
    "type custody.server_stopped",
    "type custody.key_rotated",
    "type identity.token_issued",
    "type identity.recovery_codes_made",
    "type identity.owner_recovered",
];

impl Coverage {
    /// Something happened.
    pub(crate) fn note(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// Both together.
    pub(crate) fn plus(mut self, other: Self) -> Self {
        other.0.into_iter().for_each(|(what, count)| *self.0.entry(what).or_default() += count);
        self
    }

    /// Everything wanted happened.
    pub(crate) fn check(&self) {
        let missing: Vec<_> = WANTED.iter().filter(|what| !self.0.contains_key(**what)).collect();
        assert!(missing.is_empty(), "never happened: {missing:?}; what did: {self:#?}");
    }
}
