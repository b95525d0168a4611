//! Every refusal with its status: found by asking with one sample of each, made from its schema.

use crate::http::problem::status;
use crate::json::part;
use ledger::event::Refusal;
use schemars::SchemaGenerator;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The status of each refusal.
pub(super) struct Refusals(BTreeMap<String, u16>);

impl Refusals {
    /// The status that goes with a code.
    pub(super) fn status(&self, code: &str) -> u16 {
        self.0.get(code).copied().unwrap_or(500)
    }
}

/// All refusals.
pub(super) fn refusals(generator: &mut SchemaGenerator) -> Refusals {
    generator.subschema_for::<Refusal>();
    let definitions = generator.definitions();
    let all = definitions.get("Refusal").and_then(|refusal| part(refusal, &["oneOf"]).as_array());
    let samples = all.into_iter().flatten().filter_map(|schema| {
        let refusal: Refusal = serde_json::from_value(sample(schema, definitions)).ok()?;
        Some((refusal.code().to_owned(), status(&refusal).as_u16()))
    });
    Refusals(samples.collect())
}

/// The least value that a schema of ours takes.
fn sample(schema: &Value, definitions: &Map<String, Value>) -> Value {
    if let Some(name) = part(schema, &["$ref"]).as_str().and_then(|path| path.rsplit('/').next()) {
        return definitions.get(name).map(|schema| sample(schema, definitions)).unwrap_or_default();
    }
    if let Some(choice) = part(schema, &["oneOf"]).get(0) {
        return sample(choice, definitions);
    }
    let listed =
        [part(schema, &["examples"]), part(schema, &["enum"])].into_iter().find_map(|list| list.get(0));
    let one = schema.get("const").or(listed);
    match (one, part(schema, &["type"]).as_str()) {
        (Some(one), _) => one.clone(),
        (None, Some("object")) => {
            let required =
                part(schema, &["required"]).as_array().into_iter().flatten().filter_map(Value::as_str);
            let property =
                |name: &str| (name.to_owned(), sample(part(schema, &["properties", name]), definitions));
            Value::Object(required.map(property).collect())
        }
        (None, Some("integer")) => 1.into(),
        (None, _) => "a".into(),
    }
}
