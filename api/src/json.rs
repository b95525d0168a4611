//! A look into JSON.

use serde_json::Value;

/// The part of a value at the end of a path of names; `null` when there is none.
pub(crate) fn part<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().try_fold(value, |value, name| value.get(*name)).unwrap_or(&Value::Null)
}
