//! `coder_app`.

use super::rules;
use super::shell;
use super::work::{View, Work};
use crate::templates::draft::slug;
use crate::templates::report::Outcome;
use ledger::event::workspaces::{App, Sharing};

/// An app on a port of the workspace.
pub(super) fn app<'a>(work: &mut Work<'a>, view: &View<'a>) {
    if let Some(why) = no_app(work, view) {
        return work.sheet.mark_all(view.file, view.block, &Outcome::ignored(why));
    }
    let url = work.literal(view, "url", "apps: `port` and `path`");
    let place = url.as_deref().map(place);
    if let (Some(Err(why)), Some(attribute)) = (&place, view.attribute("url")) {
        work.refuse(view.site_of(attribute), why.clone());
    }
    if view.attribute("url").is_none() {
        work.refuse(view.site(), "an app has a `url`");
    }
    let own = work.literal(view, "slug", "apps: `slug`").unwrap_or_else(|| view.label().to_owned());
    let slug = slug(&own, work.draft.apps.iter().map(|app| &*app.slug));
    let name = work.literal(view, "display_name", "apps: `name`").unwrap_or(own);
    let sharing_max = share(work, view);
    let health = health(work, view);
    if let Some(Ok((port, path))) = place {
        work.map(view.site(), format!("apps.{slug}"));
        work.draft.apps.push(App { command: None, health, name: name.into(), path, port, sharing_max, slug });
    }
    work.rest(view, rules::APP);
}

/// Why it is nothing that one opens on a port.
fn no_app<'a>(work: &Work<'a>, view: &View<'a>) -> Option<&'static str> {
    let external = view.attribute("external").map(|one| work.value(view, one).and_then(|one| one.to_bool()));
    if matches!(external, Some(Ok(true))) {
        return Some("a link to elsewhere is no app");
    }
    view.attribute("command").map(|_| "a command in a terminal is no app: open `doors.terminal`")
}

/// The port and path of `http://localhost:PORT/path`.
fn place(url: &str) -> Result<(u16, Option<Box<str>>), String> {
    let own = ["http://localhost:", "http://127.0.0.1:", "http://0.0.0.0:", "http://[::1]:"];
    let rest = own.iter().find_map(|start| url.strip_prefix(start));
    let rest = rest.ok_or("an app is on a port of the workspace: `http://localhost:PORT`")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (port, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let port: u16 = port.parse().map_err(|_| "its port is a number up to 65535")?;
    if port < 1024 {
        return Err("an app's port is 1024 or above".to_owned());
    }
    let path = match path {
        "" | "/" => None,
        path if path.starts_with('/') => Some(path.into()),
        path => Some(format!("/{path}").into()),
    };
    Ok((port, path))
}

/// With whom it may be shared.
pub(super) fn share<'a>(work: &mut Work<'a>, view: &View<'a>) -> Sharing {
    let Some(share) = work.literal(view, "share", "apps: `sharing_max`") else { return Sharing::Owner };
    let known = [Sharing::Owner, Sharing::Organization, Sharing::Authenticated, Sharing::Public];
    let found = known.into_iter().find(|sharing| sharing.as_str() == share);
    if let (None, Some(attribute)) = (found, view.attribute("share")) {
        work.refuse(view.site_of(attribute), "it is `owner`, `organization`, `authenticated` or `public`");
    }
    found.unwrap_or_default()
}

fn health<'a>(work: &mut Work<'a>, view: &View<'a>) -> Option<Box<str>> {
    let check = work.blocks(view, "healthcheck").into_iter().next()?;
    let url = work.literal(&check, "url", "apps: `health`");
    work.rest(&check, rules::APP);
    match place(&url?) {
        Ok((_, path)) => Some(path.unwrap_or_else(|| "/".into())),
        Err(why) => {
            if let Some(attribute) = check.attribute("url") {
                work.refuse(check.site_of(attribute), why);
            }
            None
        }
    }
}

/// An app that the workspace image has.
pub(super) fn built_in(
    work: &mut Work<'_>,
    name: &str,
    command: &str,
    port: u16,
    sharing_max: Sharing,
) -> Box<str> {
    if let Some(app) = work.draft.apps.iter().find(|app| app.port == port) {
        return app.slug.clone();
    }
    let slug = slug(name, work.draft.apps.iter().map(|app| &*app.slug));
    let command = Some(command.into());
    let app =
        App { command, health: None, name: name.into(), path: None, port, sharing_max, slug: slug.clone() };
    work.draft.apps.push(app);
    slug
}

/// A text as a part of a script that adds what it needs to the environment.
pub(super) fn words(work: &mut Work<'_>, text: &super::value::Text) -> Result<String, String> {
    let mut quoted = super::value::Text::of("\"");
    quoted.push(text.clone());
    quoted.push(super::value::Text::of("\""));
    let plain = text.parts().iter().all(|part| match part {
        super::value::Part::Literal(text) => !text.contains(['"', '\\', '$', '`']),
        super::value::Part::Reference(_) => true,
        super::value::Part::Volume(_) | super::value::Part::Withheld(_) => false,
    });
    if !plain {
        return Err("it has signs that mean something to a shell".to_owned());
    }
    shell::script(&quoted, true, &mut work.draft.environment)
}
