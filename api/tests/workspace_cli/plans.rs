//! What a new version would mean, before anything happens and when it does.

use crate::house::House;

const APP: &str = "[[apps]]\nslug = \"web\"\nname = \"Web\"\nport = 8080\n";
const PARAMETER: &str =
    "\n[[parameters]]\nname = \"greeting\"\nkind = \"text\"\ndefault = \"hello\"\nmutable = true\n";

#[test]
fn an_update_says_first_what_changes_and_a_plan_changes_nothing() {
    let house = House::new();
    let owner = &house.terminal;
    house.publish("tiny", "echo one", PARAMETER);
    owner.done(&["workspace", "create", "tiny", "first"]);
    let file = house.file("echo two", &format!("{APP}{PARAMETER}"));
    let plan = owner.done(&["template", "plan", &file, "--name", "tiny"]).out;
    let first = plan.lines().next().unwrap();
    assert!(
        first.starts_with("first (wsp_") && first.ends_with("), running, version 1: needs a restart"),
        "{plan}"
    );
    assert!(
        plan.contains("startup.script") && plan.ends_with("1 workspace would change, 0 would not\n"),
        "{plan}"
    );
    let json = owner.json(&["template", "plan", &file, "--name", "tiny", "--json"]);
    assert_eq!(json["workspaces"][0]["reach"], "restart", "{json}");
    let versions = owner.done(&["templates", "versions", &template(&house)]).out;
    assert_eq!(versions.lines().count(), 2, "nothing was published: {versions}");

    let said = owner.done(&["template", "publish", &file, "--name", "tiny"]).out;
    assert_eq!(said, "version 2 of tiny is published\n");
    assert_eq!(
        owner.done(&["template", "publish", &file, "--name", "tiny"]).out,
        "nothing to do: it is so already\n"
    );
    let idle = owner.done(&["workspace", "update", "first"]);
    assert_eq!(idle.err, "first stays at version 1\n  nothing changes\n");
    let said = owner.done(&["template", "promote", "tiny", "2"]).out;
    assert_eq!(said, "new workspaces of tiny are made from version 2\n");
    let updated = owner.done(&["workspace", "update", "first", "--set", "greeting=bonjour"]);
    let lines: Vec<&str> = updated.err.lines().collect();
    assert_eq!(lines[0], "first: version 1 to 2", "{updated:?}");
    let needs = |field: &str| {
        let line = lines.iter().find(|line| line.trim_start().starts_with(field));
        line.unwrap_or_else(|| panic!("{field}: {updated:?}"))
            .trim_start()
            .trim_start_matches(field)
            .trim()
            .to_owned()
    };
    assert_eq!(needs("startup.script"), "needs a restart");
    assert_eq!(needs("values.greeting"), "needs a rebuild; volumes stay");
    assert!(updated.err.find("values.greeting") < updated.err.find("build 2 of first"), "{updated:?}");
    assert!(
        updated.err.contains("\ntwo\n") && updated.out.starts_with("first runs, version 2"),
        "{updated:?}"
    );
    let said = owner.done(&["template", "archive", "tiny", "1"]).out;
    assert_eq!(said, "nothing more is made from version 1 of tiny\n");
    owner.done(&["workspace", "delete", "first"]);
}

#[test]
fn what_needs_a_new_workspace_is_shown_and_refused() {
    let house = House::new();
    let owner = &house.terminal;
    house.publish("tiny", "echo one", "");
    owner.done(&["workspace", "create", "tiny", "first"]);
    owner.done(&["workspace", "stop", "first"]);
    house.publish("tiny", "echo one", "[[parameters]]\nname = \"must\"\nkind = \"text\"\n");
    let said = owner.run(&["workspace", "update", "first", "--set", "must=be"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("parameters.must") && said.err.contains("needs a new workspace"), "{said:?}");
    assert!(said.err.lines().last().unwrap().starts_with("deed: recreation_needed: "), "{said:?}");
    // One that stands still takes its changes in when it starts.
    house.publish("tiny", "echo two", "");
    assert_eq!(owner.done(&["workspace", "update", "first"]).out, "first is stopped\n");
    assert!(owner.done(&["workspace", "start", "first"]).err.contains("\ntwo\n"));
    owner.done(&["workspace", "delete", "first"]);
}

fn template(house: &House) -> String {
    let list = house.terminal.json(&["template", "list", "--json"]);
    list["rows"][0]["template"].as_str().unwrap().to_owned()
}
