//! Budgets over HTTP.

use super::Problem;
use super::asking::{Asker, Deed};
use super::commands::{Door, Parsed};
use super::fields::{fresh_id, wrong_shape};
use super::pages::{Page, Paging};
use super::tags::Json;
use axum::extract::State;
use commands::budgets::{ChangeBudget, EndBudget, SetBudget};
use ledger::canonical::INTEGER_MAX;
use ledger::event::Grantee;
use ledger::event::budgets::{Kind, Period, Target, Thresholds, Unit, Window};
use ledger::event::id::BudgetId;
use ledger::names::is_name;
use ledger::time::Time;
use ledger::zone::Zone;
use projections::access::Permission;
use projections::budgets::{Budget, end_of, shown};
use projections::history::Moment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// At which percents something is said unless said otherwise.
const THRESHOLDS: [u16; 3] = [50, 80, 100];
/// What stands before the name of a model that a budget is for.
const MODEL: &str = "model:";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetArguments {
    target: String,
    unit: Unit,
    period: Period,
    zone: Option<String>,
    kind: Kind,
    limit: u64,
    thresholds: Option<Vec<u16>>,
}

pub(super) fn set_budget(door: Door<'_>, arguments: SetArguments) -> Result<Parsed, Problem> {
    let SetArguments { target, unit, period, zone, kind, limit, thresholds } = arguments;
    let zone = zone.map_or_else(|| Ok(Zone::utc()), |zone| Zone::parse(&zone));
    let command = SetBudget {
        budget: BudgetId::from_bytes(fresh_id()),
        target: parse_target(&target)?,
        unit,
        period,
        zone: zone.map_err(|cause| wrong_shape(format!("`zone`: {cause}")))?,
        kind,
        limit: bounded(limit)?,
        thresholds: parse_thresholds(thresholds.unwrap_or_else(|| THRESHOLDS.into()))?,
    };
    Ok(Parsed::plain(door, command))
}

/// Reads `site`, the id of what the budget is for, or `model:` and a name.
fn parse_target(text: &str) -> Result<Target, Problem> {
    if let Some(model) = text.strip_prefix(MODEL).filter(|model| is_name(model)) {
        return Ok(Target::Model(model.into()));
    }
    let scope = text.parse().map(Target::Scope);
    let grantee = text.parse().map(|grantee| match grantee {
        Grantee::Group(group) => Target::Group(group),
        Grantee::Subject(subject) => Target::Subject(subject),
    });
    let key = text.parse().map(Target::Key);
    scope.or(grantee).or(key).map_err(|_| {
        wrong_shape("`target` is `site`, `model:` and a name, or the id of an organization, a project, a group, a subject or a key")
    })
}

fn target_text(target: &Target) -> String {
    match target {
        Target::Scope(scope) => scope.to_string(),
        Target::Group(group) => group.to_string(),
        Target::Subject(subject) => subject.to_string(),
        Target::Key(key) => key.to_string(),
        Target::Model(model) => format!("{MODEL}{model}"),
    }
}

fn bounded(limit: u64) -> Result<u64, Problem> {
    if limit <= INTEGER_MAX {
        Ok(limit)
    } else {
        Err(wrong_shape(format!("`limit` is at most {INTEGER_MAX}")))
    }
}

fn parse_thresholds(percents: Vec<u16>) -> Result<Thresholds, Problem> {
    Thresholds::of(percents).map_err(|cause| wrong_shape(format!("`thresholds`: {cause}")))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeArguments {
    budget: BudgetId,
    limit: u64,
    thresholds: Vec<u16>,
}

pub(super) fn change_budget(door: Door<'_>, arguments: ChangeArguments) -> Result<Parsed, Problem> {
    let ChangeArguments { budget, limit, thresholds } = arguments;
    let (limit, thresholds) = (bounded(limit)?, parse_thresholds(thresholds)?);
    Ok(Parsed::plain(door, ChangeBudget { budget, limit, thresholds }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EndArguments {
    budget: BudgetId,
}

pub(super) fn end_budget(door: Door<'_>, arguments: EndArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, EndBudget { budget: arguments.budget }))
}

#[derive(JsonSchema, Serialize)]
pub(super) struct BudgetRow {
    budget: BudgetId,
    target: String,
    unit: Unit,
    period: Period,
    zone: Zone,
    kind: Kind,
    limit: u64,
    thresholds: Thresholds,
    status: &'static str,
    /// What counts in the window of now; absent for a moment of the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Current>,
}

#[derive(JsonSchema, Serialize)]
struct Current {
    window: Window,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<Time>,
    spent: u64,
    reserved: u64,
    reached: Vec<u16>,
}

pub(super) async fn budgets(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<BudgetId>,
) -> Result<Json<Page<BudgetRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::BudgetsRead), &paging).await?;
    let is_now = moment.size == published.head.size();
    let budgets = &published.state.budgets;
    let current = |id: BudgetId, budget: &Budget, moment: Moment| {
        let window = budget.window_at(moment.time);
        let tally = budgets.tally(id, window);
        let (spent, reserved, reached) = (shown(tally.spent), shown(tally.reserved), tally.reached.to_vec());
        Current { window, ends: end_of(window, &budget.zone), spent, reserved, reached }
    };
    let list = budgets.list(paging.after).filter(|(_, found)| found.span.since < moment.size);
    let rows = list.map(|(id, found)| {
        let terms = found.terms.at(moment.size).cloned().unwrap_or_default();
        BudgetRow {
            budget: id,
            target: target_text(&found.target),
            unit: found.unit,
            period: found.period,
            zone: found.zone.clone(),
            kind: found.kind,
            limit: terms.limit,
            thresholds: terms.thresholds,
            status: if found.span.holds(moment.size) { "live" } else { "ended" },
            current: is_now.then(|| current(id, found, moment)),
        }
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.budget.to_string())))
}
