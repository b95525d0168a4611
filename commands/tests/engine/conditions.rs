//! A command on what its sender has seen: decided in the engine's turn, against what was staged before it.

use crate::bench::{Answers, events, sent};
use crate::owned::{actor, make_owner};
use crate::{create, on_sim};
use commands::engine::{Answer, Failure};
use fixtures::sim_disk::SimDisk;
use ledger::event::{Actor, Refusal, Via};

#[test]
fn of_two_in_one_batch_that_saw_the_same_one_is_done() {
    let mut engine = on_sim(&SimDisk::new(1)).open().expect("the ledger opens");
    make_owner(&mut engine, "ada");
    let size = engine.writer().head().size();
    let (answers, mut batch) = (Answers::default(), Vec::new());
    for (request, handle) in [("one", "svc-one"), ("two", "svc-two"), ("one", "svc-one")] {
        let mut submission = sent(actor("ada"), request, create(handle)).with(answers.waiting());
        submission.seen = Some(size);
        batch.push(submission);
    }
    engine.turn(batch);
    let all = answers.all();
    assert!(matches!(&all[0], Answer::Done(Some(_))), "{all:?}");
    let changed = Failure::ChangedSince { size: size + 1 };
    assert!(matches!(&all[1], Answer::Failed(failure) if *failure == changed), "{all:?}");
    // Sent again it gets its first answer, although there is more by now.
    assert!(matches!(&all[2], Answer::Done(Some(_))), "{all:?}");
    assert_eq!(events(&engine).len() as u64, size + 1, "a condition that does not hold leaves no event");
}

#[test]
fn a_refusal_comes_before_the_condition() {
    let mut engine = on_sim(&SimDisk::new(1)).open().expect("the ledger opens");
    make_owner(&mut engine, "ada");
    let answers = Answers::default();
    let mut submission =
        sent(Actor::Anonymous(Via::Nothing), "one", create("svc-one")).with(answers.waiting());
    submission.seen = Some(0);
    engine.turn([submission]);
    assert!(matches!(answers.all()[0], Answer::Refused(Refusal::NotAuthenticated {}, Some(_))));
}
