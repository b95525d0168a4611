//! Which workspace a name stands for.

use crate::common::people::{service_account, text};
use crate::house::{House, Terminal};
use serde_json::json;

#[test]
fn a_name_is_looked_for_among_ones_own_workspaces_first() {
    let house = House::new();
    house.publish("tiny", "true", "");
    let client = &house.owner.client;
    let developer = json!({ "handle": "developer", "permissions": ["templates.read", "workspaces.use"] });
    let developer = text(&client.done("define", "access.define_role", &developer)["result"]["role"]);
    let member = service_account(client, "robot", Some(&developer));
    let (owner, robot) = (&house.terminal, house.terminal_of(&member, "robot"));
    let create = |terminal: &Terminal, name: &str| {
        let made = terminal.json(&["workspace", "create", "tiny", name, "--json"]);
        made["workspace"].as_str().unwrap().to_owned()
    };
    let mine = create(owner, "one");
    let theirs = create(&robot, "one");
    let two = create(&robot, "two");
    let id = |terminal: &Terminal, name: &str| {
        terminal.json(&["workspace", "show", name, "--json"])["workspace"].clone()
    };
    assert_eq!(
        (id(owner, "one"), id(&robot, "one"), id(owner, "two")),
        (mine.into(), theirs.clone().into(), two.into())
    );
    assert_eq!(id(owner, &theirs), *theirs);
    assert_eq!(owner.done(&["workspace", "list"]).out.lines().count(), 2);
    assert_eq!(owner.done(&["workspace", "list", "--all"]).out.lines().count(), 4);

    let said = robot.run(&["workspace", "transfer", "two", &house.owner.subject]);
    assert_eq!(said.out, format!("two belongs to {}\n", house.owner.subject), "{said:?}");
    assert_eq!(owner.done(&["workspace", "delete", "two"]).out, "two is deleted\n");
    owner.done(&["workspace", "delete", "one"]);
    // Two others of one name: neither is meant.
    let third = service_account(client, "third", Some(&developer));
    let third = house.terminal_of(&third, "third");
    create(&third, "one");
    let said = owner.refused(&["workspace", "stop", "one"]);
    assert!(said.starts_with("several workspaces are called `one`; say which by its id: `wsp_"), "{said}");
    for terminal in [&robot, &third] {
        assert_eq!(terminal.done(&["workspace", "delete", "one"]).out, "one is deleted\n");
    }
}
