//! People, filters and patches made up with a seed.

use super::{ENTERPRISE, USER_URN};
use fixtures::rng::Rng;
use serde_json::{Map, Value, json};

const TEXTS: [&str; 12] = [
    "ada",
    "Ada",
    "ADA",
    "bob",
    "Bö",
    "bÖb",
    "a b",
    "100%",
    "\"x\" or title pr",
    "back\\slash",
    "é",
    "zoë].",
];
const PARTS: [&str; 6] = ["a", "A", "b", "ö", "", " "];
const MAILS: [&str; 5] =
    ["ada@example.com", "Ada@example.com", "bob@example.com", "a@home.example.com", "x@example.org"];
const TYPES: [&str; 4] = ["work", "home", "other", "mobile"];
const TIMES: [&str; 5] = [
    "2011-05-13T04:42:34Z",
    "2011-05-13T06:42:34+02:00",
    "2011-05-13T04:42:34.25Z",
    "2020-02-29T23:59:59Z",
    "1999-12-31T23:30:00-01:00",
];
const TEXT_PATHS: [&str; 12] = [
    "userName",
    "title",
    "displayName",
    "nickName",
    "name.givenName",
    "name.familyName",
    "externalId",
    "id",
    "phoneNumbers",
    "phoneNumbers.value",
    "phoneNumbers.type",
    "emails.type",
];
const ENTERPRISE_PATHS: [&str; 3] = ["employeeNumber", "department", "manager.value"];

pub(super) fn pick<'a>(rng: &mut Rng, items: &[&'a str]) -> &'a str {
    rng.pick(items).unwrap()
}

/// A person, as a server would show them.
pub(super) fn shown_person(rng: &mut Rng) -> Value {
    let mut members = Map::new();
    members.insert("schemas".into(), json!([USER_URN, ENTERPRISE]));
    members.insert("userName".into(), pick(rng, &TEXTS).into());
    members.insert("id".into(), pick(rng, &TEXTS).into());
    for name in ["title", "displayName", "nickName", "externalId"] {
        if rng.chance(2, 3) {
            members.insert(name.into(), pick(rng, &TEXTS).into());
        }
    }
    if rng.chance(2, 3) {
        members.insert("active".into(), rng.chance(1, 2).into());
    }
    if rng.chance(2, 3) {
        members.insert("name".into(), some_of(rng, &["givenName", "familyName"]));
    }
    members.insert("emails".into(), values(rng, &MAILS));
    members.insert("phoneNumbers".into(), values(rng, &TEXTS));
    if rng.chance(1, 2) {
        let mut extension = some_of(rng, &["employeeNumber", "department"]);
        if rng.chance(1, 2) {
            extension["manager"] = json!({ "value": pick(rng, &TEXTS) });
        }
        members.insert(ENTERPRISE.into(), extension);
    }
    let (created, modified) = (pick(rng, &TIMES), pick(rng, &TIMES));
    members.insert(
        "meta".into(),
        json!({ "resourceType": "User", "created": created, "lastModified": modified }),
    );
    // What is empty is no value here, and a value elsewhere.
    members.retain(|_, value| *value != json!([]) && *value != json!({}));
    Value::Object(members)
}

fn some_of(rng: &mut Rng, names: &[&str]) -> Value {
    let mut members = Map::new();
    for name in names {
        if rng.chance(2, 3) {
            members.insert((*name).into(), pick(rng, &TEXTS).into());
        }
    }
    Value::Object(members)
}

/// Up to three values, of different types, of which one may be the first choice.
fn values(rng: &mut Rng, from: &[&str]) -> Value {
    let mut kinds = TYPES;
    rng.shuffle(&mut kinds);
    let count = rng.index(4);
    let primary = rng.index(5);
    let value = |(place, kind): (usize, &str), rng: &mut Rng| {
        let mut value = json!({ "value": pick(rng, from) });
        if rng.chance(3, 4) {
            value["type"] = kind.into();
        }
        if place == primary {
            value["primary"] = true.into();
        }
        value
    };
    kinds.into_iter().take(count).enumerate().map(|one| value(one, rng)).collect()
}

/// A filter that fits people.
pub(super) fn filter(rng: &mut Rng) -> String {
    let depth = rng.below(3);
    nested(rng, depth, term)
}

fn nested(rng: &mut Rng, depth: u64, leaf: fn(&mut Rng) -> String) -> String {
    if depth == 0 {
        return leaf(rng);
    }
    let one = nested(rng, depth - 1, leaf);
    match rng.below(6) {
        0 => format!("not ({one})"),
        1 => format!("({one})"),
        2 => format!("{one} and {}", nested(rng, depth - 1, leaf)),
        3 => format!("{one} or {}", nested(rng, depth - 1, leaf)),
        4 => format!("({one}) and {}", nested(rng, depth - 1, leaf)),
        _ => one,
    }
}

fn term(rng: &mut Rng) -> String {
    match rng.below(12) {
        0 => format!("{} pr", path(rng)),
        1 => format!("{} {} null", path(rng), pick(rng, &["eq", "ne"])),
        2 => compared(rng, "emails", mail),
        3 => compared(rng, "emails.value", mail),
        4 => format!(
            "{} {} {}",
            pick(rng, &["active", "emails.primary"]),
            pick(rng, &["eq", "ne"]),
            rng.chance(1, 2)
        ),
        5 => {
            let path = pick(rng, &["meta.created", "meta.lastModified"]);
            format!("{path} {} \"{}\"", pick(rng, &["eq", "ne", "gt", "ge", "lt", "le"]), pick(rng, &TIMES))
        }
        6 => {
            let depth = rng.below(3);
            format!("emails[{}]", nested(rng, depth, inside_mail))
        }
        7 => {
            let depth = rng.below(3);
            format!("phoneNumbers[{}]", nested(rng, depth, inside_number))
        }
        8 => format!("phoneNumbers[{}].{}", inside_number(rng), inside_number(rng)),
        9 => {
            let path = format!("{ENTERPRISE}:{}", pick(rng, &ENTERPRISE_PATHS));
            compared(rng, &path, text)
        }
        _ => {
            let path = path(rng);
            compared(rng, &path, text)
        }
    }
}

/// The path of a text, spelled in some way.
fn path(rng: &mut Rng) -> String {
    let path = pick(rng, &TEXT_PATHS);
    match rng.below(5) {
        0 => path.to_uppercase(),
        1 => path.to_lowercase(),
        2 => format!("{USER_URN}:{path}"),
        _ => path.to_owned(),
    }
}

fn compared(rng: &mut Rng, path: &str, whole: fn(&mut Rng) -> String) -> String {
    if rng.chance(1, 3) {
        let operator = pick(rng, &["co", "sw", "ew", "CO"]);
        return format!("{path} {operator} {}", json!(pick(rng, &PARTS)));
    }
    format!("{path} {} {}", pick(rng, &["eq", "ne", "gt", "ge", "lt", "le", "Eq"]), whole(rng))
}

fn text(rng: &mut Rng) -> String {
    json!(pick(rng, &TEXTS)).to_string()
}

fn mail(rng: &mut Rng) -> String {
    json!(pick(rng, &MAILS)).to_string()
}

fn kind(rng: &mut Rng) -> String {
    json!(pick(rng, &TYPES)).to_string()
}

fn inside_mail(rng: &mut Rng) -> String {
    if rng.chance(1, 2) { compared(rng, "value", mail) } else { inside(rng) }
}

fn inside_number(rng: &mut Rng) -> String {
    if rng.chance(1, 2) { compared(rng, "value", text) } else { inside(rng) }
}

fn inside(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => format!("primary {} {}", pick(rng, &["eq", "ne"]), rng.chance(1, 2)),
        1 => format!("{} pr", pick(rng, &["type", "VALUE", "primary", "display"])),
        2 => format!("type {} null", pick(rng, &["eq", "ne"])),
        _ => compared(rng, "type", kind),
    }
}

/// The operations of a patch of a person.
pub(super) fn operations(rng: &mut Rng) -> Vec<Value> {
    let count = 1 + rng.index(3);
    std::iter::repeat_with(|| operation(rng)).take(count).collect()
}

fn operation(rng: &mut Rng) -> Value {
    let op = pick(rng, &["add", "Add", "replace", "Replace", "remove", "Remove"]);
    let (path, mut value) = target(rng);
    if op.eq_ignore_ascii_case("add") && path == "phoneNumbers" {
        // What is the same as a value that is there is settled in another way elsewhere.
        value = json!([{ "value": rng.next_u64().to_string(), "type": "new", "primary": rng.chance(1, 2) }]);
    }
    let mut operation = json!({ "op": op, "path": path });
    if !op.eq_ignore_ascii_case("remove") {
        operation["value"] = value;
    } else if path.ends_with("manager.value") {
        // Elsewhere a manager cannot lose the id and go with it.
        operation["path"] = path.trim_end_matches(".value").into();
    }
    operation
}

/// A path and a value for it.
fn target(rng: &mut Rng) -> (String, Value) {
    let plain = json!(pick(rng, &TEXTS));
    match rng.below(12) {
        0 => (pick(rng, &["title", "displayName", "nickName", "NAME.givenName"]).into(), plain),
        1 => ("active".into(), rng.chance(1, 2).into()),
        2 => ("name".into(), some_of(rng, &["givenName", "familyName"])),
        3 => ("phoneNumbers".into(), values(rng, &TEXTS)),
        4 => (format!("phoneNumbers[type eq {}].value", kind(rng)), plain),
        5 => (format!("phoneNumbers[type eq {}].primary", kind(rng)), true.into()),
        6 => (format!("phoneNumbers[type eq {}]", kind(rng)), json!({ "display": plain })),
        7 => (format!("phoneNumbers[value eq {}].type", text(rng)), pick(rng, &TYPES).into()),
        8 => (format!("{ENTERPRISE}:department"), plain),
        9 => (format!("{ENTERPRISE}:manager"), json!({ "value": plain })),
        10 => (format!("{ENTERPRISE}:manager.value"), plain),
        _ => (ENTERPRISE.into(), some_of(rng, &["employeeNumber", "department"])),
    }
}
