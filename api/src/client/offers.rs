//! What a server offers, read from the OpenAPI document: lists, questions and commands, as words of the command line.

use super::call::encoded;
use crate::http::openapi::document;
use crate::json::part;
use clap::{Arg, ArgMatches, Command};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where all paths begin.
const ROOT: &str = "/api/v1/";

/// Questions about access: the verb, the path, what stands without a dash, and what the verb leaves out.
const QUESTIONS: &[(&str, &str, &[&str], &[&str])] = &[
    ("of", "/api/v1/access", &["subject"], &["permission", "scope", "environment"]),
    ("who", "/api/v1/access", &["permission"], &["subject"]),
    ("diff", "/api/v1/access/diff", &[], &[]),
    ("explain", "/api/v1/access/explain", &["subject", "permission"], &[]),
];

/// All that is offered.
pub(super) struct Offers {
    readings: Vec<Reading>,
    orders: Vec<OrderOffer>,
}

/// A path to read.
pub(super) struct Reading {
    area: String,
    verb: Option<String>,
    path: String,
    /// Parts of the path or the query that stand without a dash.
    plain: Vec<String>,
    options: Vec<Parameter>,
    pub(super) is_list: bool,
    /// Of a list: what its rows have, in order.
    pub(super) columns: Option<Vec<String>>,
}

struct Parameter {
    name: String,
    about: String,
    required: bool,
}

/// A command.
pub(super) struct OrderOffer {
    pub(super) name: String,
    about: String,
    /// The schema of each argument.
    pub(super) arguments: Map<String, Value>,
    required: Vec<String>,
}

/// What one asked for.
pub(super) enum Offer<'a> {
    Read(&'a Reading, &'a ArgMatches),
    Order(&'a OrderOffer, &'a ArgMatches),
}

impl Offer<'_> {
    pub(super) fn words(&self) -> &ArgMatches {
        match self {
            Self::Read(_, words) | Self::Order(_, words) => words,
        }
    }
}

impl Offers {
    pub(super) fn read() -> Self {
        let document = document();
        let paths = part(&document, &["paths"]).as_object().into_iter().flatten();
        let mut readings: Vec<_> =
            paths.filter_map(|(path, found)| reading(&document, path, part(found, &["get"]))).collect();
        let questions = QUESTIONS.iter().map(|question| question_of(&document, question));
        readings.extend(questions);
        let commands = resolved(&document, part(&document, &["components", "schemas", "Command"]));
        let commands = part(commands, &["oneOf"]).as_array().into_iter().flatten();
        let orders = commands.map(|command| order(&document, resolved(&document, command))).collect();
        Self { readings, orders }
    }

    /// The areas as words of the command line.
    pub(super) fn areas(&self) -> Vec<Command> {
        let mut areas: BTreeMap<&str, Vec<&Reading>> = BTreeMap::new();
        for reading in &self.readings {
            areas.entry(&reading.area).or_default().push(reading);
        }
        areas.into_iter().map(|(area, readings)| area_words(area, &readings)).collect()
    }

    /// All commands as words of the command line.
    pub(super) fn orders(&self) -> Command {
        let word = Command::new("do").about("Send a command to a server").arg_required_else_help(true);
        word.subcommand_required(true).subcommands(self.orders.iter().map(OrderOffer::words))
    }

    /// What the words ask for.
    pub(super) fn find<'a>(&'a self, area: &str, words: &'a ArgMatches) -> Option<Offer<'a>> {
        let inner = words.subcommand();
        if area == "do" {
            let (name, words) = inner?;
            let order = self.orders.iter().find(|order| order.name == name)?;
            return Some(Offer::Order(order, words));
        }
        let verb = inner.map(|(verb, _)| verb);
        let reading = |reading: &&Reading| reading.area == area && reading.verb.as_deref() == verb;
        let found = self.readings.iter().find(reading)?;
        Some(Offer::Read(found, inner.map_or(words, |(_, words)| words)))
    }
}

fn area_words(area: &str, readings: &[&Reading]) -> Command {
    let word = Command::new(area.to_owned()).about(format!("Read {} from a server", area.replace('-', " ")));
    match readings {
        [reading] if reading.verb.is_none() => reading.extend(word),
        _ => {
            let verbs = readings.iter().filter_map(|reading| {
                let word = Command::new(reading.verb.clone()?).about(format!("GET {}", reading.path));
                Some(reading.extend(word))
            });
            word.arg_required_else_help(true).subcommand_required(true).subcommands(verbs.collect::<Vec<_>>())
        }
    }
}

impl Reading {
    /// Adds its arguments to a word.
    fn extend(&self, word: Command) -> Command {
        let plain = self
            .plain
            .iter()
            .map(|name| Arg::new(name.clone()).required(true).value_name(name.to_uppercase()));
        let options = self.options.iter().map(|option| {
            let arg = Arg::new(option.name.clone()).long(option.name.replace('_', "-"));
            arg.required(option.required).help(option.about.clone()).value_name(option.name.to_uppercase())
        });
        word.args(plain).args(options)
    }

    /// The path and the query that the words ask for.
    pub(super) fn request(&self, words: &ArgMatches) -> (String, Vec<(String, String)>) {
        let (mut path, mut query) = (self.path.clone(), Vec::new());
        let options = self.options.iter().map(|option| &option.name);
        for name in self.plain.iter().chain(options) {
            let Some(value) = words.get_one::<String>(name) else { continue };
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, &encoded(value));
            } else {
                query.push((name.clone(), value.clone()));
            }
        }
        (path, query)
    }
}

/// A schema, or the one that it refers to.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let name = part(schema, &["$ref"]).as_str().and_then(|path| path.rsplit('/').next());
    name.map_or(schema, |name| part(document, &["components", "schemas", name]))
}

/// A path that the command line offers by itself: a list, or `me`.
fn reading(document: &Value, path: &str, operation: &Value) -> Option<Reading> {
    let answer = part(operation, &["responses", "200", "content", "application/json", "schema"]);
    let is_list = part(answer, &["$ref"]).as_str().is_some_and(|name| name.contains("/PageOf"));
    let parts: Vec<&str> = path.strip_prefix(ROOT)?.split('/').collect();
    let is_audit = parts.as_slice() == ["audit"];
    let (area, verb) = match parts.as_slice() {
        ["me"] => ("me", None),
        // A page at a time: a search may find all there is.
        ["audit"] => ("audit", Some("search")),
        [area] if is_list => (*area, Some("list")),
        [area, _, verb] if is_list => (*area, Some(*verb)),
        _ => return None,
    };
    let row = resolved(document, part(resolved(document, answer), &["properties", "rows", "items"]));
    let (plain, options) = parameters(operation).partition(|(place, _)| *place == "path");
    let of =
        |list: Vec<(&str, Parameter)>| list.into_iter().map(|(_, parameter)| parameter).collect::<Vec<_>>();
    Some(Reading {
        area: area.to_owned(),
        verb: verb.map(str::to_owned),
        path: path.to_owned(),
        plain: of(plain).into_iter().map(|parameter| parameter.name).collect(),
        options: of(options),
        is_list,
        columns: (is_list || is_audit).then(|| columns(row)),
    })
}

fn question_of(document: &Value, (verb, path, plain, left_out): &(&str, &str, &[&str], &[&str])) -> Reading {
    let options = parameters(part(document, &["paths", path, "get"])).map(|(_, parameter)| parameter);
    let wanted = |parameter: &Parameter| {
        let name = parameter.name.as_str();
        !plain.contains(&name) && !left_out.contains(&name)
    };
    Reading {
        area: "access".to_owned(),
        verb: Some((*verb).to_owned()),
        path: (*path).to_owned(),
        plain: plain.iter().map(|name| (*name).to_owned()).collect(),
        options: options.filter(wanted).collect(),
        is_list: false,
        columns: None,
    }
}

/// What an operation takes, each with where it stands.
fn parameters(operation: &Value) -> impl Iterator<Item = (&str, Parameter)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = part(operation, &["parameters"]).as_array().into_iter().flatten();
    all.filter(|parameter| *part(parameter, &["in"]) != "header").map(move |parameter| {
        let (name, about) = (text(part(parameter, &["name"])), text(part(parameter, &["description"])));
        let required = *part(parameter, &["required"]) == true;
        (part(parameter, &["in"]).as_str().unwrap_or_default(), Parameter { name, about, required })
    })
}

/// The properties of a row: those that are always there, as they are declared, then the others.
fn columns(row: &Value) -> Vec<String> {
    let required = part(row, &["required"]).as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut columns: Vec<String> = required.map(str::to_owned).collect();
    let all = part(row, &["properties"]).as_object().into_iter().flat_map(Map::keys);
    columns.extend(all.filter(|name| !columns.contains(name)).cloned().collect::<Vec<_>>());
    // The text that was signed is for programs.
    columns.retain(|name| !name.starts_with("leaf"));
    columns
}

fn order(document: &Value, schema: &Value) -> OrderOffer {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let arguments = part(schema, &["properties", "arguments"]);
    let properties = part(arguments, &["properties"]).as_object().into_iter().flatten();
    let required = part(arguments, &["required"]).as_array().into_iter().flatten();
    OrderOffer {
        name: text(part(schema, &["properties", "command", "const"])),
        about: text(part(schema, &["description"])),
        arguments: properties
            .map(|(name, schema)| (name.clone(), resolved(document, schema).clone()))
            .collect(),
        required: required.map(text).collect(),
    }
}

impl OrderOffer {
    fn words(&self) -> Command {
        let known =
            |name: &String| if self.required.contains(name) { name.clone() } else { format!("[{name}]") };
        let listed: Vec<_> = self.arguments.keys().map(known).collect();
        let pairs = Arg::new("pairs").value_name("KEY=VALUE").num_args(0..).conflicts_with("arguments");
        let pairs =
            pairs.help(format!("{}; a list is written a,b; `key=@FILE` reads a file", listed.join(", ")));
        let arguments = Arg::new("arguments").long("arguments").value_name("JSON");
        let id = Arg::new("id").long("id").value_name("ID");
        let seen =
            Arg::new("if-match").long("if-match").value_name("SIZE").value_parser(clap::value_parser!(u64));
        Command::new(self.name.clone())
            .about(self.about.clone())
            .arg(pairs)
            .arg(arguments.help("All arguments as one JSON object, or `@FILE`"))
            .arg(
                id.help("The command's own name: sent again, it is not done again; a fresh one unless given"),
            )
            .arg(seen.help("Only if the log has not grown beyond so many events"))
    }
}
