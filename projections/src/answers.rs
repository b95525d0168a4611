//! Questions about access, and their answers as of a moment: computed from the state alone, so that anyone who holds the log can compute
//! them again.

use crate::access::{Permission, Place, Role};
use crate::history::Moment;
use crate::identity::Standing;
use crate::{Entitlement, State};
use ledger::event::Subject;
use ledger::event::id::RoleId;
use ledger::event::scope::{Environment, Scope};
use ledger::hash::Hash;
use serde::{Deserialize, Serialize};

/// A question about access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// Which roles a subject has, and how.
    AccessOf(AccessOf),
    /// Who may do something at a place, and how.
    WhoMay(WhoMay),
    /// What makes that a subject may do something at a place.
    Explain(Explain),
    /// Which roles were gained and lost since another moment.
    Diff(Diff),
}

/// Which roles a subject has, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccessOf {
    /// Who.
    pub subject: Subject,
}

/// Who may do something at a place, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WhoMay {
    /// What, by the name of the permission.
    pub permission: Box<str>,
    /// Where.
    pub scope: Scope,
    /// In which environment.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<Environment>,
}

/// What makes that a subject may do something at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// Who.
    pub subject: Subject,
    /// What, by the name of the permission.
    pub permission: Box<str>,
    /// Where.
    pub scope: Scope,
    /// In which environment.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<Environment>,
}

/// Which roles were gained and lost since another moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// Since when.
    pub from: Moment,
    /// Of subjects after this one only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Subject>,
}

/// An answer, with all that it takes to compute it again from the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// As of when.
    pub moment: Moment,
    /// Leaf hash of the last event that the answer takes in; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Hash>,
    /// How many rows come before these.
    pub skipped: usize,
    /// Some of the rows.
    pub rows: Vec<Row>,
    /// How many rows there are in all, or in this part of them.
    pub total: usize,
    /// Of a difference in parts: what to ask for as `after` to get the next part; absent in the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<Subject>,
    /// What is said beside the rows, when an explanation was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub allowed: Option<bool>,
    /// Whether the subject may act at all, when it is not allowed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub standing: Option<Standing>,
    /// Built-in roles that would allow it there, when nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub would_allow: Vec<Box<str>>,
}

impl Answer {
    /// The answer of a state to a question as of a moment whose last event has the leaf hash `head`: at most `count` rows after those
    /// that are `skipped`.
    pub fn of(
        state: &State,
        question: Question,
        moment: Moment,
        head: Option<Hash>,
        (skipped, count): (usize, usize),
    ) -> Self {
        let Part { mut rows, next } = state.answer(&question, moment);
        let total = rows.len();
        rows = rows.into_iter().skip(skipped).take(count).collect();
        let mut answer = Self {
            question,
            moment,
            head,
            skipped,
            rows,
            total,
            next,
            allowed: None,
            standing: None,
            would_allow: Vec::new(),
        };
        if let Question::Explain(asked) = &answer.question {
            let allowed = total > 0;
            let missing = (!allowed).then(|| state.missing(asked, moment));
            answer.allowed = Some(allowed);
            (answer.standing, answer.would_allow) = missing.unwrap_or_default();
        }
        answer
    }
}

/// Most rows of one part of a difference, unless a single subject has more: so much is computed for one request, whatever happened
/// between the two moments.
pub const DIFF_ROWS_MAX: usize = 1_000;

/// Rows in order, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The rows.
    pub rows: Vec<Row>,
    /// The last subject whose rows are here, when there may be more of others.
    pub next: Option<Subject>,
}

impl From<Vec<Entitlement>> for Part {
    fn from(found: Vec<Entitlement>) -> Self {
        Self { rows: found.into_iter().map(Row::Has).collect(), next: None }
    }
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Row {
    /// A role that somebody has.
    Has(Entitlement),
    /// A role that somebody has gained.
    Gained(Change),
    /// A role that somebody has lost.
    Lost(Change),
    /// A role that permits something else.
    Redefined(Redefined),
}

impl Row {
    /// Whom it is about; nobody, when it is about a role.
    pub fn subject(&self) -> Option<Subject> {
        match self {
            Self::Has(found) => Some(found.subject),
            Self::Gained(change) | Self::Lost(change) => Some(change.access.subject),
            Self::Redefined(_) => None,
        }
    }

    /// The position of the event that did it, when one did.
    pub fn event(&self) -> Option<u64> {
        match self {
            Self::Has(found) => Some(found.joined.unwrap_or(found.granted).max(found.granted)),
            Self::Gained(change) | Self::Lost(change) => change.event,
            Self::Redefined(redefined) => Some(redefined.event),
        }
    }
}

/// A role gained or lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The role.
    pub access: Entitlement,
    /// The event that did it; absent when time did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event: Option<u64>,
    /// What did it.
    pub why: Why,
}

/// What made a role be gained or lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The role was granted.
    Granted,
    /// The subject joined a group.
    Joined,
    /// The subject may act again, or came to be.
    Reactivated,
    /// The grant was taken back.
    Revoked,
    /// The subject left the group, or the group was removed.
    Left,
    /// The subject was suspended or removed.
    Suspended,
    /// The grant's time ended.
    Expired,
}

/// A role that permits something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Redefined {
    /// Which.
    pub role: RoleId,
    /// The last event that changed it.
    pub event: u64,
}

impl State {
    /// The answer to a question, as of a moment: its rows, in order.
    pub fn answer(&self, question: &Question, moment: Moment) -> Part {
        let place = |scope, environment| Place { scope, environment };
        match question {
            Question::AccessOf(asked) => self.entitlements(asked.subject, moment).into(),
            Question::WhoMay(asked) => {
                let place = place(asked.scope, asked.environment);
                let found = Permission::parse(&asked.permission)
                    .map(|permission| self.who_may(permission, place, moment));
                found.unwrap_or_default().into()
            }
            Question::Explain(asked) => {
                let place = place(asked.scope, asked.environment);
                let found = Permission::parse(&asked.permission)
                    .map(|permission| self.entitlements_to(asked.subject, permission, place, moment));
                found.unwrap_or_default().into()
            }
            Question::Diff(asked) => self.difference(asked, moment, DIFF_ROWS_MAX),
        }
    }

    /// What keeps a subject from doing something: its standing, and the built-in roles that would allow it.
    fn missing(&self, asked: &Explain, moment: Moment) -> (Option<Standing>, Vec<Box<str>>) {
        let record = self.subjects.find(asked.subject);
        let standing = record.and_then(|record| record.standing_at(moment.size));
        let Some(permission) = Permission::parse(&asked.permission) else { return (standing, Vec::new()) };
        let around = self.scopes.around_at(asked.scope, moment.size);
        let fits = |role: &Role| around.iter().any(|scope| role.fits(scope));
        let allows =
            |role: &Role| role.built_in().is_some_and(|permissions| permissions.contains(permission));
        let roles = Role::BUILT_IN.iter().copied().filter(|role| fits(role) && allows(role));
        (standing, roles.map(|role| role.to_string().into()).collect())
    }

    /// What subjects gained and lost between two moments, and which roles changed: at most so many rows, unless a single subject has more.
    pub fn difference(&self, asked: &Diff, to: Moment, rows_max: usize) -> Part {
        let Diff { from, after } = *asked;
        let (mut part, mut last) = (Part::default(), None);
        for subject in self.touched((from, to), after) {
            let mut changed = self.changed(subject, (from, to));
            if !part.rows.is_empty() && part.rows.len().saturating_add(changed.len()) > rows_max {
                part.next = last;
                return part;
            }
            part.rows.append(&mut changed);
            last = Some(subject);
        }
        let redefined = self.roles.changed(from.size, to.size);
        part.rows.extend(redefined.map(|(role, event)| Row::Redefined(Redefined { role, event })));
        part
    }

    /// What a subject lost and gained. Only what is different is put together.
    fn changed(&self, subject: Subject, (from, to): (Moment, Moment)) -> Vec<Row> {
        let mut lost: Vec<Entitlement> = Vec::new();
        let mut gained: Vec<Entitlement> = Vec::new();
        self.each_ever(subject, (from, to), |found, (before, after)| match (before, after) {
            (true, false) => lost.extend(self.entitlement(subject, found, from)),
            (false, true) => gained.extend(self.entitlement(subject, found, to)),
            (true, true) | (false, false) => {}
        });
        let key = |found: &Entitlement| (found.group, found.grant);
        lost.sort_by_key(key);
        gained.sort_by_key(key);
        let lost = lost.into_iter().map(|access| Row::Lost(self.lost(access, to)));
        lost.chain(gained.into_iter().map(|access| Row::Gained(self.gained(access, (from, to))))).collect()
    }

    /// Subjects after `after` whose access may differ between two moments, in order.
    fn touched(&self, (from, to): (Moment, Moment), after: Option<Subject>) -> Vec<Subject> {
        let between = |seq: u64| (from.size..to.size).contains(&seq);
        let is_later = |subject: &Subject| after.is_none_or(|after| *subject > after);
        let mut found = Vec::new();
        for (subject, record) in self.subjects.list_from(after, Subject::FIRST) {
            if between(record.since) || record.changes().any(|(seq, _)| between(seq)) {
                found.push(subject);
            }
        }
        for (_, subject, span) in self.groups.memberships() {
            if is_later(&subject) && (between(span.since) || span.until().is_some_and(between)) {
                found.push(subject);
            }
        }
        for (_, grant) in self.grants.list(None) {
            let expired = grant.expires.is_some_and(|expires| from.time < expires && expires <= to.time);
            if expired || between(grant.span.since) || grant.span.until().is_some_and(between) {
                self.add_holders(grant.grantee, (from, to), &mut found);
            }
        }
        found.retain(is_later);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The last event that was needed for it.
    fn gained(&self, access: Entitlement, (from, to): (Moment, Moment)) -> Change {
        let record = self.subjects.find(access.subject);
        let returned = record
            .filter(|record| {
                record.standing_at(from.size).is_some_and(|standing| standing != Standing::Active)
            })
            .and_then(|record| record.changes().filter(|(seq, _)| *seq < to.size).last())
            .map(|(seq, _)| (seq, Why::Reactivated));
        let joined = access.joined.map(|joined| (joined, Why::Joined));
        let last = [returned, joined].into_iter().flatten().max_by_key(|(seq, _)| *seq);
        let (event, why) =
            last.filter(|(seq, _)| *seq >= access.granted).unwrap_or((access.granted, Why::Granted));
        Change { access, event: Some(event), why }
    }

    fn lost(&self, access: Entitlement, to: Moment) -> Change {
        let before_to = |seq: &u64| *seq < to.size;
        let revoked = self.grants.find(access.grant).and_then(|grant| grant.span.until()).filter(before_to);
        let left = access.group.and_then(|group| {
            let spans = self.groups.spans(group, access.subject);
            spans
                .filter(|span| Some(span.since) == access.joined)
                .find_map(|span| span.until())
                .filter(before_to)
        });
        let ended = self.subjects.find(access.subject).and_then(|record| record.ended_at(to.size));
        let (event, why) = match (ended, left, revoked) {
            (Some(seq), _, _) => (Some(seq), Why::Suspended),
            (None, Some(seq), _) => (Some(seq), Why::Left),
            (None, None, Some(seq)) => (Some(seq), Why::Revoked),
            (None, None, None) => (None, Why::Expired),
        };
        Change { access, event, why }
    }
}
