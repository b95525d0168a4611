//! A decision and its events share one time, which never goes back.

use crate::bench::{done, events, send_all, sent};
use crate::owned::{actor, make_owner, send};
use crate::people::{credential, digest, time};
use crate::{issue, on_sim};
use commands::engine::Answer;
use commands::identity::IssueCredential;
use fixtures::sim_disk::SimDisk;
use ledger::event::{Actor, Refusal};

#[test]
fn a_credential_that_has_expired_does_not_work_again_when_the_clock_goes_back() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    let (credential, digest) = (credential("short"), digest("short"));
    let short = IssueCredential { credential, digest, expires: Some(time(50)), subject: None };
    done(&send(&mut engine, actor("ada"), "one", short));
    let Actor::Subject(ada, _) = actor("ada") else { panic!("ada is a subject") };
    let with_short = Actor::Subject(ada, credential);
    done(&send(&mut engine, with_short, "two", issue("two")));
    bench.set_clock(time(100));
    done(&send(&mut engine, actor("ada"), "three", issue("three")));
    bench.set_clock(time(10));
    let batch = [sent(actor("ada"), "four", issue("four")), sent(with_short, "five", issue("five"))];
    let answers = send_all(&mut engine, batch);
    assert!(matches!(answers[1], Answer::Refused(Refusal::NotAuthenticated {}, Some(_))), "{answers:?}");
    assert!(events(&engine).is_sorted_by_key(|event| event.time));
}
