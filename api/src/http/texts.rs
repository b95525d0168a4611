//! How the parts that `fields` reads look in the OpenAPI document.

use projections::access::Role;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $pattern:expr, $example:literal;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"type": "string", "pattern": $pattern, "examples": [$example]})
            }
        }
    )*};
}

texts! {
    /// The id of a subject.
    SubjectText "^(per|svc|agt)_[0-9a-f]{32}$", "svc_01a1ee565e7b7fffbfffffffffffffff";
    /// The id of a subject or a group.
    GranteeText "^(per|svc|agt|grp)_[0-9a-f]{32}$", "grp_01a1ee565e7b7fffbfffffffffffffff";
    /// The name of a role, or the id of one that was defined here.
    RoleText role_pattern(), "auditor";
}

fn role_pattern() -> String {
    let names: Vec<_> = Role::BUILT_IN.iter().map(Role::to_string).collect();
    format!("^({}|rol_[0-9a-f]{{32}})$", names.join("|"))
}
