//! The door: how a browser comes to an app in a workspace.
//!
//! A request is first read strictly ([`outer`]): which host it names, and whether a page of another origin sent it. Whoever calls decides what is
//! there and who may come in. Then [`forward`] carries it to the app and the answer back, with what concerns Deed alone taken out in both directions
//! ([`hygiene`]). Bodies and WebSockets are passed on as they come: nothing is gathered, no frame is read. A [`Cut`] ends whatever is open.
//!
//! What an app sends is hostile, and so is what a browser sends.

mod body;
mod cut;
mod forward;
pub mod hygiene;
mod meter;
mod outer;
mod page;
mod upstream;

pub use cut::{Cut, Cutter};
pub use forward::{Visit, forward};
pub use meter::{Count, Meter};
pub use outer::{Front, Kind, Outer, Refused, outer};
pub use upstream::Upstream;
