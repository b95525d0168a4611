//! Which workspace a name stands for.

use crate::common::people::service_account;
use crate::house::House;

#[test]
fn a_name_is_looked_for_among_ones_own_workspaces_first() {
    let house = House::new();
    house.publish("tiny", "true", "");
    let member = service_account(&house.owner.client, "robot", Some("operator"));
    let (owner, robot) = (&house.terminal, house.terminal_of(&member, "robot"));
    let create = |terminal: &crate::house::Terminal, name: &str| {
        let made = terminal.json(&["workspace", "create", "tiny", name, "--json"]);
        made["workspace"].as_str().unwrap().to_owned()
    };
    let mine = create(owner, "one");
    let theirs = create(&robot, "one");
    let two = create(&robot, "two");
    let id = |terminal: &crate::house::Terminal, name: &str| {
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
    let third = service_account(&house.owner.client, "third", Some("operator"));
    create(&house.terminal_of(&third, "third"), "one");
    let said = owner.refused(&["workspace", "stop", "one"]);
    assert!(said.starts_with("several workspaces are called `one`; say which by its id: `wsp_"), "{said}");
}
