//! Changes of resources (RFC 7644, section 3.5.2): all of a patch happens, or nothing of it.
//!
//! What a patch says is taken apart when it is read: an operation on a whole resource, an extension or a complex attribute becomes one operation
//! on each thing that it names, with values that fit. A patch can therefore be refused before the resource is looked up, and what it
//! does to the members of a group can be told without the group.
//!
//! What the standard leaves open is settled so:
//! - A value with the `value` and `type` of one that is there is that one, with changes. Members of a group are the same when their `value` is.
//! - `replace` with a filter changes the sub-attributes that it names and leaves the others.
//! - `remove` of what is not there changes nothing.

mod apply;
mod members;
mod read;

use super::error::Refusal;
use super::filter::Term;
use super::json;
use super::mode::Mode;
use super::place::Place;
use super::resource::Resource;
use super::schema::ResourceType;
use serde_json::{Map, Value};

pub use members::Members;

/// No patch has more operations, as they were sent.
pub const OPERATIONS_MAX: usize = 1_000;

/// A change that fits a type of resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    kind: &'static ResourceType,
    mode: Mode,
    operations: Vec<Operation>,
}

/// What came of a patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// The resource as it is now.
    pub resource: Resource,
    /// Whether it is another than before. If not, it keeps its version.
    pub changed: bool,
}

/// A change of one attribute or sub-attribute.
#[derive(Clone, Debug, PartialEq)]
struct Operation {
    place: Place,
    change: Change,
    /// Of many values, those that are meant.
    term: Option<Term>,
}

/// What happens to it.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    /// Values come to those that are there.
    Add(Vec<Value>),
    /// These are the values from now on: one, unless there may be many.
    Set(Vec<Value>),
    /// Sub-attributes of values get new values; null takes one away. The standard calls this `add` or `replace`.
    Merge(Map<String, Value>),
    /// What is there goes.
    Remove,
    /// Of what is there, these values go.
    RemoveThese(Vec<Value>),
}

impl Patch {
    /// Reads what a client sends to change a resource.
    ///
    /// # Errors
    /// When it is no patch of such a resource: the refusal says where.
    pub fn read(kind: &'static ResourceType, mode: Mode, body: &[u8]) -> Result<Self, Refusal> {
        Self::from_value(kind, mode, json::read(body)?)
    }

    /// The same, from JSON that is read already: an operation of a bulk request.
    ///
    /// # Errors
    /// When it is no patch of such a resource: the refusal says where.
    pub fn from_value(kind: &'static ResourceType, mode: Mode, body: Value) -> Result<Self, Refusal> {
        Ok(Self { kind, mode, operations: read::operations(kind, mode, body)? })
    }

    /// Whether nothing is changed by it, whatever the resource.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Makes the change.
    ///
    /// # Errors
    /// When the resource does not allow it: it is of another type, misses what is selected, or would miss what it needs.
    pub fn apply(&self, resource: &Resource) -> Result<Patched, Refusal> {
        apply::apply(self, resource)
    }

    /// What the patch does to the members of a group, and the patch of the rest. `None` when that depends on who is in it.
    pub fn members(&self) -> Option<Members> {
        members::split(self)
    }
}
