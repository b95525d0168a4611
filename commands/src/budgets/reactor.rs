//! What to do about reservations that nobody settled.

use super::Expire;
use crate::Command;
use ledger::time::Time;
use projections::State;

/// Most commands of one plan; what is left is planned the next time.
pub const PLANNED_MAX: usize = 256;

/// Commands that Deed itself must give now. Given twice, they change nothing the second time.
pub fn plan(state: &State, now: Time) -> Vec<Command> {
    let late = state.budgets.expired(now).take(PLANNED_MAX);
    late.map(|reservation| Expire { reservation }.into()).collect()
}
