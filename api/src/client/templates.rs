//! `deed template` with a server: what can be made, and what a new version would mean.

use super::asking::{Asking, Stop, ended, text};
use super::workspaces::needs;
use super::{AskError, Asked, named, runtime, show};
use crate::json::part;
use crate::templates::cli::{self, From};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use ledger::event::workspaces::Format;
use projections::workspaces::impact::Reach;
use serde_json::{Map, Value, json};

/// What needs a server.
pub(super) const VERBS: [&str; 6] = ["list", "publish", "plan", "promote", "archive", "deprecate"];

/// What people are told when whoever deprecates a template says nothing.
const DEPRECATED: &str = "it should not be used any more";

/// Adds the words that need a server.
pub(super) fn extend(word: Command) -> Command {
    let scope = || {
        let scope = Arg::new("scope").long("scope").value_name("SCOPE");
        scope.help("Where it can be used [default: the whole site]")
    };
    let called = || {
        let called = Arg::new("template").long("name").value_name("HANDLE").required(true);
        called.help("What people call the template")
    };
    let name = || {
        let name = Arg::new("template").value_name("NAME").required(true);
        name.help("The template, by its name or its id")
    };
    let number = || {
        let number = Arg::new("number").value_name("N").required(true).value_parser(value_parser!(u64));
        number.help("The version")
    };
    let promote = Arg::new("promote").long("promote").action(ArgAction::SetTrue);
    let message = Arg::new("message").value_name("MESSAGE").default_value(DEPRECATED);
    let lift = Arg::new("lift").long("lift").action(ArgAction::SetTrue).conflicts_with("message");
    let read = |verb: &'static str, about: &'static str| {
        From::augment_args(Command::new(verb).about(about).arg(called()).arg(scope()))
    };
    let orders = [
        Command::new("list").about("Show the templates that you may see"),
        read("publish", "Publish a template, or a new version of one that is there")
            .arg(promote.help("Make new workspaces from it at once")),
        read("plan", "Say what a new version would mean for each workspace; nothing happens"),
        Command::new("promote").about("Make new workspaces from a version").arg(name()).arg(number()),
        Command::new("archive").about("Let nothing more be made from a version").arg(name()).arg(number()),
        Command::new("deprecate")
            .about("Tell people not to use a template any more; nothing new is made from it")
            .arg(name())
            .arg(message.help("What they are told"))
            .arg(lift.help("They may use it again")),
    ];
    word.subcommands(orders)
}

/// Does what the words ask for.
pub(super) fn run(verb: &str, words: &ArgMatches) -> Result<Asked, AskError> {
    let asking = Asking::new(words)?;
    ended(runtime()?.block_on(async {
        match verb {
            "list" => list(&asking).await,
            "publish" => publish(&asking, words).await,
            "plan" => plan(&asking, words).await,
            "deprecate" => deprecate(&asking, words).await,
            verb => change(&asking, verb, words).await,
        }
    }))
}

fn word<'a>(words: &'a ArgMatches, name: &str) -> Option<&'a str> {
    words.get_one::<String>(name).map(String::as_str)
}

async fn list(asking: &Asking) -> Result<String, Stop> {
    let rows = asking.list("/api/v1/templates").await?;
    if asking.json {
        return Ok(show::json(&json!({ "rows": rows })));
    }
    let columns = ["name", "status", "promoted", "newest", "scope", "template", "message"].map(str::to_owned);
    let shown = rows.into_iter().map(|row| {
        let name = part(&row, &["handle"]).clone();
        show::with(row, [("name", name)])
    });
    Ok(show::rows(&Value::Array(shown.collect()), &columns))
}

/// The spec that the words lead to. What became of each part of the files goes beside the answer.
fn spec(words: &ArgMatches) -> Result<cli::Spec, Stop> {
    let from = From::from_arg_matches(words).map_err(|cause| Stop::refused(cause.to_string()))?;
    let (found, report) = cli::spec(&from).map_err(|cause| Stop::refused(commands::engine::chain(&cause)))?;
    // Of Deed's own format every part is taken as it stands.
    let is_own = found.as_ref().is_some_and(|found| found.source.format == Format::Native);
    if !is_own {
        eprint!("{report}");
    }
    found.ok_or_else(|| Stop::refused("the template is refused: the report says which of its parts and why"))
}

async fn publish(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let cli::Spec { spec, source } = spec(words)?;
    let promote = words.get_flag("promote");
    let name = word(words, "template").unwrap_or_default();
    let mut arguments = Map::new();
    arguments.insert("handle".to_owned(), name.into());
    arguments.insert("promote".to_owned(), promote.into());
    arguments.insert("spec".to_owned(), serde_json::to_value(&spec).map_err(|_| AskError::Shape)?);
    arguments.insert("source".to_owned(), serde_json::to_value(source).map_err(|_| AskError::Shape)?);
    let scope = word(words, "scope");
    arguments.extend(scope.map(|scope| ("scope".to_owned(), scope.into())));
    let answer = asking.order("workspaces.publish_template", &arguments.into()).await?;
    if asking.json {
        return Ok(show::json(&answer));
    }
    if answer.get("receipt").is_none() {
        return Ok(show::NOTHING.to_owned());
    }
    let id = text(part(&answer, &["result"]), "template")?;
    let versions = asking.list(&format!("/api/v1/templates/{id}/versions")).await?;
    let digest = spec.digest().to_string();
    let is_it = |row: &&Value| part(row, &["digest"]).as_str() == Some(&digest);
    let number = versions.iter().rev().find(is_it).map(|row| named::number(row, "number")).transpose()?;
    let number = number.ok_or(AskError::Shape)?;
    let end = if promote { "; new workspaces are made from it" } else { "" };
    Ok(format!("version {number} of {name} is published{end}\n"))
}

async fn plan(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let cli::Spec { spec, .. } = spec(words)?;
    let name = word(words, "template").unwrap_or_default();
    let template = named::template(asking, name, word(words, "scope")).await?;
    let path = format!("/api/v1/templates/{}/plan", text(&template, "template")?);
    let plan = asking.post(&path, &json!({ "spec": spec })).await?;
    if asking.json {
        return Ok(show::json(&plan));
    }
    let rows = part(&plan, &["workspaces"]).as_array().ok_or(AskError::Shape)?;
    let mut said = String::new();
    for row in rows {
        said.push_str(&planned(row)?);
    }
    let unchanged = named::number(&plan, "unchanged")?;
    said.push_str(&format!("{} would change, {unchanged} would not\n", counted(rows.len())));
    Ok(said)
}

fn counted(count: usize) -> String {
    if count == 1 { "1 workspace".to_owned() } else { format!("{count} workspaces") }
}

/// A workspace, and each change with what it takes.
fn planned(row: &Value) -> Result<String, Stop> {
    let (name, status) = (text(row, "handle")?, text(row, "status")?);
    let (id, version) = (text(row, "workspace")?, named::number(row, "version")?);
    let mut lines = Vec::new();
    for change in part(row, &["changes"]).as_array().into_iter().flatten() {
        let field = format!("  {}", show::one_line(text(change, "field")?));
        lines.push(vec![field, takes(text(change, "reach")?)]);
    }
    let all = takes(text(row, "reach")?);
    Ok(format!("{name} ({id}), {status}, version {version}: {all}\n{}", show::aligned(&lines)))
}

/// What a change takes, in words; as the server calls it when this program does not know that.
fn takes(name: &str) -> String {
    let all = [Reach::Live, Reach::Restart, Reach::Rebuild, Reach::Recreate];
    let known = all.into_iter().find(|reach| reach.as_str() == name);
    known.map_or_else(|| show::one_line(name), |reach| needs(reach).to_owned())
}

/// Promotes or archives a version.
async fn change(asking: &Asking, verb: &str, words: &ArgMatches) -> Result<String, Stop> {
    let name = word(words, "template").unwrap_or_default();
    let template = named::template(asking, name, None).await?;
    let number = words.get_one::<u64>("number").copied().unwrap_or_default();
    let arguments = json!({ "template": text(&template, "template")?, "number": number });
    let answer = asking.order(&format!("workspaces.{verb}_version"), &arguments).await?;
    let handle = text(&template, "handle")?;
    let sentence = match verb {
        "promote" => format!("new workspaces of {handle} are made from version {number}"),
        _ => format!("nothing more is made from version {number} of {handle}"),
    };
    Ok(show::told(&answer, asking.json, &sentence))
}

async fn deprecate(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let name = word(words, "template").unwrap_or_default();
    let template = named::template(asking, name, None).await?;
    let (id, handle) = (text(&template, "template")?, text(&template, "handle")?);
    let (arguments, sentence) = if words.get_flag("lift") {
        (json!({ "template": id }), format!("{handle} may be used again"))
    } else {
        let message = word(words, "message");
        (json!({ "template": id, "message": message }), format!("nothing new is made from {handle}"))
    };
    let answer = asking.order("workspaces.deprecate_template", &arguments).await?;
    Ok(show::told(&answer, asking.json, &sentence))
}
