//! Break-glass grants: short, loud, and reviewed by somebody else.

use super::grants::{Wanted, sound};
use crate::{Ask, Decide, Decision};
use ledger::event::access::{BreakGlassReviewed, Ground, RoleGranted, Terms};
use ledger::event::id::GrantId;
use ledger::event::scope::Scope;
use ledger::event::{Grantee, Object, Refusal};
use projections::access::{Permission, Role};

/// Take a role in an emergency, for a short time, without anybody's approval. Duties that are kept apart may meet here.
#[derive(Clone, Debug)]
pub struct BreakGlass {
    /// Fresh name of the grant.
    pub grant: GrantId,
    /// Which role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// For how long.
    pub seconds: u64,
    /// Why.
    pub reason: Box<str>,
}

impl Decide for BreakGlass {
    const NAME: &'static str = "access.break_glass";

    fn about(&self) -> Option<Object> {
        Some(Object::Grant(self.grant))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { grant, role, scope, seconds, reason } = self;
        let subject: Grantee = ask.permitted(Permission::AccessBreakGlass, scope)?.into();
        let policy = ask.state.policies.access();
        let name: Box<str> = role.to_string().into();
        if !policy.break_glass_roles.contains(&name) {
            return Err(Refusal::NotForEmergencies { role: name });
        }
        if seconds > policy.break_glass_seconds_max {
            return Err(Refusal::TooLong { seconds_max: policy.break_glass_seconds_max });
        }
        let expires = Some(ask.now.plus_seconds(seconds));
        let terms = Terms { expires, reason: Some(reason), ..Terms::default() };
        sound(ask, subject, Wanted { grant, role, scope, terms: &terms })?;
        let ground = Some(Ground::BreakGlass {});
        Ok(vec![RoleGranted { grant, ground, role: name, scope, subject, terms }.into()])
    }
}

/// Say what came of looking into the use of a break-glass grant.
#[derive(Clone, Debug)]
pub struct ReviewBreakGlass {
    /// Which grant.
    pub grant: GrantId,
    /// What was found.
    pub finding: Box<str>,
    /// Whether its use was justified.
    pub justified: bool,
}

impl Decide for ReviewBreakGlass {
    const NAME: &'static str = "access.review_break_glass";

    fn about(&self) -> Option<Object> {
        Some(Object::Grant(self.grant))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { grant, finding, justified } = self;
        let found = ask.state.grants.find(grant);
        let found = found.filter(|found| found.ground == Some(Ground::BreakGlass {}));
        let scope = found.map_or(Scope::Site, |found| found.scope);
        let reviewer = ask.permitted(Permission::AccessReview, scope)?;
        let found = found.ok_or(Refusal::UnknownGrant { grant })?;
        let object = Object::Grant(grant);
        if found.grantee == reviewer.into() {
            return Err(Refusal::OwnMatter { object });
        }
        if found.justified.is_some() {
            return Err(Refusal::Settled { object });
        }
        Ok(vec![BreakGlassReviewed { finding, grant, justified }.into()])
    }
}
