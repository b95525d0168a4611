//! The base64 of web tokens: the alphabet of addresses, without padding, in one form only.

use ledger::hash::from_base64;

/// The bytes of `text`; `None` when it is not the one form of any.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.contains(['+', '/', '=']) {
        return None;
    }
    let mut padded = text.replace('-', "+").replace('_', "/");
    while !padded.len().is_multiple_of(4) {
        padded.push('=');
    }
    from_base64(&padded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_form() {
        assert_eq!(decode("-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode(""), Some(vec![]));
        for wrong in ["+/8", "-_8=", "-_9", "a", "aaaaa", "a a", "ä"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
