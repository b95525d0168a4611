//! What people type to search: `actor:… type:… object:… outcome:… since:… until:…`.

use super::search::Clause;
use crate::http::Problem;
use crate::http::as_of::time;
use crate::http::custody::{may_be, wanted_text};
use crate::http::pages::wrong_query;
use ledger::event::Fact;
use ledger::index::Facet;
use ledger::time::Time;
use std::collections::BTreeSet;

/// Longest search: six terms of twice the length of an id.
const QUERY_BYTES_MAX: usize = 512;
/// The keys of terms, as they are listed to whoever mistypes one.
const KEYS: &str = "`actor`, `object`, `type`, `outcome`, `since` and `until`";

/// What is searched for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// What every event found has.
    pub(super) clauses: Vec<Clause>,
    /// From when on.
    pub(super) since: Option<Time>,
    /// Before when.
    pub(super) until: Option<Time>,
}

impl Search {
    /// Reads terms separated by spaces, each `key:value` or `key:"value"`.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        if text.len() > QUERY_BYTES_MAX {
            return Err(wrong_query(format!("`q` has at most {QUERY_BYTES_MAX} bytes")));
        }
        let (mut search, mut keys) = (Self::default(), BTreeSet::new());
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (key, value, after) = term(rest)?;
            if !keys.insert(key) {
                return Err(wrong_query(format!("`q` names `{}` twice", shown(key))));
            }
            search.add(key, value)?;
            rest = after.trim_start();
        }
        Ok(search)
    }

    fn add(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        let facet = match key {
            "actor" => Facet::Actor,
            "object" => Facet::Object,
            "outcome" => Facet::Outcome,
            "type" => {
                self.clauses.push(Clause { facet: Facet::Type, texts: types(value)? });
                return Ok(());
            }
            "since" => {
                self.since = Some(when(key, value)?);
                return Ok(());
            }
            "until" => {
                self.until = Some(when(key, value)?);
                return Ok(());
            }
            _ => return Err(wrong_query(format!("`q` knows no `{}`; it knows {KEYS}", shown(key)))),
        };
        if !may_be(facet, value) {
            return Err(wrong_query(wanted_text(facet)));
        }
        self.clauses.push(Clause { facet, texts: vec![value.to_owned()] });
        Ok(())
    }
}

/// The first term of a text, and what comes after it.
fn term(text: &str) -> Result<(&str, &str, &str), Problem> {
    let wrong = || {
        let first: &str = text.split_whitespace().next().unwrap_or_default();
        wrong_query(format!("`{}` is not `key:value`; `q` knows the keys {KEYS}", shown(first)))
    };
    let (key, rest) = text.split_once(':').filter(|(key, _)| !key.contains(' ')).ok_or_else(wrong)?;
    let (value, after) = match rest.strip_prefix('"') {
        Some(quoted) => {
            quoted.split_once('"').ok_or_else(|| wrong_query("`q` has a quote without an end"))?
        }
        None => rest.split_once(' ').unwrap_or((rest, "")),
    };
    if !after.is_empty() && rest.starts_with('"') && !after.starts_with(' ') {
        return Err(wrong_query("`q` needs a space after a quoted value"));
    }
    Ok((key, value, after))
}

/// A type, or all types of an area.
fn types(value: &str) -> Result<Vec<String>, Problem> {
    let area = value.strip_suffix(".*");
    let wanted = |name: &&str| match area {
        Some(area) => name.split_once('.').is_some_and(|(of, _)| of == area),
        None => *name == value,
    };
    let found: BTreeSet<&str> = Fact::types().map(|(name, _)| name).filter(wanted).collect();
    if found.is_empty() {
        let areas = Fact::types().filter_map(|(name, _)| name.split_once('.'));
        let areas: BTreeSet<String> = areas.map(|(area, _)| format!("`{area}.*`")).collect();
        let areas = areas.into_iter().collect::<Vec<_>>().join(", ");
        return Err(wrong_query(format!(
            "there is no type `{}`; a type is such as `access.role_granted`, or all of an area: {areas}",
            shown(value)
        )));
    }
    Ok(found.into_iter().map(str::to_owned).collect())
}

fn when(key: &str, value: &str) -> Result<Time, Problem> {
    time(value).ok_or_else(|| {
        wrong_query(format!(
            "`{key}` is a time in UTC: `2027-01-31`, `2027-01-31T23:59:59Z` or `2027-01-31T23:59:59.000000Z`"
        ))
    })
}

/// A bounded piece of what was typed, safe to print.
fn shown(text: &str) -> String {
    text.chars().take(64).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(facet: Facet, texts: &[&str]) -> Clause {
        Clause { facet, texts: texts.iter().map(|text| (*text).to_owned()).collect() }
    }

    #[test]
    fn terms_are_read_in_any_order_quoted_or_not() {
        let search = Search::parse(
            "  outcome:done type:\"access.role_granted\" actor:system  since:2026-01-31 until:\"2026-02-01T10:00:00Z\" ",
        )
        .expect("a search");
        let expected = [
            clause(Facet::Outcome, &["done"]),
            clause(Facet::Type, &["access.role_granted"]),
            clause(Facet::Actor, &["system"]),
        ];
        assert_eq!(search.clauses, expected);
        assert_eq!(search.since, Time::parse("2026-01-31T00:00:00.000000Z"));
        assert_eq!(search.until, Time::parse("2026-02-01T10:00:00.000000Z"));
        assert_eq!(Search::parse("").expect("nothing"), Search::default());
    }

    #[test]
    fn an_area_stands_for_all_its_types() {
        let search = Search::parse("type:policy.*").expect("a search");
        let all = ["policy.adopted", "policy.declined", "policy.proposed"];
        assert_eq!(search.clauses, [clause(Facet::Type, &all)]);
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let long = format!("actor:{}", "a".repeat(QUERY_BYTES_MAX));
        for bad in [
            "granted",
            "who:system",
            "actor:",
            "actor:nobody",
            "actor:system actor:system",
            "object:grt_1",
            "type:access",
            "type:nothing.*",
            "type:access.*.x",
            "outcome:maybe",
            "since:yesterday",
            "since:2026-02-30",
            "until:2026-01-31T10:00:00+01:00",
            "actor:\"system",
            "actor:\"system\"outcome:done",
            ":system",
            &long,
        ] {
            assert!(Search::parse(bad).is_err(), "{bad}");
        }
    }
}
