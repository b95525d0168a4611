//! Numbers with nine decimal places, exact or not at all.

use std::fmt;

const PLACES: u32 = 9;
const ONE: i128 = 10_i128.pow(PLACES);

/// A number in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal(i128);

impl Decimal {
    pub(super) fn of(whole: i64) -> Self {
        Self(i128::from(whole) * ONE)
    }

    pub(super) fn length(length: usize) -> Self {
        Self::of(i64::try_from(length).unwrap_or(i64::MAX))
    }

    /// Of digits with at most nine behind the point.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(part) || part.len() > 9 || whole.len() > 24 {
            return None;
        }
        let part: i128 = format!("{part:0<9}").parse().ok()?;
        let whole = whole.parse::<i128>().ok()?.checked_mul(ONE)?;
        Some(Self(sign * whole.checked_add(part)?))
    }

    /// The whole number that it is.
    pub(super) fn whole(self) -> Option<i64> {
        if self.0 % ONE == 0 { i64::try_from(self.0 / ONE).ok() } else { None }
    }

    /// Thousandths, when there are no smaller parts.
    pub(super) fn thousandths(self) -> Option<u64> {
        let unit = ONE / 1_000;
        if self.0 % unit == 0 { u64::try_from(self.0 / unit).ok() } else { None }
    }

    pub(super) fn floor(self) -> Self {
        Self(self.0.div_euclid(ONE) * ONE)
    }

    pub(super) fn ceil(self) -> Self {
        Self(-((-self.0).div_euclid(ONE) * ONE))
    }

    pub(super) fn abs(self) -> Self {
        Self(self.0.abs())
    }

    pub(super) fn negated(self) -> Self {
        Self(-self.0)
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        let product = self.0.checked_mul(other.0)?;
        (product % ONE == 0).then_some(Self(product / ONE))
    }

    pub(super) fn over(self, other: Self) -> Option<Self> {
        let scaled = self.0.checked_mul(ONE)?;
        (scaled.checked_rem(other.0)? == 0).then(|| Self(scaled / other.0))
    }

    pub(super) fn rest(self, other: Self) -> Option<Self> {
        self.0.checked_rem(other.0).map(Self)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.abs() / ONE, self.0.abs() % ONE);
        let part = format!("{part:09}");
        match part.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            part => write!(f, "{sign}{whole}.{part}"),
        }
    }
}
