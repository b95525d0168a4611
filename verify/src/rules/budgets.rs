//! Rules of budgets: who may set them, that no hard one lets more in than it has left, and that each reservation is charged to every
//! budget that counts it.

use super::{Case, Verdict, Wrong, not_allowed, require, workspaces};
use ledger::event::budgets::{
    BudgetEnded, BudgetSet, Charge, Kind, Released, Reserved, Settled, Target, ThresholdReached,
};
use ledger::event::id::{BudgetId, ReservationId};
use ledger::event::scope::Scope;
use ledger::event::{Budgets, Fact, Grantee, Refusal};
use ledger::names::is_name;
use projections::access::Permission;
use projections::budgets::{BUDGETS_PER_TARGET_MAX, Budget, Reservation, Use, end_of, shown, window_of};

pub(super) fn judge(case: &Case<'_>, fact: &Budgets) -> Verdict {
    match fact {
        Budgets::BudgetSet(fact) => set(case, fact),
        Budgets::BudgetEnded(BudgetEnded { budget }) => managed(case, &live(case, *budget)?.target),
        Budgets::Reserved(fact) => reserved(case, fact),
        Budgets::Settled(fact) => settled(case, fact),
        Budgets::Released(Released { reservation, .. }) => {
            case.by_system()?;
            open(case, *reservation)?;
            require(
                workspaces::may_release(case, *reservation),
                "a workspace still took what was reserved for it",
            )
        }
        Budgets::ThresholdReached(fact) => threshold_reached(case, fact),
    }
}

/// That nothing else happens while a threshold that was reached is not said.
pub(super) fn nothing_owed(case: &Case<'_>) -> Verdict {
    let said = match &case.event.fact {
        Fact::Budgets(Budgets::ThresholdReached(_)) => true,
        Fact::Budgets(_)
        | Fact::Identity(_)
        | Fact::Access(_)
        | Fact::Keys(_)
        | Fact::Policy(_)
        | Fact::Provisioning(_)
        | Fact::Workspaces(_)
        | Fact::Custody(_) => false,
    };
    require(said || case.state.budgets.owed().next().is_none(), "a threshold was reached and not said")
}

fn live<'a>(case: &Case<'a>, id: BudgetId) -> Result<&'a Budget, Wrong> {
    let found = case.state.budgets.find(id).filter(|budget| budget.span.is_open());
    found.ok_or(not_allowed("there was no such budget, or it had ended"))
}

fn open<'a>(case: &Case<'a>, id: ReservationId) -> Result<&'a Reservation, Wrong> {
    case.state.budgets.open(id).ok_or(not_allowed("there was no such reservation, or it was over"))
}

/// That the actor may change the budgets of a target.
fn managed(case: &Case<'_>, target: &Target) -> Verdict {
    let scope = case.state.scope_of(target).unwrap_or(Scope::Site);
    case.permitted(Permission::BudgetsManage, scope).map(drop)
}

fn set(case: &Case<'_>, fact: &BudgetSet) -> Verdict {
    managed(case, &fact.target)?;
    let Some(before) = case.state.budgets.find(fact.budget) else { return new(case, fact) };
    live(case, fact.budget)?;
    let same = (&before.target, before.unit, before.period, &before.zone, before.kind)
        == (&fact.target, fact.unit, fact.period, &fact.zone, fact.kind);
    require(same, "only the limit and the thresholds of a budget may change")?;
    let now = before.terms.now();
    let changed = now.is_none_or(|now| now.limit != fact.limit || now.thresholds != fact.thresholds);
    require(changed, "nothing of the budget changed")
}

fn new(case: &Case<'_>, fact: &BudgetSet) -> Verdict {
    let time = case.event.time;
    let exists = match &fact.target {
        Target::Scope(scope) => case.state.scopes.contains(*scope),
        Target::Group(group) => return grantee_exists(case, fact, Grantee::Group(*group)),
        Target::Subject(subject) => return grantee_exists(case, fact, Grantee::Subject(*subject)),
        Target::Key(key) => case.state.keys.find(*key).is_some_and(|key| key.is_live(time)),
        Target::Model(model) => is_name(model),
    };
    require(exists, "what the budget is for did not exist, or had ended")?;
    room(case, fact)
}

fn grantee_exists(case: &Case<'_>, fact: &BudgetSet, grantee: Grantee) -> Verdict {
    case.exists(grantee)?;
    room(case, fact)
}

fn room(case: &Case<'_>, fact: &BudgetSet) -> Verdict {
    require(fact.zone.is_known(), "there is no such time zone, as far as this build knows")?;
    let count = case.state.budgets.of(&fact.target).len() as u64;
    require(count < BUDGETS_PER_TARGET_MAX, "there were as many budgets as there may be")
}

fn reserved(case: &Case<'_>, fact: &Reserved) -> Verdict {
    case.by_system()?;
    require(case.state.budgets.open(fact.reservation).is_none(), "the reservation existed already")?;
    require(case.event.time < fact.expires, "the reservation had expired when it was made")?;
    sound_use(case, fact)?;
    let expected = expected_charges(case, fact);
    require(expected == fact.charges, "it is not charged to just the budgets and windows that count it")?;
    fact.charges.iter().try_for_each(|charge| within_limit(case, fact, charge))
}

/// That whoever does it is there, and has the key by which it is done.
fn sound_use(case: &Case<'_>, fact: &Reserved) -> Verdict {
    case.exists(fact.subject.into())?;
    require(case.state.scopes.contains(fact.scope), "the scope did not exist")?;
    let Some(id) = fact.key else { return Ok(()) };
    let key = case.state.keys.find(id).filter(|key| key.is_live(case.event.time));
    let fits = key.is_some_and(|key| key.issued.owner == fact.subject && key.issued.scope == fact.scope);
    require(fits, "the key was not live, or is another's, or counts elsewhere")
}

fn expected_charges(case: &Case<'_>, fact: &Reserved) -> Vec<Charge> {
    let used = Use { key: fact.key, subject: fact.subject, scope: fact.scope, model: fact.model.as_deref() };
    let mut charges = Vec::new();
    for (id, budget) in case.state.budgets_of(&used) {
        if fact.amounts.iter().any(|amount| amount.unit == budget.unit) {
            let window = window_of(case.event.time, budget.period, &budget.zone);
            charges.push(Charge { budget: id, window });
        }
    }
    charges
}

fn within_limit(case: &Case<'_>, fact: &Reserved, charge: &Charge) -> Verdict {
    let budget = live(case, charge.budget)?;
    if budget.kind == Kind::Alert {
        return Ok(());
    }
    let tally = case.state.budgets.tally(charge.budget, charge.window);
    let amount = fact.amounts.get(budget.unit).unwrap_or_default();
    let total = tally.spent.saturating_add(tally.reserved).saturating_add(amount.into());
    require(total <= u128::from(budget.limit()), "a hard budget had not so much left")
}

fn settled(case: &Case<'_>, fact: &Settled) -> Verdict {
    case.by_system()?;
    let reservation = open(case, fact.reservation)?;
    let late = reservation.expires <= case.event.time && reservation.amounts == fact.amounts;
    require(!fact.expired || late, "it had not expired, or counts something else than was reserved")
}

fn threshold_reached(case: &Case<'_>, fact: &ThresholdReached) -> Verdict {
    case.by_system()?;
    let tally = case.state.budgets.tally(fact.budget, fact.window);
    require(case.state.budgets.owes(fact), "the threshold was not reached just before, or was said already")?;
    require(fact.used == shown(tally.used()), "it says another amount than was used")
}

/// Whether a hard budget really had too little left.
pub(super) fn is_over(case: &Case<'_>, refusal: &Refusal) -> bool {
    let Refusal::OverBudget { ends, exceeded: id, limit, reserved, spent, unit, wanted } = refusal else {
        return false;
    };
    let Ok(budget) = live(case, *id) else { return false };
    let window = window_of(case.event.time, budget.period, &budget.zone);
    let tally = case.state.budgets.tally(*id, window);
    budget.kind == Kind::Hard
        && (budget.unit, budget.limit()) == (*unit, *limit)
        && (shown(tally.spent), shown(tally.reserved)) == (*spent, *reserved)
        && end_of(window, &budget.zone) == *ends
        && tally.used().saturating_add(u128::from(*wanted)) > u128::from(*limit)
}
