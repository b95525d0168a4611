//! Bytes that no client should send: each is answered, and nothing falls over.

use super::generate::{filter, operations, shown_person};
use super::{group, person};
use api::scim::{
    Filter, Mode, Moment, Order, Page, Patch, Place, RESOURCE_TYPES, Refusal, Resource, Shown, USER,
};
use fixtures::rng::Rng;
use serde_json::json;

const ROUNDS: usize = 20_000;

/// A text changed in a few places: bytes flipped, cut out, doubled, or put in.
fn broken(rng: &mut Rng, text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..1 + rng.index(4) {
        let at = rng.index(bytes.len() + 1);
        let end = (at + rng.index(8)).min(bytes.len());
        match rng.below(4) {
            0 => bytes.splice(at..end, std::iter::empty()).for_each(drop),
            1 => bytes.splice(at..at, rng.bytes(1)).for_each(drop),
            2 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
            _ => {
                let parts = [
                    "[", "]", "(", ")", "\"", "\\", "].", ".", ":", " eq ", " pr", "null", "{", "}", ",", "ä",
                ];
                bytes.splice(at..at, super::generate::pick(rng, &parts).bytes()).for_each(drop);
            }
        }
    }
    bytes
}

/// A refusal says one line, with a status.
fn sane<T>(result: Result<T, Refusal>) -> Option<T> {
    if let Err(refusal) = &result {
        let sentence = refusal.to_string();
        assert!(!sentence.is_empty() && !sentence.chars().any(char::is_control), "{sentence:?}");
        assert!(sentence.len() < 1_000, "{sentence}");
        assert!((400..500).contains(&refusal.status()));
    }
    result.ok()
}

#[test]
fn broken_resources_are_answered() {
    let mut rng = Rng::new(1);
    let mut read = 0;
    for round in 0..ROUNDS {
        let text = shown_person(&mut rng).to_string();
        let bytes = if round % 10 == 0 { rng.bytes(200) } else { broken(&mut rng, &text) };
        let kind = rng.pick(&RESOURCE_TYPES).copied().unwrap();
        let kind = if rng.chance(1, 4) { kind } else { &USER };
        let mode = rng.pick(&Mode::ALL).copied().unwrap();
        let Some(resource) = sane(Resource::read(kind, mode, &bytes)) else { continue };
        read += 1;
        let again = Resource::from_value(kind, Mode::Strict, json!(resource.members()));
        assert_eq!(again.as_ref(), Ok(&resource));
        assert!(resource.document(&Shown::default()).get("password").is_none());
    }
    assert!(read > ROUNDS / 100, "{read}");
}

#[test]
fn broken_patches_are_answered() {
    let mut rng = Rng::new(2);
    let mut applied = 0;
    let resource = person(
        json!({ "phoneNumbers": [{ "value": "1", "type": "work" }, { "value": "2", "primary": true }] }),
    );
    for _ in 0..ROUNDS {
        let text = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations(&mut rng) });
        let bytes = broken(&mut rng, &text.to_string());
        let mode = rng.pick(&Mode::ALL).copied().unwrap();
        let Some(patch) = sane(Patch::read(&USER, mode, &bytes)) else { continue };
        assert_eq!(patch.members().map(|members| members.come.len() + members.go.len()), Some(0));
        assert!(sane(patch.apply(&group(&[]))).is_none());
        let Some(patched) = sane(patch.apply(&resource)) else { continue };
        applied += 1;
        let stored = json!(patched.resource.members());
        assert_eq!(Resource::from_value(&USER, Mode::Strict, stored).as_ref(), Ok(&patched.resource));
    }
    assert!(applied > ROUNDS / 100, "{applied}");
}

#[test]
fn broken_filters_are_answered() {
    let mut rng = Rng::new(3);
    let resource = person(json!({ "emails": [{ "value": "ada@example.com" }] }));
    let mut read = 0;
    for _ in 0..ROUNDS {
        let text = filter(&mut rng);
        let bytes = broken(&mut rng, &text);
        let text = String::from_utf8_lossy(&bytes);
        let mode = rng.pick(&Mode::ALL).copied().unwrap();
        let Some(filter) = sane(Filter::read(&USER, mode, &text)) else { continue };
        read += 1;
        let again = Filter::read(&USER, mode, &filter.to_string()).unwrap();
        assert_eq!((again.matches(&resource), &again), (filter.matches(&resource), &filter), "{text}");
    }
    assert!(read > ROUNDS / 20, "{read}");
}

#[test]
fn broken_questions_are_answered() {
    let mut rng = Rng::new(4);
    for _ in 0..ROUNDS {
        let text = filter(&mut rng);
        let bytes = broken(&mut rng, &text);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        sane(Shown::read(&USER, Some(&text), None)).map(|shown| person(json!({})).document(&shown));
        sane(Order::read(&USER, &text, Some("ascending")));
        sane(Page::read(Some(&text), None, None));
        sane(Page::read(None, Some(&text), None));
        sane(Page::read(None, None, Some(&text)));
        let found = Place::find(&USER, &text);
        assert_eq!(found.and_then(|place| Place::find(&USER, &place.to_string())), found);
        assert_eq!(Moment::read(&text), None);
    }
}

#[test]
fn a_very_long_name_is_not_repeated() {
    let long = "x".repeat(100_000);
    let body = json!({ "schemas": [long], (long.clone()): 1 });
    for mode in Mode::ALL {
        assert!(sane(Resource::read(&USER, mode, body.to_string().as_bytes())).is_none());
    }
    let body = json!({ "Operations": [{ "op": long, "path": long }] });
    assert!(sane(Patch::read(&USER, Mode::Entra, body.to_string().as_bytes())).is_none());
    assert!(sane(Filter::read(&USER, Mode::Entra, &long)).is_none());
}
