//! How the page of one's workspaces looks.

use super::super::super::html::{Html, Text, add, alert, page, scripted};

/// A workspace.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: String,
    pub(super) template: String,
    pub(super) apps: Vec<AppLink>,
    pub(super) buttons: Buttons,
    /// Whether it is on its way to something else.
    pub(super) moves: bool,
    /// What a failed build said last.
    pub(super) said: Option<String>,
}

/// An app that can be opened.
pub(super) struct AppLink {
    pub(super) name: String,
    pub(super) url: String,
}

/// What can be ordered.
pub(super) struct Buttons {
    pub(super) start: bool,
    pub(super) stop: bool,
    pub(super) delete: bool,
}

const HEAD: &str = "<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Status</th><th scope=\"col\">Apps</th>\
                    <th scope=\"col\">Template</th><th scope=\"col\">Order</th></tr></thead>\n";

/// The list.
pub(super) fn workspaces(subject: &str, rows: &[Row], problem: Option<&str>) -> Html {
    let mut body = problem.map(alert).unwrap_or_default();
    add(
        &mut body,
        format_args!(
            "<p>You are signed in as <code id=\"subject\">{}</code>. <a href=\"/sessions\">Your sessions</a></p>\n\
             <p><a class=\"button\" href=\"/workspaces/new\">New workspace</a></p>\n",
            Text(subject)
        ),
    );
    let moving = if rows.iter().any(|row| row.moves) { " data-moving" } else { "" };
    add(&mut body, format_args!("<section id=\"workspaces\"{moving}>\n"));
    if rows.is_empty() {
        body.push_str("<p>You have no workspace yet.</p>\n");
    } else {
        add(&mut body, format_args!("<table>\n<caption>Your workspaces</caption>\n{HEAD}<tbody>\n"));
        rows.iter().for_each(|row| line(&mut body, row));
        body.push_str("</tbody>\n</table>\n");
    }
    body.push_str("</section>\n");
    scripted("Workspaces", &body, "/workspaces.js")
}

fn line(body: &mut String, row: &Row) {
    let (name, status) = (Text(&row.name), Text(&row.status));
    add(body, format_args!("<tr><td>{name}</td><td>{status}</td><td>"));
    for app in &row.apps {
        let (url, app) = (Text(&app.url), Text(&app.name));
        add(body, format_args!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener\">{app}</a> "));
    }
    add(body, format_args!("</td><td>{}</td><td>", Text(&row.template)));
    let Buttons { start, stop, delete } = row.buttons;
    for (shown, order, word) in
        [(start, "start", "Start"), (stop, "stop", "Stop"), (delete, "delete", "Delete")]
    {
        if shown {
            let id = Text(&row.id);
            add(
                body,
                format_args!(
                    "<form method=\"post\" action=\"/workspaces/{id}/{order}\"><button type=\"submit\">{word}\
                     <span class=\"hidden\"> {name}</span></button></form> "
                ),
            );
        }
    }
    body.push_str("</td></tr>\n");
    if let Some(said) = &row.said {
        add(
            body,
            format_args!("<tr><td colspan=\"5\">The build said last:<pre>{}</pre></td></tr>\n", Text(said)),
        );
    }
}

/// Asks once more before a workspace is deleted.
pub(super) fn sure(id: &str, name: &str, kept: &[&str]) -> Html {
    let kept = match kept {
        [] => "All that was written in it will be gone.".to_owned(),
        names => format!(
            "What was written in it will be gone, but for what its template protects: {}.",
            Text(&names.join(", "))
        ),
    };
    let body = format!(
        "<p>Delete the workspace <strong>{}</strong>? {kept}</p>\n\
         <form method=\"post\" action=\"/workspaces/{}/delete\"><input type=\"hidden\" name=\"sure\" value=\"yes\">\
         <button type=\"submit\">Delete it</button></form>\n<p><a href=\"/workspaces\">Keep it</a></p>\n",
        Text(name),
        Text(id)
    );
    page("Delete a workspace", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_comes_from_outside_becomes_markup() {
        let evil = || "<i>\"'&".to_owned();
        let row = Row {
            id: evil(),
            name: evil(),
            status: evil(),
            template: evil(),
            apps: vec![AppLink { name: evil(), url: evil() }],
            buttons: Buttons { start: true, stop: true, delete: true },
            moves: true,
            said: Some(evil()),
        };
        let Html(list) = workspaces(&evil(), &[row], Some(&evil()));
        let Html(asked) = sure(&evil(), &evil(), &["<i>"]);
        for text in [list, asked] {
            assert!(!text.contains("<i>") && text.contains("&lt;i&gt;"), "{text}");
        }
    }
}
