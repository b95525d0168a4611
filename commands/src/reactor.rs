//! What Deed does of its own accord when nobody asks: the difference between what is and what should be.
//!
//! A plan looks at the state alone, so a wake-up that is missed or comes twice leads to the same place.

use crate::{Command, access, budgets, workspaces};
use ledger::time::Time;
use projections::State;

/// Commands that Deed itself must give now. Given twice, they change nothing the second time.
pub fn plan(state: &State, now: Time) -> Vec<Command> {
    let mut commands = budgets::plan(state, now);
    commands.extend(access::plan(state, now));
    commands.extend(workspaces::plan(state, now));
    commands
}
