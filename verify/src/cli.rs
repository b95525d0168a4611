//! The program `deed-verify`: its words, and what it prints.

use crate::options::{Options, Signatures};
use crate::progress::Bar;
use crate::report::Report;
use crate::source::Trouble;
use clap::{Parser, ValueEnum};
use ledger::checkpoint::{CheckpointError, SignedCheckpoint};
use ledger::note::{NOTE_BYTES_MAX, VerifierKey, VerifierKeyError};
use ledger::policy::{POLICY_BYTES_MAX, Policy, PolicyError};
use ledger::receipt::{self, Receipt, ReceiptError};
use ledger::time::Time;
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
#[command(name = "deed-verify", version)]
pub struct Words {
    /// A data directory, a tiles directory or an evidence bundle.
    path: PathBuf,
    /// The event key or the checkpoint key of the genesis statement, as you noted it: a C2SP verifier key, or `@file`.
    #[arg(long, value_name = "VKEY")]
    key: Option<String>,
    /// A C2SP tlog-policy: known logs, witnesses and the quorum.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A checkpoint that you kept. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
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
    match words.verdict(now) {
        Ok(report) => words.print(&report).map_or(ExitCode::from(EXIT_UNCHECKED), |()| report.exit().into()),
        Err(trouble) => {
            eprintln!("could not check: {}", chain_of(&trouble));
            ExitCode::from(EXIT_UNCHECKED)
        }
    }
}

impl Words {
    fn verdict(&self, now: Time) -> Result<Report, Unusable> {
        let options = self.options(now)?;
        if self.require_prior && options.kept().next().is_none() && options.policy.is_none() {
            return Err(Trouble::NoPrior.into());
        }
        let threads = self.threads.unwrap_or(0);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(Trouble::Threads)?;
        let bar = Bar::new(self.quiet || self.json);
        Ok(pool.install(|| crate::verify(&self.path, &options, &bar))?)
    }

    fn options(&self, now: Time) -> Result<Options, Unusable> {
        let checkpoint = |path: &PathBuf| {
            let fail = |cause| Unusable::Checkpoint { path: path.clone(), cause };
            SignedCheckpoint::parse(&read(path, NOTE_BYTES_MAX)?).map_err(fail)
        };
        let receipt = |path: &PathBuf| {
            let fail = |cause| Unusable::Receipt { path: path.clone(), cause };
            let bytes_max = usize::try_from(receipt::BYTES_MAX).unwrap_or(usize::MAX);
            Receipt::parse(&read(path, bytes_max)?).map_err(fail)
        };
        Ok(Options {
            key: self.key.as_deref().map(key).transpose()?,
            policy: self.policy.as_deref().map(policy).transpose()?,
            kept: self.checkpoint.iter().map(checkpoint).collect::<Result<_, _>>()?,
            since: self.since.as_ref().map(checkpoint).transpose()?,
            receipts: self.receipt.iter().map(receipt).collect::<Result<_, _>>()?,
            signatures: match self.signatures {
                Which::All => Signatures::All,
                Which::Checkpoints => Signatures::Checkpoints,
            },
            unanchored_max: self.unanchored_max,
            now,
        })
    }

    fn print(&self, report: &Report) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, report)?;
            writeln!(out)
        } else if self.quiet {
            writeln!(out, "{}", report.verdicts.join(", "))
        } else {
            write!(out, "{}", report.text())
        }
    }
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
    text.chars()
        .flat_map(|c| {
            if c.is_control() { c.escape_debug().to_string() } else { c.to_string() }
                .chars()
                .collect::<Vec<_>>()
        })
        .collect()
}
