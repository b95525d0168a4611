//! `coder_parameter`.

use super::rules;
use super::value::{Failure, Value};
use super::work::{View, Work};
use super::world::parameter_name;
use ledger::event::workspaces::{Choice, Kind, Parameter};

/// A parameter.
pub(super) fn parameter<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let name = parameter_name(view.block);
    if work.draft.parameters.iter().any(|one| *one.name == *name) {
        return work.refuse(view.site(), format!("another parameter is called `{name}` as well"));
    }
    if let Some(attribute) = view.attribute("name") {
        work.map(view.site_of(attribute), format!("parameters.{name}"));
    }
    work.map(view.site(), format!("parameters.{name}"));
    let kind = kind(work, view);
    let default = work.read(view, "default", "parameters: `default`", |value| spelled(value, kind));
    let description = work.literal(view, "description", "parameters: `description`");
    let mutable = work.bool(view, "mutable", "parameters: `mutable`").unwrap_or_default();
    let order = work.whole(view, "order", "the order of the parameters").unwrap_or_default();
    let options = options(work, view, kind);
    let mut parameter = Parameter {
        default: default.map(Into::into),
        description: description.filter(|text| !text.is_empty()).map(|text| shortened(&text)),
        kind,
        max: None,
        min: None,
        mutable,
        name: name.clone().into(),
        options,
        pattern: None,
    };
    validation(work, view, &mut parameter);
    let choices = parameter.options.iter().map(|choice| choice.value.to_string()).collect();
    let of_bool = || ["true", "false"].map(str::to_owned).to_vec();
    let choices = if kind == Kind::Bool && parameter.options.is_empty() { of_bool() } else { choices };
    work.machine.world.set_options(&name, choices);
    work.orders.insert(parameter.name.clone(), order);
    work.draft.parameters.push(parameter);
    work.rest(view, rules::PARAMETER);
}

/// Parameters in the order in which they are asked for.
pub(super) fn sort(work: &mut Work<'_>) {
    let orders = &work.orders;
    work.draft.parameters.sort_by_key(|one| orders.get(&one.name).copied().unwrap_or(i64::MAX));
}

fn kind<'a>(work: &mut Work<'a>, view: &View<'a>) -> Kind {
    let Some(kind) = work.literal(view, "type", "parameters: `kind`") else { return Kind::Text };
    match kind.as_str() {
        "string" => Kind::Text,
        "number" => Kind::Number,
        "bool" => Kind::Bool,
        "list(string)" => Kind::List,
        other => {
            let why = format!("`{other}` is no kind: it is `string`, `number`, `bool` or `list(string)`");
            if let Some(attribute) = view.attribute("type") {
                work.refuse(view.site_of(attribute), why);
            }
            Kind::Text
        }
    }
}

/// A value in the spelling of its kind.
fn spelled(value: &Value, kind: Kind) -> Result<String, Failure> {
    if kind != Kind::List {
        return value.literal();
    }
    let listed = matches!(value, Value::List(_));
    let text = if listed { super::functions::encoding::json(value)? } else { value.literal()? };
    match serde_json::from_str::<Vec<String>>(&text) {
        Ok(list) => Ok(serde_json::Value::from(list).to_string()),
        Err(_) => Err(Failure::Wrong("it is a list of texts, such as `jsonencode([\"a\"])`".to_owned())),
    }
}

fn options<'a>(work: &mut Work<'a>, view: &View<'a>, kind: Kind) -> Vec<Choice> {
    let mut choices = Vec::new();
    for option in work.blocks(view, "option") {
        let name = work.literal(&option, "name", "parameters: `options`");
        let value = work.read(&option, "value", "parameters: `options`", |value| spelled(value, kind));
        if let (Some(name), Some(value)) = (name, value) {
            choices.push(Choice { name: name.into(), value: value.into() });
        }
        work.rest(&option, rules::PARAMETER);
    }
    choices
}

/// A description is at most 1024 bytes.
fn shortened(text: &str) -> Box<str> {
    let mut end = text.len().min(1024);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}

fn validation<'a>(work: &mut Work<'a>, view: &View<'a>, parameter: &mut Parameter) {
    for block in work.blocks(view, "validation") {
        parameter.min = work.whole(&block, "min", "parameters: `min`").or(parameter.min);
        parameter.max = work.whole(&block, "max", "parameters: `max`").or(parameter.max);
        let regex = work.literal(&block, "regex", "parameters: `pattern`").filter(|regex| !regex.is_empty());
        parameter.pattern = regex.map(|regex| whole(&regex).into());
        work.rest(&block, rules::PARAMETER);
    }
}

/// A pattern that is looked for anywhere, as one for the whole text.
fn whole(regex: &str) -> String {
    let (start, regex) = regex.strip_prefix('^').map_or(("(?s:.*)", regex), |rest| ("", rest));
    let ended = regex.strip_suffix('$').filter(|rest| !rest.ends_with('\\'));
    let (regex, end) = ended.map_or((regex, "(?s:.*)"), |rest| (rest, ""));
    if regex.contains('|') { format!("{start}(?:{regex}){end}") } else { format!("{start}{regex}{end}") }
}
