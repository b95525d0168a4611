//! Terraform templates for Coder's Docker provider.

use super::report::Problem;
use super::{Files, Imported, Options};

/// Reads the files.
pub(super) fn import(_files: &Files, _options: &Options) -> Result<Imported, Problem> {
    Err(Problem::of("", "not yet"))
}
