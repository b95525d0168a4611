//! Setting, changing and ending budgets.

use crate::{Ask, Decide, Decision};
use ledger::canonical::INTEGER_MAX;
use ledger::event::budgets::{BudgetEnded, BudgetSet, Kind, Period, Target, Thresholds, Unit};
use ledger::event::id::BudgetId;
use ledger::event::scope::Scope;
use ledger::event::{Grantee, Object, Refusal};
use ledger::zone::Zone;
use projections::access::Permission;
use projections::budgets::{BUDGETS_PER_TARGET_MAX, Budget};

/// Limit the use of something.
#[derive(Clone, Debug)]
pub struct SetBudget {
    /// Fresh name.
    pub budget: BudgetId,
    /// Whose use counts.
    pub target: Target,
    /// What counts.
    pub unit: Unit,
    /// Over how long.
    pub period: Period,
    /// Whose midnight begins its days and months.
    pub zone: Zone,
    /// What happens at the limit.
    pub kind: Kind,
    /// How much there may be, in its unit.
    pub limit: u64,
    /// At which percents of the limit something is to be said.
    pub thresholds: Thresholds,
}

impl Decide for SetBudget {
    const NAME: &'static str = "budgets.set_budget";

    fn about(&self) -> Option<Object> {
        Some(Object::Budget(self.budget))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { budget, target, unit, period, zone, kind, limit, thresholds } = self;
        permitted(ask, &target)?;
        existing(ask, &target)?;
        if ask.state.budgets.of(&target).len() as u64 >= BUDGETS_PER_TARGET_MAX {
            return Err(Refusal::TooMany { count_max: BUDGETS_PER_TARGET_MAX });
        }
        // Events hold no larger numbers.
        let limit = limit.min(INTEGER_MAX);
        Ok(vec![BudgetSet { budget, kind, limit, period, target, thresholds, unit, zone }.into()])
    }
}

/// Give a budget another limit or other thresholds. Giving it what it has changes nothing.
#[derive(Clone, Debug)]
pub struct ChangeBudget {
    /// Which.
    pub budget: BudgetId,
    /// How much there may be, in its unit.
    pub limit: u64,
    /// At which percents of the limit something is to be said.
    pub thresholds: Thresholds,
}

impl Decide for ChangeBudget {
    const NAME: &'static str = "budgets.change_budget";

    fn about(&self) -> Option<Object> {
        Some(Object::Budget(self.budget))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { budget, limit, thresholds } = self;
        let found = find(ask, budget)?;
        permitted(ask, &found.target)?;
        if !found.is_live() {
            return Err(Refusal::UnknownObject { object: Object::Budget(budget) });
        }
        let limit = limit.min(INTEGER_MAX);
        let same = found.terms.now().is_some_and(|now| now.limit == limit && now.thresholds == thresholds);
        if same {
            return Ok(vec![]);
        }
        let Budget { target, unit, period, zone, kind, .. } = found.clone();
        Ok(vec![BudgetSet { budget, kind, limit, period, target, thresholds, unit, zone }.into()])
    }
}

/// Limit the use no more. Ending a budget twice changes nothing.
#[derive(Clone, Debug)]
pub struct EndBudget {
    /// Which.
    pub budget: BudgetId,
}

impl Decide for EndBudget {
    const NAME: &'static str = "budgets.end_budget";

    fn about(&self) -> Option<Object> {
        Some(Object::Budget(self.budget))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let budget = self.budget;
        let found = find(ask, budget)?;
        permitted(ask, &found.target)?;
        if !found.is_live() {
            return Ok(vec![]);
        }
        Ok(vec![BudgetEnded { budget }.into()])
    }
}

fn find<'a>(ask: &Ask<'a>, budget: BudgetId) -> Result<&'a Budget, Refusal> {
    ask.subject()?;
    ask.state.budgets.find(budget).ok_or(Refusal::UnknownObject { object: Object::Budget(budget) })
}

/// Refuses who may not change budgets of the target. Where there is no such target, that takes the whole site.
fn permitted(ask: &Ask<'_>, target: &Target) -> Result<(), Refusal> {
    let scope = ask.state.scope_of(target).unwrap_or(Scope::Site);
    ask.permitted(Permission::BudgetsManage, scope).map(drop)
}

/// Refuses a target that does not exist, or has ended.
fn existing(ask: &Ask<'_>, target: &Target) -> Result<(), Refusal> {
    match target {
        Target::Scope(scope) => ask.existing_scope(*scope),
        Target::Group(group) => ask.existing_grantee(Grantee::Group(*group)),
        Target::Subject(subject) => ask.existing(*subject),
        Target::Key(key) if ask.state.keys.live(*key, ask.now).is_some() => Ok(()),
        Target::Key(key) => Err(Refusal::UnknownObject { object: Object::Key(*key) }),
        Target::Model(_) => Ok(()),
    }
}
