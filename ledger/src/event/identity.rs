//! Facts of identity: people, service accounts and agents, their standing, credentials and groups.

use super::id::{AgentId, CredentialId, GroupId, PersonId, ServiceAccountId};
use super::scope::Scope;
use super::{ContentDigest, Object, Subject, about, facts};
use crate::hash::Hash;
use crate::time::Time;
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to subjects, their credentials and groups.
    Identity {
        /// A person exists; the profile is sealed beside the event.
        "identity.person_created" 1 => PersonCreated;
        /// A person used the claim link and owns this Deed.
        "identity.ownership_claimed" 1 => OwnershipClaimed;
        /// A service account exists.
        "identity.service_account_created" 1 => ServiceAccountCreated;
        /// An agent exists.
        "identity.agent_created" 1 => AgentCreated;
        /// A subject may do nothing until it is reactivated.
        "identity.subject_suspended" 1 => SubjectSuspended;
        /// A suspended subject may act again; what its suspension ended stays ended.
        "identity.subject_reactivated" 1 => SubjectReactivated;
        /// A subject may never act again.
        "identity.subject_removed" 1 => SubjectRemoved;
        /// A group exists.
        "identity.group_created" 1 => GroupCreated;
        /// A group has no members any more and gets none.
        "identity.group_removed" 1 => GroupRemoved;
        /// A group has another name.
        "identity.group_renamed" 1 => GroupRenamed;
        /// A subject is in a group.
        "identity.member_added" 1 => MemberAdded;
        /// A subject is no longer in a group.
        "identity.member_removed" 1 => MemberRemoved;
        /// A subject has a new credential.
        "identity.credential_issued" 1 => CredentialIssued;
        /// A credential no longer works.
        "identity.credential_revoked" 1 => CredentialRevoked;
        /// A person signs in under one more name.
        "identity.login_linked" 1 => LoginLinked;
        /// A person signed in at a provider and has a session, which is a credential of its own.
        "identity.session_started" 1 => SessionStarted;
        /// A session was used; its idle time begins again.
        "identity.session_used" 1 => SessionUsed;
        /// A provider said that somebody signed out there.
        "identity.provider_logged_out" 1 => ProviderLoggedOut;
        /// A person let a program of theirs in, from their session in a browser.
        "identity.client_signed_in" 1 => ClientSignedIn;
        /// A program has a token that lasts for a short time.
        "identity.token_issued" 1 => TokenIssued;
        /// A workload of a provider signed in as a service account.
        "identity.workload_signed_in" 1 => WorkloadSignedIn;
        /// An owner has new recovery codes, and no older ones.
        "identity.recovery_codes_made" 1 => RecoveryCodesMade;
        /// An owner came in with a recovery code.
        "identity.owner_recovered" 1 => OwnerRecovered;
    }
}

/// A person exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonCreated {
    /// A keyed digest of the name to sign in with, so that nobody else gets it; 32 hex digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub login: Option<ContentDigest>,
    /// The person.
    pub person: PersonId,
}

/// A person used the claim link and owns this Deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnershipClaimed {
    /// SHA-256 of the claim token.
    pub claim: Hash,
    /// The person.
    pub person: PersonId,
}

/// A service account exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountCreated {
    /// Its name, chosen by whoever made it, unique in the ledger.
    pub handle: Box<str>,
    /// The service account.
    pub service_account: ServiceAccountId,
}

/// An agent exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentCreated {
    /// The agent.
    pub agent: AgentId,
    /// Its name, chosen by whoever made it, unique in the ledger.
    pub handle: Box<str>,
    /// Who answers for it.
    pub sponsor: Subject,
}

/// A subject may do nothing until it is reactivated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectSuspended {
    /// Why.
    pub reason: Box<str>,
    /// Who.
    pub subject: Subject,
}

/// A suspended subject may act again; what its suspension ended stays ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectReactivated {
    /// Who.
    pub subject: Subject,
}

/// A subject may never act again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectRemoved {
    /// Why.
    pub reason: Box<str>,
    /// Who.
    pub subject: Subject,
}

/// A group exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupCreated {
    /// The group.
    pub group: GroupId,
    /// Its name, unique in its scope.
    pub handle: Box<str>,
    /// Whose it is: the site's or an organization's.
    pub scope: Scope,
}

/// A group has no members any more and gets none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRemoved {
    /// The group.
    pub group: GroupId,
}

/// A group has another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupRenamed {
    /// The group.
    pub group: GroupId,
    /// Its name from now on, unique in its scope.
    pub handle: Box<str>,
}

/// A subject is in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberAdded {
    /// The group.
    pub group: GroupId,
    /// Who.
    pub subject: Subject,
}

/// A subject is no longer in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRemoved {
    /// The group.
    pub group: GroupId,
    /// Who.
    pub subject: Subject,
}

/// A subject has a new credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialIssued {
    /// The credential.
    pub credential: CredentialId,
    /// SHA-256 of the secret.
    pub digest: Hash,
    /// From when on it no longer works.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<Time>,
    /// Whose it is.
    pub subject: Subject,
}

/// A credential no longer works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRevoked {
    /// The credential.
    pub credential: CredentialId,
}

/// A person signs in under one more name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginLinked {
    /// A keyed digest of what the provider calls the person; 32 hex digits.
    pub login: ContentDigest,
    /// The person.
    pub person: PersonId,
    /// The provider that vouches for both names.
    pub provider: Box<str>,
}

/// A person signed in at a provider and has a session, which is a credential of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionStarted {
    /// SHA-256 of the ID token, for whoever still has it.
    pub assertion: Hash,
    /// When the person showed the provider who they are.
    pub authenticated: Time,
    /// SHA-256 of the session's secret.
    pub digest: Hash,
    /// From when on it no longer works, however it is used.
    pub expires: Time,
    /// For how many seconds it may lie unused.
    pub idle_seconds: u64,
    /// The person.
    pub person: PersonId,
    /// The provider, by its name in the policy on signing in.
    pub provider: Box<str>,
    /// A keyed digest of the provider's own name for its session; 32 hex digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider_session: Option<ContentDigest>,
    /// The session.
    pub session: CredentialId,
    /// Whether the person showed several factors.
    pub several_factors: bool,
}

/// A session was used; its idle time begins again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionUsed {
    /// The session.
    pub session: CredentialId,
}

/// A provider said that somebody signed out there. The sessions that this ends are named by the events after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderLoggedOut {
    /// The provider.
    pub provider: Box<str>,
    /// SHA-256 of the issuer and the token's `jti`: a token counts once.
    pub token: Hash,
}

/// How a program reached the person who let it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Way {
    /// By an authorization code that the browser brought to the same machine.
    AuthorizationCode,
    /// By a code that the person typed, from another machine perhaps.
    DeviceCode,
}

/// A person let a program of theirs in, from their session in a browser. It has a session of its own, begun by the same sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSignedIn {
    /// The program, as an OAuth client.
    pub client: Box<str>,
    /// SHA-256 of the session's secret.
    pub digest: Hash,
    /// From when on it no longer works: when the session in the browser does not either.
    pub expires: Time,
    /// The session in the browser.
    pub from: CredentialId,
    /// For how many seconds it may lie unused.
    pub idle_seconds: u64,
    /// The person.
    pub person: PersonId,
    /// The program's session.
    pub session: CredentialId,
    /// How the program reached the person.
    pub way: Way,
}

/// A program has a token that lasts for a short time, and no longer than the credentials that it was given for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenIssued {
    /// The person for whom the program acts with it, and the person's credential.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub behalf: Option<Behalf>,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// From when on it no longer works.
    pub expires: Time,
    /// The program's own credential.
    pub from: CredentialId,
    /// The program.
    pub subject: Subject,
    /// The token.
    pub token: CredentialId,
}

/// For whom a program acts, and how it showed that it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behalf {
    /// The person's credential.
    pub credential: CredentialId,
    /// The person.
    pub person: PersonId,
}

/// A workload of a provider signed in as a service account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadSignedIn {
    /// SHA-256 of what the provider signed, without the signature: it counts once.
    pub assertion: Hash,
    /// SHA-256 of the token's secret.
    pub digest: Hash,
    /// From when on the token no longer works.
    pub expires: Time,
    /// The service account.
    pub service_account: ServiceAccountId,
    /// The token.
    pub token: CredentialId,
    /// The workload, by its name in the policy on signing in.
    pub workload: Box<str>,
}

/// An owner has new recovery codes, and no older ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryCodesMade {
    /// SHA-256 of each, in ascending order.
    pub codes: Vec<Hash>,
    /// The owner.
    pub person: PersonId,
}

/// An owner came in with a recovery code, which is spent by that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerRecovered {
    /// SHA-256 of the code.
    pub code: Hash,
    /// SHA-256 of the session's secret.
    pub digest: Hash,
    /// From when on it no longer works.
    pub expires: Time,
    /// For how many seconds it may lie unused.
    pub idle_seconds: u64,
    /// The owner.
    pub person: PersonId,
    /// The session.
    pub session: CredentialId,
}

impl ProviderLoggedOut {
    fn object(&self) -> Option<Object> {
        None
    }
}

about! {
    LoginLinked => |fact| Object::Person(fact.person);
    SessionStarted => |fact| Object::Credential(fact.session);
    SessionUsed => |fact| Object::Credential(fact.session);
    ClientSignedIn => |fact| Object::Credential(fact.session);
    TokenIssued => |fact| Object::Credential(fact.token);
    WorkloadSignedIn => |fact| Object::Credential(fact.token);
    RecoveryCodesMade => |fact| Object::Person(fact.person);
    OwnerRecovered => |fact| Object::Credential(fact.session);
    PersonCreated => |fact| Object::Person(fact.person);
    OwnershipClaimed => |fact| Object::Person(fact.person);
    ServiceAccountCreated => |fact| Object::ServiceAccount(fact.service_account);
    AgentCreated => |fact| Object::Agent(fact.agent);
    SubjectSuspended => |fact| fact.subject.into();
    SubjectReactivated => |fact| fact.subject.into();
    SubjectRemoved => |fact| fact.subject.into();
    GroupCreated => |fact| Object::Group(fact.group);
    GroupRemoved => |fact| Object::Group(fact.group);
    GroupRenamed => |fact| Object::Group(fact.group);
    MemberAdded => |fact| Object::Group(fact.group);
    MemberRemoved => |fact| Object::Group(fact.group);
    CredentialIssued => |fact| Object::Credential(fact.credential);
    CredentialRevoked => |fact| Object::Credential(fact.credential);
}
