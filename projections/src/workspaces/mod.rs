//! Templates and workspaces: what can be made, what is wished, and what is.

pub mod derived;
mod fold;
pub mod impact;
mod questions;
mod templates;

pub use derived::ToolKey;
pub use fold::{LOSSES_MAX, Phase, Status, WORKSPACES_MAX, Wish, Workspace, Workspaces};
pub use questions::{Opened, Visitor};
pub use templates::{Template, Templates, Version};
