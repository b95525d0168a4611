//! Questions and orders to one server, for words that need several of them.

use super::call::{self, Answer, Request, Server};
use super::{AskError, Asked, address, credential, finish};
use crate::json::part;
use clap::ArgMatches;
use serde_json::{Value, json};

/// Why something came to no good end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The server said no, or failed.
    Asked(Asked),
    /// It could not be asked.
    Cause(AskError),
}

impl Stop {
    /// Something that cannot be done, in words.
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self::Asked(Asked::Refused(text.into()))
    }
}

impl<E: Into<AskError>> From<E> for Stop {
    fn from(cause: E) -> Self {
        Self::Cause(cause.into())
    }
}

/// A server that is asked several things.
pub(super) struct Asking {
    pub(super) server: Server,
    /// Whether the answer is for a program.
    pub(super) json: bool,
}

impl Asking {
    /// As the words say.
    pub(super) fn new(words: &ArgMatches) -> Result<Self, AskError> {
        Ok(Self { server: Server::new(address(words), credential(words)?)?, json: words.get_flag("json") })
    }

    /// Reads a path.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Stop> {
        read(self.server.send(Request::get(path, &[])).await?)
    }

    /// Reads a list to its end.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Value>, Stop> {
        let (mut rows, mut query) = (Vec::new(), vec![("limit".to_owned(), "1000".to_owned())]);
        loop {
            let page = read(self.server.send(Request::get(path, &query)).await?)?;
            rows.extend(part(&page, &["rows"]).as_array().ok_or(AskError::Shape)?.iter().cloned());
            let Some(next) = part(&page, &["next"]).as_str() else { return Ok(rows) };
            query.truncate(1);
            query.push(("after".to_owned(), next.to_owned()));
        }
    }

    /// Sends a document to a path.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Stop> {
        read(self.server.send(Request::post(path, body, None)).await?)
    }

    /// Sends a command.
    pub(super) async fn order(&self, command: &str, arguments: &Value) -> Result<Value, Stop> {
        let body = json!({ "id": call::fresh_id(), "command": command, "arguments": arguments });
        self.post("/api/v1/commands", &body).await
    }
}

/// What an answer says, unless it says no.
pub(super) fn read(answer: Answer) -> Result<Value, Stop> {
    let mut value = Value::Null;
    match finish(answer, |found| {
        value = found;
        String::new()
    })? {
        Asked::Done(_) => Ok(value),
        asked @ (Asked::Refused(_) | Asked::Failed(_)) => Err(Stop::Asked(asked)),
    }
}

/// How it ended.
pub(super) fn ended(done: Result<String, Stop>) -> Result<Asked, AskError> {
    match done {
        Ok(text) => Ok(Asked::Done(text)),
        Err(Stop::Asked(asked)) => Ok(asked),
        Err(Stop::Cause(cause)) => Err(cause),
    }
}

/// A text of an answer.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, AskError> {
    part(value, &[name]).as_str().ok_or(AskError::Shape)
}
