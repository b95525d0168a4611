//! A real browser: it fills in the form, and its page comes to show a workspace that runs without being loaded again.

use crate::house::House;
use fixtures::tidy::root;
use std::process::Command;

#[test]
fn a_browser_creates_a_workspace_and_sees_it_come_to_run() {
    let house = House::new();
    house.publish("tiny", "sleep 1", "[[apps]]\nslug = \"web\"\nname = \"Web\"\nport = 8080\n");
    let browser = house.browser();
    let pictures = root().join("target/screenshots");
    std::fs::create_dir_all(&pictures).unwrap();
    let output = Command::new(root().join("target/venv/bin/python"))
        .arg(root().join("fixtures/workspaces_in_chromium.py"))
        .args([&browser.base, &browser.cookie, &pictures.display().to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said} {}", house.place.log());
    for name in ["new-workspace", "workspaces"] {
        let picture = pictures.join(format!("{name}.png"));
        assert!(std::fs::metadata(picture).unwrap().len() > 1_000, "{name}");
    }
    house.terminal.done(&["workspace", "delete", "one"]);
}
