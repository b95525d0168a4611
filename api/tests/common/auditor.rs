//! An auditor: pins the key, keeps checkpoints and receipts, and verifies the bytes.

use ledger::checkpoint::SignedCheckpoint;
use ledger::receipt::Receipt;
use serde_json::Value;
use std::path::{Path, PathBuf};
use verify::{Options, Report, Silent};

/// What an auditor holds.
#[derive(Clone, Default)]
pub(crate) struct Auditor {
    options: Options,
}

impl Auditor {
    /// One who pinned this key.
    pub(crate) fn pinning(key: &str) -> Self {
        let options =
            Options { key: Some(key.parse().unwrap()), now: api::clock::now(), ..Options::default() };
        Self { options }
    }

    /// Keeps a checkpoint.
    pub(crate) fn keep(&mut self, note: &str) {
        self.options.kept.push(SignedCheckpoint::parse(note.as_bytes()).unwrap());
    }

    /// Keeps a receipt.
    pub(crate) fn hold(&mut self, receipt: &Value) {
        self.options.receipts.push(Receipt::parse(receipt.to_string().as_bytes()).unwrap());
    }

    /// Verifies a data directory.
    pub(crate) fn verify(&self, data: &Path) -> Report {
        verify::verify(data, &self.options, &Silent).unwrap()
    }

    /// Verifies a data directory in which nothing may be wrong; it may be unanchored.
    pub(crate) fn find_nothing_wrong(&self, data: &Path) -> Report {
        let report = self.verify(data);
        assert!(report.faults.is_empty(), "{}", report.text());
        let held: u64 = self.options.receipts.iter().map(|receipt| receipt.events.len() as u64).sum();
        assert_eq!(report.checked.receipts, held, "{}", report.text());
        report
    }
}

/// A JSON leaf of a row of events.
pub(crate) fn leaf(row: &Value) -> Value {
    serde_json::from_str(row["leaf"].as_str().unwrap()).unwrap()
}

/// The verifier, which the workspace builds beside the server.
pub(crate) fn verifier() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_deed")).with_file_name("deed-verify");
    assert!(path.exists(), "build `deed-verify` first: `cargo build -p verify`");
    path
}
