//! Short lists that are copied when they change, and cost one pointer when they are empty.

use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::Arc;

/// A short list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T>(Option<Arc<[T]>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T: Clone> List<T> {
    /// Adds one at the end.
    pub fn push(&mut self, item: T) {
        self.0 = Some(self.iter().cloned().chain([item]).collect());
    }

    /// Leaves those out that do not pass.
    pub fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        if self.iter().all(&stays) {
            return;
        }
        let rest: Arc<[T]> = self.iter().filter(|item| stays(item)).cloned().collect();
        self.0 = Some(rest).filter(|rest| !rest.is_empty());
    }
}
