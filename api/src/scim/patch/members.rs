//! What a patch does to the members of a group, told without the group: it may be large, and most patches add or remove one member.

use super::{Change, Operation, Patch};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Who comes and who goes, and what else a patch does. Nobody is named twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    /// Whether all that are in it go first.
    pub everybody_goes: bool,
    /// Who comes, by id. Whoever is in the group already stays as they are.
    pub come: BTreeMap<String, Map<String, Value>>,
    /// Who goes, by id; whoever is not in it is passed over. Nobody, when everybody goes.
    pub go: Vec<String>,
    /// The rest of the patch, for the group without its members.
    pub rest: Patch,
}

/// The members that operations name, in the order of the operations.
#[derive(Default)]
struct Fold {
    everybody_goes: bool,
    named: BTreeMap<String, Option<Map<String, Value>>>,
}

pub(super) fn split(patch: &Patch) -> Option<Members> {
    let of_members = |operation: &&Operation| operation.place.attribute().name == "members";
    let mut fold = Fold::default();
    patch.operations.iter().filter(of_members).try_for_each(|operation| fold.take(operation))?;
    let rest = patch.operations.iter().filter(|operation| !of_members(operation)).cloned().collect();
    let rest = Patch { operations: rest, ..*patch };
    let (come, go): (BTreeMap<_, _>, BTreeMap<_, _>) =
        fold.named.into_iter().partition(|(_, member)| member.is_some());
    let come = come.into_iter().filter_map(|(id, member)| Some((id, member?))).collect();
    let go = if fold.everybody_goes { Vec::new() } else { go.into_keys().collect() };
    Some(Members { everybody_goes: fold.everybody_goes, come, go, rest })
}

impl Fold {
    fn take(&mut self, operation: &Operation) -> Option<()> {
        match (&operation.change, &operation.term) {
            (Change::Add(values), _) => self.come(values),
            (Change::Set(values), _) => {
                self.everybody_goes();
                self.come(values)
            }
            (Change::Remove, None) => {
                self.everybody_goes();
                Some(())
            }
            (Change::Remove, Some(term)) => self.go(term.one_of("value")?),
            (Change::RemoveThese(values), _) => {
                self.go(values.iter().map(|value| value.get("value")?.as_str()).collect::<Option<_>>()?)
            }
            (Change::Merge(_), _) => None,
        }
    }

    fn everybody_goes(&mut self) {
        *self = Self { everybody_goes: true, named: BTreeMap::new() };
    }

    fn come(&mut self, values: &[Value]) -> Option<()> {
        for value in values {
            let member = value.as_object()?;
            let id = member.get("value")?.as_str()?;
            let known = self.named.get(id).is_some_and(Option::is_some);
            if !known {
                self.named.insert(id.to_owned(), Some(member.clone()));
            }
        }
        Some(())
    }

    fn go(&mut self, ids: Vec<&str>) -> Option<()> {
        self.named.extend(ids.into_iter().map(|id| (id.to_owned(), None)));
        Some(())
    }
}
