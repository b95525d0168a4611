//! What the events say, added up the slow way.

use ledger::event::budgets::{Amounts, Charge, Kind, Reserved, Settled, ThresholdReached, Unit, Window};
use ledger::event::id::{BudgetId, ReservationId};
use ledger::event::{Budgets, Fact};
use std::collections::{BTreeMap, BTreeSet};

/// A budget as the events have it.
#[derive(Clone)]
struct Line {
    unit: Unit,
    kind: Kind,
    limit: u64,
    thresholds: Vec<u16>,
    live: bool,
}

/// What was reserved, and what came of it: nothing yet, or the amounts it cost.
struct Entry {
    reserved: Amounts,
    charges: Vec<Charge>,
    cost: Option<Vec<(Unit, u64)>>,
}

/// All budgets and reservations there ever were.
#[derive(Default)]
pub(crate) struct Books {
    budgets: BTreeMap<BudgetId, Line>,
    entries: BTreeMap<ReservationId, Entry>,
    said: BTreeSet<(BudgetId, Window, u16)>,
}

impl Books {
    /// Takes up the facts of one command, and checks what must hold of them.
    pub(crate) fn take(&mut self, facts: &[Fact]) {
        let mut touched = Vec::new();
        for fact in facts {
            let Fact::Budgets(fact) = fact else { continue };
            match fact {
                Budgets::BudgetSet(set) => {
                    let thresholds = set.thresholds.iter().collect();
                    let (unit, kind, limit) = (set.unit, set.kind, set.limit);
                    self.budgets.insert(set.budget, Line { unit, kind, limit, thresholds, live: true });
                }
                Budgets::BudgetEnded(ended) => {
                    self.budgets.get_mut(&ended.budget).expect("it was set").live = false;
                }
                Budgets::Reserved(reserved) => touched = self.reserve(reserved),
                Budgets::Settled(settled) => touched = self.settle(settled),
                Budgets::Released(released) => self.close(released.reservation, vec![]),
                Budgets::ThresholdReached(reached) => self.say(reached),
            }
        }
        self.everything_is_said(&touched);
    }

    fn reserve(&mut self, reserved: &Reserved) -> Vec<Charge> {
        let (amounts, charges) = (reserved.amounts.clone(), reserved.charges.clone());
        let entry = Entry { reserved: amounts, charges: charges.clone(), cost: None };
        assert!(self.entries.insert(reserved.reservation, entry).is_none(), "reserved twice");
        for charge in &charges {
            let line = &self.budgets[&charge.budget];
            let within = line.kind == Kind::Alert || self.used(charge) <= u128::from(line.limit);
            assert!(within && line.live, "a hard limit is exceeded");
        }
        charges
    }

    fn settle(&mut self, settled: &Settled) -> Vec<Charge> {
        let cost = settled.amounts.iter().map(|amount| (amount.unit, amount.amount)).collect();
        self.close(settled.reservation, cost);
        self.entries[&settled.reservation].charges.clone()
    }

    fn close(&mut self, reservation: ReservationId, cost: Vec<(Unit, u64)>) {
        let entry = self.entries.get_mut(&reservation).expect("it was reserved");
        assert!(entry.cost.replace(cost).is_none(), "settled or released twice");
    }

    fn say(&mut self, reached: &ThresholdReached) {
        let said = (reached.budget, reached.window, reached.percent);
        assert!(self.said.insert(said), "said twice");
        let charge = Charge { budget: reached.budget, window: reached.window };
        assert_eq!(u128::from(reached.used), self.used(&charge));
        assert!(self.is_reached(&charge, reached.percent), "said too early");
    }

    fn is_reached(&self, charge: &Charge, percent: u16) -> bool {
        let limit = u128::from(self.budgets[&charge.budget].limit);
        self.used(charge) * 100 >= limit * u128::from(percent)
    }

    fn everything_is_said(&self, touched: &[Charge]) {
        for charge in touched {
            let line = &self.budgets[&charge.budget];
            for percent in line.thresholds.iter().filter(|_| line.live) {
                let said = self.said.contains(&(charge.budget, charge.window, *percent));
                assert!(said || !self.is_reached(charge, *percent), "{percent} % was not said");
            }
        }
    }

    /// What is spent and what is reserved in a window.
    pub(crate) fn sums(&self, charge: &Charge) -> (u128, u128) {
        let unit = self.budgets[&charge.budget].unit;
        let (mut spent, mut reserved) = (0, 0);
        for entry in self.entries.values().filter(|entry| entry.charges.contains(charge)) {
            match &entry.cost {
                None => reserved += entry.reserved.get(unit).map_or(0, u128::from),
                Some(cost) => {
                    let of_unit = cost.iter().filter(|(found, _)| *found == unit);
                    spent += of_unit.map(|(_, amount)| u128::from(*amount)).sum::<u128>();
                }
            }
        }
        (spent, reserved)
    }

    fn used(&self, charge: &Charge) -> u128 {
        let (spent, reserved) = self.sums(charge);
        spent + reserved
    }

    /// Every budget and window to which something was ever charged.
    pub(crate) fn charges(&self) -> BTreeSet<Charge> {
        self.entries.values().flat_map(|entry| entry.charges.iter().copied()).collect()
    }

    /// Reservations that are not over.
    pub(crate) fn open(&self) -> Vec<ReservationId> {
        self.entries.iter().filter(|(_, entry)| entry.cost.is_none()).map(|(id, _)| *id).collect()
    }

    /// Reservations that are over.
    pub(crate) fn over(&self) -> Vec<ReservationId> {
        self.entries.iter().filter(|(_, entry)| entry.cost.is_some()).map(|(id, _)| *id).collect()
    }

    /// Budgets that limit something.
    pub(crate) fn live(&self) -> Vec<BudgetId> {
        self.budgets.iter().filter(|(_, line)| line.live).map(|(id, _)| *id).collect()
    }
}
