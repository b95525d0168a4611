//! One command id, one command, one answer: at once, later, after a restart, with and without an index.

use crate::bench::{Bench, done, events, send_all, sent};
use crate::owned::{actor, claim, make_owner, open_claim, send};
use crate::people::{account, credential};
use crate::{create, index_up, issue, on_real, on_sim};
use commands::engine::{Answer, Engine};
use commands::identity::{CreateServiceAccount, RevokeCredential};
use fixtures::sim_disk::SimDisk;
use fixtures::temp_dir::TempDir;
use ledger::event::{Actor, Refusal, Via};

fn begun(bench: &Bench) -> Engine {
    let mut engine = bench.open().expect("the ledger opens");
    make_owner(&mut engine, "ada");
    engine
}

fn is_reused(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused(Refusal::CommandIdReused { .. }, _))
}

/// The same again gives the same receipt; something else under the id is refused; the first answer stays.
#[track_caller]
fn remembers(engine: &mut Engine, first: &Answer) {
    let size = events(engine).len();
    assert_eq!(done(&send(engine, actor("ada"), "one", create("svc-ci"))), done(first));
    assert_eq!(events(engine).len(), size, "a command that is sent again leaves no event");
    assert!(is_reused(&send(engine, actor("ada"), "one", create("svc-other"))));
    assert_eq!(done(&send(engine, actor("ada"), "one", create("svc-ci"))), done(first));
}

#[test]
fn a_command_that_is_sent_again_gets_the_same_receipt() {
    let mut engine = begun(&on_sim(&SimDisk::new(1)));
    let first = send(&mut engine, actor("ada"), "one", create("svc-ci"));
    remembers(&mut engine, &first);
}

#[test]
fn the_same_within_one_batch_is_done_once() {
    let mut engine = begun(&on_sim(&SimDisk::new(1)));
    let answers = send_all(
        &mut engine,
        [
            sent(actor("ada"), "one", create("svc-ci")),
            sent(actor("ada"), "one", create("svc-ci")),
            sent(actor("ada"), "one", create("svc-other")),
        ],
    );
    assert_eq!(done(&answers[0]), done(&answers[1]));
    assert!(is_reused(&answers[2]));
    remembers(&mut engine, &answers[0]);
}

#[test]
fn a_command_is_remembered_after_a_restart_and_a_crash() {
    let disk = SimDisk::new(1);
    let bench = on_sim(&disk);
    let mut engine = begun(&bench);
    let first = send(&mut engine, actor("ada"), "one", create("svc-ci"));
    drop(engine);
    let mut engine = bench.open().expect("it opens after a crash");
    remembers(&mut engine, &first);
    engine.stop("test");
    remembers(&mut bench.open().expect("it opens after a stop"), &first);
}

#[test]
fn a_command_is_remembered_whatever_became_of_the_index() {
    let folder = TempDir::new().expect("a directory");
    let bench = on_real(&folder);
    let mut engine = begun(&bench);
    let first = send(&mut engine, actor("ada"), "one", create("svc-ci"));
    remembers(&mut engine, &first);
    index_up(&engine, 1);
    remembers(&mut engine, &first);
    drop(engine);
    remembers(&mut bench.open().expect("it opens"), &first);
    std::fs::remove_dir_all(folder.join("data/index")).expect("the index can be removed");
    let mut engine = bench.open().expect("it opens without its index");
    remembers(&mut engine, &first);
    index_up(&engine, 4);
    remembers(&mut engine, &first);
}

#[test]
fn a_command_of_several_events_is_recalled_whole_wherever_batches_of_the_index_end() {
    for at_once in 1..=5 {
        let folder = TempDir::new().expect("a directory");
        let bench = on_real(&folder);
        let mut engine = bench.open().expect("it opens");
        open_claim(&mut engine);
        let claimed = send(&mut engine, Actor::Anonymous(Via::Claim), "claim", claim("ada"));
        assert_eq!(done(&claimed).events.len(), 4);
        index_up(&engine, at_once);
        for round in 0..3 {
            let again = send(&mut engine, Actor::Anonymous(Via::Claim), "claim", claim("ada"));
            assert_eq!(done(&again), done(&claimed), "batches of {at_once}, round {round}");
        }
    }
}

#[test]
fn the_index_may_take_a_command_up_between_the_question_and_the_turn() {
    let folder = TempDir::new().expect("a directory");
    let mut engine = begun(&on_real(&folder));
    let first = send(&mut engine, actor("ada"), "one", create("svc-ci"));
    index_up(&engine, 100);
    send(&mut engine, actor("ada"), "two", issue("second"));
    // The index was asked when it knew nothing, and has everything now: what is below its position is forgotten here.
    remembers(&mut engine, &first);
}

#[test]
fn command_ids_belong_to_their_subject_whatever_credential_it_shows() {
    let mut engine = begun(&on_sim(&SimDisk::new(1)));
    let first = send(&mut engine, actor("ada"), "one", create("svc-ci"));
    send(&mut engine, actor("ada"), "two", issue("second"));
    let Actor::Subject(ada, _) = actor("ada") else { panic!("ada is a subject") };
    let second = Actor::Subject(ada, credential("second"));
    assert_eq!(done(&send(&mut engine, second, "one", create("svc-ci"))), done(&first));
    let claimer = Actor::Anonymous(Via::Claim);
    assert!(matches!(send(&mut engine, claimer, "one", create("svc-ci")), Answer::Refused(..)));
}

#[test]
fn a_refusal_is_recalled_like_any_other_answer() {
    let mut engine = begun(&on_sim(&SimDisk::new(1)));
    let unknown = RevokeCredential { credential: credential("none") };
    let Answer::Refused(refusal, Some(receipt)) = send(&mut engine, actor("ada"), "one", unknown.clone())
    else {
        panic!("it is refused")
    };
    let Answer::Refused(again, Some(same)) = send(&mut engine, actor("ada"), "one", unknown) else {
        panic!("it is refused again")
    };
    assert_eq!((refusal, receipt), (again, same));
}

#[test]
fn a_revoked_credential_recalls_nothing_and_does_not_use_up_the_id() {
    let mut engine = begun(&on_sim(&SimDisk::new(1)));
    send(&mut engine, actor("ada"), "two", issue("second"));
    let first = send(&mut engine, actor("ada"), "one", create("svc-ci"));
    let Actor::Subject(ada, _) = actor("ada") else { panic!("ada is a subject") };
    let second = Actor::Subject(ada, credential("second"));
    send(&mut engine, second, "three", RevokeCredential { credential: credential("ada") });
    for command in [create("svc-ci"), create("svc-other")] {
        let answer = send(&mut engine, actor("ada"), "one", command);
        assert!(matches!(answer, Answer::Refused(Refusal::NotAuthenticated {}, Some(_))), "{answer:?}");
    }
    assert_eq!(done(&send(&mut engine, second, "one", create("svc-ci"))), done(&first));
}

#[test]
fn asking_for_what_is_so_needs_no_receipt_and_may_be_asked_again() {
    let mut engine = begun(&on_sim(&SimDisk::new(1)));
    let revoke = || RevokeCredential { credential: credential("second") };
    send(&mut engine, actor("ada"), "one", issue("second"));
    send(&mut engine, actor("ada"), "two", revoke());
    assert!(matches!(send(&mut engine, actor("ada"), "three", revoke()), Answer::Done(None)));
    assert!(matches!(send(&mut engine, actor("ada"), "three", revoke()), Answer::Done(None)));
}

#[test]
fn an_id_stays_used_although_the_thing_it_made_differs_only_in_content() {
    let mut engine = begun(&on_sim(&SimDisk::new(1)));
    send(&mut engine, actor("ada"), "one", create("svc-ci"));
    let bare =
        CreateServiceAccount { service_account: account("svc-ci"), handle: "svc-ci".into(), profile: None };
    assert!(is_reused(&send(&mut engine, actor("ada"), "one", bare)));
}
