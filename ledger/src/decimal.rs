//! Decimal numbers in their one form: digits alone, and no zero before another digit.

/// Reads a number that [`u64`]'s own printing would give back byte for byte.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let canonical = text == "0" || (text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_the_canonical_form_is_read() {
        for number in [0, 1, 9, 10, 1000, u64::MAX] {
            assert_eq!(parse(&number.to_string()), Some(number));
        }
        for bad in [
            "",
            "00",
            "01000",
            "+5",
            "-0",
            "-1",
            " 1",
            "1 ",
            "1_000",
            "0x1",
            "1.0",
            "18446744073709551616",
            "١",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
