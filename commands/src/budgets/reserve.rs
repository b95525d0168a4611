//! Reserving: before anything that costs is let in.

use super::{by_system, thresholds};
use crate::{Ask, Decide, Decision};
use ledger::event::budgets::{Amounts, Charge, Kind, Reserved};
use ledger::event::id::{BudgetId, ReservationId, VirtualKeyId};
use ledger::event::scope::Scope;
use ledger::event::{Object, Refusal, Subject};
use ledger::time::Time;
use projections::budgets::{Budget, CHARGES_MAX, Use, end_of, shown};

/// Who does what is to be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    /// Whoever has a virtual key: its owner, where the key's calls count.
    Key(VirtualKeyId),
    /// A subject, in a scope.
    Subject(Subject, Scope),
}

/// Let something in that will cost so much at most, and charge it to every budget that counts it.
/// Reserving what is reserved already changes nothing.
#[derive(Clone, Debug)]
pub struct Reserve {
    /// Fresh name.
    pub reservation: ReservationId,
    /// Who does it.
    pub payer: Payer,
    /// Which model is asked.
    pub model: Option<Box<str>>,
    /// What it may cost. A unit that is not named here is not counted when it is settled.
    pub amounts: Amounts,
    /// From when on it counts as spent, if nobody said what was.
    pub expires: Time,
}

impl Decide for Reserve {
    const NAME: &'static str = "budgets.reserve";

    fn about(&self) -> Option<Object> {
        Some(Object::Reservation(self.reservation))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let Self { reservation, payer, model, amounts, expires } = self;
        if ask.state.budgets.open(reservation).is_some() {
            return Ok(vec![]);
        }
        if expires <= ask.now {
            return Err(Refusal::ExpiryInPast {});
        }
        let used = use_of(ask, payer, model.as_deref())?;
        let bills = bills(ask, &used, &amounts)?;
        bills.iter().try_for_each(|bill| within_limit(ask, bill))?;
        let charges = bills.iter().map(|bill| bill.charge).collect();
        let Use { key, subject, scope, .. } = used;
        let reached = bills.iter().flat_map(|bill| {
            let tally = ask.state.budgets.tally(bill.charge.budget, bill.charge.window);
            thresholds(ask, &bill.charge, tally.used().saturating_add(bill.amount.into()))
        });
        let reached: Vec<_> = reached.map(Into::into).collect();
        let reserved = Reserved { amounts, charges, expires, key, model, reservation, scope, subject };
        Ok([reserved.into()].into_iter().chain(reached).collect())
    }
}

/// What is done by whom and where, if they are there.
fn use_of<'a>(ask: &Ask<'_>, payer: Payer, model: Option<&'a str>) -> Result<Use<'a>, Refusal> {
    match payer {
        Payer::Key(key) => {
            let found = ask.state.keys.live(key, ask.now);
            let found = found.ok_or(Refusal::UnknownObject { object: Object::Key(key) })?;
            Ok(Use { key: Some(key), subject: found.issued.owner, scope: found.issued.scope, model })
        }
        Payer::Subject(subject, scope) => {
            ask.existing(subject)?;
            ask.existing_scope(scope)?;
            Ok(Use { key: None, subject, scope, model })
        }
    }
}

/// What is charged to one budget.
struct Bill<'a> {
    charge: Charge,
    budget: &'a Budget,
    amount: u64,
}

/// What is charged to each budget that counts a unit of the amounts.
fn bills<'a>(ask: &Ask<'a>, used: &Use<'_>, amounts: &Amounts) -> Result<Vec<Bill<'a>>, Refusal> {
    let bill = |(id, budget): (BudgetId, &'a Budget)| {
        let charge = Charge { budget: id, window: budget.window_at(ask.now) };
        Some(Bill { charge, budget, amount: amounts.get(budget.unit)? })
    };
    let bills: Vec<_> = ask.state.budgets_of(used).into_iter().filter_map(bill).collect();
    if bills.len() as u64 > CHARGES_MAX {
        return Err(Refusal::TooMany { count_max: CHARGES_MAX });
    }
    Ok(bills)
}

fn within_limit(ask: &Ask<'_>, bill: &Bill<'_>) -> Result<(), Refusal> {
    let Bill { charge: Charge { budget: id, window }, budget, amount } = *bill;
    let tally = ask.state.budgets.tally(id, window);
    let limit = budget.limit();
    if budget.kind == Kind::Alert || tally.used().saturating_add(amount.into()) <= u128::from(limit) {
        return Ok(());
    }
    let ends = end_of(window, &budget.zone);
    let (reserved, spent) = (shown(tally.reserved), shown(tally.spent));
    Err(Refusal::OverBudget { ends, exceeded: id, limit, reserved, spent, unit: budget.unit, wanted: amount })
}

/// Refuses what a hard budget has too little left for, without reserving anything.
pub(crate) fn fits(ask: &Ask<'_>, subject: Subject, scope: Scope, amounts: &Amounts) -> Result<(), Refusal> {
    let used = Use { key: None, subject, scope, model: None };
    bills(ask, &used, amounts)?.iter().try_for_each(|bill| within_limit(ask, bill))
}
