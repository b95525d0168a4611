//! Roles, what they permit, and who holds them.

use imbl::OrdMap;
use ledger::event::access::Scope;
use ledger::event::id::GrantId;
use ledger::event::{Access, Subject};
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Something that one may or may not do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        impl Permission {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its stable name: `<area>.<what>`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

permissions! {
    /// Read people, service accounts and credentials.
    IdentityRead = "identity.read";
    /// Create service accounts.
    IdentityCreate = "identity.create";
    /// Issue and revoke credentials of others.
    IdentityCredentials = "identity.credentials";
    /// Read grants.
    AccessRead = "access.read";
    /// Grant and revoke roles.
    AccessGrant = "access.grant";
    /// Read the log.
    CustodyRead = "custody.read";
    /// Erase sealed payloads.
    CustodyErase = "custody.erase";
}

impl Permission {
    /// The permission of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text)
    }
}

/// A set of permissions: one bit each, so that a check is one `and`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u64);

const _: () = assert!(Permission::ALL.len() <= 64);

impl Permissions {
    /// All there are.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = list;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u64;
            rest = others;
        }
        Self(bits)
    }

    /// Whether the permission is in the set.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & Self::of(&[permission]).0 != 0
    }

    /// Those in either set.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The first permission of this set that is not in the other.
    pub fn first_beyond(self, other: Self) -> Option<Permission> {
        let beyond = Self(self.0 & !other.0);
        beyond.iter().next()
    }

    /// The permissions in the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

/// A built-in role. Its name in events never changes, nor what a released version of it permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// People, service accounts, their credentials and roles.
    UserAdmin,
    /// Read everything, change nothing.
    Auditor,
    /// Belong here, and no more.
    Member,
}

impl Role {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Owner, Self::UserAdmin, Self::Auditor, Self::Member];

    /// Its name in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::UserAdmin => "user_admin",
            Self::Auditor => "auditor",
            Self::Member => "member",
        }
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What it permits.
    pub fn permissions(self) -> Permissions {
        use Permission::{
            AccessGrant, AccessRead, CustodyRead, IdentityCreate, IdentityCredentials, IdentityRead,
        };
        match self {
            Self::Owner => Permissions::ALL,
            Self::UserAdmin => {
                Permissions::of(&[IdentityRead, IdentityCreate, IdentityCredentials, AccessRead, AccessGrant])
            }
            Self::Auditor => Permissions::of(&[IdentityRead, AccessRead, CustodyRead]),
            Self::Member => Permissions::default(),
        }
    }
}

/// A grant of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who holds it.
    pub subject: Subject,
    /// Which role; `None` when this build does not know the role, which then permits nothing.
    pub role: Option<Role>,
    /// Where.
    pub scope: Scope,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// How many live grants of each role a subject has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Held([u32; Role::ALL.len()]);

impl Held {
    fn count(&mut self, role: Role) -> Option<&mut u32> {
        self.0.get_mut(role as usize)
    }

    fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0).map(|(role, _)| role)
    }
}

/// Who holds which role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    by_id: OrdMap<GrantId, Grant>,
    held: OrdMap<Subject, Held>,
    owner_grants: u64,
}

impl Grants {
    pub(crate) fn apply(&mut self, fact: &Access) {
        match fact {
            // A name that is taken stays what it is: otherwise a second grant could hide a first that is still counted.
            Access::RoleGranted(granted) if self.by_id.contains_key(&granted.grant) => {}
            Access::RoleGranted(granted) => {
                let role = Role::parse(&granted.role);
                let grant = Grant { subject: granted.subject, role, scope: granted.scope, revoked: false };
                self.by_id.insert(granted.grant, grant);
                self.change(granted.subject, role, |count| count.saturating_add(1));
            }
            Access::RoleRevoked(revoked) => {
                let Some(grant) = self.by_id.get_mut(&revoked.grant).filter(|grant| !grant.revoked) else {
                    return;
                };
                grant.revoked = true;
                let (subject, role) = (grant.subject, grant.role);
                self.change(subject, role, |count| count.saturating_sub(1));
            }
        }
    }

    fn change(&mut self, subject: Subject, role: Option<Role>, step: impl Fn(u32) -> u32) {
        let Some(role) = role else { return };
        let held = self.held.entry(subject).or_default();
        let Some(count) = held.count(role) else { return };
        let before = *count;
        *count = step(before);
        if role == Role::Owner {
            self.owner_grants =
                self.owner_grants.saturating_add((*count).into()).saturating_sub(before.into());
        }
    }

    /// What a subject may do.
    pub fn permissions(&self, subject: Subject) -> Permissions {
        self.roles(subject).map(Role::permissions).fold(Permissions::default(), Permissions::union)
    }

    /// The roles that a subject holds, each once.
    pub fn roles(&self, subject: Subject) -> impl Iterator<Item = Role> + use<> {
        self.held.get(&subject).copied().unwrap_or_default().roles()
    }

    /// A grant, revoked or not.
    pub fn find(&self, id: GrantId) -> Option<&Grant> {
        self.by_id.get(&id)
    }

    /// Whether taking this grant back would leave nobody as owner.
    pub fn is_last_owner(&self, id: GrantId) -> bool {
        let owner = |grant: &Grant| grant.role == Some(Role::Owner) && !grant.revoked;
        self.owner_grants == 1 && self.find(id).is_some_and(owner)
    }

    /// Whether the subject holds the role already.
    pub fn holds(&self, subject: Subject, role: Role) -> bool {
        self.roles(subject).any(|held| held == role)
    }

    /// Grants after `after`, in order of id.
    pub fn list(&self, after: Option<GrantId>) -> impl Iterator<Item = (GrantId, &Grant)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, grant)| (*id, grant))
    }
}
