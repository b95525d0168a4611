//! One value has one text: the rules of canonical JSON, and the events written in it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;

use fixtures::samples::{event, facts, person, service_account, time};
use ledger::canonical::{NotCanonical, Problem, check, members};
use ledger::event::custody::{CommandRefused, ServerStopped};
use ledger::event::id::{AgentId, CredentialId, EventId, GrantId, uuid_v7};
use ledger::event::identity::ServiceAccountCreated;
use ledger::event::scope::Scope;
use ledger::event::{
    Actor, Assurance, Channel, Decoded, Delegate, Envelope, Event, Fact, LEAF_BYTES_MAX, Origin, Refusal,
    Shapes, Subject, Via,
};
use ledger::hash::Hash;
use ledger::time::Time;
use proptest::prelude::*;
use serde_json::{Map, Value};

#[test]
fn texts_that_follow_every_rule_are_canonical() {
    let deep = format!("{}{}", "[".repeat(16), "]".repeat(16));
    let key = format!(r#"{{"{}":1}}"#, "k".repeat(64));
    for text in [
        "0",
        "-1",
        "9007199254740991",
        "-9007199254740991",
        "true",
        "false",
        r#""""#,
        r#""\"\\\b\t\n\f\r\u0000\u0007\u000b\u000e\u001f/""#,
        "\"\u{7f}\u{80}\u{2028}é\u{fffd}\u{10ffff}\"",
        "[]",
        "{}",
        r#"[1,[true,"x"],{}]"#,
        r#"{"a":1,"a0":2,"a_":3,"aa":4,"b":{"a":1}}"#,
        deep.as_str(),
        key.as_str(),
    ] {
        assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
    }
}

#[test]
fn each_broken_rule_is_named_with_its_place() {
    let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
    let key = format!(r#"{{"{}":1}}"#, "k".repeat(65));
    let cases: &[(&[u8], Problem, usize)] = &[
        (b"", Problem::Ends, 0),
        (b"[1", Problem::Ends, 2),
        (b"\"a", Problem::Ends, 2),
        (b"tru", Problem::Unexpected, 0),
        (b"null", Problem::Unexpected, 0),
        (b" 1", Problem::Unexpected, 0),
        (b"1 ", Problem::Trailing, 1),
        (b"1\n", Problem::Trailing, 1),
        (b"{}{}", Problem::Trailing, 2),
        (b"[1, 2]", Problem::Unexpected, 3),
        (b"[1,]", Problem::Unexpected, 3),
        (b"[1 ]", Problem::Unexpected, 2),
        (b"{\"a\" :1}", Problem::Unexpected, 4),
        (b"{\"a\":1,}", Problem::Unexpected, 7),
        (b"\xef\xbb\xbf1", Problem::Unexpected, 0),
        (b"\"\xff\"", Problem::Utf8, 1),
        (b"\"\xed\xa0\x80\"", Problem::Utf8, 1),
        (b"\"\xc0\x80\"", Problem::Utf8, 1),
        (b"00", Problem::Number, 0),
        (b"01", Problem::Number, 0),
        (b"-0", Problem::Number, 0),
        (b"-", Problem::Number, 0),
        (b"+1", Problem::Unexpected, 0),
        (b"1.0", Problem::Number, 0),
        (b"1e3", Problem::Number, 0),
        (b"1E3", Problem::Number, 0),
        (b"9007199254740992", Problem::Number, 0),
        (b"-9007199254740992", Problem::Number, 0),
        (b"100000000000000000000000000000000000000000", Problem::Number, 0),
        (b"{\"B\":1}", Problem::Key, 2),
        (b"{\"1a\":1}", Problem::Key, 2),
        (b"{\"_a\":1}", Problem::Key, 2),
        (b"{\"\":1}", Problem::Key, 2),
        (b"{\"a-b\":1}", Problem::Key, 3),
        (b"{\"\\u0061\":1}", Problem::Key, 2),
        (b"{\"b\":1,\"a\":2}", Problem::Order, 10),
        (b"{\"a\":1,\"a\":2}", Problem::Order, 10),
        (b"\"\x00\"", Problem::Escape, 1),
        (b"\"\n\"", Problem::Escape, 1),
        (b"\"\\/\"", Problem::Escape, 1),
        (b"\"\\u000a\"", Problem::Escape, 1),
        (b"\"\\u001F\"", Problem::Escape, 1),
        (b"\"\\u0020\"", Problem::Escape, 1),
        (b"\"\\u00e9\"", Problem::Escape, 1),
        (b"\"\\ud83d\\ude00\"", Problem::Escape, 1),
        (b"\"\\x\"", Problem::Escape, 1),
        (deep.as_bytes(), Problem::Depth, 16),
        (key.as_bytes(), Problem::Key, 2),
    ];
    for (text, problem, offset) in cases {
        let found = check(text);
        let shown = String::from_utf8_lossy(text);
        assert_eq!(found, Err(NotCanonical { offset: *offset, problem: *problem }), "{shown}");
    }
}

#[test]
fn members_are_those_of_an_object_and_of_nothing_else() {
    let (text, mut found) = (br#"{"a":[1,{"b":2}],"c":"x"}"#, Vec::new());
    members(text, |key, value| found.push((key, &text[value]))).unwrap();
    assert_eq!(found, [(&b"a"[..], &br#"[1,{"b":2}]"#[..]), (b"c", br#""x""#)]);
    for text in ["[]", "1", "{", "{}1"] {
        assert!(members(text.as_bytes(), |_, _| ()).is_err(), "{text}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let limit = 9_007_199_254_740_991_i64;
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-limit..=limit).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\\x00-\\x7f\"\\\\]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z][a-z0-9_]{0,9}", inner, 0..6)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// Whether the text is what its own value is written as.
fn is_its_own_writing(text: &[u8]) -> bool {
    serde_json::from_slice::<Value>(text).is_ok_and(|value| serde_json::to_vec(&value).unwrap() == text)
}

proptest! {
    #[test]
    fn a_value_written_with_sorted_keys_is_canonical(value in value()) {
        prop_assert_eq!(check(&serde_json::to_vec(&value).unwrap()), Ok(()));
    }

    #[test]
    fn a_changed_byte_is_refused_or_gives_the_one_text_of_another_value(
        value in value(), place: prop::sample::Index, byte: u8, kind in 0..3_u8,
    ) {
        let text = serde_json::to_vec(&value).unwrap();
        let mut changed = text.clone();
        let place = place.index(text.len());
        match kind {
            0 => changed[place] = byte,
            1 => changed.insert(place, byte),
            _ => drop(changed.remove(place)),
        }
        if changed != text && check(&changed).is_ok() {
            prop_assert!(is_its_own_writing(&changed), "{}", String::from_utf8_lossy(&changed));
            prop_assert_ne!(serde_json::from_slice::<Value>(&changed).unwrap(), value);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_the_one_text_of_their_value(text in "[\\[\\]{}\"a:,0-9tfrue\\\\-]{0,12}") {
        if check(text.as_bytes()).is_ok() {
            prop_assert!(is_its_own_writing(text.as_bytes()), "{}", text);
        }
    }

    #[test]
    fn an_event_of_any_type_is_read_back_and_written_as_it_was(
        kind in 0..facts().len(), text: String, seq in 0..1_u64 << 53, micros in 0..253_402_207_199_999_999_u64,
        prev: [u8; 32], id: [u8; 10], actor in 0..10_u8, cause: bool, assurance in 0..4_u8, sealed: bool,
    ) {
        let mut event = event(1, Hash(prev), with_text(facts()[kind].clone(), &text));
        event.seq = seq;
        event.time = Time::from_micros(micros);
        event.id = EventId::from_bytes(uuid_v7(event.time, id));
        event.actor = actor_of(actor);
        event.cause = event.cause.filter(|_| cause);
        event.sealed.retain(|_| sealed);
        event.assurance = [Assurance::Enforced, Assurance::Observed, Assurance::SelfReported, Assurance::Derived]
            [usize::from(assurance)];
        reads_back(&event);
    }
}

fn with_text(fact: Fact, text: &str) -> Fact {
    match fact.name().0 {
        "custody.server_stopped" => ServerStopped { reason: text.into() }.into(),
        "identity.service_account_created" => {
            ServiceAccountCreated { handle: text.into(), service_account: service_account(3) }.into()
        }
        _ => fact,
    }
}

fn actor_of(number: u8) -> Actor {
    let credential = CredentialId::from_bytes([number; 16]);
    match number {
        0 => Actor::System,
        1 => Actor::Operator,
        2 => Actor::Anonymous(Via::Nothing),
        3 => Actor::Anonymous(Via::Claim),
        4 => Actor::Subject(Subject::Person(person(1)), credential),
        5 => Actor::Anonymous(Via::Provider),
        6 => Actor::Anonymous(Via::Recovery),
        7 => delegate(Subject::ServiceAccount(service_account(1)), credential),
        8 => delegate(Subject::Agent(AgentId::from_bytes([1; 16])), credential),
        _ => Actor::Subject(Subject::ServiceAccount(service_account(1)), credential),
    }
}

fn delegate(program: Subject, credential: CredentialId) -> Actor {
    Actor::Delegate(Delegate { program, person: person(1), credential })
}

#[test]
fn a_program_that_acts_for_a_person_says_so_in_one_way() {
    let mut event = event(3, Hash([1; 32]), facts()[0].clone());
    event.actor = actor_of(7);
    reads_back(&event);
    let text = String::from_utf8(event.encode().unwrap()).unwrap();
    let (program, person) = (service_account(1), person(1));
    let said = format!(r#""on_behalf_of":{{"id":"{person}","kind":"person"}},"#);
    let actor = format!(r#""actor":{{"id":"{program}","kind":"service_account",{said}"via":"crd_0707"#);
    assert!(text.contains(&actor), "{text}");
    for (from, to) in [
        (said.as_str(), r#""on_behalf_of":null,"#.to_owned()),
        (said.as_str(), r#""on_behalf_of":{},"#.to_owned()),
        (said.as_str(), said.replace("person", "nobody")),
        (said.as_str(), said.replace(r#""kind":"person""#, r#""kind":"service_account""#)),
        (said.as_str(), format!(r#""on_behalf_of":{{"id":"{program}","kind":"service_account"}},"#)),
        (said.as_str(), said.replace(r#""kind""#, r#""kin""#)),
        (said.as_str(), said.replace(r#"}"#, r#","via":"x"}"#)),
        (r#""via":"crd_"#, r#""via":"per_"#.to_owned()),
        (r#""kind":"service_account""#, r#""kind":"system""#.to_owned()),
    ] {
        let changed = text.replacen(from, &to, 1);
        assert_ne!(changed, text, "{to}");
        let is_read =
            Envelope::parse(changed.as_bytes()).is_ok() && Event::decode(changed.as_bytes()).is_ok();
        assert!(!is_read, "{changed}");
    }
}

fn reads_back(event: &Event) {
    let text = event.encode().unwrap();
    let envelope = Envelope::parse(&text).unwrap();
    assert_eq!((envelope.seq, envelope.prev), (event.seq, event.prev));
    assert_eq!(envelope.time, event.time.to_string());
    assert_eq!((envelope.kind, envelope.has_sealed), (event.fact.name().0, !event.sealed.is_empty()));
    let Decoded::Known(read) = Event::decode(&text).unwrap() else { panic!("an unknown type") };
    assert_eq!(&read, event);
    assert_eq!(read.encode().unwrap(), text);
}

#[test]
fn every_refusal_is_read_back_under_its_code() {
    let (permission, grant) = ("access.grant".into(), GrantId::from_bytes([2; 16]));
    let (subject, credential) = (Subject::Person(person(1)), CredentialId::from_bytes([3; 16]));
    for refusal in [
        Refusal::NotAuthenticated {},
        Refusal::NotPermitted { permission, scope: Scope::Site },
        Refusal::ExceedsOwnRights { permission: "x".into(), scope: Scope::Site },
        Refusal::UnknownSubject { subject },
        Refusal::UnknownGrant { grant },
        Refusal::UnknownCredential { credential },
        Refusal::HandleTaken { handle: "ci".into() },
        Refusal::ClaimNotOpen {},
        Refusal::LastOwner { grant },
        Refusal::CommandIdReused { request: "a-1".parse().unwrap() },
        Refusal::ExpiryInPast {},
        Refusal::NothingToErase { subject },
        Refusal::TokenRefused { grant: "jwt_bearer".into(), reason: "unknown_workload".into() },
        Refusal::NotOnBehalf {},
        Refusal::RecoveryRefused { reason: "recovery_off".into() },
    ] {
        let text = serde_json::to_string(&refusal).unwrap();
        assert!(text.contains(&format!(r#""code":"{}""#, refusal.code())), "{text}");
        let fact = CommandRefused { about: None, command: "access.grant_role".into(), refusal };
        reads_back(&event(3, Hash([1; 32]), fact.into()));
    }
}

#[test]
fn an_origin_with_a_request_and_a_digest_is_read_back() {
    let origin = r#"{"channel":"http","digest":"000102030405060708090a0b0c0d0e0f","request":"A.z_9-"}"#;
    let mut event = event(3, Hash([1; 32]), facts()[0].clone());
    event.origin = serde_json::from_str(origin).unwrap();
    reads_back(&event);
    assert_eq!(serde_json::to_string(&event.origin).unwrap(), origin);
    event.origin = Origin { channel: Channel::Console, digest: None, request: None };
    reads_back(&event);
}

#[test]
fn a_leaf_with_a_foreign_missing_or_contradicting_key_is_refused() {
    let text = String::from_utf8(event(3, Hash([1; 32]), facts()[0].clone()).encode().unwrap()).unwrap();
    let id = event(3, Hash([1; 32]), facts()[0].clone()).id.to_string();
    for (from, to) in [
        (r#""v":1"#, r#""v":1,"w":1"#),
        (r#""v":1"#, r#""u":1,"v":1"#),
        (r#""epoch":0,"#, ""),
        (r#","v":1"#, ""),
        (r#""seq":3"#, r#""seq":-3"#),
        (r#""time":"2026-"#, r#""time":"2026\\"#),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Envelope::parse(changed.as_bytes()).is_err(), "{from}");
    }
    for (from, to) in [
        (r#""outcome":"done""#, r#""outcome":"failed""#),
        (r#""kind":"ledger""#, r#""kind":"person""#),
        (id.as_str(), "evt_01a1ee565e7b7fffbfffffffffffffff"),
        (r#""algorithm":"ed25519""#, r#""algorithm":"ed25519","b":1"#),
        (r#""time":"2026-"#, r#""time":"2027-"#),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Envelope::parse(changed.as_bytes()).is_ok(), "{from}");
        assert!(Event::decode(changed.as_bytes()).is_err(), "{from}");
    }
}

#[test]
fn an_unknown_type_or_version_is_told_by_name() {
    let text = String::from_utf8(event(3, Hash([1; 32]), facts()[0].clone()).encode().unwrap()).unwrap();
    for (from, to, kind, version) in [
        ("custody.ledger_opened", "custody.ledger_shut", "custody.ledger_shut", 1),
        (r#""v":1"#, r#""v":2"#, "custody.ledger_opened", 2),
    ] {
        let changed = text.replacen(from, to, 1);
        let unknown = Decoded::Unknown { kind: kind.to_owned(), version };
        assert_eq!(Event::decode(changed.as_bytes()).unwrap(), unknown);
    }
}

#[test]
fn a_leaf_longer_than_a_tile_entry_is_refused_in_both_ways() {
    let longest = |len| event(3, Hash([1; 32]), ServerStopped { reason: "x".repeat(len).into() }.into());
    let rest = longest(0).encode().unwrap().len();
    reads_back(&longest(LEAF_BYTES_MAX - rest));
    assert!(longest(LEAF_BYTES_MAX - rest + 1).encode().is_err());
    let mut text = longest(LEAF_BYTES_MAX - rest).encode().unwrap();
    text.push(b' ');
    assert!(Envelope::parse(&text).is_err() && Event::decode(&text).is_err());
}

#[test]
fn payloads_out_of_order_or_twice_are_not_written() {
    let mut event = facts()
        .into_iter()
        .map(|fact| event(3, Hash([1; 32]), fact))
        .find(|event| !event.sealed.is_empty())
        .unwrap();
    event.sealed.push(event.sealed[0].clone());
    assert!(event.encode().is_err());
}

/// Every sample as it is written, and shapes that know all of them.
fn samples_with_shapes() -> (Vec<Vec<u8>>, Shapes) {
    let texts: Vec<Vec<u8>> =
        facts().into_iter().map(|fact| event(30, Hash([1; 32]), fact).encode().unwrap()).collect();
    let mut shapes = Shapes::default();
    // One strange text in eight is learnt, so each is shown often enough.
    for text in &texts {
        (0..8).for_each(|_| drop(Envelope::parse_alike(text, &mut shapes)));
    }
    (texts, shapes)
}

fn both_ways_agree(text: &[u8], shapes: &mut Shapes) {
    let slow = format!("{:?}", Envelope::parse(text));
    let fast = format!("{:?}", Envelope::parse_alike(text, shapes));
    assert_eq!(fast, slow, "{}", String::from_utf8_lossy(text));
}

#[test]
fn a_leaf_with_any_byte_changed_is_judged_the_same_with_shapes() {
    let (texts, mut shapes) = samples_with_shapes();
    for text in texts {
        for at in 0..text.len() {
            for byte in *b"\"\\09/:aez{},_-[ \0\x1f\x7f\x80\xc3\xff" {
                let mut changed = text.clone();
                changed[at] = byte;
                both_ways_agree(&changed, &mut shapes);
            }
        }
    }
}

proptest! {
    #[test]
    fn leaves_with_several_changes_are_judged_the_same_with_shapes(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 1..6),
    ) {
        let (texts, mut shapes) = samples_with_shapes();
        let mut text = which.get(&texts).clone();
        for (place, byte, how) in changes {
            let at = place.index(text.len());
            match how % 8 {
                0 => drop(text.remove(at)),
                1 => text.insert(at, byte),
                2 => text[at] = b'"',
                3 => text[at] ^= 1 << (byte % 8),
                4 => text[at] = b'0' + byte % 10,
                5 => text.swap(at, usize::from(byte) % at.max(1)),
                _ => text[at] = b' ' + byte % 95,
            }
            both_ways_agree(&text, &mut shapes);
        }
    }
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/golden/events")
}

#[test]
fn every_released_type_is_sampled_once() {
    let mut sampled: Vec<_> = facts().iter().map(Fact::name).collect();
    let mut released: Vec<_> = Fact::types().collect();
    sampled.sort();
    released.sort();
    assert_eq!(sampled, released);
}

#[test]
fn every_released_type_is_written_as_its_golden_file() {
    let writes = std::env::var("DEED_WRITE_GOLDEN").is_ok_and(|value| value == "1");
    for fact in facts() {
        let (kind, version) = fact.name();
        let path = golden().join(format!("{kind}.v{version}.json"));
        let text = event(7, Hash([7; 32]), fact).encode().unwrap();
        if writes && !path.exists() {
            std::fs::create_dir_all(golden()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        assert_eq!(String::from_utf8(text), String::from_utf8(found), "{kind}");
    }
}

#[test]
fn every_golden_file_still_reads_and_is_written_as_it_was() {
    let mut count = 0;
    for file in std::fs::read_dir(golden()).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read(&path).unwrap();
        Envelope::parse(&text).unwrap();
        let Decoded::Known(event) = Event::decode(&text).unwrap() else {
            panic!("{} is unknown", path.display())
        };
        let (kind, version) = event.fact.name();
        assert!(path.ends_with(format!("{kind}.v{version}.json")));
        assert_eq!(event.encode().unwrap(), text);
        assert_eq!(event.time, time(7));
        count += 1;
    }
    assert!(count >= Fact::types().count());
}
