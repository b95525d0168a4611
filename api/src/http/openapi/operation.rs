//! One operation of the document, while its route is described.

use super::problems::Refusals;
use crate::http::Kind;
use crate::json::part;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Who may call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Credential {
    /// Anybody, who shows nothing.
    None,
    /// Whoever shows a good one.
    Needed,
    /// Anybody; most of what it does needs one.
    Optional,
}

/// What is known of a route so far.
pub(in crate::http) struct Operation<'a> {
    pub(super) generator: &'a mut SchemaGenerator,
    pub(super) path: &'static str,
    name: String,
    pub(super) credential: Credential,
    path_schema: Value,
    parameters: Vec<Value>,
    body: Option<Value>,
    content: Map<String, Value>,
    headers: Map<String, Value>,
    problems: BTreeSet<Kind>,
    codes: BTreeSet<&'static str>,
    others: BTreeMap<&'static str, Value>,
}

impl<'a> Operation<'a> {
    pub(super) fn new(generator: &'a mut SchemaGenerator, path: &'static str, handler: &str) -> Self {
        Self {
            generator,
            path,
            name: handler.split("::").map(str::trim).collect::<Vec<_>>().join("."),
            credential: Credential::None,
            path_schema: json!({"type": "string", "minLength": 1}),
            parameters: Vec::new(),
            body: None,
            content: Map::new(),
            headers: Map::new(),
            problems: BTreeSet::new(),
            codes: BTreeSet::new(),
            others: BTreeMap::new(),
        }
    }

    /// It can answer with problems of these kinds.
    pub(in crate::http) fn fails(&mut self, kinds: &[Kind]) {
        self.problems.extend(kinds);
    }

    /// It can be refused with these codes.
    pub(in crate::http) fn refuses(&mut self, codes: &[&'static str]) {
        self.codes.extend(codes);
    }

    /// What the variable parts of its path look like.
    pub(super) fn path_is(&mut self, schema: Value) {
        self.path_schema = schema;
    }

    /// It takes the properties of a type as its query.
    pub(super) fn query<T: JsonSchema>(&mut self) {
        let schema = T::json_schema(self.generator).to_value();
        let required: Vec<&str> =
            part(&schema, &["required"]).as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = part(&schema, &["properties"]).as_object().into_iter().flatten();
        for (name, schema) in properties {
            let mut schema = schema.clone();
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter = json!({
                "name": name,
                "in": "query",
                "required": required.contains(&name.as_str()),
                "schema": present(schema),
            });
            if let (Some(parameter), Some(description)) = (parameter.as_object_mut(), description) {
                parameter.insert("description".to_owned(), description);
            }
            self.parameters.push(parameter);
        }
    }

    /// It takes a header.
    pub(super) fn header(&mut self, name: &str, description: &str, schema: Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": false, "description": description, "schema": schema,
        }));
    }

    /// It takes a JSON body.
    pub(super) fn takes<T: JsonSchema>(&mut self) {
        let schema = self.generator.subschema_for::<T>();
        self.body = Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}));
    }

    /// It answers with JSON.
    pub(super) fn gives<T: JsonSchema>(&mut self) {
        let schema = self.generator.subschema_for::<T>();
        self.gives_as("application/json", schema);
    }

    /// It answers in another form.
    pub(super) fn gives_as(&mut self, kind: &str, schema: Schema) {
        self.content.insert(kind.to_owned(), json!({"schema": schema}));
    }

    /// Its answer has a header.
    pub(super) fn gives_header(&mut self, name: &str, description: &str) {
        let header = json!({"description": description, "schema": {"type": "string"}});
        self.headers.insert(name.to_owned(), header);
    }

    /// It has another answer than done and refused.
    pub(super) fn answers(&mut self, status: &'static str, answer: Value) {
        self.others.insert(status, answer);
    }

    /// The operation as the document has it.
    pub(super) fn document(mut self, problem: &Schema, refusals: &Refusals) -> Value {
        let mut parameters: Vec<Value> = variables(self.path)
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": self.path_schema}))
            .collect();
        parameters.append(&mut self.parameters);
        let mut operation = json!({
            "operationId": self.name,
            "tags": [self.name.split('.').next().unwrap_or_default()],
            "parameters": parameters,
            "security": security(self.credential),
        });
        let responses = self.responses(problem, refusals);
        if let Some(operation) = operation.as_object_mut() {
            operation.insert("responses".to_owned(), responses);
            operation.extend(self.body.map(|body| ("requestBody".to_owned(), body)));
        }
        operation
    }

    fn responses(&mut self, problem: &Schema, refusals: &Refusals) -> Value {
        let mut codes: BTreeMap<u16, BTreeSet<&str>> = BTreeMap::new();
        for kind in &self.problems {
            codes.entry(kind.status().as_u16()).or_default().insert(kind.code());
        }
        for code in &self.codes {
            codes.entry(refusals.status(code)).or_default().insert(code);
        }
        let mut responses = Map::new();
        let content = std::mem::take(&mut self.content);
        responses.insert(
            "200".to_owned(),
            json!({"description": "Done.", "content": content, "headers": self.headers}),
        );
        for (status, codes) in codes {
            responses.insert(status.to_string(), refused(status, &codes, problem));
        }
        for (status, answer) in std::mem::take(&mut self.others) {
            responses.insert(status.to_owned(), answer);
        }
        Value::Object(responses)
    }
}

/// A parameter that is there has a value: what a query leaves out is never `null`.
fn present(mut schema: Value) -> Value {
    let Some(parts) = schema.as_object_mut() else { return schema };
    parts.remove("default");
    if let Some(Value::Array(kinds)) = parts.get("type") {
        let kind = kinds.iter().find(|kind| *kind != "null").cloned();
        parts.extend(kind.map(|kind| ("type".to_owned(), kind)));
    }
    let Some(Value::Array(choices)) = parts.get("anyOf") else { return schema };
    choices.iter().find(|choice| *part(choice, &["type"]) != "null").cloned().unwrap_or(schema)
}

fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn security(credential: Credential) -> Value {
    match credential {
        Credential::None => json!([]),
        Credential::Needed => json!([{"bearer": []}]),
        Credential::Optional => json!([{"bearer": []}, {}]),
    }
}

fn refused(status: u16, codes: &BTreeSet<&str>, problem: &Schema) -> Value {
    let listed: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
    let mut headers = Map::new();
    let mut header = |name: &str, kind: &str| {
        headers.insert(name.to_owned(), json!({"required": true, "schema": {"type": kind}}));
    };
    match status {
        401 => header("WWW-Authenticate", "string"),
        429 | 503 => header("Retry-After", "integer"),
        _ => {}
    }
    json!({
        "description": listed.join(", "),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"allOf": [problem, {"properties": {"code": {"enum": codes}, "status": {"const": status}}}]},
        }},
    })
}
