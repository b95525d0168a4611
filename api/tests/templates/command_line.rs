//! `deed template import`.

use crate::kit::{digest, image};
use fixtures::temp_dir::TempDir;
use std::process::{Command, Output};

fn import(folder: &TempDir, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deed"));
    command.current_dir(folder.path()).args(["template", "import"]).args(words).output().unwrap()
}

#[test]
fn a_template_becomes_a_file_and_a_report() {
    let folder = TempDir::new().unwrap();
    let text = "resource \"docker_container\" \"w\" {\n  image = \"ide:1\"\n}\n";
    std::fs::write(folder.path().join("main.tf"), text).unwrap();
    let refused = import(&folder, &["."]);
    assert_eq!(refused.status.code(), Some(1));
    let report = String::from_utf8(refused.stdout).unwrap();
    assert!(report.contains("main.tf:2") && report.contains("--image ide:1=sha256:"), "{report}");
    let given = format!("ide:1={}", digest('a'));
    let done = import(&folder, &["main.tf", "--image", &given, "--output", "spec.toml", "--json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report = String::from_utf8(done.stdout).unwrap();
    assert!(report.starts_with("{\"refused\":0,\"findings\":[{\"file\":\"main.tf\",\"line\":1,"), "{report}");
    let again = import(&folder, &["spec.toml"]);
    assert!(again.status.success());
    assert!(String::from_utf8(again.stdout).unwrap().contains(&image()));
    // A file that is there already is somebody's.
    let twice = import(&folder, &["main.tf", "--image", &given, "--output", "spec.toml"]);
    assert_eq!(twice.status.code(), Some(1));
}

#[test]
fn what_cannot_be_read_is_said_in_one_line() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("main.tf"), "resource {\n").unwrap();
    std::fs::write(folder.path().join("x.bin"), [0xff, 0xfe]).unwrap();
    for (words, said) in [
        (vec!["main.tf"], "main.tf:"),
        (vec!["absent"], "absent"),
        (vec!["x.bin"], "UTF-8"),
        (vec!["main.tf", "--image", "a=b"], "sha256"),
    ] {
        let output = import(&folder, &words);
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(said), "{text}");
    }
}
