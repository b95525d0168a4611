//! The program `deed-verify`: its words, and what it prints.

use crate::answer;
use crate::options::{Options, Signatures};
use crate::progress::Bar;
use crate::source::Trouble;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ledger::checkpoint::{CheckpointError, SignedCheckpoint};
use ledger::note::{NOTE_BYTES_MAX, VerifierKey, VerifierKeyError};
use ledger::policy::{POLICY_BYTES_MAX, Policy, PolicyError};
use ledger::receipt::{self, Receipt, ReceiptError};
use ledger::time::Time;
use projections::answers::Answer;
use serde::Serialize;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use thiserror::Error;

/// Could not check: wrong use, or a file cannot be read.
const EXIT_UNCHECKED: u8 = 2;
/// Largest file with a key.
const KEY_BYTES_MAX: usize = 4_096;

/// Verifies a Deed ledger, offline, from its bytes alone.
///
/// Exit codes: 0 whole and anchored, 1 invalid, 2 could not check, 3 nothing wrong found but nothing anchored, or more unanchored than allowed.
#[derive(Debug, Parser)]
#[command(name = "deed-verify", version, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true)]
pub struct Words {
    #[command(subcommand)]
    task: Option<Task>,
    /// A data directory, a tiles directory or an evidence bundle.
    #[arg(required = true)]
    path: Option<PathBuf>,
    #[command(flatten)]
    brought: Brought,
    /// A checkpoint that you kept and verified up to: below it signatures and rules are not repeated.
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// A receipt to find in the log. May be given several times.
    #[arg(long, value_name = "FILE")]
    receipt: Vec<PathBuf>,
    /// Which signatures are checked; with `checkpoints` neither each event's nor the rules.
    #[arg(long, value_enum, default_value_t = Which::All)]
    signatures: Which,
    /// The most events that may come after the newest anchor.
    #[arg(long, value_name = "N")]
    unanchored_max: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Computes an answer about access again from a ledger, and compares them.
    ///
    /// Exit codes: 0 the same, 1 different, 2 could not check.
    Answer(AnswerWords),
}

#[derive(Debug, Args)]
struct AnswerWords {
    /// The answer as it came, from `/api/v1/access`, `/api/v1/access/diff` or `/api/v1/access/explain`.
    file: PathBuf,
    /// A data directory or a tiles directory.
    #[arg(long, value_name = "DIR")]
    ledger: PathBuf,
    #[command(flatten)]
    brought: Brought,
}

/// What the auditor brings, and how the verdict is given.
#[derive(Debug, Args)]
struct Brought {
    /// The event key or the checkpoint key of the genesis statement, as you noted it: a C2SP verifier key, or `@file`.
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// A C2SP tlog-policy: known logs, witnesses and the quorum.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A checkpoint that you kept. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Refuse to run without a checkpoint that you kept, or a policy.
    #[arg(long)]
    require_prior: bool,
    /// Print the verdict as one JSON object.
    #[arg(long)]
    json: bool,
    /// How many threads to use; all cores unless given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Show no progress, and print the verdict words alone.
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    All,
    Checkpoints,
}

/// Something that the auditor brought cannot be used.
#[derive(Debug, Error)]
enum Unusable {
    #[error("could not read `{}`", path.display().to_string().escape_debug())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("`{}` is larger than {bytes_max} bytes", path.display().to_string().escape_debug())]
    TooLarge { path: PathBuf, bytes_max: usize },
    #[error("`--key` is not a verifier key")]
    Key(#[source] VerifierKeyError),
    #[error("the file given with `--key` is not text")]
    KeyText,
    #[error("`{}` is not a policy", path.display().to_string().escape_debug())]
    Policy {
        path: PathBuf,
        #[source]
        cause: PolicyError,
    },
    #[error("`{}` is not a checkpoint", path.display().to_string().escape_debug())]
    Checkpoint {
        path: PathBuf,
        #[source]
        cause: CheckpointError,
    },
    #[error("`{}` is not a receipt", path.display().to_string().escape_debug())]
    Receipt {
        path: PathBuf,
        #[source]
        cause: ReceiptError,
    },
    #[error("`{}` is not an answer about access", path.display().to_string().escape_debug())]
    Answer {
        path: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
    #[error("nothing says what to verify")]
    NoPath,
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

/// Runs the program with the words of the command line. The clock is read here alone.
pub fn run(now: Time) -> ExitCode {
    let words = match Words::try_parse() {
        Ok(words) => words,
        Err(cause) => {
            let code = if cause.use_stderr() { EXIT_UNCHECKED } else { 0 };
            drop(cause.print());
            return ExitCode::from(code);
        }
    };
    let done = match &words.task {
        Some(Task::Answer(answer)) => answer.run(now),
        None => words.run(now),
    };
    match done {
        Ok(code) => code.into(),
        Err(trouble) => {
            eprintln!("could not check: {}", chain_of(&trouble));
            ExitCode::from(EXIT_UNCHECKED)
        }
    }
}

impl Words {
    fn run(&self, now: Time) -> Result<u8, Unusable> {
        let options = self.options(now)?;
        let path = self.path.as_deref().ok_or(Unusable::NoPath)?;
        let report = self.brought.work(&options, |bar| crate::verify(path, &options, bar))?;
        let words = || report.verdicts.join(", ");
        let printed = self.brought.print(&report, words, || report.text());
        Ok(printed.map_or(EXIT_UNCHECKED, |()| report.exit()))
    }

    fn options(&self, now: Time) -> Result<Options, Unusable> {
        let receipt = |path: &PathBuf| {
            let fail = |cause| Unusable::Receipt { path: path.clone(), cause };
            let bytes_max = usize::try_from(receipt::BYTES_MAX).unwrap_or(usize::MAX);
            Receipt::parse(&read(path, bytes_max)?).map_err(fail)
        };
        Ok(Options {
            since: self.since.as_deref().map(checkpoint).transpose()?,
            receipts: self.receipt.iter().map(receipt).collect::<Result<_, _>>()?,
            signatures: match self.signatures {
                Which::All => Signatures::All,
                Which::Checkpoints => Signatures::Checkpoints,
            },
            unanchored_max: self.unanchored_max,
            ..self.brought.options(now)?
        })
    }
}

impl AnswerWords {
    fn run(&self, now: Time) -> Result<u8, Unusable> {
        let text = read(&self.file, answer::ANSWER_BYTES_MAX)?;
        let fail = |cause| Unusable::Answer { path: self.file.clone(), cause };
        let shown: Answer = serde_json::from_slice(&text).map_err(fail)?;
        let options = self.brought.options(now)?;
        let judge = |bar: &Bar| answer::judge(&self.ledger, &shown, &options, bar);
        let judged = self.brought.work(&options, judge)?;
        let line = judged.line();
        let words = || format!("{}, {line}", judged.ledger.verdicts.join(", "));
        let printed = self.brought.print(&judged, words, || format!("{}{line}\n", judged.ledger.text()));
        Ok(printed.map_or(EXIT_UNCHECKED, |()| judged.answer.exit()))
    }
}

impl Brought {
    fn options(&self, now: Time) -> Result<Options, Unusable> {
        Ok(Options {
            key: self.key.as_deref().map(key).transpose()?,
            policy: self.policy.as_deref().map(policy).transpose()?,
            kept: self.checkpoint.iter().map(|path| checkpoint(path)).collect::<Result<_, _>>()?,
            now,
            ..Options::default()
        })
    }

    /// Runs the work on as many threads as were asked for.
    fn work<T: Send>(
        &self,
        options: &Options,
        work: impl FnOnce(&Bar) -> Result<T, Trouble> + Send,
    ) -> Result<T, Unusable> {
        if self.require_prior && options.kept().next().is_none() && options.policy.is_none() {
            return Err(Trouble::NoPrior.into());
        }
        let threads = self.threads.unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Trouble::Threads)?;
        let bar = Bar::new(self.quiet || self.json);
        Ok(pool.install(|| work(&bar))?)
    }

    fn print(
        &self,
        verdict: &impl Serialize,
        words: impl FnOnce() -> String,
        text: impl FnOnce() -> String,
    ) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, verdict)?;
            writeln!(out)
        } else if self.quiet {
            writeln!(out, "{}", words())
        } else {
            write!(out, "{}", text())
        }
    }
}

fn checkpoint(path: &Path) -> Result<SignedCheckpoint, Unusable> {
    let fail = |cause| Unusable::Checkpoint { path: path.to_path_buf(), cause };
    SignedCheckpoint::parse(&read(path, NOTE_BYTES_MAX)?).map_err(fail)
}

fn key(text: &str) -> Result<VerifierKey, Unusable> {
    let Some(path) = text.strip_prefix('@') else { return text.parse().map_err(Unusable::Key) };
    let text = String::from_utf8(read(Path::new(path), KEY_BYTES_MAX)?).map_err(|_| Unusable::KeyText)?;
    text.trim_end_matches('\n').parse().map_err(Unusable::Key)
}

fn policy(path: &Path) -> Result<Policy, Unusable> {
    let fail = |cause| Unusable::Policy { path: path.to_path_buf(), cause };
    Policy::parse(&read(path, POLICY_BYTES_MAX)?).map_err(fail)
}

/// Reads a file up to a bound, whatever its length claims to be.
fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Unusable> {
    let fail = |cause| Unusable::Read { path: path.to_path_buf(), cause };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(fail)?;
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() > bytes_max {
        return Err(Unusable::TooLarge { path: path.to_path_buf(), bytes_max });
    }
    Ok(bytes)
}

/// An error with its causes, safe to print.
fn chain_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    printable(text.chars())
}

/// The text with its control characters escaped.
pub(crate) fn printable(text: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for character in text {
        if character.is_control() { out.extend(character.escape_debug()) } else { out.push(character) }
    }
    out
}
