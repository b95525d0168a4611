//! Arguments of a command from `key=value`, each read as its schema says.

use super::offers::OrderOffer;
use super::show::one_line;
use crate::json::part;
use clap::ArgMatches;
use serde_json::{Map, Value};
use std::io::Read;
use thiserror::Error;

/// Largest file that an argument is read from: what a request may hold.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// Arguments cannot be understood.
#[derive(Debug, Error)]
pub(super) enum ArgumentError {
    #[error("`{0}` is not `key=value`")]
    NotAPair(String),
    #[error("`{command}` takes no `{key}`; it takes {known}")]
    Unknown { command: String, key: String, known: String },
    #[error("`{key}` is {kind}")]
    Kind { key: String, kind: &'static str },
    #[error("`{0}` is secret: write `{0}=@FILE`, or `{0}=@-` to read it from standard input")]
    Secret(String),
    #[error("`--arguments` is a JSON object")]
    NotAnObject,
    #[error("could not read `{path}`")]
    File {
        path: String,
        #[source]
        cause: std::io::Error,
    },
}

/// What a command is sent with.
pub(super) fn arguments(order: &OrderOffer, words: &ArgMatches) -> Result<Value, ArgumentError> {
    if let Some(text) = words.get_one::<String>("arguments") {
        let value = serde_json::from_str(&from_file(text)?).ok();
        return value.filter(Value::is_object).ok_or(ArgumentError::NotAnObject);
    }
    let mut arguments = Map::new();
    for pair in words.get_many::<String>("pairs").into_iter().flatten() {
        let (key, text) = pair.split_once('=').ok_or_else(|| ArgumentError::NotAPair(one_line(pair)))?;
        let Some(schema) = order.arguments.get(key) else {
            let known: Vec<_> = order.arguments.keys().map(|key| format!("`{key}`")).collect();
            let (command, key) = (order.name.clone(), one_line(key));
            return Err(ArgumentError::Unknown { command, key, known: known.join(", ") });
        };
        if *part(schema, &["format"]) == "password" && !text.starts_with('@') {
            return Err(ArgumentError::Secret(key.to_owned()));
        }
        arguments.insert(key.to_owned(), value(key, &from_file(text)?, schema)?);
    }
    Ok(Value::Object(arguments))
}

/// A text, or what stands in the file that it names.
fn from_file(text: &str) -> Result<String, ArgumentError> {
    let Some(path) = text.strip_prefix('@') else { return Ok(text.to_owned()) };
    let mut found = String::new();
    let read = match path {
        "-" => std::io::stdin().take(FILE_BYTES_MAX).read_to_string(&mut found),
        path => {
            std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut found))
        }
    };
    read.map_err(|cause| ArgumentError::File { path: path.to_owned(), cause })?;
    Ok(found.trim_end().to_owned())
}

/// What kind of value a schema takes.
fn kind(schema: &Value) -> &str {
    let choices = [part(schema, &["anyOf"]), part(schema, &["oneOf"])].into_iter().find_map(Value::as_array);
    let chosen = choices.into_iter().flatten().map(kind).find(|kind| *kind != "null");
    let several = part(schema, &["type"]).as_array().into_iter().flatten().filter_map(Value::as_str);
    let named = part(schema, &["type"]).as_str().or_else(|| several.into_iter().find(|kind| *kind != "null"));
    named.or(chosen).unwrap_or("string")
}

fn value(key: &str, text: &str, schema: &Value) -> Result<Value, ArgumentError> {
    let wrong = |kind| ArgumentError::Kind { key: key.to_owned(), kind };
    match kind(schema) {
        "integer" => text.parse::<i64>().map(Value::from).map_err(|_| wrong("a whole number")),
        "boolean" => text.parse::<bool>().map(Value::from).map_err(|_| wrong("`true` or `false`")),
        "array" => {
            let parts = text.split(',').filter(|part| !part.is_empty());
            parts.map(|text| value(key, text.trim(), part(schema, &["items"]))).collect()
        }
        "object" => serde_json::from_str(text).map_err(|_| wrong("JSON, an object")),
        _ => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str, schema: Value) -> Result<Value, String> {
        value("k", text, &schema).map_err(|cause| cause.to_string())
    }

    #[test]
    fn a_value_is_read_as_its_schema_says() {
        assert_eq!(read("7", json!({"type": "integer"})), Ok(json!(7)));
        assert_eq!(read("7", json!({"type": "string"})), Ok(json!("7")));
        assert_eq!(read("7", json!({"type": ["string", "null"]})), Ok(json!("7")));
        assert_eq!(read("true", json!({"anyOf": [{"type": "boolean"}, {"type": "null"}]})), Ok(json!(true)));
        assert_eq!(
            read("dev, prod", json!({"type": "array", "items": {"type": "string"}})),
            Ok(json!(["dev", "prod"]))
        );
        assert_eq!(read("", json!({"type": "array", "items": {"type": "string"}})), Ok(json!([])));
        assert_eq!(read("{\"a\":1}", json!({"oneOf": [{"type": "object"}]})), Ok(json!({"a": 1})));
        assert_eq!(read("many", json!({"type": "integer"})), Err("`k` is a whole number".to_owned()));
    }
}
