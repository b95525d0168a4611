//! Workspaces: what follows from the facts about them.

pub mod impact;
