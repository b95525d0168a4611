//! The OpenAPI document of this interface: written from the routes, the commands, and the types that they read and write.

mod describe;
mod operation;
mod problems;

pub(super) use describe::describe;
pub(super) use operation::Operation;

use super::commands::{CommandRequest, alternatives};
use super::problem::Document;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Where the document keeps what it refers to.
const COMPONENTS: &str = "/components/schemas";

/// The document, which is the same as long as the program runs.
static TEXT: LazyLock<String> = LazyLock::new(text);

/// The document of all that this interface offers.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = COMPONENTS.into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Document>();
    let refusals = problems::refusals(&mut generator);
    let mut paths = Map::new();
    for (method, path, name, describe) in super::described() {
        let mut operation = Operation::new(&mut generator, path, name);
        describe(&mut operation);
        describe::untyped(&mut operation);
        let operation = operation.document(&problem, &refusals);
        let path = paths.entry(path).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            path.insert(method.to_owned(), operation);
        }
    }
    let mut document = json!({
        "openapi": "3.1.1",
        "info": information(),
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": components(generator),
            "securitySchemes": {"bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A credential, `deed_…`: from the claim link, or from `identity.issue_credential`.",
            }},
        },
    });
    document.sort_all_objects();
    document
}

fn components(mut generator: SchemaGenerator) -> Map<String, Value> {
    generator.take_definitions(true)
}

fn information() -> Value {
    json!({
        "title": "Deed",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "A control plane whose only memory is a signed ledger.",
        "description": "Orders go to `POST /api/v1/commands`; all else is read. What is refused answers with a problem document (RFC 9457), whose `code` never changes its meaning.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    })
}

/// The document as it is committed and served.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// One alternative for each command that there is.
impl JsonSchema for CommandRequest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        let references: Vec<_> = alternatives(generator)
            .into_iter()
            .map(|(name, schema)| {
                generator.definitions_mut().insert(name.to_owned(), schema.to_value());
                json!({"$ref": format!("#{COMPONENTS}/{name}")})
            })
            .collect();
        schemars::json_schema!({"oneOf": references})
    }
}

pub(super) async fn openapi() -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], TEXT.as_str()).into_response()
}
