//! Erasing, reading the log, and what only Deed itself or its operator may order.

use crate::given::{asked, asked_by, given, known, with_roles};
use crate::matrix::reserved;
use crate::people::{person, subject};
use commands::custody::{ERASED_AT_ONCE_MAX, ErasePayloads, ReadLog};
use ledger::event::custody::{LogRead, PayloadErased, PayloadName};
use ledger::event::identity::PersonCreated;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, Refusal, Via};
use projections::access::Permission;
use projections::access::Role::{Auditor, Owner};

fn erase(name: &str) -> ErasePayloads {
    ErasePayloads { subject: subject(name), reason: "asked for".into() }
}

#[test]
fn an_owner_erases_what_is_sealed_about_a_person_until_nothing_is_left() {
    // The third event creates `bob`; samples seal a profile beside it.
    let mut given = given([with_roles("ada", &[Owner]), known("bob")].concat());
    let payloads = vec![PayloadName { name: "profile".into(), seq: 3 }];
    let erased = PayloadErased { bucket: subject("bob"), payloads, reason: "asked for".into() };
    given.when(&asked_by("ada"), erase("bob")).then([erased.clone().into()]);
    given.happen([erased.into()]);
    let nothing = Refusal::NothingToErase { subject: subject("bob") };
    given.when(&asked_by("ada"), erase("bob")).refused(nothing);
    let unknown = Refusal::UnknownSubject { subject: subject("zoe") };
    given.when(&asked_by("ada"), erase("zoe")).refused(unknown);
    let permission = Permission::CustodyErase.as_str().into();
    given
        .when(&asked_by("bob"), erase("ada"))
        .refused(Refusal::NotPermitted { permission, scope: Scope::Site });
}

#[test]
fn an_erasure_names_no_more_than_fits_one_event() {
    let many = (0..=ERASED_AT_ONCE_MAX).map(|_| PersonCreated { login: None, person: person("bob") }.into());
    let given = given(with_roles("ada", &[Owner]).into_iter().chain(many));
    let facts = given.when(&asked_by("ada"), erase("bob")).facts().expect("it is allowed");
    let [ledger::event::Fact::Custody(ledger::event::Custody::PayloadErased(erased))] = facts.as_slice()
    else {
        panic!("one erasure: {facts:?}");
    };
    assert_eq!(erased.payloads.len(), ERASED_AT_ONCE_MAX);
}

#[test]
fn reading_the_log_is_recorded_with_its_reader() {
    let asking = asked_by("ada");
    let read = |from, to| LogRead {
        channel: Channel::Http,
        count: 1,
        from,
        reader: subject("ada"),
        since: asking.now,
        to,
        until: asking.now,
    };
    let given = given(with_roles("ada", &[Auditor]));
    given.when(&asking, ReadLog { from: 3, to: 9 }).then([read(3, 9).into()]);
    let largest = (1 << 53) - 1;
    given.when(&asking, ReadLog { from: 0, to: u64::MAX }).then([read(0, largest).into()]);
}

#[test]
fn what_is_reserved_is_done_for_its_actor_and_for_nobody_else() {
    let given = given(with_roles("ada", &[Owner]));
    let everybody = [
        Actor::System,
        Actor::Operator,
        Actor::Anonymous(Via::Nothing),
        Actor::Anonymous(Via::Claim),
        asked_by("ada").actor,
    ];
    for (command, allowed) in reserved() {
        for actor in everybody {
            let decided = given.when(&asked(actor), command.clone()).facts();
            if actor == allowed {
                assert_eq!(decided.map(|facts| facts.len()), Ok(1), "{}", command.name());
            } else {
                assert_eq!(decided, Err(Refusal::NotAuthenticated {}), "{}", command.name());
            }
        }
    }
}
