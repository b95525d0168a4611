//! What goes into the engine and what comes out: a command with who asks, and what became of it.

use super::Source;
use crate::Command;
use ledger::event::{Actor, Origin, Refusal};
use ledger::receipt::Receipt;

/// What is called with the answer.
pub type Reply = Box<dyn FnOnce(Answer) + Send>;

/// A command on its way to the engine.
pub struct Submission {
    /// Who asks.
    pub actor: Actor,
    /// Where it came from.
    pub origin: Origin,
    /// Whose refusals are counted together.
    pub source: Source,
    /// The order.
    pub command: Command,
    /// What the index says of its command id.
    pub lookup: Lookup,
    /// How many events whoever asks had seen: if there are more by then, it is not done.
    pub seen: Option<u64>,
    /// Who waits for the answer.
    pub reply: Reply,
}

/// What the index says of a command id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// No event below this position has it.
    FreeBelow(u64),
    /// Another command has it.
    Taken,
}

/// What became of a command. Everything in it is lasting.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was done; no receipt when everything was so already.
    Done(Option<Receipt>),
    /// It was refused; no receipt when the refusal was only counted.
    Refused(Refusal, Option<Receipt>),
    /// It could not be recorded.
    Failed(Failure),
}

/// Why a command could not be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The index lags too far behind to know the command id.
    #[error("the index is behind; send the command again")]
    IndexBehind,
    /// The ledger cannot take it now.
    #[error("the ledger could not record it, so it did not happen: {0}")]
    NotRecorded(Box<str>),
    /// There were more events than whoever asked had seen. That is no judgement of the command, so it is not recorded: a record would
    /// itself be news to everybody who orders on what they have seen.
    #[error(
        "the log has {size} events by now, which is more than `If-Match` says; look again before you order"
    )]
    ChangedSince {
        /// How many there were.
        size: u64,
    },
    /// Whether it was recorded is open until the ledger is opened again.
    #[error(
        "the ledger stopped while it recorded the command; ask again with the same command id once it runs: {0}"
    )]
    Unknown(Box<str>),
    /// The ledger takes nothing more. Whoever drops a reply uncalled says the same.
    #[error("the ledger has stopped")]
    Stopped,
}

/// A submission by Deed itself.
pub fn by_system(command: Command, reply: Reply) -> Submission {
    let (actor, origin) = (Actor::System, Origin::writer());
    own(actor, origin, command, reply)
}

/// A submission by whoever runs `deed` on the machine.
pub fn by_operator(command: Command, reply: Reply) -> Submission {
    let (actor, origin) = (Actor::Operator, Origin::console());
    own(actor, origin, command, reply)
}

fn own(actor: Actor, origin: Origin, command: Command, reply: Reply) -> Submission {
    let lookup = Lookup::FreeBelow(u64::MAX);
    Submission { actor, origin, source: Source::OWN, command, lookup, seen: None, reply }
}
