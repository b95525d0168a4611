//! What all pages for people have in common.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::time::Time;
use std::fmt::Write;

/// A page: plain HTML that works without scripts.
pub(super) struct Html(pub(super) String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, self.0).into_response()
    }
}

/// A text as it stands in a page.
pub(super) struct Text<'a>(pub(super) &'a str);

impl std::fmt::Display for Text<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            other => out.write_char(other),
        })
    }
}

/// A page with a title and a body, in which everything from outside went through [`Text`].
pub(super) fn page(title: &str, body: &str) -> Html {
    scripted(title, body, "")
}

/// A page with one more script of ours, by its path.
pub(super) fn scripted(title: &str, body: &str, script: &str) -> Html {
    let own = if script.is_empty() {
        String::new()
    } else {
        format!("\n<script src=\"{}\" defer></script>", Text(script))
    };
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title} · Deed</title>\n\
         <link rel=\"stylesheet\" href=\"/deed.css\">\n<script src=\"/sessions.js\" defer></script>{own}\n</head>\n<body>\n\
         <main>\n<h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n",
        title = Text(title),
    ))
}

/// What went wrong, as a sentence of a page.
pub(super) fn alert(detail: &str) -> String {
    let mut letters = detail.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("<p role=\"alert\">{}{}.</p>\n", Text(&first), Text(letters.as_str()))
}

/// A time as people read it: to the second, in UTC.
pub(super) fn moment(time: Time) -> String {
    let text = time.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{} UTC", seconds.replace('T', " "))
}

/// Adds a piece to a text, which takes all.
pub(super) fn add(body: &mut String, piece: std::fmt::Arguments<'_>) {
    body.write_fmt(piece).unwrap_or_default();
}

/// Sends a browser to another address with a cookie.
pub(super) fn elsewhere(url: &str, cookie: Option<HeaderValue>) -> Response {
    let Ok(url) = HeaderValue::from_str(url) else {
        let sentence = "<p role=\"alert\">The address to go to cannot be used.</p>\n";
        return (StatusCode::BAD_GATEWAY, page("Not there", sentence)).into_response();
    };
    let mut answer = StatusCode::SEE_OTHER.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::LOCATION, url);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.extend(cookie.map(|cookie| (header::SET_COOKIE, cookie)));
    answer
}

/// A text as it stands in a query: everything but letters, digits and `-._~/` in percent.
pub(super) fn in_query(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.bytes().fold(String::new(), |mut found, byte| {
        if plain(byte) {
            found.push(char::from(byte));
        } else {
            add(&mut found, format_args!("%{byte:02X}"));
        }
        found
    })
}
