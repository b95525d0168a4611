//! Why something that a client sent is refused, in the words of the standard and in words for people.

use serde_json::{Map, Value, json};

/// The schema of an error.
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What kind of mistake it is: `scimType` of RFC 7644, section 3.12, and of RFC 9865.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A filter that cannot be read, or that compares what cannot be compared.
    InvalidFilter,
    /// More than can be asked for at once.
    TooMany,
    /// A value that somebody else has.
    Uniqueness,
    /// A change of what does not change.
    Mutability,
    /// A body that is not what it should be.
    InvalidSyntax,
    /// A path that leads to no attribute.
    InvalidPath,
    /// A path that selects nothing.
    NoTarget,
    /// A value that does not fit its attribute.
    InvalidValue,
    /// A version of SCIM that is not spoken here.
    InvalidVers,
    /// Something that does not belong into an address.
    Sensitive,
    /// A cursor that was not made here.
    InvalidCursor,
    /// A cursor that is too old.
    ExpiredCursor,
    /// A count that is not a number.
    InvalidCount,
    /// A body that is too long.
    TooLarge,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::InvalidFilter,
        Self::TooMany,
        Self::Uniqueness,
        Self::Mutability,
        Self::InvalidSyntax,
        Self::InvalidPath,
        Self::NoTarget,
        Self::InvalidValue,
        Self::InvalidVers,
        Self::Sensitive,
        Self::InvalidCursor,
        Self::ExpiredCursor,
        Self::InvalidCount,
        Self::TooLarge,
    ];

    /// Its `scimType`, where the standards have one.
    pub fn scim_type(self) -> Option<&'static str> {
        match self {
            Self::InvalidFilter => Some("invalidFilter"),
            Self::TooMany => Some("tooMany"),
            Self::Uniqueness => Some("uniqueness"),
            Self::Mutability => Some("mutability"),
            Self::InvalidSyntax => Some("invalidSyntax"),
            Self::InvalidPath => Some("invalidPath"),
            Self::NoTarget => Some("noTarget"),
            Self::InvalidValue => Some("invalidValue"),
            Self::InvalidVers => Some("invalidVers"),
            Self::Sensitive => Some("sensitive"),
            Self::InvalidCursor => Some("invalidCursor"),
            Self::ExpiredCursor => Some("expiredCursor"),
            Self::InvalidCount => Some("invalidCount"),
            Self::TooLarge => None,
        }
    }

    /// The status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Self::Uniqueness => 409,
            Self::Sensitive => 403,
            Self::TooLarge => 413,
            Self::InvalidFilter
            | Self::TooMany
            | Self::Mutability
            | Self::InvalidSyntax
            | Self::InvalidPath
            | Self::NoTarget
            | Self::InvalidValue
            | Self::InvalidVers
            | Self::InvalidCursor
            | Self::ExpiredCursor
            | Self::InvalidCount => 400,
        }
    }
}

/// Something that a client sent and that is not accepted: what was wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    kind: Kind,
    detail: String,
}

impl Refusal {
    /// A refusal of a kind. The sentence is for the client and names the place in backticks.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// What kind of mistake it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// The body of the answer. Its status is text, as the standard has it.
    pub fn document(&self) -> Value {
        error_document(self.status(), self.kind.scim_type(), &self.detail)
    }
}

fn error_document(status: u16, scim_type: Option<&str>, detail: &str) -> Value {
    let mut members = Map::new();
    members.insert("schemas".into(), json!([ERROR]));
    members.insert("status".into(), status.to_string().into());
    members.extend(scim_type.map(|name| ("scimType".to_owned(), name.into())));
    members.insert("detail".into(), detail.into());
    Value::Object(members)
}

/// Cuts what a client sent to a length that fits into a sentence.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN_CHARACTERS_MAX: usize = 80;
    let kept: String = text.chars().take(SHOWN_CHARACTERS_MAX).filter(|one| !one.is_control()).collect();
    let more = if kept.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", kept.replace('`', "'"))
}

pub(super) fn invalid_filter(detail: impl Into<String>) -> Refusal {
    Refusal::new(Kind::InvalidFilter, detail)
}

pub(super) fn invalid_syntax(detail: impl Into<String>) -> Refusal {
    Refusal::new(Kind::InvalidSyntax, detail)
}

pub(super) fn invalid_path(detail: impl Into<String>) -> Refusal {
    Refusal::new(Kind::InvalidPath, detail)
}

pub(super) fn invalid_value(detail: impl Into<String>) -> Refusal {
    Refusal::new(Kind::InvalidValue, detail)
}

pub(super) fn mutability(detail: impl Into<String>) -> Refusal {
    Refusal::new(Kind::Mutability, detail)
}

pub(super) fn no_target(detail: impl Into<String>) -> Refusal {
    Refusal::new(Kind::NoTarget, detail)
}

pub(super) fn too_many(detail: impl Into<String>) -> Refusal {
    Refusal::new(Kind::TooMany, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_status_in_text() {
        let refusal = Refusal::new(Kind::NoTarget, "nothing matches `emails`");
        let document = refusal.document();
        assert_eq!(document["status"], "400");
        assert_eq!(document["scimType"], "noTarget");
        assert_eq!(document["schemas"], json!([ERROR]));
        assert_eq!(Refusal::new(Kind::TooLarge, "x").document().get("scimType"), None);
    }

    #[test]
    fn what_a_client_sent_is_cut_and_kept_on_one_line() {
        assert_eq!(quoted("a`b\nc"), "`a'bc…`");
        assert!(quoted(&"x".repeat(1_000)).chars().count() < 90);
    }

    #[test]
    fn kinds_have_distinct_names() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.scim_type()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}
