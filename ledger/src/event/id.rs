//! Names of things: each kind of id is its own type, so one cannot be passed as another.
//!
//! An id is a prefix and a UUIDv7 (RFC 9562) in 32 hex digits: `per_0190…`. It says nothing about what it names.

use crate::hash::{Hex, array_from_hex};
use crate::text;
use crate::time::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// A text is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("an id of this kind is `{prefix}_` and 32 lower-case hex digits")]
pub struct NotAnId {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

/// The bytes of a UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits around the version and variant marks.
pub fn uuid_v7(time: Time, random: [u8; 10]) -> [u8; 16] {
    let [_, _, millis @ ..] = (time.micros() / 1_000).to_be_bytes();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(millis.iter().chain(&random)) {
        *to = *from;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = 0x70 | *version & 0x0f;
    *variant = 0x80 | *variant & 0x3f;
    bytes
}

/// Milliseconds since 1970 in a UUIDv7.
pub fn uuid_v7_millis(uuid: &[u8; 16]) -> u64 {
    let [a, b, c, d, e, f, ..] = *uuid;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

/// Bytes of what an id begins with: three letters and an underscore.
const PREFIX_BYTES: usize = 4;

/// The text of an id, without the heap.
struct Text([u8; PREFIX_BYTES + 32]);

impl Text {
    fn of(prefix: &'static str, uuid: &[u8; 16]) -> Self {
        let mut text = [0; PREFIX_BYTES + 32];
        let (begin, digits) = text.split_at_mut(PREFIX_BYTES);
        begin.copy_from_slice(prefix.as_bytes());
        digits.copy_from_slice(Hex::of(uuid).as_str().as_bytes());
        Self(text)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; 16]);

        // The order of the bytes, asked of all of them at once: tables of ids do little else.
        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering {
                u128::from_be_bytes(self.0).cmp(&u128::from_be_bytes(other.0))
            }
        }

        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        const _: () = assert!($prefix.len() + 1 == PREFIX_BYTES);

        impl $name {
            /// What its text begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// The first in order.
            pub const FIRST: Self = Self([0; 16]);
            /// The last in order.
            pub const LAST: Self = Self([0xff; 16]);

            /// From the 16 bytes of a UUID.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes of the UUID.
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(Text::of(concat!($prefix, "_"), &self.0).as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = text.strip_prefix(concat!($prefix, "_"));
                digits.and_then(|digits| array_from_hex(digits.as_bytes())).map(Self).ok_or(NotAnId { prefix: $prefix })
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                crate::schema::id(Self::PREFIX)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.serialize_str(Text::of(concat!($prefix, "_"), &self.0).as_str())
                } else {
                    serializer.serialize_bytes(&self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    text::read(deserializer, str::parse)
                } else {
                    text::read_bytes(deserializer).map(Self)
                }
            }
        }
    )*};
}

ids! {
    /// A ledger.
    LedgerId "led";
    /// An event.
    EventId "evt";
    /// A person.
    PersonId "per";
    /// A service account.
    ServiceAccountId "svc";
    /// A credential of a person or a service account.
    CredentialId "crd";
    /// A grant of a role.
    GrantId "grt";
    /// An AI agent that acts under an identity of its own.
    AgentId "agt";
    /// A group of subjects.
    GroupId "grp";
    /// An organization.
    OrganizationId "org";
    /// A project of an organization.
    ProjectId "prj";
    /// A role that was defined here.
    RoleId "rol";
    /// A request for a grant, waiting for a second person.
    RequestId "req";
    /// A mapping of an identity provider's group to a role.
    MappingId "map";
    /// A rule that keeps two duties apart.
    DutyId "dut";
    /// A virtual key.
    VirtualKeyId "key";
    /// A budget.
    BudgetId "bud";
    /// A reservation against budgets.
    ReservationId "rsv";
    /// A version of a policy.
    PolicyId "pol";
    /// A template of workspaces.
    TemplateId "tpl";
    /// A workspace.
    WorkspaceId "wsp";
}

/// A client's own name for one command: 1 to 64 letters, digits, `.`, `_` or `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct CommandId(Arc<str>);

/// A text is not a command id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a command id is 1 to 64 letters, digits, `.`, `_` or `-`")]
pub struct NotACommandId;

impl CommandId {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CommandId {
    type Err = NotACommandId;

    fn from_str(text: &str) -> Result<Self, NotACommandId> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if plain && (1..=64).contains(&text.len()) { Ok(Self(text.into())) } else { Err(NotACommandId) }
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CommandId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_refuses_another_kind() {
        let id = PersonId::from_bytes(uuid_v7(Time::from_micros(1_795_000_000_123_456), [0xff; 10]));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string(), "per_01a1ee565e7b7fffbfffffffffffffff");
        assert!(id.to_string().parse::<GrantId>().is_err());
        assert_eq!(uuid_v7_millis(id.as_bytes()), 1_795_000_000_123);
    }

    #[test]
    fn ids_are_in_the_order_of_their_bytes() {
        for place in 0..16 {
            let [mut one, mut other] = [[7; 16], [7; 16]];
            (one[place], other[place]) = (1, 200);
            assert!(PersonId::from_bytes(one) < PersonId::from_bytes(other));
        }
        assert!(PersonId::FIRST < PersonId::LAST);
    }
}
