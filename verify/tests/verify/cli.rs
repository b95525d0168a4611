//! The program as people run it.

use crate::world::{Holds, World, world};
use serde_json::{Value, json};
use std::process::{Command, Output};

fn run(world: &World, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deed-verify")).arg(&world.forger.data).args(words).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn file(world: &World, name: &str, contents: &str) -> String {
    let path = world.dir.join(name);
    std::fs::write(&path, contents).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn exit_codes_say_how_it_came_out() {
    let mut world = world();
    let kept = file(&world, "kept", &world.last.to_string());
    let key = world.forger.genesis.event_key().to_string();
    let key_file = format!("@{}", file(&world, "key", &format!("{key}\n")));
    for (words, expected) in [
        (&["--checkpoint", &kept, "--key", &key][..], 0),
        (&["--checkpoint", &kept, "--key", &key_file, "--quiet", "--threads", "1"], 0),
        (&["--checkpoint", &kept, "--signatures", "checkpoints"], 0),
        (&["--since", &kept], 0),
        (&["--key", &key], 3),
        (&[], 3),
        (&["--checkpoint", &kept, "--unanchored-max", "0"], 0),
        (&["--checkpoint", "does-not-exist"], 2),
        (&["--key", "nonsense"], 2),
        (&["--what"], 2),
    ] {
        let output = run(&world, words);
        assert_eq!(code(&output), expected, "{words:?}: {}", text(&output.stderr));
    }
    world.forger.event_mut(9).unwrap().signature[1] ^= 1;
    world.forger.write().unwrap();
    assert_eq!(code(&run(&world, &["--checkpoint", &kept])), 1);
}

#[test]
fn what_is_no_ledger_cannot_be_checked() {
    let mut world = world();
    world.forger.data = world.dir.join("keys");
    let output = run(&world, &[]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).starts_with("could not check: "));
}

#[test]
fn row_58_without_something_kept_the_program_refuses_to_run_when_asked() {
    let world = world();
    assert_eq!(code(&run(&world, &["--require-prior"])), 2);
    let policy = file(&world, "policy", &world.policy_text());
    assert_eq!(code(&run(&world, &["--require-prior", "--policy", &policy])), 3);
    let kept = file(&world, "kept", &world.last.to_string());
    assert_eq!(code(&run(&world, &["--require-prior", "--checkpoint", &kept])), 0);
}

#[test]
fn without_a_pinned_key_the_verdict_says_so_loudly_and_never_says_valid() {
    let world = world();
    let out = text(&run(&world, &[]).stdout);
    assert!(out.contains("KEY EMBEDDED"), "{out}");
    assert!(out.contains("UNANCHORED 25"), "{out}");
    let kept = file(&world, "kept", &world.last.to_string());
    let out = out + &text(&run(&world, &["--checkpoint", &kept]).stdout);
    assert!(!out.to_lowercase().replace("invalid", "").contains("valid"), "{out}");
}

#[test]
fn the_json_object_has_its_documented_members() {
    let world = world();
    let kept = file(&world, "kept", &world.kept(16).to_string());
    let output = run(&world, &["--json", "--checkpoint", &kept]);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut members: Vec<&String> = verdict.as_object().unwrap().keys().collect();
    members.sort();
    let expected = [
        "anchored",
        "anchors",
        "checked",
        "deed",
        "erased",
        "erasing",
        "events",
        "faults",
        "faults_total",
        "head",
        "key",
        "ledger",
        "outcome",
        "root",
        "signatures",
        "since",
        "source",
        "suspect",
        "torn_tail_bytes",
        "unanchored",
        "unknown",
        "verdicts",
        "warnings",
    ];
    assert_eq!(members, expected);
    assert_eq!((&verdict["deed"], &verdict["outcome"]), (&json!("verdict/v1"), &json!("whole")));
    assert_eq!((&verdict["anchored"], &verdict["unanchored"]), (&json!(16), &json!(9)));
    assert_eq!(verdict["anchors"][0]["kind"], "kept");
    let page = include_str!("../../../docs/reference/verify.md");
    for member in expected {
        assert!(page.contains(&format!("`{member}`")), "{member}");
    }
}

#[test]
fn every_code_is_documented() {
    let page = include_str!("../../../docs/reference/verify.md");
    for (code, what) in verify::Code::ALL {
        let row = format!("| `{}` |{} |", code.as_str(), what.trim_end_matches('.'));
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn row_59_escape_codes_are_printed_escaped() {
    let mut world = world();
    world.forged(Holds::Nothing, |forger| {
        forger.edit(24, |leaf| leaf["type"] = json!("custody.x"))?;
        forger.cover_up(24)
    });
    std::fs::write(world.forger.data.join("log/\u{1b}[2J.seg"), b"").unwrap();
    let output = run(&world, &[]);
    let all = text(&output.stdout) + &text(&output.stderr);
    assert!(all.contains("\\u{1b}[2J"), "{all}");
    assert!(!all.contains('\u{1b}'), "{all}");
}
