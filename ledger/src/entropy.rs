//! The machine's randomness.

use crate::writer::Entropy;

/// Bytes that are fetched at once, so that an event does not cost a system call.
const FETCHED_BYTES: usize = 4_096;

/// The machine's randomness, as a writer uses it. Fails the process when the machine has none: without it no id and no key is safe.
pub fn system() -> Entropy {
    let mut fetched = zeroize::Zeroizing::new([0; FETCHED_BYTES]);
    let mut used = FETCHED_BYTES;
    Box::new(move |wanted| {
        for byte in wanted {
            if used >= FETCHED_BYTES {
                fill(fetched.as_mut());
                used = 0;
            }
            *byte = fetched.get_mut(used).map(std::mem::take).unwrap_or_default();
            used += 1;
        }
    })
}

/// So many fresh random bytes.
pub fn fresh<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

#[expect(
    clippy::expect_used,
    reason = "without randomness no id and no key is safe, so the process must not go on"
)]
fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the machine gives randomness");
}
