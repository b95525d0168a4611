//! Facts of budgets: limits, what is reserved against them, what was spent.

mod values;

pub use values::{Amount, Amounts, NotAWindow, NotAmounts, NotThresholds, Period, Thresholds, Unit, Window};

use super::id::{BudgetId, GroupId, ReservationId, VirtualKeyId};
use super::scope::Scope;
use super::{Object, Subject, about, facts};
use crate::time::Time;
use crate::zone::Zone;
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to budgets.
    Budgets {
        /// A budget exists, or has another limit or other thresholds.
        "budgets.budget_set" 1 => BudgetSet;
        /// A budget limits nothing any more.
        "budgets.budget_ended" 1 => BudgetEnded;
        /// Something that will cost was let in, and is charged at what it may cost.
        "budgets.reserved" 1 => Reserved;
        /// It is over, and is charged at what it did cost.
        "budgets.settled" 1 => Settled;
        /// It did not happen, and costs nothing.
        "budgets.released" 1 => Released;
        /// So much of a budget is used.
        "budgets.threshold_reached" 1 => ThresholdReached;
    }
}

/// Whose use a budget counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// What happens in a scope.
    Scope(Scope),
    /// What the members of a group do.
    Group(GroupId),
    /// What a subject does.
    Subject(Subject),
    /// What is done with a virtual key.
    Key(VirtualKeyId),
    /// What is asked of a model.
    Model(Box<str>),
}

/// What happens at the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nothing more is let in.
    Hard,
    /// Nothing; the thresholds tell.
    Alert,
}

/// A budget exists, or has another limit or other thresholds; the rest of it never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSet {
    /// The budget.
    pub budget: BudgetId,
    /// What happens at the limit.
    pub kind: Kind,
    /// How much there may be, in its unit.
    pub limit: u64,
    /// Over how long it counts.
    pub period: Period,
    /// Whose use it counts.
    pub target: Target,
    /// At which percents of the limit something is to be said.
    pub thresholds: Thresholds,
    /// What it counts.
    pub unit: Unit,
    /// Whose midnight begins its days and months.
    pub zone: Zone,
}

/// A budget limits nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetEnded {
    /// The budget.
    pub budget: BudgetId,
}

/// A budget to which something is charged, and in which of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// The budget.
    pub budget: BudgetId,
    /// The window.
    pub window: Window,
}

/// Something that will cost was let in, and is charged at what it may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reserved {
    /// What it may cost, in ascending order of the unit.
    pub amounts: Amounts,
    /// Every budget that applies, in ascending order.
    pub charges: Vec<Charge>,
    /// From when on it counts as spent, if nobody said what was.
    pub expires: Time,
    /// The virtual key by which it is done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<VirtualKeyId>,
    /// The model that is asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<Box<str>>,
    /// The reservation.
    pub reservation: ReservationId,
    /// Where it is done.
    pub scope: Scope,
    /// Who does it.
    pub subject: Subject,
}

/// It is over, and is charged at what it did cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// What it did cost.
    pub amounts: Amounts,
    /// Present when nobody said what it cost in time, and what was reserved stands for it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub expired: bool,
    /// The reservation.
    pub reservation: ReservationId,
}

/// It did not happen, and costs nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Released {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Box<str>>,
    /// The reservation.
    pub reservation: ReservationId,
}

/// So much of a budget is used. It is said once for each budget, window and percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdReached {
    /// The budget.
    pub budget: BudgetId,
    /// Which of its thresholds.
    pub percent: u16,
    /// What is spent and reserved together.
    pub used: u64,
    /// The window.
    pub window: Window,
}

about! {
    BudgetSet => |fact| Object::Budget(fact.budget);
    BudgetEnded => |fact| Object::Budget(fact.budget);
    Reserved => |fact| Object::Reservation(fact.reservation);
    Settled => |fact| Object::Reservation(fact.reservation);
    Released => |fact| Object::Reservation(fact.reservation);
    ThresholdReached => |fact| Object::Budget(fact.budget);
}
