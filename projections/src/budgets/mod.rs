//! Budgets: limits, what is reserved against them, and what was spent.
//!
//! Amounts are kept apart for each budget and window. An open reservation is known until it is settled or released; after that its
//! amounts live on in the sums alone. In which window something counts is what its event says: no fold reads a calendar.

mod fold;
mod window;

pub use window::{end_of, window_of};

use crate::State;
use crate::history::{History, Span};
use crate::list::List;
use imbl::{OrdMap, OrdSet};
use ledger::canonical::INTEGER_MAX;
use ledger::event::Subject;
use ledger::event::budgets::{
    Amounts, Charge, Kind, Period, Target, ThresholdReached, Thresholds, Unit, Window,
};
use ledger::event::id::{BudgetId, ReservationId, VirtualKeyId};
use ledger::event::scope::Scope;
use ledger::time::Time;
use ledger::zone::Zone;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most budgets of one target, so that a reservation stays quick.
pub const BUDGETS_PER_TARGET_MAX: u64 = 16;
/// Most budgets to which one reservation is charged: what fits an event with room to spare.
pub const CHARGES_MAX: u64 = 256;

/// A budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Whose use it counts.
    pub target: Target,
    /// What it counts.
    pub unit: Unit,
    /// Over how long.
    pub period: Period,
    /// Whose midnight begins its days and months.
    pub zone: Zone,
    /// What happens at the limit.
    pub kind: Kind,
    /// From which event until which it limits anything.
    pub span: Span,
    /// Every limit it had.
    pub terms: History<Terms>,
}

/// What can be changed about a budget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How much there may be, in its unit.
    pub limit: u64,
    /// At which percents of it something is to be said.
    pub thresholds: Thresholds,
}

impl Budget {
    /// Whether it still limits anything.
    pub fn is_live(&self) -> bool {
        self.span.is_open()
    }

    /// How much there may be now.
    pub fn limit(&self) -> u64 {
        self.terms.now().map_or(0, |terms| terms.limit)
    }

    /// The window in which something counts that happens then.
    pub fn window_at(&self, time: Time) -> Window {
        window_of(time, self.period, &self.zone)
    }

    /// The thresholds that so much use reaches.
    pub fn reached_by(&self, used: u128) -> impl Iterator<Item = u16> + '_ {
        let thresholds = self.terms.now().into_iter().flat_map(|terms| terms.thresholds.iter());
        let limit = u128::from(self.limit());
        thresholds.filter(move |percent| used.saturating_mul(100) >= limit * u128::from(*percent))
    }
}

/// What counts in one window of a budget. The sums cannot overflow: each event adds less than 2^53.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// What was spent.
    pub spent: u128,
    /// What open reservations may cost.
    pub reserved: u128,
    /// The thresholds that were reached, in the order in which they were.
    pub reached: List<u16>,
}

impl Tally {
    /// What is spent and reserved together.
    pub fn used(&self) -> u128 {
        self.spent.saturating_add(self.reserved)
    }
}

/// An amount as events can hold it.
pub fn shown(amount: u128) -> u64 {
    u64::try_from(amount).map_or(INTEGER_MAX, |amount| amount.min(INTEGER_MAX))
}

/// What may cost something and is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// What it may cost.
    pub amounts: Amounts,
    /// To which budgets it is charged.
    pub charges: Arc<[Charge]>,
    /// From when on it counts as spent, if nobody said what was.
    pub expires: Time,
}

/// Something that is done, as far as budgets care.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// By which virtual key.
    pub key: Option<VirtualKeyId>,
    /// By whom.
    pub subject: Subject,
    /// Where.
    pub scope: Scope,
    /// Of which model.
    pub model: Option<&'a str>,
}

/// A threshold that is reached and not yet said.
pub type Owed = (BudgetId, Window, u16);

/// Budgets, what counts in their windows, and what is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    by_id: OrdMap<BudgetId, Budget>,
    by_target: OrdMap<Target, List<BudgetId>>,
    tallies: OrdMap<(BudgetId, Window), Tally>,
    open: OrdMap<ReservationId, Reservation>,
    by_expiry: OrdSet<(Time, ReservationId)>,
    owed: OrdSet<Owed>,
}

impl Budgets {
    /// A budget, ended or not.
    pub fn find(&self, id: BudgetId) -> Option<&Budget> {
        self.by_id.get(&id)
    }

    /// A budget that still limits something.
    pub fn live(&self, id: BudgetId) -> Option<&Budget> {
        self.find(id).filter(|budget| budget.is_live())
    }

    /// The live budgets of a target.
    pub fn of(&self, target: &Target) -> &[BudgetId] {
        self.by_target.get(target).map_or(&[], |list| &**list)
    }

    /// What counts in a window.
    pub fn tally(&self, budget: BudgetId, window: Window) -> Tally {
        self.tallies.get(&(budget, window)).cloned().unwrap_or_default()
    }

    /// A reservation that is not over.
    pub fn open(&self, id: ReservationId) -> Option<&Reservation> {
        self.open.get(&id)
    }

    /// How many reservations are not over.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Reservations that are not over and should be at `now`, the oldest first.
    pub fn expired(&self, now: Time) -> impl Iterator<Item = ReservationId> + '_ {
        let late = self.by_expiry.iter().take_while(move |(expires, _)| *expires <= now);
        late.map(|(_, reservation)| *reservation)
    }

    /// Thresholds that were reached by an event and must be said by the ones that follow it.
    pub fn owed(&self) -> impl Iterator<Item = Owed> + '_ {
        self.owed.iter().copied()
    }

    /// Whether just this is to be said.
    pub fn owes(&self, reached: &ThresholdReached) -> bool {
        self.owed.contains(&(reached.budget, reached.window, reached.percent))
    }

    /// Budgets after `after`, in order of id.
    pub fn list(&self, after: Option<BudgetId>) -> impl Iterator<Item = (BudgetId, &Budget)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, budget)| (*id, budget))
    }
}

impl State {
    /// The live budgets that count what is done, of whatever unit, in ascending order.
    pub fn budgets_of(&self, used: &Use<'_>) -> Vec<(BudgetId, &Budget)> {
        let scopes = self.scopes.around(used.scope).iter().map(Target::Scope);
        let groups = self.holders.groups(used.subject).iter().copied().map(Target::Group);
        let key = used.key.map(Target::Key);
        let model = used.model.map(|model| Target::Model(model.into()));
        let targets = scopes.chain(groups).chain([Target::Subject(used.subject)]).chain(key).chain(model);
        let mut found: Vec<_> = targets
            .flat_map(|target| self.budgets.of(&target).to_vec())
            .filter_map(|id| Some((id, self.budgets.live(id)?)))
            .collect();
        found.sort_by_key(|(id, _)| *id);
        found
    }

    /// Where one needs the permission to change budgets of a target; `None` when there is no such target.
    pub fn scope_of(&self, target: &Target) -> Option<Scope> {
        match target {
            Target::Scope(scope) => Some(*scope).filter(|scope| self.scopes.contains(*scope)),
            Target::Group(group) => self.groups.find(*group).map(|group| group.scope),
            Target::Key(key) => self.keys.find(*key).map(|key| key.issued.scope),
            Target::Subject(subject) => self.subjects.find(*subject).map(|_| Scope::Site),
            Target::Model(_) => Some(Scope::Site),
        }
    }
}
