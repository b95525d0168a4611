//! The command line of `deed` as a client of a running server: what it offers is read from the OpenAPI document of this same program.

mod asking;
mod browse;
mod call;
mod follow;
mod kept;
mod login;
mod named;
mod offers;
mod show;
mod templates;
mod typed;
mod workspaces;

use crate::json::part;
use call::{Answer, CallError, Request, Server};
use clap::{Arg, ArgAction, ArgMatches, Command};
use kept::{Kept, KeptError};
use offers::{Offer, Offers, Reading};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use thiserror::Error;

/// The server could not be asked.
#[derive(Debug, Error)]
enum AskError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Login(#[from] login::LoginError),
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error(transparent)]
    Argument(#[from] typed::ArgumentError),
    #[error("could not read `{path}`")]
    File {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("the answer has not the shape that this version of `deed` knows")]
    Shape,
    #[error("could not start")]
    Runtime(#[source] std::io::Error),
}

/// How asking ended.
#[derive(Debug)]
enum Asked {
    Done(String),
    /// The server said no: a code and why.
    Refused(String),
    /// The server failed, or is too busy.
    Failed(String),
}

/// Adds the words of the client to the program's own.
pub fn extend(program: Command) -> Command {
    let offers = Offers::read();
    let server = Arg::new("server").long("server").env("DEED_SERVER").global(true).value_name("URL");
    let server = server.default_value("http://127.0.0.1:7331").help("The server to ask");
    let file = Arg::new("credential-file").long("credential-file").env("DEED_CREDENTIAL_FILE").global(true);
    let file = file.value_name("FILE").value_parser(clap::value_parser!(PathBuf));
    let file = file
        .help("A file that holds the credential to show [default: what `deed login` keeps for the server]");
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).global(true);
    let program = program.arg(server).arg(file).arg(json.help("Print what the server answers, for programs"));
    let program = program.subcommand(workspaces::words()).mut_subcommand("template", templates::extend);
    program.subcommands(offers.areas()).subcommand(offers.orders()).subcommands(login::words())
}

/// Runs what was asked for, unless it is not the client's.
pub fn run(matches: &ArgMatches) -> Option<ExitCode> {
    let (area, words) = matches.subcommand()?;
    if ["login", "logout"].contains(&area) {
        return Some(match sign(area, words) {
            Ok(text) => said(&text),
            Err(cause) => complain(&commands::engine::chain(&cause), 2),
        });
    }
    let inner = words.subcommand();
    match (area, inner) {
        ("workspace", Some((verb, words))) => return Some(ended(workspaces::run(verb, words))),
        // What needs no server is not the client's.
        ("template", Some((verb, words))) if templates::VERBS.contains(&verb) => {
            return Some(ended(templates::run(verb, words)));
        }
        _ => {}
    }
    let offers = Offers::read();
    let offer = offers.find(area, words)?;
    Some(ended(ask(&offer)))
}

fn ended(asked: Result<Asked, AskError>) -> ExitCode {
    match asked {
        Ok(Asked::Done(text)) => said(&text),
        Ok(Asked::Refused(text)) => complain(&text, 1),
        Ok(Asked::Failed(text)) => complain(&text, 2),
        Err(cause) => complain(&commands::engine::chain(&cause), 2),
    }
}

fn said(text: &str) -> ExitCode {
    // That nobody reads any more is no failure.
    drop(std::io::stdout().write_all(text.as_bytes()));
    ExitCode::SUCCESS
}

fn address(words: &ArgMatches) -> &str {
    words.get_one::<String>("server").map_or("", String::as_str)
}

fn runtime() -> Result<tokio::runtime::Runtime, AskError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(AskError::Runtime)
}

fn sign(word: &str, words: &ArgMatches) -> Result<String, AskError> {
    Ok(runtime()?.block_on(login::run(word, words, address(words)))?)
}

fn complain(text: &str, code: u8) -> ExitCode {
    eprintln!("deed: {}", show::one_line(text));
    ExitCode::from(code)
}

fn ask(offer: &Offer<'_>) -> Result<Asked, AskError> {
    let (words, json) = (offer.words(), offer.words().get_flag("json"));
    let server = Server::new(address(words), credential(words)?)?;
    let runtime = runtime()?;
    match offer {
        Offer::Read(reading, _) => runtime.block_on(read(&server, reading, words, json)),
        Offer::Order(order, _) => {
            let body = json!({
                "id": words.get_one::<String>("id").cloned().unwrap_or_else(call::fresh_id),
                "command": order.name,
                "arguments": typed::arguments(order, words)?,
            });
            let seen = words.get_one::<u64>("if-match").copied();
            let answer = runtime.block_on(server.send(Request::post("/api/v1/commands", &body, seen)))?;
            finish(answer, |answer| if json { show::json(&answer) } else { show::done(&answer) })
        }
    }
}

fn credential(words: &ArgMatches) -> Result<Option<String>, AskError> {
    let Some(path) = words.get_one::<PathBuf>("credential-file") else {
        return Ok(Kept::read()?.secret(address(words)).map(str::to_owned));
    };
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|cause| AskError::File { path: path.clone(), cause })?;
    Ok(Some(text.trim().to_owned()))
}

/// Reads a path; a list to its end, unless a length was asked for.
async fn read(server: &Server, reading: &Reading, words: &ArgMatches, json: bool) -> Result<Asked, AskError> {
    let (path, mut query) = reading.request(words);
    let all = reading.is_list && words.get_one::<String>("limit").is_none();
    let mut rows = Vec::new();
    loop {
        let answer = server.send(Request::get(&path, &query)).await?;
        if !all || answer.status != 200 {
            let shown = |answer: Value| match (json, &reading.columns) {
                (true, _) => show::json(&answer),
                (false, Some(columns)) => show::rows(part(&answer, &["rows"]), columns),
                (false, None) => show::answer(&answer),
            };
            return finish(answer, shown);
        }
        let mut page: Map<String, Value> =
            serde_json::from_slice(&answer.body).map_err(|_| AskError::Shape)?;
        let Some(Value::Array(more)) = page.get_mut("rows").map(Value::take) else {
            return Err(AskError::Shape);
        };
        rows.extend(more);
        let Some(next) = page.get("next").and_then(Value::as_str) else {
            page.insert("rows".to_owned(), rows.into());
            let page = Value::Object(page);
            let columns = reading.columns.as_deref().unwrap_or_default();
            return Ok(Asked::Done(if json {
                show::json(&page)
            } else {
                show::rows(part(&page, &["rows"]), columns)
            }));
        };
        query.retain(|(name, _)| name != "after");
        query.push(("after".to_owned(), next.to_owned()));
    }
}

fn finish(answer: Answer, shown: impl FnOnce(Value) -> String) -> Result<Asked, AskError> {
    let value: Value = serde_json::from_slice(&answer.body).map_err(|_| AskError::Shape)?;
    if answer.status == 200 {
        return Ok(Asked::Done(shown(value)));
    }
    let text = |key: &str| part(&value, &[key]).as_str().ok_or(AskError::Shape);
    let text = format!("{}: {}", text("code")?, text("detail")?);
    Ok(if answer.status < 500 { Asked::Refused(text) } else { Asked::Failed(text) })
}
