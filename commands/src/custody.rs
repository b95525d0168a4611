//! Orders of custody: the log's own life.

use crate::{Ask, Decide, Decision};
use ledger::canonical::INTEGER_MAX;
use ledger::event::custody::{
    ClaimOpened, HeadLockCheck, KeyCompromised, KeyRotated, LedgerOpened, LogRead, PayloadErased,
    RefusalsCounted, ServerStarted, ServerStopped, StateRecorded, StoppedHow,
};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, Fact, Object, Refusal, Subject};
use projections::access::Permission;

/// Payloads that one erasure names: what fits a leaf with room to spare.
pub const ERASED_AT_ONCE_MAX: usize = 1_000;

/// Erase what is sealed about a subject. Sent again until it says that nothing is kept, it erases everything.
#[derive(Clone, Debug)]
pub struct ErasePayloads {
    /// About whom.
    pub subject: Subject,
    /// Why.
    pub reason: Box<str>,
}

impl Decide for ErasePayloads {
    const NAME: &'static str = "custody.erase_payloads";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::CustodyErase, Scope::Site)?;
        let Self { subject, reason } = self;
        // Who was removed can still be erased.
        ask.state.subjects.find(subject).ok_or(Refusal::UnknownSubject { subject })?;
        let mut payloads = ask.state.payloads.of(subject);
        payloads.truncate(ERASED_AT_ONCE_MAX);
        if payloads.is_empty() {
            return Err(Refusal::NothingToErase { subject });
        }
        Ok(vec![PayloadErased { bucket: subject, payloads, reason }.into()])
    }
}

/// Record that somebody reads the log. It has to be recorded before anything is shown.
#[derive(Clone, Debug)]
pub struct ReadLog {
    /// Lowest position read.
    pub from: u64,
    /// Position after the highest read.
    pub to: u64,
}

impl Decide for ReadLog {
    const NAME: &'static str = "custody.read_log";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let reader = ask.permitted(Permission::CustodyRead, Scope::Site)?;
        // Events hold no larger numbers, and nobody reads beyond.
        let (from, to) = (self.from.min(INTEGER_MAX), self.to.min(INTEGER_MAX));
        let (since, until) = (ask.now, ask.now);
        Ok(vec![LogRead { channel: Channel::Http, count: 1, from, reader, since, to, until }.into()])
    }
}

/// Defines orders that only Deed itself, or only the operator, may give, and that always lead to their fact.
macro_rules! reserved {
    ($($(#[$doc:meta])* $name:ident($fact:ident) by $actor:ident = $order:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub $fact);

        impl Decide for $name {
            const NAME: &'static str = $order;

            fn about(&self) -> Option<Object> {
                None
            }

            fn decide(self, ask: &Ask<'_>) -> Decision {
                if ask.actor != Actor::$actor {
                    return Err(Refusal::NotAuthenticated {});
                }
                Ok(vec![Fact::from(self.0).into()])
            }
        }
    )*};
}

reserved! {
    /// Open the claim link; an open one is closed.
    OpenClaim(ClaimOpened) by Operator = "custody.open_claim";
    /// Change a signing key.
    RotateKey(KeyRotated) by Operator = "custody.rotate_key";
    /// Distrust a key.
    ReportKey(KeyCompromised) by Operator = "custody.report_key";
    /// Begin the ledger.
    OpenLedger(LedgerOpened) by System = "custody.open_ledger";
    /// Record that the server started.
    StartServer(ServerStarted) by System = "custody.start_server";
    /// Record that the server stops.
    StopServer(ServerStopped) by System = "custody.stop_server";
    /// Record the digest of the state.
    RecordState(StateRecorded) by System = "custody.record_state";
    /// Record refusals that were counted.
    CountRefusals(RefusalsCounted) by System = "custody.count_refusals";
    /// Record reads that were counted.
    CountReads(LogRead) by System = "custody.count_reads";
}

/// The fact of a server's start.
pub fn started(after: StoppedHow, head_lock: HeadLockCheck, torn_bytes: u64) -> ServerStarted {
    ServerStarted { after, head_lock, torn_bytes, version: env!("CARGO_PKG_VERSION").into() }
}
