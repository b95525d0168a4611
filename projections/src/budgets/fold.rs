//! The fold of budgets.

use super::{Budget, Budgets, Reservation, Terms};
use crate::history::{History, Span};
use ledger::event::Budgets as Facts;
use ledger::event::budgets::{Amounts, BudgetSet, Charge, Reserved, Settled, ThresholdReached};
use ledger::event::id::{BudgetId, ReservationId};

impl Budgets {
    pub(crate) fn apply(&mut self, fact: &Facts, seq: u64) {
        match fact {
            Facts::BudgetSet(set) => self.set(set, seq),
            Facts::BudgetEnded(ended) => self.end(ended.budget, seq),
            Facts::Reserved(reserved) => self.reserve(reserved),
            Facts::Settled(settled) => self.settle(settled),
            Facts::Released(released) => {
                self.close(released.reservation);
            }
            Facts::ThresholdReached(reached) => self.say(reached),
        }
    }

    fn set(&mut self, set: &BudgetSet, seq: u64) {
        let terms = Terms { limit: set.limit, thresholds: set.thresholds.clone() };
        if let Some(budget) = self.by_id.get_mut(&set.budget) {
            // What else the budget is stays: otherwise what was charged to it would be given back to another.
            budget.terms.push(seq, terms);
            return;
        }
        let mut history = History::default();
        history.push(seq, terms);
        let budget = Budget {
            target: set.target.clone(),
            unit: set.unit,
            period: set.period,
            zone: set.zone.clone(),
            kind: set.kind,
            span: Span::open(seq),
            terms: history,
        };
        self.by_target.entry(set.target.clone()).or_default().push(set.budget);
        self.by_id.insert(set.budget, budget);
    }

    fn end(&mut self, id: BudgetId, seq: u64) {
        let Some(budget) = self.by_id.get_mut(&id).filter(|budget| budget.is_live()) else { return };
        budget.span.end(seq);
        let target = budget.target.clone();
        if let Some(list) = self.by_target.get_mut(&target) {
            list.retain(|found| *found != id);
            if list.is_empty() {
                self.by_target.remove(&target);
            }
        }
    }

    fn reserve(&mut self, reserved: &Reserved) {
        let id = reserved.reservation;
        if self.open.contains_key(&id) {
            return;
        }
        let (amounts, expires) = (reserved.amounts.clone(), reserved.expires);
        let reservation = Reservation { amounts, charges: reserved.charges.as_slice().into(), expires };
        for charge in &*reservation.charges {
            let amount = self.amount(charge, &reservation.amounts);
            let tally = self.tallies.entry((charge.budget, charge.window)).or_default();
            tally.reserved = tally.reserved.saturating_add(amount);
        }
        self.note_owed(&reservation.charges);
        self.by_expiry.insert((expires, id));
        self.open.insert(id, reservation);
    }

    fn settle(&mut self, settled: &Settled) {
        let Some(reservation) = self.close(settled.reservation) else { return };
        for charge in &*reservation.charges {
            let amount = self.amount(charge, &settled.amounts);
            let tally = self.tallies.entry((charge.budget, charge.window)).or_default();
            tally.spent = tally.spent.saturating_add(amount);
        }
        self.note_owed(&reservation.charges);
    }

    /// Gives back what was reserved.
    fn close(&mut self, id: ReservationId) -> Option<Reservation> {
        let reservation = self.open.remove(&id)?;
        self.by_expiry.remove(&(reservation.expires, id));
        for charge in &*reservation.charges {
            let amount = self.amount(charge, &reservation.amounts);
            let tally = self.tallies.entry((charge.budget, charge.window)).or_default();
            tally.reserved = tally.reserved.saturating_sub(amount);
        }
        Some(reservation)
    }

    /// How much of the amounts a budget counts: what is in its unit.
    fn amount(&self, charge: &Charge, amounts: &Amounts) -> u128 {
        let unit = self.by_id.get(&charge.budget).map(|budget| budget.unit);
        unit.and_then(|unit| amounts.get(unit)).map_or(0, u128::from)
    }

    fn note_owed(&mut self, charges: &[Charge]) {
        for Charge { budget: id, window } in charges.iter().copied() {
            let Some(budget) = self.by_id.get(&id).filter(|budget| budget.is_live()) else { continue };
            let Some(tally) = self.tallies.get(&(id, window)) else { continue };
            let reached = budget.reached_by(tally.used());
            let unsaid = reached.filter(|percent| !tally.reached.contains(percent));
            for percent in unsaid {
                self.owed.insert((id, window, percent));
            }
        }
    }

    fn say(&mut self, said: &ThresholdReached) {
        self.owed.remove(&(said.budget, said.window, said.percent));
        let tally = self.tallies.entry((said.budget, said.window)).or_default();
        if !tally.reached.contains(&said.percent) {
            tally.reached.push(said.percent);
        }
    }
}
