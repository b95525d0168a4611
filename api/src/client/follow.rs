//! Waiting until what was ordered of a workspace is so, with what its build says meanwhile.

use super::asking::{Asking, Stop, read, text};
use super::call::{CallError, encoded};
use super::{Asked, named, show};
use serde_json::Value;
use std::io::Write;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How often it is looked how a workspace is.
const LOOK: Duration = Duration::from_millis(250);
/// How long to wait before saying that nothing happens.
const QUIET: Duration = Duration::from_secs(10);
/// How long to wait for the end of what was ordered: the longest startup, and room for its image.
const WAIT_MAX: Duration = Duration::from_secs(3 * 60 * 60);
/// How long a log that goes on may be silent, when only what it says now is asked for.
const PAUSE: Duration = Duration::from_millis(500);

/// Where a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Onto {
    /// Beside the answer.
    Errors,
    /// It is the answer.
    Output,
}

/// What is wished, as the server calls it, and the status that fulfils it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    wish: &'static str,
    status: &'static str,
}

/// It is to run.
pub(super) const RUNNING: Goal = Goal { wish: "run", status: "running" };
/// It is to stand still.
pub(super) const STOPPED: Goal = Goal { wish: "stop", status: "stopped" };
/// It is to be gone.
pub(super) const DELETED: Goal = Goal { wish: "delete", status: "deleted" };

/// Waits until a workspace is as it is wished, and gives it as it is then.
pub(super) async fn until(asking: &Asking, id: &str, goal: Goal) -> Result<Value, Stop> {
    let (begun, mut followed, mut complained) = (Instant::now(), None, false);
    while begun.elapsed() < WAIT_MAX {
        let found = named::shown(asking, id).await?;
        let (status, build) = (text(&found, "status")?, named::number(&found, "build")?);
        let name = text(&found, "handle")?;
        if status == goal.status {
            return Ok(found);
        }
        if text(&found, "wish")? != goal.wish {
            return Err(Stop::refused(format!(
                "something else was ordered of `{name}` meanwhile: it is {status}"
            )));
        }
        if status == "failed" {
            return Err(failed(&found));
        }
        if goal == RUNNING && followed != Some(build) {
            followed = Some(build);
            match log(asking, id, Onto::Errors, true).await {
                // Where no engine is there is no log.
                Ok(()) | Err(Stop::Asked(Asked::Refused(_))) => continue,
                Err(stop) => return Err(stop),
            }
        }
        if !complained && begun.elapsed() > QUIET {
            complained = true;
            eprintln!("deed: `{name}` is still {status}; the server goes on when its engine answers");
        }
        sleep(LOOK).await;
    }
    Err(CallError::Late.into())
}

fn failed(found: &Value) -> Stop {
    let field = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
    let (name, at) = (field("handle"), field("failed_at"));
    Stop::refused(format!(
        "`{name}` failed at `{at}`; `deed workspace logs {name}` shows what its build said"
    ))
}

/// Writes the log of the last build, to its end or as far as it is.
pub(super) async fn log(asking: &Asking, id: &str, onto: Onto, to_end: bool) -> Result<(), Stop> {
    let path = format!("/api/v1/workspaces/{}/log", encoded(id));
    let mut pieces = match asking.server.stream(&path).await? {
        Ok(pieces) => pieces,
        Err(answer) => return read(answer).map(drop),
    };
    let (mut lines, mut silent) = (Lines::default(), true);
    let patience = if to_end { QUIET } else { PAUSE };
    loop {
        match timeout(patience, pieces.next()).await {
            Ok(Ok(Some(piece))) => {
                silent = false;
                write(onto, &lines.taken(&piece));
            }
            Ok(Ok(None)) => break,
            // What came of the build is asked for anyway.
            Ok(Err(CallError::Exchange(_))) if onto == Onto::Errors => break,
            Ok(Err(cause)) => return Err(cause.into()),
            Err(_) if !to_end => break,
            Err(_) if silent => {
                silent = false;
                eprintln!("deed: the build has not begun; the server goes on when its engine answers");
            }
            Err(_) => {}
        }
    }
    write(onto, &lines.rest());
    Ok(())
}

/// That nobody reads is no failure.
fn write(onto: Onto, text: &str) {
    match onto {
        Onto::Errors => drop(std::io::stderr().write_all(text.as_bytes())),
        Onto::Output => {
            let mut out = std::io::stdout();
            drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
        }
    }
}

/// Lines of a log, from bits that end anywhere. What would steer a terminal is shown and not sent.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// The lines that are whole now.
    fn taken(&mut self, piece: &[u8]) -> String {
        self.begun.extend_from_slice(piece);
        let end = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let whole: Vec<u8> = self.begun.drain(..end).collect();
        harmless(&whole)
    }

    /// What is left without an end of line.
    fn rest(self) -> String {
        let text = harmless(&self.begun);
        if text.is_empty() { text } else { format!("{text}\n") }
    }
}

fn harmless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.split_inclusive('\n').fold(String::new(), |mut all, line| {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        let parts: Vec<_> = body.trim_end_matches('\r').split('\t').map(show::one_line).collect();
        all.push_str(&parts.join("\t"));
        all.push_str(end);
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_written_line_by_line_and_steers_no_terminal() {
        let mut lines = Lines::default();
        assert_eq!(lines.taken("one\ntw".as_bytes()), "one\n");
        assert_eq!(lines.taken(&[0xc3]), "");
        assert_eq!(lines.taken(&[0xa4, b'\r', b'\n']), "tw\u{e4}\n");
        assert_eq!(lines.taken(b"\ta\x1b[2Jb\n"), "\ta\\u{1b}[2Jb\n");
        lines.taken(b"end");
        assert_eq!(lines.rest(), "end\n");
    }
}
