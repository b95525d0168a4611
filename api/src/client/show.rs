//! Answers as aligned text for people, and as JSON for programs.

use crate::json::part;
use serde_json::{Map, Value};

/// A text on one line.
pub(super) fn one_line(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// An answer as it is.
pub(super) fn json(answer: &Value) -> String {
    format!("{answer}\n")
}

/// What came of a command.
pub(super) fn done(answer: &Value) -> String {
    let result = part(answer, &["result"]).as_object().into_iter().flatten();
    let pairs: Vec<_> = result.map(|(key, value)| vec![key.clone(), cell(value)]).collect();
    match pairs.is_empty() && answer.get("receipt").is_none() {
        true => NOTHING.to_owned(),
        false => aligned(&pairs),
    }
}

/// What a command is answered that changed nothing.
pub(super) const NOTHING: &str = "nothing to do: it is so already\n";

/// What came of a command, in a sentence.
pub(super) fn told(answer: &Value, as_json: bool, sentence: &str) -> String {
    match (as_json, answer.get("receipt").is_some()) {
        (true, _) => json(answer),
        (false, true) => format!("{sentence}\n"),
        (false, false) => NOTHING.to_owned(),
    }
}

/// The rows of a list, under the names of its columns.
pub(super) fn rows(rows: &Value, columns: &[String]) -> String {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    let has = |column: &&String| rows.iter().any(|row| row.get(column.as_str()).is_some());
    let columns: Vec<&String> = columns.iter().filter(has).collect();
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|name| name.to_uppercase()).collect()];
    let line = |row: &Value| columns.iter().map(|name| cell(part(row, &[name.as_str()]))).collect();
    lines.extend(rows.iter().map(line));
    if rows.is_empty() { String::new() } else { aligned(&lines) }
}

/// A row with other cells.
pub(super) fn with<const N: usize>(mut row: Value, cells: [(&str, Value); N]) -> Value {
    if let Some(row) = row.as_object_mut() {
        row.extend(cells.map(|(name, value)| (name.to_owned(), value)));
    }
    row
}

/// An answer of several parts: what is short line by line, then each list as a table.
pub(super) fn answer(answer: &Value) -> String {
    let parts = || answer.as_object().into_iter().flatten();
    let is_table = |value: &Value| value.as_array().is_some_and(|rows| rows.iter().any(Value::is_object));
    let short = parts().filter(|(name, value)| *name != "question" && !is_table(value));
    let mut text = aligned(&short.map(|(name, value)| vec![name.clone(), cell(value)]).collect::<Vec<_>>());
    for (name, value) in parts().filter(|(_, value)| is_table(value)) {
        let flat: Vec<Value> = value.as_array().into_iter().flatten().map(flat).collect();
        let mut columns: Vec<String> = Vec::new();
        for row in flat.iter().filter_map(Value::as_object) {
            columns.extend(row.keys().filter(|key| !columns.contains(key)).cloned().collect::<Vec<_>>());
        }
        // Who, before what.
        columns.sort_by_key(|name| !["row", "subject"].contains(&name.as_str()));
        let table = rows(&Value::Array(flat), &columns);
        text.push_str(&format!("\n{name}\n{table}"));
    }
    text
}

/// A row of an answer without its nesting: `{"gained": {"access": {…}, "why": …}}` has one level.
fn flat(row: &Value) -> Value {
    let mut flat = Map::new();
    let parts = row.as_object();
    match parts.and_then(|parts| parts.iter().next().filter(|_| parts.len() == 1)) {
        Some((kind, Value::Object(inner))) => {
            flat.insert("row".to_owned(), kind.as_str().into());
            gather(inner, &mut flat);
        }
        _ => parts.into_iter().for_each(|parts| gather(parts, &mut flat)),
    }
    Value::Object(flat)
}

fn gather(parts: &Map<String, Value>, flat: &mut Map<String, Value>) {
    for (name, value) in parts {
        match value.as_object().filter(|_| name == "access") {
            Some(inner) => gather(inner, flat),
            None => drop(flat.insert(name.clone(), value.clone())),
        }
    }
}

/// A value in one word or a few.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(text),
        Value::Array(list) => list.iter().map(cell).collect::<Vec<_>>().join(","),
        Value::Object(named) => match (named.get("id"), named.get("time")) {
            (Some(shown), _) | (None, Some(shown)) => cell(shown),
            (None, None) => value.to_string(),
        },
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Lines of cells, each column as wide as its widest.
pub(super) fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for line in lines {
        let cells: Vec<_> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let found = json!([{"a": "x", "b": 1}, {"a": "longer", "b": 22}]);
        let columns = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(rows(&found, &columns), "A       B\nx       1\nlonger  22\n");
    }

    #[test]
    fn a_line_break_in_a_cell_does_not_break_the_line() {
        assert_eq!(cell(&json!("a\nb\u{1b}[2J")), "a\\nb\\u{1b}[2J");
    }

    #[test]
    fn what_is_nested_is_shown_flat() {
        let row = json!({"gained": {"access": {"subject": {"id": "svc_1", "kind": "service_account"}}, "why": "granted"}});
        let text = answer(&json!({"total": 1, "rows": [row]}));
        assert_eq!(text, "total  1\n\nrows\nROW     SUBJECT  WHY\ngained  svc_1    granted\n");
    }
}
