//! The life of a workspace at a terminal.

use crate::house::House;
use serde_json::json;

const WEB: &str = "[[apps]]\nslug = \"web\"\nname = \"Web\"\nport = 8080\nsharing_max = \"organization\"\n\
                   command = \"exec httpd -f -p 127.0.0.1:8080 -h /home/coder\"\n\n\
                   [[parameters]]\nname = \"greeting\"\nkind = \"text\"\ndefault = \"hello\"\nmutable = true\n";

#[test]
fn a_workspace_is_created_opened_stopped_started_and_deleted() {
    let house = House::new();
    let owner = &house.terminal;
    assert!(owner.done(&["workspace", "list"]).out.starts_with("there is no workspace"));
    house.publish("tiny", "echo \"$DEED_PARAMETER_GREETING\"", WEB);
    let listed = owner.done(&["template", "list"]).out;
    assert!(listed.starts_with("NAME") && listed.contains("tiny  active"), "{listed}");

    let made = owner.done(&["workspace", "create", "tiny", "one", "--set", "greeting=bonjour"]);
    let log = ["build 1 of one", "bonjour", "starting Web", "it runs"];
    let at: Vec<_> = log.iter().map(|line| made.err.find(line)).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{made:?}");
    let url = format!(".localhost:{}/", house.server().door.port());
    assert!(
        made.out.starts_with("one runs, version 1 of its template\n  web  Web  http://web--"),
        "{made:?}"
    );
    assert!(made.out.trim_end().ends_with(&url), "{made:?}");
    // Once more is no more.
    assert_eq!(
        owner.done(&["workspace", "create", "tiny", "one", "--set", "greeting=bonjour"]).out,
        made.out
    );

    let listed = owner.done(&["workspace", "list"]).out;
    let row = listed.lines().nth(1).unwrap();
    assert_eq!(row.split_whitespace().take(4).collect::<Vec<_>>(), ["one", "running", "tiny", "1"]);
    let shown = owner.done(&["workspace", "show", "one"]).out;
    assert!(shown.contains("{\"greeting\":\"bonjour\"}") && shown.contains("\napps\nSLUG"), "{shown}");
    let opened = owner.done(&["workspace", "open", "one", "--print"]);
    assert!(opened.out.trim_end().ends_with(&url) && opened.err.is_empty(), "{opened:?}");
    for follow in [&["workspace", "logs", "one"][..], &["workspace", "logs", "one", "--follow"]] {
        let said = owner.done(follow);
        assert!(said.out.contains("bonjour\n") && said.err.is_empty(), "{said:?}");
    }

    assert_eq!(owner.done(&["workspace", "stop", "one"]).out, "one is stopped\n");
    assert!(owner.done(&["workspace", "list"]).out.contains("stopped"));
    let opened = owner.done(&["workspace", "open", "one", "web"]);
    assert_eq!(opened.err, "deed: `one` is stopped; its apps open when it runs\n");
    let started = owner.done(&["workspace", "start", "one"]);
    assert!(started.out.starts_with("one runs") && started.err.contains("it runs"), "{started:?}");
    assert_eq!(owner.done(&["workspace", "delete", "one"]).out, "one is deleted\n");
    assert!(owner.done(&["workspace", "list"]).out.starts_with("there is no workspace"));
}

#[test]
fn a_startup_that_fails_ends_with_1_and_says_what_it_said() {
    let house = House::new();
    house.publish("broken", "echo 'it is \u{1b}[31mbroken'; exit 3", "");
    let said = house.terminal.run(&["workspace", "create", "broken", "one"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    // What a script prints steers no terminal.
    assert!(said.err.contains("it is \\u{1b}[31mbroken") && !said.err.contains('\u{1b}'), "{said:?}");
    let why = "deed: `one` failed at `startup`; `deed workspace logs one` shows what its build said";
    assert_eq!(said.err.lines().last(), Some(why));
    assert!(house.terminal.done(&["workspace", "list"]).out.contains("failed at startup"));
    assert!(house.terminal.done(&["workspace", "logs", "one"]).out.contains("broken"));
    let again = house.terminal.refused(&["workspace", "start", "one"]);
    assert!(again.starts_with("`one` failed at `startup`"), "{again}");
    assert_eq!(house.terminal.done(&["workspace", "delete", "one"]).out, "one is deleted\n");
}

#[test]
fn programs_get_json_and_need_not_wait() {
    let house = House::new();
    let owner = &house.terminal;
    house.publish("tiny", "echo there", WEB);
    let made = owner.json(&["workspace", "create", "tiny", "one", "--no-wait", "--json"]);
    assert_eq!((&made["handle"], &made["wish"], &made["build"]), (&json!("one"), &json!("run"), &json!(1)));
    let runs = owner.json(&["workspace", "start", "one", "--json"]);
    assert_eq!((&runs["status"], &runs["build"]), (&json!("running"), &json!(1)), "{runs}");
    let list = owner.json(&["workspace", "list", "--json"]);
    assert_eq!(list["rows"][0]["workspace"], made["workspace"], "{list}");
    assert_eq!(owner.json(&["workspace", "open", "one", "--json"])["slug"], "web");
    let shared = owner.json(&["workspace", "share", "one", "web", "organization", "--json"]);
    assert!(shared["receipt"].is_object(), "{shared}");
    let id = made["workspace"].as_str().unwrap();
    assert_eq!(owner.json(&["workspace", "delete", id, "--json"])["status"], "deleted");
    assert_eq!(owner.json(&["template", "list", "--json"])["rows"][0]["handle"], "tiny");
}

#[test]
fn who_may_open_it_and_when_it_runs_is_said_in_sentences() {
    let house = House::new();
    let owner = &house.terminal;
    house.publish("tiny", "true", WEB);
    owner.done(&["workspace", "create", "tiny", "one"]);
    let said = owner.done(&["workspace", "share", "one", "web", "organization"]).out;
    assert_eq!(said, "`web` of one is open to whoever has a role in its organization\n");
    let said = owner.done(&["workspace", "share", "one", "web", "organization"]).out;
    assert_eq!(said, "nothing to do: it is so already\n");
    let said = owner.refused(&["workspace", "share", "one", "web", "public"]);
    assert!(said.starts_with("shared_too_widely: "), "{said}");
    let words =
        ["workspace", "schedule", "one", "--days", "fri,mon", "--start", "09:00", "--zone", "Europe/Berlin"];
    assert_eq!(owner.done(&words).out, "one has its schedule\n");
    let shown = owner.json(&["workspace", "show", "one", "--json"]);
    assert_eq!(shown["schedule"], json!({ "days": "mon fri", "start": "09:00", "zone": "Europe/Berlin" }));
    assert_eq!(owner.done(&["workspace", "schedule", "one", "--none"]).out, "one has no schedule any more\n");
    owner.done(&["workspace", "delete", "one"]);
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let house = House::new();
    let owner = &house.terminal;
    house.publish("tiny", "true", WEB);
    for (words, why) in [
        (&["workspace", "create", "huge", "one"][..], "there is no template `huge` that you may see"),
        (&["workspace", "show", "one"], "there is no workspace `one` that you may see"),
        (&["workspace", "create", "tiny", "one", "--set", "greeting"], "`greeting` is not `parameter=value`"),
        (
            &["workspace", "create", "tiny", "one", "--set", "greeting=a", "--set", "greeting=b"],
            "the parameter `greeting` is set twice",
        ),
        (&["workspace", "create", "tiny", "No Name"], "wrong_shape: "),
        (&["workspace", "create", "tiny", "one", "--set", "colour=red"], "parameter_not_admitted: "),
        (&["workspace", "create", "tiny", "one", "--version", "7"], "template_not_usable: "),
        (&["template", "promote", "tiny", "7"], "template_not_usable: "),
        (&["template", "plan", "/nonexistent.toml", "--name", "tiny"], "could not read the template"),
    ] {
        let said = owner.refused(words);
        assert!(said.starts_with(why), "{words:?}: {said}");
    }
    for words in [
        &["workspace", "create", "tiny", "one", "--wait", "--no-wait"][..],
        &["workspace", "share", "one", "web", "everybody"],
        &["workspace", "schedule", "one", "--start", "09:00"],
        &["workspace", "schedule", "one", "--none", "--days", "mon"],
        &["--server", "http://127.0.0.1:1", "workspace", "list"],
    ] {
        assert_eq!(owner.run(words).code, Some(2), "{words:?}");
    }
    let said = owner.done(&["template", "deprecate", "tiny", "use the other one"]).out;
    assert_eq!(said, "nothing new is made from tiny\n");
    assert!(owner.done(&["template", "list"]).out.contains("use the other one"));
    assert!(owner.refused(&["workspace", "create", "tiny", "one"]).starts_with("template_not_usable: "));
    assert_eq!(owner.done(&["template", "deprecate", "tiny", "--lift"]).out, "tiny may be used again\n");
}
