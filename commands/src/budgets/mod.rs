//! Orders of budgets: set, change and end them; reserve, settle, release and expire what counts against them.

mod reactor;
mod reserve;
mod set;
mod settle;

pub use reactor::{PLANNED_MAX, plan};
pub(crate) use reserve::fits;
pub use reserve::{Payer, Reserve};
pub use set::{ChangeBudget, EndBudget, SetBudget};
pub use settle::{Expire, Release, Settle};

use crate::Ask;
use ledger::event::Refusal;
use ledger::event::budgets::{Charge, ThresholdReached};
use projections::budgets::shown;

/// Only Deed itself may do this.
fn by_system(ask: &Ask<'_>) -> Result<(), Refusal> {
    if ask.actor == ledger::event::Actor::System { Ok(()) } else { Err(Refusal::NotAuthenticated {}) }
}

/// The thresholds that a budget's window reaches with so much use, and that were not said.
fn thresholds(ask: &Ask<'_>, charge: &Charge, used: u128) -> Vec<ThresholdReached> {
    let Charge { budget: id, window } = *charge;
    let Some(budget) = ask.state.budgets.live(id) else { return Vec::new() };
    let said = ask.state.budgets.tally(id, window).reached;
    let unsaid = budget.reached_by(used).filter(|percent| !said.contains(percent));
    unsaid.map(|percent| ThresholdReached { budget: id, percent, used: shown(used), window }).collect()
}
