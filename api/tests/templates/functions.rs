//! Functions and expressions, with the answers of `terraform console` 1.11.4.

use crate::kit::{container, spec, terraform};

/// What an expression makes, as JSON.
fn evaluated(expression: &str) -> String {
    let text =
        container("  env = [\"X=${local.x}\"]", &format!("locals {{\n  x = jsonencode({expression})\n}}\n"));
    spec(&terraform(&text)).container.environment["X"].to_string()
}

#[test]
fn functions_answer_as_terraform_does() {
    let mut wrong = Vec::new();
    for line in include_str!("terraform_answers.tsv").lines() {
        let (expression, answer) = line.split_once('\t').unwrap();
        let own = evaluated(expression);
        if own != answer {
            wrong.push(format!("{expression}: {own}, not {answer}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
