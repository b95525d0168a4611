//! Duties that no subject may hold together.

use crate::{Ask, Decide, Decision};
use ledger::event::access::{DutiesJoined, DutiesSeparated};
use ledger::event::id::DutyId;
use ledger::event::scope::Scope;
use ledger::event::{Object, Refusal};
use projections::access::Permission;

/// Most rules at a time: each is looked at whenever something is granted.
pub const DUTIES_MAX: u64 = 64;

/// Keep two permissions apart from now on. Who holds both already keeps them, and shows in the report.
#[derive(Clone, Debug)]
pub struct SeparateDuties {
    /// Fresh name.
    pub duty: DutyId,
    /// One permission.
    pub one: Permission,
    /// The other.
    pub other: Permission,
}

impl Decide for SeparateDuties {
    const NAME: &'static str = "access.separate_duties";

    fn about(&self) -> Option<Object> {
        Some(Object::Duty(self.duty))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::AccessDefine, Scope::Site)?;
        let Self { duty, one, other } = self;
        let live = || ask.state.rules.duties(None).filter(|(_, duty)| duty.span.is_open());
        let same = |found: (Permission, Permission)| found == (one, other) || found == (other, one);
        if live().any(|(_, duty)| duty.permissions().is_some_and(same)) {
            return Ok(vec![]);
        }
        if live().count() as u64 >= DUTIES_MAX {
            return Err(Refusal::TooMany { count_max: DUTIES_MAX });
        }
        Ok(vec![DutiesSeparated { duty, one: one.as_str().into(), other: other.as_str().into() }.into()])
    }
}

/// Let two duties meet again. Ending a rule twice changes nothing.
#[derive(Clone, Debug)]
pub struct JoinDuties {
    /// Which rule.
    pub duty: DutyId,
}

impl Decide for JoinDuties {
    const NAME: &'static str = "access.join_duties";

    fn about(&self) -> Option<Object> {
        Some(Object::Duty(self.duty))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::AccessDefine, Scope::Site)?;
        let object = Object::Duty(self.duty);
        let found = ask.state.rules.duty(self.duty).ok_or(Refusal::UnknownObject { object })?;
        if !found.span.is_open() {
            return Ok(vec![]);
        }
        Ok(vec![DutiesJoined { duty: self.duty }.into()])
    }
}
