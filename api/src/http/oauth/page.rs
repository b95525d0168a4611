//! Pages on which people let programs in.

use super::authorize::Request;
use crate::http::html::{Html, Text, page};
use axum::response::{IntoResponse, Response};

/// Asks whether to let a program on this machine in.
pub(super) fn consent(subject: &str, request: &Request) -> Html {
    let body = format!(
        "<p>The command line on this machine asks to act as you, <code>{subject}</code>, until your session here ends. \
         It waits at <code>{redirect}</code>.</p>\n\
         <p class=\"note\">Allow this only if you ran <code>deed login</code> just now.</p>\n\
         <form method=\"post\" action=\"/oauth/authorize\">\n\
         <input type=\"hidden\" name=\"redirect_uri\" value=\"{redirect}\">\n\
         <input type=\"hidden\" name=\"state\" value=\"{state}\">\n\
         <input type=\"hidden\" name=\"code_challenge\" value=\"{challenge}\">\n{BUTTONS}</form>\n",
        subject = Text(subject),
        redirect = Text(&request.redirect),
        state = Text(&request.state),
        challenge = Text(&request.challenge),
    );
    page("Let the command line in?", &body)
}

const BUTTONS: &str = "<p><button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\n\
     <button type=\"submit\" name=\"decision\" value=\"decline\">Do not allow</button></p>\n";

/// Sends the browser on to a program of this machine. By a header of a page: what a form leads to may not lead elsewhere.
pub(super) fn back(url: &str, allowed: bool) -> Response {
    let (title, done) = if allowed {
        ("Allowed", "The command line goes on. You can close this page.")
    } else {
        ("Not allowed", "The command line was not let in.")
    };
    let body = format!("<p>{done} <a href=\"{}\">Go on</a> if nothing happens.</p>\n", Text(url));
    ([("refresh", format!("0;url={url}"))], page(title, &body)).into_response()
}

/// What is wrong with the address that a program sent the browser to.
pub(super) fn wrong(sentence: &str) -> Html {
    page("This cannot be allowed", &format!("<p role=\"alert\">{}</p>\n", Text(sentence)))
}

/// Where a person types the code of a program.
pub(super) fn type_code(subject: &str, wrong: Option<&str>) -> Html {
    let alert =
        wrong.map(|sentence| format!("<p role=\"alert\">{}</p>\n", Text(sentence))).unwrap_or_default();
    let body = format!(
        "{alert}<p>You are signed in as <code>{}</code>. Type the code that the program shows.</p>\n\
         <p class=\"note\">Type only a code that you asked for yourself just now. Nobody who calls or writes to you needs one.</p>\n\
         <form method=\"post\" action=\"/device\">\n<p><label for=\"user_code\">Code</label>\n\
         <input id=\"user_code\" name=\"user_code\" required maxlength=\"16\" autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\" placeholder=\"XXXX-XXXX\"></p>\n\
         <p><button type=\"submit\">Go on</button></p>\n</form>\n",
        Text(subject)
    );
    page("Let a program in", &body)
}

/// Asks whether to let the program in that a code stands for.
pub(super) fn decide(subject: &str, code: &str, from: &str, since: &str) -> Html {
    let body = format!(
        "<p>A command line asks to act as you, <code>{subject}</code>, until your session here ends.</p>\n\
         <table>\n<caption>What is known of it</caption>\n<tbody>\n\
         <tr><th scope=\"row\">Code</th><td><code>{code}</code></td></tr>\n\
         <tr><th scope=\"row\">Asked from the address</th><td><code id=\"from\">{from}</code></td></tr>\n\
         <tr><th scope=\"row\">At</th><td>{since}</td></tr>\n</tbody>\n</table>\n\
         <p class=\"note\">If you did not run <code>deed login --device</code> there yourself, do not allow it: whoever did would act as you.</p>\n\
         <form method=\"post\" action=\"/device/decide\">\n\
         <input type=\"hidden\" name=\"user_code\" value=\"{code}\">\n{BUTTONS}</form>\n",
        subject = Text(subject),
        code = Text(code),
        from = Text(from),
        since = Text(since),
    );
    page("Let this program in?", &body)
}

/// After the decision.
pub(super) fn decided(allowed: bool) -> Html {
    if allowed {
        page(
            "Allowed",
            "<p>The program goes on within some seconds. Its session is among <a href=\"/sessions\">yours</a>, where you can end it.</p>\n",
        )
    } else {
        page("Not allowed", "<p>The program was told so, and it was recorded.</p>\n")
    }
}
