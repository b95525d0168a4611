//! The same questions to another implementation: scim2-models, in Python.

use super::generate::{filter, operations, shown_person};
use super::{patch, read};
use api::scim::{Filter, Meta, Mode, Patched, Refusal, Resource, USER};
use fixtures::rng::Rng;
use fixtures::temp_dir::TempDir;
use fixtures::tidy::root;
use ledger::time::Time;
use serde_json::{Value, json};
use std::process::Command;

/// The answers of the other implementation, one to each question.
fn ask(questions: &[Value]) -> Vec<Value> {
    let home = TempDir::new().unwrap();
    let file = home.path().join("questions");
    let lines: Vec<String> = questions.iter().map(Value::to_string).collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let python = root().join("target/scim-venv/bin/python");
    let script = root().join("api/tests/scim/oracle.py");
    let output = Command::new(python).arg(script).arg(&file).output();
    let output = output.expect("scim2-models is Python; run `make setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

/// The person, with the id and the times that were made up.
fn as_stored(shown: &Value) -> Resource {
    let meta = Meta {
        id: shown["id"].as_str().unwrap().into(),
        location: String::new(),
        version: 1,
        created: Time::default(),
        last_modified: Time::default(),
    };
    // The times keep the form that was made up, so that reading it is tested as well.
    read(&USER, Mode::Strict, shown).unwrap().described(&meta).with_read_only("meta", shown["meta"].clone())
}

#[test]
fn filters_find_what_they_find_elsewhere() {
    let mut rng = Rng::new(2_026);
    let pairs: Vec<(String, Value)> =
        (0..6_000).map(|_| (filter(&mut rng), shown_person(&mut rng))).collect();
    let question = |(filter, person): &(String, Value)| json!({ "filter": filter, "resource": person });
    let answers = ask(&pairs.iter().map(question).collect::<Vec<_>>());
    let mut found = 0;
    for ((text, person), answer) in pairs.iter().zip(answers) {
        let filter =
            Filter::read(&USER, Mode::Strict, text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        let ours = filter.matches(&as_stored(person));
        assert_eq!(json!(ours), answer, "{text} of {person}");
        found += usize::from(ours);
    }
    assert!((1_000..5_000).contains(&found), "{found}");
}

/// A resource with its values in some fixed order, and without saying of a value that it is not the first choice.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(ordered).collect();
            list.sort_by_key(Value::to_string);
            Value::Array(list)
        }
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, value)| *name != "primary" || **value == json!(true));
            let mut kept: Vec<_> = kept.map(|(name, value)| (name.clone(), ordered(value))).collect();
            kept.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(kept.into_iter().filter(|(_, value)| *value != json!({})).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// What a client sends of a resource, as [`ordered`].
fn sent(resource: &Value) -> Value {
    let mut sent = ordered(resource);
    for name in ["schemas", "meta", "id"] {
        sent.as_object_mut().unwrap().shift_remove(name);
    }
    sent
}

/// What differs between what came of a patch here and elsewhere.
fn difference(operations: &[Value], ours: &Result<Patched, Refusal>, answer: &Value) -> Option<&'static str> {
    let patched = match ours {
        Err(refusal) if answer["error"] == json!(refusal.kind().scim_type()) => return None,
        Err(_) => return Some("refused otherwise"),
        Ok(_) if !answer["error"].is_null() => return Some("not refused"),
        Ok(patched) => patched,
    };
    // Operations that undo one another count as a change there.
    let apart = !patched.changed && operations.len() > 1;
    if !apart && json!(patched.changed) != answer["changed"] {
        return Some("said otherwise whether it changed");
    }
    let now = json!(patched.resource.members());
    (sent(&now) != sent(&answer["resource"])).then_some("changed otherwise")
}

#[test]
fn patches_change_what_they_change_elsewhere() {
    let mut differences = Vec::new();
    for (mode, seed) in [(Mode::Strict, 1), (Mode::Tolerant, 2)] {
        let mut rng = Rng::new(seed);
        let cases: Vec<(Value, Vec<Value>)> =
            (0..1_500).map(|_| (shown_person(&mut rng), operations(&mut rng))).collect();
        let question = |(person, operations): &(Value, Vec<Value>)| json!({ "mode": mode.name(), "resource": person, "operations": operations });
        let answers = ask(&cases.iter().map(question).collect::<Vec<_>>());
        let mut refused = 0;
        for ((person, operations), answer) in cases.iter().zip(answers) {
            let ours = patch(mode, &as_stored(person), json!(operations));
            refused += usize::from(ours.is_err());
            if let Some(what) = difference(operations, &ours, &answer) {
                let ours = ours.map(|patched| sent(&json!(patched.resource.members())).to_string());
                differences.push(format!(
                    "{mode:?}: {what}: {} of {person}: {ours:?}, not {answer}",
                    json!(operations)
                ));
            }
        }
        assert!(mode == Mode::Tolerant || (100..1_000).contains(&refused), "{refused}");
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}
