//! A leaf that stands as it is written is read key by key; any other is read in general. Both give the same event, or refuse alike.
//!
//! A space before a leaf changes nothing that it says, and makes it one for the general reader.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use fixtures::organization::{Size, events};
use fixtures::rng::Rng;
use fixtures::samples::{event, facts, person, service_account};
use ledger::event::id::{CredentialId, EventId};
use ledger::event::{Actor, Assurance, Delegate, Event, Subject, Via};
use ledger::hash::Hash;

/// What reading gives, as text: the event or the kind of the refusal.
fn outcome(text: &[u8]) -> String {
    match Event::decode(text) {
        Ok(decoded) => format!("{decoded:?}"),
        Err(cause) => format!("refused: {cause}"),
    }
}

#[track_caller]
fn is_read_alike(text: &[u8]) {
    let in_general = [b" ", text].concat();
    assert_eq!(outcome(text), outcome(&in_general), "{}", String::from_utf8_lossy(text));
}

/// A leaf of every type, and of every form that an envelope has.
fn leaves() -> Vec<Vec<u8>> {
    let plain = facts().into_iter().map(|fact| event(3, Hash([1; 32]), fact));
    let credential = CredentialId::from_bytes([7; 16]);
    let (program, person) = (Subject::ServiceAccount(service_account(2)), person(1));
    let actors = [
        Actor::System,
        Actor::Operator,
        Actor::Anonymous(Via::Nothing),
        Actor::Anonymous(Via::Claim),
        Actor::Anonymous(Via::Provider),
        Actor::Anonymous(Via::Recovery),
        Actor::Subject(program, credential),
        Actor::Delegate(Delegate { program, person, credential }),
    ];
    let origin = r#"{"channel":"http","digest":"000102030405060708090a0b0c0d0e0f","request":"A.z_9-"}"#;
    let whole = |actor| Event {
        actor,
        assurance: Assurance::Derived,
        cause: Some(EventId::from_bytes([9; 16])),
        origin: serde_json::from_str(origin).unwrap(),
        ..event(3, Hash([1; 32]), facts().swap_remove(0))
    };
    let all = plain.chain(actors.map(whole)).chain(events(Size::SMALL, 1));
    all.map(|event| event.encode().unwrap()).collect()
}

#[test]
fn what_is_written_is_read_alike() {
    let leaves = leaves();
    for leaf in &leaves {
        assert!(Event::decode(leaf).is_ok());
        is_read_alike(leaf);
    }
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/golden/events")).unwrap()
    {
        is_read_alike(&std::fs::read(file.unwrap().path()).unwrap());
    }
}

#[test]
fn what_is_changed_at_any_place_is_read_alike() {
    let mut rng = Rng::new(1);
    for leaf in leaves() {
        for at in 0..leaf.len() {
            let (before, after) = leaf.split_at(at);
            let other = *rng.pick(b"\"\\,:{}[] 019-.eEtnaz_\x00\x1f\x7f\xc3").unwrap();
            let rest = &after[1..];
            is_read_alike(&[before, &[other], rest].concat());
            is_read_alike(&[before, rest].concat());
            if rng.chance(1, 4) {
                is_read_alike(&[before, &[other], after].concat());
                is_read_alike(&[before, &after[..1], after].concat());
                is_read_alike(before);
            }
        }
    }
}

#[test]
fn parts_in_the_place_of_others_are_read_alike() {
    let (leaves, mut rng) = (leaves(), Rng::new(2));
    let parts =
        |leaf: &[u8]| -> Vec<Vec<u8>> { leaf.split(|byte| *byte == b',').map(<[u8]>::to_vec).collect() };
    for _ in 0..20_000 {
        let [mut one, other] = [(); 2].map(|()| parts(rng.pick(&leaves).unwrap()));
        let (to, from) = (rng.index(one.len()), rng.index(other.len()));
        match rng.below(4) {
            0 => one.swap(to, from % (to + 1)),
            1 => one[to] = other[from].clone(),
            2 => one.insert(to, other[from].clone()),
            _ => drop(one.remove(to)),
        }
        is_read_alike(&one.join(&b','));
    }
}

#[test]
fn other_forms_of_a_value_are_read_alike() {
    for leaf in leaves() {
        let text = String::from_utf8(leaf).unwrap();
        for (from, to) in [
            (r#""epoch":0"#, r#""epoch":00"#),
            (r#""epoch":0"#, r#""epoch":4294967296"#),
            (r#""epoch":0"#, r#""epoch":0.0"#),
            (r#""seq":3"#, r#""seq":18446744073709551615"#),
            (r#""seq":3"#, r#""seq":18446744073709551616"#),
            (r#""seq":3"#, r#""seq":3e0"#),
            (r#""seq":3"#, r#""seq":"3""#),
            (r#""v":1"#, r#""v":65536"#),
            (r#""outcome":"done""#, r#""outcome":"d\u006fne""#),
            (r#""outcome":"done""#, r#""outcome":{"done":null}"#),
            (r#","epoch""#, r#","assurance":"enforced","epoch""#),
            (r#","data""#, r#","assurance":"enforced","data""#),
            (r#","data""#, r#","assurance":"observed","data""#),
            (r#","data""#, r#","cause":null,"data""#),
            (r#","seq""#, r#","sealed":[],"seq""#),
            (r#","seq""#, r#","sealed":null,"seq""#),
            (r#"{"actor":"#, r#"{"v":1,"actor":"#),
            (r#""channel":"writer""#, r#""channel":"writer","digest":null"#),
            (r#""data":{"#, r#""data":{"data":{},"#),
            (r#""kind":""#, r#""kind":"\u0070"#),
            ("}", "} "),
        ] {
            is_read_alike(text.replacen(from, to, 1).as_bytes());
        }
    }
}
