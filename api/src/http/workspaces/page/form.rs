//! Creating a workspace from its page: the templates there are, and the parameters of one as fields.

use super::super::super::asking::{Asker, Deed};
use super::super::super::body::Form;
use super::super::super::fields::fresh_id;
use super::super::super::html::{Html, Text, add, alert, elsewhere, page};
use super::super::super::{Kind as ProblemKind, Problem};
use super::super::orders::chosen;
use super::super::{in_path, slug};
use super::{owner, to_sign_in};
use ::commands::workspaces::CreateWorkspace;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use ledger::event::id::{TemplateId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::{Kind, Parameter};
use projections::State as Folded;
use projections::access::Permission;
use projections::workspaces::{Template, Version};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most places to choose from; whoever has more writes to the API.
const SCOPES_MAX: usize = 200;
/// A text that may be longer gets several lines.
const LINE_MAX: i64 = 256;

/// What the page is asked for.
#[derive(Deserialize)]
pub(in crate::http) struct Asked {
    template: Option<String>,
}

/// A template from which somebody can make a workspace, and where it can count.
struct Usable<'a> {
    id: TemplateId,
    found: &'a Template,
    number: u64,
    version: &'a Version,
    scopes: Vec<Scope>,
}

/// The templates, or the form of one.
pub(in crate::http) async fn new(
    State(deed): State<Deed>,
    asker: Asker,
    Query(asked): Query<Asked>,
) -> Response {
    if owner(&deed, &asker).is_none() {
        return to_sign_in();
    }
    let published = deed.engine.published();
    let state = &published.state;
    let Some(template) = asked.template else { return choose(state, &asker).into_response() };
    match usable(state, &asker, &template) {
        Ok(usable) => filled(state, &usable, None, None).into_response(),
        Err(problem) => (problem.status(), page("New workspace", &alert(problem.detail()))).into_response(),
    }
}

/// Makes it, or says what is wrong and shows the form again.
pub(in crate::http) async fn create(
    State(deed): State<Deed>,
    asker: Asker,
    form: Result<Form, Problem>,
) -> Response {
    let done = match &form {
        Ok(form) => ordered(&deed, asker, form).await,
        Err(problem) => return super::listed(&deed, &asker, Some(problem)),
    };
    let Err(problem) = done else { return elsewhere("/workspaces", None) };
    if owner(&deed, &asker).is_none() {
        return to_sign_in();
    }
    let published = deed.engine.published();
    let template = form.as_ref().ok().and_then(|form| form.field("template")).unwrap_or_default();
    match usable(&published.state, &asker, template) {
        Ok(usable) => {
            let page = filled(&published.state, &usable, form.as_ref().ok(), Some(problem.detail()));
            (problem.status(), page).into_response()
        }
        Err(_) => super::listed(&deed, &asker, Some(&problem)),
    }
}

async fn ordered(deed: &Deed, asker: Asker, form: &Form) -> Result<(), Problem> {
    let field = |name: &str| form.field(name).unwrap_or_default();
    let template = in_path::<TemplateId>(field("template"))?;
    let handle = slug(field("name"))?;
    let wrong = |_| Problem::new(ProblemKind::WrongShape, "the place is none that this server knows");
    let scope: Scope = field("scope").parse().map_err(wrong)?;
    let published = deed.engine.published();
    let active = published.state.templates.live(template).and_then(Template::active);
    let parameters = active.map(|(_, version)| version.spec.parameters.as_slice()).unwrap_or_default();
    let values: BTreeMap<String, String> = parameters
        .iter()
        .filter_map(|parameter| Some((parameter.name.to_string(), value(parameter, form)?)))
        .collect();
    let values = chosen(values)?;
    let workspace = WorkspaceId::from_bytes(fresh_id());
    let command = CreateWorkspace { workspace, handle, template, version: None, scope, values };
    deed.tell(asker, command.into()).await.map(drop)
}

/// The templates that somebody may read, in order of their names.
fn choose(state: &Folded, asker: &Asker) -> Html {
    let all = state.templates.list(None).filter(|(_, found)| found.span.is_open());
    let mut usable: Vec<(&str, TemplateId)> = all
        .filter(|(id, _)| can_use(state, asker, *id).is_some())
        .map(|(id, found)| (&*found.handle, id))
        .collect();
    usable.sort_unstable();
    let mut body = String::new();
    for (name, id) in &usable {
        let name = Text(name);
        add(
            &mut body,
            format_args!("<p><a class=\"button\" href=\"/workspaces/new?template={id}\">{name}</a></p>\n"),
        );
    }
    if usable.is_empty() {
        body.push_str("<p>There is no template from which you may make a workspace.</p>\n");
    }
    body.push_str("<p><a href=\"/workspaces\">Your workspaces</a></p>\n");
    page("New workspace", &body)
}

fn usable<'a>(state: &'a Folded, asker: &Asker, template: &str) -> Result<Usable<'a>, Problem> {
    let id = in_path::<TemplateId>(template)?;
    let nothing = || {
        let detail = "there is no such template from which you may make a workspace";
        Problem::new(ProblemKind::NoSuchRoute, detail)
    };
    can_use(state, asker, id).ok_or_else(nothing)
}

/// A template that somebody may read and make a workspace from.
fn can_use<'a>(state: &'a Folded, asker: &Asker, id: TemplateId) -> Option<Usable<'a>> {
    let now = crate::clock::now();
    let may = |permission, scope: Scope| state.actor_may(&asker.actor, permission, scope.into(), now);
    let found = state.templates.live(id).filter(|found| found.deprecated.is_none())?;
    let (number, version) = found.active().filter(|_| may(Permission::TemplatesRead, found.scope))?;
    let organizations = state.scopes.organizations(None).map(|(id, _)| Scope::Organization(id));
    let projects = state.scopes.projects(None).map(|(id, _)| Scope::Project(id));
    let all = [Scope::Site].into_iter().chain(organizations).chain(projects);
    let there = all.filter(|scope| state.scopes.is_within(*scope, found.scope));
    let there = there.filter(|scope| may(Permission::WorkspacesUse, *scope)).take(SCOPES_MAX);
    let scopes: Vec<Scope> = there.collect();
    (!scopes.is_empty()).then_some(Usable { id, found, number, version, scopes })
}

/// The form of a template, as it was filled in if it was.
fn filled(state: &Folded, usable: &Usable<'_>, form: Option<&Form>, problem: Option<&str>) -> Html {
    let Usable { id, found, number, version, scopes } = usable;
    let mut body = problem.map(alert).unwrap_or_default();
    let name = form.and_then(|form| form.field("name")).unwrap_or_default();
    add(
        &mut body,
        format_args!(
            "<p>From the template <strong>{}</strong>, version {number}.</p>\n<form method=\"post\" action=\"/workspaces\">\n\
             <input type=\"hidden\" name=\"template\" value=\"{id}\">\n<p><label for=\"name\">Name</label>\n\
             <input id=\"name\" name=\"name\" required maxlength=\"20\" pattern=\"[a-z0-9]+(-[a-z0-9]+)*\" autocomplete=\"off\" \
             title=\"1 to 20 lower-case letters, digits or single - between them\" value=\"{}\"></p>\n",
            Text(&found.handle),
            Text(name)
        ),
    );
    place(&mut body, state, scopes, form);
    version.spec.parameters.iter().for_each(|parameter| field(&mut body, parameter, form));
    body.push_str("<p><button type=\"submit\">Create it</button></p>\n</form>\n<p><a href=\"/workspaces\">Your workspaces</a></p>\n");
    page("New workspace", &body)
}

/// Where it counts, if there is a choice.
fn place(body: &mut String, state: &Folded, scopes: &[Scope], form: Option<&Form>) {
    if let [one] = scopes {
        return add(body, format_args!("<input type=\"hidden\" name=\"scope\" value=\"{one}\">\n"));
    }
    let chosen = form.and_then(|form| form.field("scope"));
    let options = scopes.iter().map(|scope| (scope.to_string(), called(state, *scope)));
    let options: Vec<_> = options.collect();
    let options: Vec<_> = options.iter().map(|(value, name)| (value.as_str(), name.as_str())).collect();
    body.push_str("<p><label for=\"scope\">Counts for</label>\n");
    select(body, "scope", &options, chosen);
    body.push_str("</p>\n");
}

/// What people call a scope.
fn called(state: &Folded, scope: Scope) -> String {
    let organization = |id| {
        let found = state.scopes.organizations(None).find(|(known, _)| *known == id);
        found.map_or_else(String::new, |(_, found)| found.handle.to_string())
    };
    match scope {
        Scope::Site => "the whole site".to_owned(),
        Scope::Organization(id) => organization(id),
        Scope::Project(id) => state.scopes.project(id).map_or_else(String::new, |project| {
            format!("{} / {}", organization(project.organization), project.handle)
        }),
    }
}

fn select(body: &mut String, id: &str, options: &[(&str, &str)], chosen: Option<&str>) {
    add(body, format_args!("<select id=\"{0}\" name=\"{0}\">\n", Text(id)));
    for (value, name) in options {
        let mark = if chosen == Some(*value) { " selected" } else { "" };
        add(body, format_args!("<option value=\"{}\"{mark}>{}</option>\n", Text(value), Text(name)));
    }
    body.push_str("</select>\n");
}

fn field_name(parameter: &Parameter) -> String {
    format!("parameter.{}", parameter.name)
}

/// What a field holds: what was filled in, else the default.
fn held<'a>(parameter: &'a Parameter, form: Option<&'a Form>) -> Option<&'a str> {
    match form {
        Some(form) => form.field(&field_name(parameter)),
        None => parameter.default.as_deref(),
    }
}

/// A parameter as a field.
fn field(body: &mut String, parameter: &Parameter, form: Option<&Form>) {
    let id = field_name(parameter);
    let held = held(parameter, form);
    let about = parameter.description.as_deref();
    let about =
        about.map(|about| format!("<span class=\"note\"> {}</span>", Text(about))).unwrap_or_default();
    add(body, format_args!("<p><label for=\"{}\">{}</label>{about}\n", Text(&id), Text(&parameter.name)));
    if parameter.options.is_empty() {
        match parameter.kind {
            Kind::Bool => checkbox(body, &id, held == Some("true")),
            Kind::Number => number(body, &id, parameter, held),
            Kind::List => {
                let lines = if form.is_some() { held.map(str::to_owned) } else { held.map(as_lines) };
                area(body, &id, &lines.unwrap_or_default());
                body.push_str("<span class=\"note\">one on each line</span>");
            }
            Kind::Text if is_long(parameter) => area(body, &id, held.unwrap_or_default()),
            Kind::Text => {
                let value = Text(held.unwrap_or_default());
                add(body, format_args!("<input id=\"{0}\" name=\"{0}\" value=\"{value}\">", Text(&id)));
            }
        }
    } else {
        let none = [("", "choose one")];
        let none = none.iter().filter(|_| parameter.default.is_none()).copied();
        let all: Vec<_> =
            none.chain(parameter.options.iter().map(|choice| (&*choice.value, &*choice.name))).collect();
        select(body, &id, &all, held);
    }
    body.push_str("</p>\n");
}

fn is_long(parameter: &Parameter) -> bool {
    parameter.default.as_deref().is_some_and(|text| text.contains('\n'))
        || parameter.max.is_some_and(|max| max > LINE_MAX)
}

fn checkbox(body: &mut String, id: &str, checked: bool) {
    let mark = if checked { " checked" } else { "" };
    add(
        body,
        format_args!("<input type=\"checkbox\" id=\"{0}\" name=\"{0}\" value=\"true\"{mark}>", Text(id)),
    );
}

fn number(body: &mut String, id: &str, parameter: &Parameter, held: Option<&str>) {
    let bound = |name: &str, bound: Option<i64>| {
        bound.map(|bound| format!(" {name}=\"{bound}\"")).unwrap_or_default()
    };
    let (min, max) = (bound("min", parameter.min), bound("max", parameter.max));
    let value = Text(held.unwrap_or_default());
    add(
        body,
        format_args!(
            "<input type=\"number\" step=\"1\" id=\"{0}\" name=\"{0}\"{min}{max} value=\"{value}\">",
            Text(id)
        ),
    );
}

fn area(body: &mut String, id: &str, text: &str) {
    // The first line break behind the tag belongs to the tag.
    add(
        body,
        format_args!("<textarea id=\"{0}\" name=\"{0}\" rows=\"4\">\n{1}</textarea>", Text(id), Text(text)),
    );
}

/// A list as lines.
fn as_lines(list: &str) -> String {
    serde_json::from_str::<Vec<String>>(list).unwrap_or_default().join("\n")
}

/// The value that a form gives a parameter; `None` for what holds when nothing is chosen.
fn value(parameter: &Parameter, form: &Form) -> Option<String> {
    let text = form.field(&field_name(parameter)).map(|text| text.replace("\r\n", "\n"));
    if !parameter.options.is_empty() {
        return text.filter(|text| !text.is_empty());
    }
    match parameter.kind {
        // A box without a mark sends nothing.
        Kind::Bool => Some(text.is_some_and(|text| text == "true").to_string()),
        Kind::Number => text.filter(|text| !text.is_empty()),
        Kind::List => {
            let lines = text?;
            let lines: Vec<&str> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            serde_json::to_string(&lines).ok()
        }
        Kind::Text => text,
    }
}
