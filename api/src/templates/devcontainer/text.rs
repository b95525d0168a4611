//! JSON with comments, and the line of each property.

use crate::templates::report::{Place, Problem};
use jsonc_parser::ast::{Object, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Deepest nesting; what is known of has three levels.
const DEPTH_MAX: usize = 32;

/// What a file says.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Map<String, Value>,
    lines: BTreeMap<String, usize>,
}

impl Document {
    pub(super) fn read(file: &str, text: &str) -> Result<Self, Problem> {
        // Beside comments and a last comma, which editors allow, it is JSON.
        let strict = ParseOptions {
            allow_comments: true,
            allow_loose_object_property_names: false,
            allow_trailing_commas: true,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        let parsed = parse_to_ast(text, &CollectOptions::default(), &strict)
            .map_err(|cause| Problem::at(file, text, cause.range().start, cause.kind().to_string()))?;
        let Some(Node::Object(object)) = parsed.value else {
            return Err(Problem::of(file, "the file holds one object"));
        };
        let mut reader = Reader { file, text, lines: BTreeMap::new() };
        reader.object(&object, "", 0)?;
        let Value::Object(root) = Value::from(Node::Object(object)) else {
            return Err(Problem::of(file, "the file holds one object"));
        };
        Ok(Self { root, lines: reader.lines })
    }

    /// The line of a property, or of the nearest one around it.
    pub(super) fn line(&self, construct: &str) -> usize {
        let whole = self.lines.get(construct);
        let around = || construct.rsplit_once('.').map_or(0, |(around, _)| self.line(around));
        whole.copied().unwrap_or_else(around)
    }
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    lines: BTreeMap<String, usize>,
}

impl Reader<'_> {
    fn object(&mut self, object: &Object<'_>, above: &str, depth: usize) -> Result<(), Problem> {
        for property in &object.properties {
            let (name, start) = (property.name.as_str(), property.range.start);
            let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            self.node(&property.value, &path, depth + 1)?;
            if self.lines.insert(path, Place::at(self.text, start).line).is_some() {
                return Err(Problem::at(self.file, self.text, start, format!("`{name}` stands there twice")));
            }
        }
        Ok(())
    }

    fn node(&mut self, node: &Node<'_>, path: &str, depth: usize) -> Result<(), Problem> {
        if depth > DEPTH_MAX {
            let what = format!("objects and lists are nested at most {DEPTH_MAX} times");
            return Err(Problem::at(self.file, self.text, node.range().start, what));
        }
        if let Some(object) = node.as_object() {
            return self.object(object, path, depth);
        }
        let elements = node.as_array().map(|array| &array.elements);
        for (place, element) in elements.into_iter().flatten().enumerate() {
            let path = format!("{path}.{place}");
            self.lines.insert(path.clone(), Place::at(self.text, element.range().start).line);
            self.node(element, &path, depth + 1)?;
        }
        Ok(())
    }
}
