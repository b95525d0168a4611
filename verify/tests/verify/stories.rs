//! Stories whose last event breaks a rule or keeps it.

use crate::world::{Holds, SIZE, first, world};
use fixtures::forge::story::Cast;
use ledger::event::custody::LogRead;
use ledger::event::{Actor, Channel, Fact};
use verify::Code;

/// Its name, what is appended and by whom, and the code that the last event must get; `None` for what is allowed.
pub(crate) type Story = (&'static str, Vec<(Actor, Fact)>, Option<Code>);

pub(crate) const DENIED: Option<Code> = Some(Code::NotAllowed);

/// The story, with one event more.
pub(crate) fn then(before: &[(Actor, Fact)], actor: Actor, fact: impl Into<Fact>) -> Vec<(Actor, Fact)> {
    before.iter().cloned().chain([(actor, fact.into())]).collect()
}

/// The verifier finds what is wrong with the last event of each story, and nothing else.
pub(crate) fn holds(stories: impl Fn(&Cast) -> Vec<Story>) {
    let cast = world().cast;
    for (name, events, code) in stories(&cast) {
        let last = SIZE + events.len() as u64 - 1;
        let report = world().forged(Holds::Key, |forger| {
            for (actor, fact) in events {
                forger.append(actor, fact)?;
            }
            forger.recheckpoint()
        });
        assert_eq!(first(&report), code.map(|code| (code, Some(last))), "{name}: {:?}", report.faults);
    }
}

/// The owner looks into the log; each event takes a second.
pub(crate) fn read(cast: &Cast) -> Fact {
    let time = crate::spending::on(1);
    LogRead { channel: Channel::Http, count: 1, from: 0, reader: cast.owner, since: time, to: 1, until: time }
        .into()
}
