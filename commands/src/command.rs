//! Every command there is.

use crate::{
    Ask, Decide, Decision, access, budgets, custody, identity, keys, policy, provisioning, workspaces,
};
use ledger::event::Object;

macro_rules! commands {
    ($(#[doc = $doc:literal] $area:ident::$name:ident;)*) => {
        /// Any command.
        #[derive(Clone, Debug)]
        pub enum Command {
            $(#[doc = $doc] $name($area::$name),)*
        }

        impl Command {
            /// The names of all commands.
            pub const NAMES: &'static [&'static str] = &[$(<$area::$name as Decide>::NAME),*];

            /// Each name, with what the command does.
            pub const ABOUT: &'static [(&'static str, &'static str)] =
                &[$((<$area::$name as Decide>::NAME, $doc)),*];

            /// Its stable name.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => <$area::$name as Decide>::NAME,)*
                }
            }

            /// What it is about; `None` when that is the ledger.
            pub fn about(&self) -> Option<Object> {
                match self {
                    $(Self::$name(command) => command.about(),)*
                }
            }

            /// Decides it.
            pub fn decide(self, ask: &Ask<'_>) -> Decision {
                match self {
                    $(Self::$name(command) => command.decide(ask),)*
                }
            }
        }

        $(impl From<$area::$name> for Command {
            fn from(command: $area::$name) -> Self {
                Self::$name(command)
            }
        })*
    };
}

commands! {
    /// Become owner with the claim link.
    identity::ClaimOwnership;
    /// Create a person.
    identity::CreatePerson;
    /// Create a service account.
    identity::CreateServiceAccount;
    /// Create an agent.
    identity::CreateAgent;
    /// Suspend a subject.
    identity::SuspendSubject;
    /// Reactivate a subject.
    identity::ReactivateSubject;
    /// Remove a subject.
    identity::RemoveSubject;
    /// Create a group.
    identity::CreateGroup;
    /// Remove a group.
    identity::RemoveGroup;
    /// Put a subject into a group.
    identity::AddMember;
    /// Take a subject out of a group.
    identity::RemoveMember;
    /// Issue a credential.
    identity::IssueCredential;
    /// Revoke a credential.
    identity::RevokeCredential;
    /// Come in with what a provider says.
    identity::SignIn;
    /// Write down that a sign-in could not be believed.
    identity::RefuseSignIn;
    /// Record that a session is used.
    identity::UseSession;
    /// End sessions because their provider says so.
    identity::ProviderLogout;
    /// Let a program of one's own in.
    identity::SignInClient;
    /// Get a token for a short time.
    identity::IssueToken;
    /// Come in as a workload that a provider vouches for.
    identity::SignInWorkload;
    /// Write down that a token was not granted.
    identity::RefuseToken;
    /// Make recovery codes.
    identity::MakeRecoveryCodes;
    /// Come in with a recovery code.
    identity::Recover;
    /// Create an organization.
    access::CreateOrganization;
    /// Create a project.
    access::CreateProject;
    /// Change a project.
    access::ChangeProject;
    /// Define a role.
    access::DefineRole;
    /// Change a role.
    access::ChangeRole;
    /// Retire a role.
    access::RetireRole;
    /// Approve a grant that was asked for.
    access::ApproveGrant;
    /// Decline a grant that was asked for.
    access::DeclineGrant;
    /// Take a role in an emergency.
    access::BreakGlass;
    /// Review how that was used.
    access::ReviewBreakGlass;
    /// Keep two duties apart.
    access::SeparateDuties;
    /// Let them meet again.
    access::JoinDuties;
    /// Map a provider's group to a role.
    access::MapGroup;
    /// End a mapping.
    access::UnmapGroup;
    /// Give and take what mappings say.
    access::FollowMappings;
    /// Issue a virtual key.
    keys::IssueKey;
    /// Give a virtual key another secret.
    keys::RotateVirtualKey;
    /// End a virtual key.
    keys::RevokeKey;
    /// Set a budget.
    budgets::SetBudget;
    /// Change a budget.
    budgets::ChangeBudget;
    /// End a budget.
    budgets::EndBudget;
    /// Reserve what something may cost.
    budgets::Reserve;
    /// Settle what it did cost.
    budgets::Settle;
    /// Release what did not happen.
    budgets::Release;
    /// Settle what nobody settled.
    budgets::Expire;
    /// Take back what an ended mapping gave.
    access::EndMapped;
    /// Propose a policy.
    policy::ProposePolicy;
    /// Approve a policy.
    policy::ApprovePolicy;
    /// Decline a policy.
    policy::DeclinePolicy;
    /// Make a subject what its tenant says.
    provisioning::PutSubject;
    /// End a subject that its tenant no longer has.
    provisioning::DeleteSubject;
    /// Make a group what its tenant says.
    provisioning::PutGroup;
    /// End a group that its tenant no longer has.
    provisioning::DeleteGroup;
    /// Show a tenant what it has.
    provisioning::ReadDirectory;
    /// Publish a version of a template.
    workspaces::PublishTemplate;
    /// Make new workspaces from another version.
    workspaces::PromoteVersion;
    /// Let nothing more be made from a version.
    workspaces::ArchiveVersion;
    /// Tell people not to use a template, or that they may again.
    workspaces::DeprecateTemplate;
    /// Let nothing new be made from a template.
    workspaces::ArchiveTemplate;
    /// Create a workspace.
    workspaces::CreateWorkspace;
    /// Start a workspace.
    workspaces::StartWorkspace;
    /// Stop a workspace.
    workspaces::StopWorkspace;
    /// Delete a workspace.
    workspaces::DeleteWorkspace;
    /// Update a workspace to another version, or to other values.
    workspaces::UpdateWorkspace;
    /// Give a workspace to somebody else.
    workspaces::TransferWorkspace;
    /// Let others open an app, or nobody any more.
    workspaces::ShareApp;
    /// Say when a workspace starts and stops by itself.
    workspaces::SetSchedule;
    /// Delete a volume that a deleted workspace left.
    workspaces::DeleteVolume;
    /// Begin to work on a start.
    workspaces::BeginBuild;
    /// Record that a workspace runs.
    workspaces::RecordStarted;
    /// Record that a workspace stands still.
    workspaces::RecordStopped;
    /// Record that a workspace is gone.
    workspaces::RecordDeleted;
    /// Record that what was ordered could not be done.
    workspaces::RecordFailed;
    /// Record that a workspace no longer runs.
    workspaces::RecordLost;
    /// Make a workspace that waits for whoever comes.
    workspaces::StockWorkspace;
    /// Put a workspace to sleep.
    workspaces::FallAsleep;
    /// Record that a workspace is used.
    workspaces::SeeActivity;
    /// Record who used an app.
    workspaces::CountConnections;
    /// Record where a workspace reached out to.
    workspaces::CountEgress;
    /// Record what belongs to no workspace.
    workspaces::RecordOrphan;
    /// Grant a role.
    access::GrantRole;
    /// Take a grant back.
    access::RevokeRole;
    /// Erase what is sealed about a subject.
    custody::ErasePayloads;
    /// Record that the log is read.
    custody::ReadLog;
    /// Show something that needs a permission.
    access::Look;
    /// Open the claim link.
    custody::OpenClaim;
    /// Change a signing key.
    custody::RotateKey;
    /// Distrust a key.
    custody::ReportKey;
    /// Begin the ledger.
    custody::OpenLedger;
    /// Record that the server started.
    custody::StartServer;
    /// Record that the server stops.
    custody::StopServer;
    /// Record the digest of the state.
    custody::RecordState;
    /// Record refusals that were counted.
    custody::CountRefusals;
    /// Record reads that were counted.
    custody::CountReads;
}
