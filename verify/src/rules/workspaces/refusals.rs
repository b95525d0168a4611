//! Whether refusals about templates and workspaces were right, as far as the log can tell: what was asked for is not in it, only what it was
//! about.

use super::{Case, acting};
use ledger::event::Object;
use ledger::event::id::TemplateId;
use ledger::event::scope::Scope;
use ledger::event::workspaces::Sharing;
use projections::workspaces::Workspace;

/// Whether a name was taken by a workspace of whoever was to have it.
pub(in crate::rules) fn is_taken(case: &Case<'_>, about: Option<Object>, handle: &str) -> bool {
    let own = acting(case).is_some_and(|owner| case.state.workspaces.by_handle(owner, handle).is_some());
    own || asked_about(case, about).is_some_and(|workspace| *workspace.handle == *handle)
}

/// The workspace that a refused command was about, if there was one.
fn asked_about<'a>(case: &Case<'a>, about: Option<Object>) -> Option<&'a Workspace> {
    let Some(Object::Workspace(id)) = about else { return None };
    case.state.workspaces.live(id)
}

/// Whether nothing could be made from a template for that reason.
pub(in crate::rules) fn is_unusable(
    case: &Case<'_>,
    about: Option<Object>,
    id: TemplateId,
    reason: &str,
) -> bool {
    if reason == "new_owner_may_not" {
        return asked_about(case, about).is_some_and(|workspace| workspace.template == id);
    }
    let Some(template) = case.state.templates.live(id) else { return false };
    match reason {
        "elsewhere" => template.scope != Scope::Site,
        "deprecated" => template.deprecated.is_some(),
        "nothing_promoted" => template.active().is_none(),
        "promoted" => template.active().is_some(),
        "no_such_version" => true,
        _ => false,
    }
}

/// Whether a parameter can have been given a value that it does not admit: there is one of that name, or that was the reason.
pub(in crate::rules) fn is_not_admitted(
    case: &Case<'_>,
    about: Option<Object>,
    name: &str,
    what: &str,
) -> bool {
    let unknown = what == "the template has a parameter of this name";
    unknown
        || match asked_about(case, about) {
            Some(workspace) => has_parameter(case, workspace.template, name),
            None => case.state.templates.list(None).any(|(id, _)| has_parameter(case, id, name)),
        }
}

fn has_parameter(case: &Case<'_>, id: TemplateId, name: &str) -> bool {
    let found = case.state.templates.live(id);
    found.is_some_and(|found| found.versions.values().any(|one| one.spec.parameter(name).is_some()))
}

/// Whether a workspace that is there can never have a field changed: a parameter that is not mutable, or something of another version.
pub(in crate::rules) fn is_lasting(case: &Case<'_>, about: Option<Object>, field: &str) -> bool {
    let Some(workspace) = asked_about(case, about) else { return false };
    let spec = case.state.spec_of(workspace).map(|version| &version.spec);
    let name = field.strip_prefix("parameters.");
    if let Some(parameter) = name.zip(spec).and_then(|(name, spec)| spec.parameter(name)) {
        return !parameter.mutable;
    }
    let template = case.state.templates.live(workspace.template);
    template.is_some_and(|template| template.versions.len() > 1)
}

/// Whether somebody could share an app of a workspace no wider than that. What is no app is shared with nobody.
pub(in crate::rules) fn is_ceiling(case: &Case<'_>, about: Option<Object>, sharing_max: Sharing) -> bool {
    let spec = asked_about(case, about).and_then(|workspace| case.state.spec_of(workspace));
    spec.is_some_and(|version| {
        let ceiling = version.spec.apps.iter().any(|app| app.sharing_max == sharing_max);
        sharing_max == Sharing::Owner || ceiling && sharing_max != Sharing::Public
    })
}
