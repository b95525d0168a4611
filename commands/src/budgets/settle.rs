//! Settling, releasing and expiring what was reserved.

use super::{by_system, thresholds};
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::Object;
use ledger::event::budgets::{Amounts, Charge, Released, Settled};
use ledger::event::id::ReservationId;
use projections::budgets::Reservation;

/// Say what it did cost, even if that is more than was reserved. What is over already stays as it is.
#[derive(Clone, Debug)]
pub struct Settle {
    /// Which reservation.
    pub reservation: ReservationId,
    /// What it did cost.
    pub amounts: Amounts,
}

impl Decide for Settle {
    const NAME: &'static str = "budgets.settle";

    fn about(&self) -> Option<Object> {
        Some(Object::Reservation(self.reservation))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let Self { reservation, amounts } = self;
        let Some(open) = ask.state.budgets.open(reservation) else { return Ok(vec![]) };
        Ok(settled(ask, open, Settled { amounts, expired: false, reservation }))
    }
}

/// Say that it did not happen. What is over already stays as it is.
#[derive(Clone, Debug)]
pub struct Release {
    /// Which reservation.
    pub reservation: ReservationId,
    /// Why.
    pub reason: Option<Box<str>>,
}

impl Decide for Release {
    const NAME: &'static str = "budgets.release";

    fn about(&self) -> Option<Object> {
        Some(Object::Reservation(self.reservation))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let Self { reservation, reason } = self;
        if ask.state.budgets.open(reservation).is_none() {
            return Ok(vec![]);
        }
        Ok(vec![Released { reason, reservation }.into()])
    }
}

/// Let what was reserved stand for what it did cost, because nobody said so in time. Before that time it changes nothing.
#[derive(Clone, Debug)]
pub struct Expire {
    /// Which reservation.
    pub reservation: ReservationId,
}

impl Decide for Expire {
    const NAME: &'static str = "budgets.expire";

    fn about(&self) -> Option<Object> {
        Some(Object::Reservation(self.reservation))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let reservation = self.reservation;
        let open = ask.state.budgets.open(reservation).filter(|open| open.expires <= ask.now);
        let Some(open) = open else { return Ok(vec![]) };
        let amounts = open.amounts.clone();
        Ok(settled(ask, open, Settled { amounts, expired: true, reservation }))
    }
}

fn settled(ask: &Ask<'_>, open: &Reservation, settled: Settled) -> Vec<Happening> {
    let reached = open.charges.iter().flat_map(|charge| {
        let used = used_after(ask, charge, &open.amounts, &settled.amounts);
        thresholds(ask, charge, used)
    });
    let reached: Vec<_> = reached.map(Into::into).collect();
    [settled.into()].into_iter().chain(reached).collect()
}

/// What is used of a budget's window when the one amount takes the place of the other.
fn used_after(ask: &Ask<'_>, charge: &Charge, reserved: &Amounts, spent: &Amounts) -> u128 {
    let unit = ask.state.budgets.find(charge.budget).map(|budget| budget.unit);
    let of = |amounts: &Amounts| unit.and_then(|unit| amounts.get(unit)).map_or(0, u128::from);
    let tally = ask.state.budgets.tally(charge.budget, charge.window);
    tally.used().saturating_sub(of(reserved)).saturating_add(of(spent))
}
