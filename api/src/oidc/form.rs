//! Forms as browsers and providers send them.

use openidconnect::url::form_urlencoded;

/// The fields of a form, in order.
pub fn form(body: &[u8]) -> impl Iterator<Item = (String, String)> + '_ {
    form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned()))
}
