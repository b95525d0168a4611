//! Why a command was refused: a code and what a verifier needs to judge the refusal again.

use super::budgets::Unit;
use super::id::{BudgetId, CommandId, CredentialId, DutyId, GrantId, TemplateId, VirtualKeyId};
use super::keys::KeyClass;
use super::scope::Scope;
use super::workspaces::Sharing;
use super::{ContentDigest, Object, Subject};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a command was refused. The codes are stable; the messages are for people and may improve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
pub enum Refusal {
    /// No credential, or one that is unknown, revoked or expired.
    #[error("no valid credential was shown; send `Authorization: Bearer <credential>`")]
    NotAuthenticated {},
    /// The actor lacks a permission.
    #[error("this needs the permission `{permission}` in `{scope}`, which none of your roles gives you")]
    NotPermitted {
        /// The missing permission.
        permission: Box<str>,
        /// Where it is missing; absent for the whole site.
        #[serde(skip_serializing_if = "Scope::is_site", default)]
        scope: Scope,
    },
    /// The role or subject would give the actor more than it has.
    #[error(
        "this takes the permission `{permission}` in `{scope}`, which you do not hold yourself, or not for as long"
    )]
    ExceedsOwnRights {
        /// A permission that the actor lacks.
        permission: Box<str>,
        /// Where it lacks it; absent for the whole site.
        #[serde(skip_serializing_if = "Scope::is_site", default)]
        scope: Scope,
    },
    /// No such person or service account.
    #[error("`{subject}` does not exist")]
    UnknownSubject {
        /// Who was meant.
        subject: Subject,
    },
    /// No such grant.
    #[error("the grant `{grant}` does not exist")]
    UnknownGrant {
        /// Which was meant.
        grant: GrantId,
    },
    /// No such credential.
    #[error("the credential `{credential}` does not exist")]
    UnknownCredential {
        /// Which was meant.
        credential: CredentialId,
    },
    /// Something else of its kind has that name.
    #[error("the name `{handle}` is taken; choose another")]
    HandleTaken {
        /// The name.
        handle: Box<str>,
    },
    /// The claim token is wrong, used or expired.
    #[error("the claim link is wrong, used or expired; `deed claim-link` on the server makes a new one")]
    ClaimNotOpen {},
    /// Nobody would own this Deed any more.
    #[error("`{grant}` is the last grant of `owner`; grant it to somebody else first")]
    LastOwner {
        /// The grant.
        grant: GrantId,
    },
    /// The command id stands for another command.
    #[error("the command id `{request}` was used for another command; choose a new one")]
    CommandIdReused {
        /// The command id.
        request: CommandId,
    },
    /// The expiry is not in the future.
    #[error("the expiry has passed already; choose a later time")]
    ExpiryInPast {},
    /// The subject has no sealed payload left.
    #[error("nothing that can be erased is kept about `{subject}`")]
    NothingToErase {
        /// Who was meant.
        subject: Subject,
    },
    /// No such thing, or it has ended.
    #[error("`{object}` does not exist, or has ended")]
    UnknownObject {
        /// What was meant.
        object: Object,
    },
    /// No such role, or it was retired.
    #[error("there is no role `{role}` that can be granted; `GET /api/v1/roles` lists them")]
    UnknownRole {
        /// Which was meant.
        role: Box<str>,
    },
    /// The role cannot be granted at such a scope.
    #[error("the role `{role}` cannot be granted at `{scope}`")]
    RoleNotHere {
        /// Which role.
        role: Box<str>,
        /// Where it was to hold.
        scope: Scope,
    },
    /// The scope does not have these environments.
    #[error(
        "`{scope}` does not have these environments; only a grant in a project can be limited to some of its own"
    )]
    EnvironmentsNotHere {
        /// Where the grant was to hold.
        scope: Scope,
    },
    /// Something else of its kind has that name there.
    #[error("the name `{handle}` is taken in `{scope}`; choose another")]
    NameTaken {
        /// The name.
        handle: Box<str>,
        /// Where it is taken.
        scope: Scope,
    },
    /// Another person signs in under that name.
    #[error("somebody signs in under that name already")]
    LoginTaken {
        /// The keyed digest of the name.
        login: ContentDigest,
    },
    /// A second person must decide this.
    #[error(
        "a second person must decide on `{object}`: nobody decides on what they asked for or get themselves"
    )]
    OwnMatter {
        /// What was to be decided.
        object: Object,
    },
    /// The group holds a role that a second person must approve for whoever gets it.
    #[error(
        "the group holds the role `{role}`, which a second person must approve; ask for that role for the subject itself"
    )]
    ApprovalNeeded {
        /// Which role.
        role: Box<str>,
    },
    /// The subject is suspended.
    #[error("`{subject}` is suspended; reactivate it first")]
    NotActive {
        /// Who.
        subject: Subject,
    },
    /// Somebody who came from a provider may not come in.
    #[error("signing in with `{provider}` did not work: {reason}")]
    SignInRefused {
        /// The provider, by its name in the policy on signing in.
        provider: Box<str>,
        /// Why: a stable word.
        reason: Box<str>,
    },
    /// Signing in, or the command, needs several factors, shown not long ago.
    #[error(
        "this needs a sign-in with several factors, no longer than {seconds_max} seconds ago; sign in again"
    )]
    SeveralFactorsNeeded {
        /// How long ago they may have been shown.
        seconds_max: u64,
    },
    /// A program's request for a token was not to be granted.
    #[error("a token by `{grant}` was refused: {reason}")]
    TokenRefused {
        /// The OAuth grant, by its short name.
        grant: Box<str>,
        /// Why: a stable word.
        reason: Box<str>,
    },
    /// It cannot be done on somebody's behalf.
    #[error("this cannot be done on somebody's behalf; use a credential of your own")]
    NotOnBehalf {},
    /// Recovery codes cannot be made or used here and now.
    #[error("recovery codes cannot be used for this: {reason}")]
    RecoveryRefused {
        /// Why: a stable word.
        reason: Box<str>,
    },
    /// Whoever asked is no tenant of the policy on provisioning.
    #[error(
        "only a tenant of the policy `provisioning` may do this, with a credential of its service account"
    )]
    NotATenant {},
    /// It is not the tenant's, or no longer.
    #[error("`{object}` is none that the tenant `{tenant}` has")]
    NotOfTenant {
        /// What was meant.
        object: Object,
        /// The tenant.
        tenant: Box<str>,
    },
    /// Something else of its kind has the name or id there.
    #[error("`{holder}` has this name, or this id of the tenant `{tenant}`, already")]
    TakenAtTenant {
        /// What has it.
        holder: Object,
        /// The tenant.
        tenant: Box<str>,
    },
    /// A tenant says what it is, and nobody else.
    #[error("`{object}` is what the tenant `{tenant}` says; change it there")]
    ManagedByTenant {
        /// What was meant.
        object: Object,
        /// The tenant.
        tenant: Box<str>,
    },
    /// It was decided already.
    #[error("`{object}` was decided already")]
    Settled {
        /// What was to be decided.
        object: Object,
    },
    /// One subject would hold two permissions that a rule keeps apart.
    #[error("this would give one subject two permissions that the rule `{duty}` keeps apart")]
    DutiesConflict {
        /// The rule.
        duty: DutyId,
    },
    /// It would last too long.
    #[error("this may last {seconds_max} seconds at most")]
    TooLong {
        /// The longest time in seconds.
        seconds_max: u64,
    },
    /// There are as many as there may be.
    #[error("there are {count_max} of them already, and there may be no more")]
    TooMany {
        /// How many there may be.
        count_max: u64,
    },
    /// The role is none that may be taken in an emergency.
    #[error("the role `{role}` may not be taken in an emergency; the access policy says which may")]
    NotForEmergencies {
        /// Which role.
        role: Box<str>,
    },
    /// The owner has a live key of that name, which is another.
    #[error("the name `{handle}` is taken by `{key}`, which is not the same; choose another")]
    AliasTaken {
        /// The name.
        handle: Box<str>,
        /// The key that has it.
        key: VirtualKeyId,
    },
    /// The key would be looser than policy allows for its class.
    #[error("`{field}` is looser than policy allows for keys of the class `{key_class}`")]
    LooserThanPolicy {
        /// What is looser.
        field: Box<str>,
        /// The key's class.
        key_class: KeyClass,
    },
    /// What was written as a template keeps no bounds.
    #[error("the template is not sound: {what}")]
    UnsoundTemplate {
        /// What must hold.
        what: Box<str>,
    },
    /// Nothing can be made from the template, or from that version.
    #[error("nothing can be made from `{template}` here: {reason}")]
    TemplateNotUsable {
        /// Why: a stable word.
        reason: Box<str>,
        /// Which.
        template: TemplateId,
    },
    /// A parameter's value is not admitted.
    #[error("the parameter `{parameter}` cannot have this value: {what}")]
    ParameterNotAdmitted {
        /// Which.
        parameter: Box<str>,
        /// What must hold.
        what: Box<str>,
    },
    /// Only a new workspace can have it.
    #[error("`{field}` cannot change in a workspace that exists; delete it and create it anew")]
    RecreationNeeded {
        /// What would change.
        field: Box<str>,
    },
    /// The template does not let so many open the app.
    #[error("the template lets `{}` open it at most", .sharing_max.as_str())]
    SharedTooWidely {
        /// Who may at most.
        sharing_max: Sharing,
    },
    /// A hard budget has not so much left.
    #[error(
        "this takes {wanted} {unit}, and of the {limit} of `{exceeded}` {spent} are spent and {reserved} reserved"
    )]
    OverBudget {
        /// When its window ends; absent when it does not.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        ends: Option<Time>,
        /// Which budget.
        exceeded: BudgetId,
        /// Its limit.
        limit: u64,
        /// What is reserved in its window.
        reserved: u64,
        /// What is spent in its window.
        spent: u64,
        /// What it counts.
        unit: Unit,
        /// What was asked for.
        wanted: u64,
    },
}

macro_rules! codes {
    ($($refusal:ident => $code:literal;)*) => {
        impl Refusal {
            /// Every code there is.
            pub const CODES: &'static [&'static str] = &[$($code),*];

            /// The stable code.
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$refusal { .. } => $code,)*
                }
            }
        }
    };
}

codes! {
    NotAuthenticated => "not_authenticated";
    NotPermitted => "not_permitted";
    ExceedsOwnRights => "exceeds_own_rights";
    UnknownSubject => "unknown_subject";
    UnknownGrant => "unknown_grant";
    UnknownCredential => "unknown_credential";
    HandleTaken => "handle_taken";
    ClaimNotOpen => "claim_not_open";
    LastOwner => "last_owner";
    CommandIdReused => "command_id_reused";
    ExpiryInPast => "expiry_in_past";
    NothingToErase => "nothing_to_erase";
    UnknownObject => "unknown_object";
    UnknownRole => "unknown_role";
    RoleNotHere => "role_not_here";
    EnvironmentsNotHere => "environments_not_here";
    NameTaken => "name_taken";
    LoginTaken => "login_taken";
    OwnMatter => "own_matter";
    ApprovalNeeded => "approval_needed";
    NotActive => "not_active";
    SignInRefused => "sign_in_refused";
    SeveralFactorsNeeded => "several_factors_needed";
    TokenRefused => "token_refused";
    NotOnBehalf => "not_on_behalf";
    RecoveryRefused => "recovery_refused";
    NotATenant => "not_a_tenant";
    NotOfTenant => "not_of_tenant";
    TakenAtTenant => "taken_at_tenant";
    ManagedByTenant => "managed_by_tenant";
    Settled => "settled";
    DutiesConflict => "duties_conflict";
    NotForEmergencies => "not_for_emergencies";
    AliasTaken => "alias_taken";
    LooserThanPolicy => "looser_than_policy";
    UnsoundTemplate => "unsound_template";
    TemplateNotUsable => "template_not_usable";
    ParameterNotAdmitted => "parameter_not_admitted";
    RecreationNeeded => "recreation_needed";
    SharedTooWidely => "shared_too_widely";
    OverBudget => "over_budget";
    TooLong => "too_long";
    TooMany => "too_many";
}

/// How often a refusal was given without an event of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeCount {
    /// The refusal's code.
    pub code: Box<str>,
    /// How often.
    pub count: u64,
}
