//! `deed workspace`: what people do with their workspaces.

mod changes;
mod lives;
mod shown;

pub(super) use lives::needs;

use super::asking::{Asking, Stop, ended, text};
use super::{AskError, Asked, runtime};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde_json::{Map, Value};

/// The words of the command line.
pub(super) fn words() -> Command {
    let word = Command::new("workspace").about("Create, use and change workspaces");
    let word = word.arg_required_else_help(true).subcommand_required(true);
    word.subcommands(lives()).subcommands(looks()).subcommands(changes())
}

fn name() -> Arg {
    let name = Arg::new("workspace").value_name("NAME").required(true);
    name.help("The workspace, by its name among yours or by its id")
}

fn values() -> [Arg; 2] {
    let set = Arg::new("set").long("set").value_name("PARAMETER=VALUE").action(ArgAction::Append);
    let version = Arg::new("number").long("version").value_name("N").value_parser(value_parser!(u64));
    [
        set.help("The value of a parameter of the template; may be given several times"),
        version.help("The version of the template [default: the promoted one]"),
    ]
}

fn waiting() -> [Arg; 2] {
    let wait = Arg::new("wait").long("wait").action(ArgAction::SetTrue).conflicts_with("no-wait");
    let not = Arg::new("no-wait").long("no-wait").action(ArgAction::SetTrue);
    [
        wait.help("Show what the build says, and wait until it is done [the default]"),
        not.help("Only order it, and wait for nothing"),
    ]
}

fn lives() -> Vec<Command> {
    let template = Arg::new("template").value_name("TEMPLATE").required(true);
    let new = Arg::new("workspace").value_name("NAME").required(true);
    let scope = Arg::new("scope").long("scope").value_name("SCOPE");
    let create = Command::new("create").about("Create a workspace and start it");
    let create = create.arg(template.help("The template, by its name or its id"));
    let create = create.arg(new.help("What you call it")).args(values());
    let order =
        |verb: &'static str, about: &'static str| Command::new(verb).about(about).arg(name()).args(waiting());
    vec![
        create.arg(scope.help("Where it counts [default: the whole site]")).args(waiting()),
        order("start", "Start a workspace"),
        order("stop", "Stop a workspace, or give up its build"),
        order(
            "update",
            "Make a workspace from another version, or with other values; says first what changes",
        )
        .args(values()),
        order("delete", "Delete a workspace, but for volumes that its template protects"),
    ]
}

fn looks() -> Vec<Command> {
    let all = Arg::new("all").long("all").action(ArgAction::SetTrue);
    let follow = Arg::new("follow").long("follow").action(ArgAction::SetTrue);
    let app = Arg::new("app").value_name("APP");
    let print = Arg::new("print").long("print").action(ArgAction::SetTrue);
    vec![
        Command::new("list")
            .about("Show your workspaces")
            .arg(all.help("Those of others too, as far as you may see them")),
        Command::new("show").about("Show a workspace closely").arg(name()),
        Command::new("logs")
            .about("Show what the last build of a workspace said")
            .arg(name())
            .arg(follow.help("Go on until the build is over")),
        Command::new("open")
            .about("Open an app of a workspace in a browser")
            .arg(name())
            .arg(app.help("The app, by its slug [default: the only one]"))
            .arg(print.help("Only print its address")),
    ]
}

fn changes() -> Vec<Command> {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help).conflicts_with("none")
    };
    let none = Arg::new("none").long("none").action(ArgAction::SetTrue);
    let app = Arg::new("app").value_name("APP").required(true);
    let with = Arg::new("with").value_name("WITH").required(true);
    let with = with.value_parser(["owner", "organization", "authenticated", "public"]);
    let to = Arg::new("to").value_name("SUBJECT").required(true);
    vec![
        Command::new("share")
            .about("Say who may open an app of a workspace, as far as its template allows")
            .arg(name())
            .arg(app.help("The app, by its slug"))
            .arg(with.help("Who")),
        Command::new("schedule")
            .about("Say when a workspace starts and stops by itself")
            .arg(name())
            .arg(
                option("days", "DAYS", "Some of `mon,tue,wed,thu,fri,sat,sun`")
                    .required_unless_present("none"),
            )
            .arg(option("start", "HH:MM", "When it starts"))
            .arg(option("stop", "HH:MM", "When it stops"))
            .arg(
                option("zone", "ZONE", "By whose clock, such as `Europe/Berlin`")
                    .required_unless_present("none"),
            )
            .arg(none.help("No schedule any more")),
        Command::new("transfer")
            .about("Give a workspace to somebody else; it stops, and is shared with nobody any more")
            .arg(name())
            .arg(to.help("To whom: `per_…`, `svc_…` or `agt_…`")),
    ]
}

/// Does what the words ask for.
pub(super) fn run(verb: &str, words: &ArgMatches) -> Result<Asked, AskError> {
    let asking = Asking::new(words)?;
    ended(runtime()?.block_on(async {
        match verb {
            "create" => lives::create(&asking, words).await,
            "start" | "stop" | "delete" => lives::order(&asking, verb, words).await,
            "update" => lives::update(&asking, words).await,
            "list" => shown::list(&asking, words).await,
            "show" => shown::show(&asking, words).await,
            "logs" => shown::logs(&asking, words).await,
            "open" => shown::open(&asking, words).await,
            "share" => changes::share(&asking, words).await,
            "schedule" => changes::schedule(&asking, words).await,
            _ => changes::transfer(&asking, words).await,
        }
    }))
}

fn word<'a>(words: &'a ArgMatches, name: &str) -> &'a str {
    words.get_one::<String>(name).map_or("", String::as_str)
}

/// The workspace that the words name, as it is now.
async fn named(asking: &Asking, words: &ArgMatches) -> Result<Value, Stop> {
    super::named::workspace(asking, word(words, "workspace")).await
}

fn id(found: &Value) -> Result<String, AskError> {
    text(found, "workspace").map(str::to_owned)
}

/// What is chosen with `--set`.
fn chosen(words: &ArgMatches) -> Result<Map<String, Value>, Stop> {
    let mut chosen = Map::new();
    for pair in words.get_many::<String>("set").into_iter().flatten() {
        let Some((name, value)) = pair.split_once('=') else {
            let pair = super::show::one_line(pair);
            return Err(Stop::refused(format!("`{pair}` is not `parameter=value`")));
        };
        if chosen.insert(name.to_owned(), value.into()).is_some() {
            let name = super::show::one_line(name);
            return Err(Stop::refused(format!("the parameter `{name}` is set twice")));
        }
    }
    Ok(chosen)
}
