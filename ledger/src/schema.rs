//! JSON Schemas of the words that the HTTP interface speaks, for its OpenAPI document. Verifiers leave them out.

use crate::event::budgets::{Thresholds, Window};
use crate::event::id::CommandId;
use crate::event::scope::{Environment, Environments, Scope};
use crate::event::workspaces::{Daily, Days};
use crate::event::{ContentDigest, Grantee, Object, Subject};
use crate::hash::Hash;
use crate::names::Names;
use crate::time::Time;
use crate::zone::Zone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Digits of an id in examples.
const DIGITS: &str = "01a1ee565e7b7fffbfffffffffffffff";

/// The schema of an id: its prefix and 32 hex digits.
pub(crate) fn id(prefix: &str) -> Schema {
    json_schema!({
        "type": "string",
        "pattern": format!("^{prefix}_[0-9a-f]{{32}}$"),
        "examples": [format!("{prefix}_{DIGITS}")],
    })
}

/// The schema of something that is named by its kind and id.
fn named(kinds: &[(&str, &str)]) -> Schema {
    let prefixes: Vec<_> = kinds.iter().map(|(_, prefix)| *prefix).collect();
    let names: Vec<_> = kinds.iter().map(|(kind, _)| *kind).collect();
    let first = prefixes.first().copied().unwrap_or_default();
    json_schema!({
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "pattern": format!("^({})_[0-9a-f]{{32}}$", prefixes.join("|")),
                "examples": [format!("{first}_{DIGITS}")],
            },
            "kind": {"type": "string", "enum": names},
        },
        "required": ["id", "kind"],
        "additionalProperties": false,
    })
}

macro_rules! schemas {
    ($($name:ident => $schema:expr;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

/// A text that a pattern describes, with an example.
macro_rules! text {
    ($pattern:expr, $example:expr) => {
        json_schema!({"type": "string", "pattern": $pattern, "examples": [$example]})
    };
}

const SUBJECTS: [(&str, &str); 3] = [("person", "per"), ("service_account", "svc"), ("agent", "agt")];

schemas! {
    CommandId => text!("^[A-Za-z0-9._-]{1,64}$", "first-robot");
    ContentDigest => text!("^[0-9a-f]{32}$", DIGITS);
    Daily => text!("^([01][0-9]|2[0-3]):[0-5][0-9]$", "08:30");
    Days => text!("^(mon|tue|wed|thu|fri|sat|sun)( (mon|tue|wed|thu|fri|sat|sun))*$", "mon tue wed thu fri");
    Environment => json_schema!({"type": "string", "enum": ["dev", "staging", "prod"]});
    Environments => json_schema!({
        "type": "array",
        "items": {"type": "string", "enum": ["dev", "staging", "prod"]},
        "uniqueItems": true,
    });
    Grantee => named(&[SUBJECTS.as_slice(), &[("group", "grp")]].concat());
    Hash => text!("^[0-9a-f]{64}$", DIGITS.repeat(2));
    Names => json_schema!({
        "type": "array",
        "items": {"type": "string", "pattern": "^[A-Za-z0-9.:/_@+-]{1,128}$"},
        "uniqueItems": true,
    });
    Object => named(Object::KINDS);
    Scope => text!("^(site|(org|prj)_[0-9a-f]{32})$", "site");
    Subject => named(&SUBJECTS);
    Thresholds => json_schema!({
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": 1_000},
        "uniqueItems": true,
    });
    Time => json_schema!({
        "type": "string",
        "format": "date-time",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$",
        "examples": ["2027-01-31T23:59:59.000000Z"],
    });
    Window => text!("^(lifetime|[0-9]{4}-[0-9]{2}(-[0-9]{2})?)$", "2026-11");
    Zone => text!("^[A-Za-z0-9+_/-]{1,64}$", "Europe/Paris");
}
