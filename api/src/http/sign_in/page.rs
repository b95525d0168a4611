//! Pages for people: signing in, one's sessions.

use crate::http::html::{Html, Text, add, in_query, page};

/// Where one chooses a provider.
pub(super) fn sign_in<'a>(
    names: impl Iterator<Item = &'a str>,
    return_to: &str,
    (is_plain, recovery): (bool, bool),
) -> Html {
    let mut body = String::new();
    for name in names {
        let (path, back) = (in_query(name), in_query(return_to));
        add(
            &mut body,
            format_args!(
                "<p><a class=\"button\" href=\"/auth/{path}/start?return_to={back}\">Continue with {}</a></p>\n",
                Text(name)
            ),
        );
    }
    if body.is_empty() {
        body.push_str(
            "<p>No identity provider is set up yet. An owner names one in the policy on signing in.</p>\n",
        );
    }
    if recovery {
        body.push_str(
            "<p class=\"note\">Owners who cannot: <a href=\"/recovery\">use a recovery code</a>.</p>\n",
        );
    }
    if is_plain {
        body.push_str("<p class=\"note\">This server is reached without TLS, which is for a first run on one's own machine only.</p>\n");
    }
    page("Sign in", &body)
}

/// What went wrong.
pub(super) fn failed(sentence: &str) -> Html {
    let body =
        format!("<p role=\"alert\">{}</p>\n<p><a href=\"/sign-in\">Begin again</a></p>\n", Text(sentence));
    page("You are not signed in", &body)
}

/// After signing out.
pub(super) fn signed_out(elsewhere: Option<&str>) -> Html {
    let mut body = String::from("<p>Your session here has ended.</p>\n");
    if let Some(url) = elsewhere {
        add(
            &mut body,
            format_args!(
                "<p><a href=\"{}\">End the session at the identity provider, too</a></p>\n",
                Text(url)
            ),
        );
    }
    body.push_str("<p><a href=\"/sign-in\">Sign in again</a></p>\n");
    page("You are signed out", &body)
}

/// A row of the list of sessions.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) by: String,
    pub(super) started: String,
    pub(super) expires: String,
    pub(super) several_factors: bool,
    pub(super) is_this: bool,
}

/// One's own sessions.
pub(super) fn sessions(subject: &str, rows: &[Row]) -> Html {
    let mut body = format!(
        "<p>You are signed in as <code id=\"subject\">{}</code>. Everything you do is recorded and signed.</p>\n\
         <p><a href=\"/workspaces\">Your workspaces</a></p>\n<table>\n<caption>Your sessions</caption>\n<thead><tr><th scope=\"col\">Since</th><th scope=\"col\">Until</th>\
         <th scope=\"col\">By</th><th scope=\"col\">Factors</th><th scope=\"col\">End it</th></tr></thead>\n<tbody>\n",
        Text(subject)
    );
    for row in rows {
        let factors = if row.several_factors { "several" } else { "one" };
        let end = if row.is_this {
            "this one".to_owned()
        } else {
            format!(
                "<form method=\"post\" action=\"/sessions/{}/end\"><button type=\"submit\">End<span class=\"hidden\"> the session of {}</span></button></form>",
                Text(&row.id),
                Text(&row.started)
            )
        };
        add(
            &mut body,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{factors}</td><td>{end}</td></tr>\n",
                Text(&row.started),
                Text(&row.expires),
                Text(&row.by)
            ),
        );
    }
    body.push_str("</tbody>\n</table>\n<form method=\"post\" action=\"/sign-out\"><button type=\"submit\">Sign out</button></form>\n");
    page("Signed in", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_comes_from_outside_becomes_markup() {
        let Html(text) = sign_in(["<script>\"'&"].into_iter(), "/x\"><b>", (true, true));
        assert!(!text.contains("<script>\"") && !text.contains("<b>"), "{text}");
        assert!(
            text.contains("&lt;script&gt;&quot;&#39;&amp;") && text.contains("/x%22%3E%3Cb%3E"),
            "{text}"
        );
        let Html(text) = failed("<i>");
        assert!(text.contains("&lt;i&gt;"));
    }
}
