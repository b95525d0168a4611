//! Facts of workspaces: templates, and the workspaces made from them.

mod bounds;
mod parameters;
mod references;
mod spec;

pub use bounds::{SPEC_BYTES_MAX, is_slug};
pub use parameters::{Choice, Kind, Parameter, VALUE_BYTES_MAX, Values, complete};
pub use references::{Names, resolve};
pub use spec::{
    Ai, App, Container, Destination, Doors, Limits, Network, Scratch, Sharing, Startup, Times, Volume,
    WorkspaceSpec,
};
