//! Short words for imports and what they say.

use api::templates::report::{Finding, Outcome, Problem};
use api::templates::{Files, Format, Imported, Options, import};
use ledger::event::workspaces::WorkspaceSpec;

/// A digest of 64 equal digits.
pub(crate) fn digest(sign: char) -> String {
    format!("sha256:{}", sign.to_string().repeat(64))
}

/// An image by its digest.
pub(crate) fn image() -> String {
    format!("ide@{}", digest('a'))
}

/// Options that know the digests of these images.
pub(crate) fn digests(images: &[(&str, char)]) -> Options {
    let pair = |(name, sign): &(&str, char)| ((*name).into(), digest(*sign).into());
    Options { images: images.iter().map(pair).collect() }
}

/// One file.
pub(crate) fn file(name: &str, text: &str) -> Files {
    [(name.into(), text.into())].into()
}

/// Reads one file.
pub(crate) fn read(format: Format, name: &str, text: &str) -> Result<Imported, Problem> {
    import(format, &file(name, text), &Options::default())
}

/// The spec of something that comes in whole.
pub(crate) fn spec(imported: &Imported) -> WorkspaceSpec {
    imported.spec.clone().unwrap_or_else(|| panic!("{}", api::templates::report::text(&imported.report)))
}

/// What became of a construct.
pub(crate) fn outcome(imported: &Imported, construct: &str) -> Outcome {
    let found: Vec<&Finding> =
        imported.report.iter().filter(|finding| &*finding.construct == construct).collect();
    let [one] = found.as_slice() else {
        panic!("{construct}: {}\n{}", found.len(), api::templates::report::text(&imported.report))
    };
    one.outcome.clone()
}

/// What was refused, by construct.
pub(crate) fn refused(imported: &Imported) -> Vec<&str> {
    let refused = imported.report.iter().filter(|finding| finding.outcome.is_refused());
    refused.map(|finding| &*finding.construct).collect()
}

/// A Terraform template with a container that has these lines in it, and these blocks beside it.
pub(crate) fn container(lines: &str, blocks: &str) -> String {
    format!("{blocks}\nresource \"docker_container\" \"w\" {{\n  image = \"{}\"\n{lines}\n}}\n", image())
}

/// Reads a Terraform template of one file.
pub(crate) fn terraform(text: &str) -> Imported {
    read(Format::Terraform, "main.tf", text).unwrap_or_else(|problem| panic!("{problem}"))
}
