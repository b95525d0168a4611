//! How far a client may depart from the standard. Each difference is a question, so that no other file asks which client it is.
//!
//! | question | strict | entra | okta | tolerant |
//! |---|---|---|---|---|
//! | `accepts_pathless_patch` | no | yes | yes | yes |
//! | `accepts_paths_as_names` | no | yes | yes | yes |
//! | `ignores_unknown_attributes` | no | yes | yes | yes |
//! | `ignores_unknown_schemas` | no | yes | yes | yes |
//! | `ignores_read_only_in_patch` | no | yes | yes | yes |
//! | `requires_schemas` | yes | no | no | no |
//! | `active_as_text` | no | yes | no | yes |
//! | `remove_by_value` | no | yes | no | yes |
//! | `creates_unmatched` | no | yes | no | yes |
//! | `manager_as_text` | no | yes | no | yes |
//! | `single_as_list` | no | yes | yes | yes |
//! | `group_patch_answers_204` | no | yes | yes | no |
//! | `passes_over_unknown_members` | no | yes | yes | yes |
//! | `knows_cursors` | yes | no | no | yes |
//!
//! Strict is the interoperability profile (draft-zollner-scim-interop-profile), which refuses more than RFC 7644 does.

/// What a directory client is expected to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// What the interoperability profile allows.
    Strict,
    /// What Microsoft Entra sends, with and without its flag `aadOptscim062020`.
    Entra,
    /// What Okta sends.
    Okta,
    /// All of it.
    Tolerant,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Strict, Self::Entra, Self::Okta, Self::Tolerant];

    /// Its name in settings and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Tolerant => "tolerant",
        }
    }

    /// The mode of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether an operation without a path is applied to the whole resource. The profile refuses it, Entra and Okta send it.
    pub fn accepts_pathless_patch(self) -> bool {
        !matches!(self, Self::Strict)
    }

    /// Whether a name in such an operation may be a path: `name.givenName`, `urn:…:User:employeeNumber`.
    pub fn accepts_paths_as_names(self) -> bool {
        !matches!(self, Self::Strict)
    }

    /// Whether an attribute that no schema has is dropped. Otherwise it is refused.
    pub fn ignores_unknown_attributes(self) -> bool {
        !matches!(self, Self::Strict)
    }

    /// Whether `schemas` may name what is not known here. Entra's groups name a schema of their own.
    pub fn ignores_unknown_schemas(self) -> bool {
        !matches!(self, Self::Strict)
    }

    /// Whether a new value of what only the server sets is dropped from an operation without a path. Okta sends the `id` along.
    pub fn ignores_read_only_in_patch(self) -> bool {
        !matches!(self, Self::Strict)
    }

    /// Whether a body must say in `schemas` what it is.
    pub fn requires_schemas(self) -> bool {
        matches!(self, Self::Strict)
    }

    /// Whether `"True"` and `"False"` are truth values.
    pub fn active_as_text(self) -> bool {
        matches!(self, Self::Entra | Self::Tolerant)
    }

    /// Whether `remove` may list in `value` what to remove.
    pub fn remove_by_value(self) -> bool {
        matches!(self, Self::Entra | Self::Tolerant)
    }

    /// Whether `phoneNumbers[type eq "mobile"].value` makes the number when there is none of that type.
    pub fn creates_unmatched(self) -> bool {
        matches!(self, Self::Entra | Self::Tolerant)
    }

    /// Whether an attribute with a `value` inside, such as `manager`, may be sent as that value alone.
    pub fn manager_as_text(self) -> bool {
        matches!(self, Self::Entra | Self::Tolerant)
    }

    /// Whether one value may stand for a list of one.
    pub fn single_as_list(self) -> bool {
        !matches!(self, Self::Strict)
    }

    /// Whether a patched group is answered without a body. Entra and Okta want that, other clients want to see the group.
    pub fn group_patch_answers_204(self) -> bool {
        matches!(self, Self::Entra | Self::Okta)
    }

    /// Whether members whom nobody knows here are left out. Otherwise they are refused. Directories may still have in a group whom they no longer send.
    pub fn passes_over_unknown_members(self) -> bool {
        !matches!(self, Self::Strict)
    }

    /// Whether the configuration says that there are cursors. Clients older than RFC 9865 may refuse a name that they do not know.
    pub fn knows_cursors(self) -> bool {
        !matches!(self, Self::Entra | Self::Okta)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A question of the table, by its name.
    type Question = (&'static str, fn(Mode) -> bool);

    const QUESTIONS: [Question; 14] = [
        ("accepts_pathless_patch", Mode::accepts_pathless_patch),
        ("accepts_paths_as_names", Mode::accepts_paths_as_names),
        ("ignores_unknown_attributes", Mode::ignores_unknown_attributes),
        ("ignores_unknown_schemas", Mode::ignores_unknown_schemas),
        ("ignores_read_only_in_patch", Mode::ignores_read_only_in_patch),
        ("requires_schemas", Mode::requires_schemas),
        ("active_as_text", Mode::active_as_text),
        ("remove_by_value", Mode::remove_by_value),
        ("creates_unmatched", Mode::creates_unmatched),
        ("manager_as_text", Mode::manager_as_text),
        ("single_as_list", Mode::single_as_list),
        ("group_patch_answers_204", Mode::group_patch_answers_204),
        ("passes_over_unknown_members", Mode::passes_over_unknown_members),
        ("knows_cursors", Mode::knows_cursors),
    ];

    #[test]
    fn the_table_says_what_the_questions_answer() {
        let text = include_str!("mode.rs");
        let rows = text.lines().filter(|line| line.starts_with("//! | `"));
        let said: Vec<String> = rows.map(|line| line.trim_start_matches("//! ").to_owned()).collect();
        let word = |yes| if yes { "yes" } else { "no" };
        let row = |(name, asked): &Question| {
            let answers: Vec<_> = Mode::ALL.iter().map(|mode| word(asked(*mode))).collect();
            format!("| `{name}` | {} |", answers.join(" | "))
        };
        assert_eq!(said, QUESTIONS.iter().map(row).collect::<Vec<_>>());
    }

    #[test]
    fn a_mode_is_found_by_its_name() {
        assert!(Mode::ALL.iter().all(|mode| Mode::named(mode.name()) == Some(*mode)));
        assert_eq!(Mode::named("Strict"), None);
    }
}
