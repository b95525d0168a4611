//! Subjects, groups and credentials over HTTP.

mod claim;
mod credentials;
mod groups;
mod recovery;
mod subjects;

pub(super) use claim::claim_ownership;
pub(super) use credentials::{credentials, issue_credential, revoke_credential};
pub(super) use groups::{add_member, create_group, groups, members, remove_group, remove_member};
pub(super) use recovery::make_recovery_codes;
pub(super) use subjects::{
    agents, create_agent, create_person, create_service_account, me, reactivate_subject, remove_subject,
    service_accounts, suspend_subject, users,
};

use super::Problem;
use super::fields::wrong_shape;
use ledger::event::Subject;
use ledger::writer::PlainPayload;
use serde::Serialize;

/// What is known about a subject; sealed, so that it can be erased.
#[derive(Default, Serialize)]
pub(super) struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
}

impl Profile {
    pub(super) fn sealed(&self, subject: Subject) -> Result<Option<PlainPayload>, Problem> {
        if self.email.is_none() && self.name.is_none() && self.login.is_none() {
            return Ok(None);
        }
        let plain = serde_json::to_vec(self).map_err(|cause| wrong_shape(cause.to_string()))?;
        Ok(Some(PlainPayload::profile(subject, plain)))
    }
}
