//! More things by short name; one name gives the same id in every run.

use crate::people::uuid;
use ledger::event::id::{DutyId, GroupId, MappingId, OrganizationId, PolicyId, ProjectId, RequestId, RoleId};

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident $type:ident $kind:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(name: &str) -> $type {
            $type::from_bytes(uuid($kind, name))
        }
    )*};
}

named! {
    /// The group of that name.
    group GroupId "group";
    /// The organization of that name.
    organization OrganizationId "organization";
    /// The project of that name.
    project ProjectId "project";
    /// The request of that name.
    request RequestId "request";
    /// The role of that name that is defined here.
    custom RoleId "role";
    /// The rule on separate duties of that name.
    duty DutyId "duty";
    /// The mapping of that name.
    mapping MappingId "mapping";
    /// The version of a policy of that name.
    policy PolicyId "policy";
}
