//! Functions and expressions, with the answers of Terraform 1.11.4.

use crate::kit::{container, spec, terraform};

/// What an expression makes, as JSON.
fn evaluated(expression: &str) -> String {
    let text =
        container("  env = [\"X=${local.x}\"]", &format!("locals {{\n  x = jsonencode({expression})\n}}\n"));
    spec(&terraform(&text)).container.environment["X"].to_string()
}

#[test]
fn functions_answer_as_terraform_does() {
    for line in include_str!("terraform_answers.tsv").lines() {
        let (expression, answer) = line.split_once('\t').unwrap();
        // The console prints a text, in quotes.
        let answer: String = serde_json_text(answer);
        assert_eq!(evaluated(expression), answer, "{expression}");
    }
}

fn serde_json_text(answer: &str) -> String {
    let inner = answer.trim().trim_start_matches('"').trim_end_matches('"');
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}
