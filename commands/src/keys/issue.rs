//! Issuing keys.

use super::bounds::Wished;
use crate::{Ask, Decide, Decision};
use ledger::event::id::VirtualKeyId;
use ledger::event::keys::KeyClass;
use ledger::event::scope::Scope;
use ledger::event::{Object, Refusal, Subject};
use ledger::hash::Hash;
use projections::access::Permission;
use projections::keys::KEYS_MAX;

/// Issue a virtual key to oneself or, with permission, to somebody who may do no more than oneself.
/// Issuing what is there already under that name changes nothing.
#[derive(Clone, Debug)]
pub struct IssueKey {
    /// Fresh name.
    pub key: VirtualKeyId,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// Whose it is; `None` for oneself.
    pub owner: Option<Subject>,
    /// What its owner calls it.
    pub alias: Box<str>,
    /// What it is for.
    pub class: KeyClass,
    /// Where its calls count.
    pub scope: Scope,
    /// What else it shall be.
    pub wished: Wished,
}

impl Decide for IssueKey {
    const NAME: &'static str = "keys.issue_key";

    fn about(&self) -> Option<Object> {
        self.owner.map(Object::from)
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { key, digest, owner, alias, class, scope, wished } = self;
        let owner = owner.map_or_else(|| ask.subject(), Ok)?;
        may_handle(ask, owner, scope)?;
        ask.active(owner)?;
        ask.existing_scope(scope)?;
        if let Some((found, live)) = ask.state.keys.by_alias(owner, &alias, ask.now) {
            let same = live.issued.class == class && live.issued.scope == scope && wished.is(&live.issued);
            return if same { Ok(vec![]) } else { Err(Refusal::AliasTaken { handle: alias, key: found }) };
        }
        let terms = wished.within(&ask.state.policies, class, ask.now)?;
        if ask.state.keys.unrevoked(owner).len() as u64 >= KEYS_MAX {
            return Err(Refusal::TooMany { count_max: KEYS_MAX });
        }
        Ok(vec![terms.issued((key, digest), owner, alias, (class, scope)).into()])
    }
}

/// Whoever has a key acts for its owner, so one needs all of the owner's rights.
pub(super) fn may_handle(ask: &Ask<'_>, owner: Subject, scope: Scope) -> Result<(), Refusal> {
    if ask.subject()? == owner {
        return ask.permitted(Permission::KeysIssue, scope).map(drop);
    }
    let actor = ask.permitted(Permission::KeysManage, scope)?;
    ask.existing(owner)?;
    ask.state.held(owner).try_for_each(|(held, _)| ask.may_touch(actor, held))
}
