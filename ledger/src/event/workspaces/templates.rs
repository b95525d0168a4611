//! What happens to templates.

use super::WorkspaceSpec;
use crate::event::id::TemplateId;
use crate::event::scope::Scope;
use crate::event::{Object, about};
use crate::hash::Hash;
use serde::{Deserialize, Serialize};

/// A template exists, with no version yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateCreated {
    /// What people call it, unique in its scope.
    pub handle: Box<str>,
    /// Where it can be used.
    pub scope: Scope,
    /// The template.
    pub template: TemplateId,
}

/// A template has a version more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionPublished {
    /// SHA-256 of the canonical JSON of the spec.
    pub digest: Hash,
    /// Its number: one more than the one before, from 1.
    pub number: u64,
    /// What it was written in.
    pub source: Source,
    /// What workspaces of it are made of.
    pub spec: Box<WorkspaceSpec>,
    /// The template.
    pub template: TemplateId,
}

/// What a version was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// SHA-256 of the text that was read.
    pub digest: Hash,
    /// In which format that was.
    pub format: Format,
}

/// A format of templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Deed's own.
    Native,
    /// A Terraform template for Coder's Docker provider.
    Terraform,
    /// A `devcontainer.json`.
    Devcontainer,
}

/// New workspaces are made from this version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionPromoted {
    /// The version.
    pub number: u64,
    /// The template.
    pub template: TemplateId,
}

/// A version can no longer be promoted or updated to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionArchived {
    /// The version.
    pub number: u64,
    /// The template.
    pub template: TemplateId,
}

/// People are told not to use a template any more, or that they may again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateDeprecated {
    /// What they are told; absent when they may again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<Box<str>>,
    /// The template.
    pub template: TemplateId,
}

/// Nothing new is made from a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateArchived {
    /// The template.
    pub template: TemplateId,
}

about! {
    TemplateCreated => |fact| Object::Template(fact.template);
    VersionPublished => |fact| Object::Template(fact.template);
    VersionPromoted => |fact| Object::Template(fact.template);
    VersionArchived => |fact| Object::Template(fact.template);
    TemplateDeprecated => |fact| Object::Template(fact.template);
    TemplateArchived => |fact| Object::Template(fact.template);
}
