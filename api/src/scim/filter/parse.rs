//! From text to a filter or a path whose names and values fit a type of resource.

use super::rewrite::rewritten;
use super::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX, Literal, Operator, Term};
use crate::scim::error::{Refusal, invalid_filter, invalid_path, quoted};
use crate::scim::mode::Mode;
use crate::scim::place::Place;
use crate::scim::schema::{Attribute, ResourceType, Returned, Type};
use scim_v2::filter::{AttrExp, AttrPath, CompValue, CompareOp, Filter, PatchPath, ValFilter};

/// What a path selects: an attribute or a sub-attribute, and which of many values.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scim) struct Selected {
    pub(in crate::scim) place: Place,
    pub(in crate::scim) term: Option<Term>,
}

/// Reads a filter for resources of `kind`, which is one of `kinds`.
pub(super) fn filter(
    kinds: &[&'static ResourceType],
    kind: &'static ResourceType,
    mode: Mode,
    text: &str,
) -> Result<Term, Refusal> {
    let parsed: Filter = rewritten(bounded(text)?)
        .parse()
        .map_err(|_| invalid_filter(format!("{} cannot be read as a filter; correct it", quoted(text))))?;
    Reader { kinds, kind, mode, left: FILTER_TERMS_MAX }.filter(parsed, 1)
}

/// Reads the path of an operation: `emails[type eq "work"].value`.
pub(in crate::scim) fn selection(
    kind: &'static ResourceType,
    mode: Mode,
    text: &str,
) -> Result<Selected, Refusal> {
    let parsed: Result<PatchPath, _> = bounded(text)?.parse();
    let refused =
        || invalid_path(format!("{} leads to no attribute of a {}; see `/Schemas`", quoted(text), kind.name));
    let (path, filter, sub) = match parsed {
        Ok(PatchPath::Attr(path)) => (path, None, None),
        Ok(PatchPath::Value(parts)) => (parts.attr, Some(parts.filter), parts.sub_attr),
        Err(_) => return Err(refused()),
    };
    let place = find(kind, &path).ok_or_else(refused)?;
    let Some(filter) = filter else { return Ok(Selected { place, term: None }) };
    if !place.attribute().multi || place.sub().is_some() {
        return Err(invalid_path(format!(
            "`{place}` has one value, so brackets select nothing; leave them out"
        )));
    }
    let mut reader = Reader { kinds: &[kind], kind, mode, left: FILTER_TERMS_MAX };
    let term = Some(reader.inside(place, filter, 1)?);
    let sub = sub.map(|name| place.attribute().sub(&name).ok_or_else(refused)).transpose()?;
    Ok(Selected { place: sub.map_or(place, |sub| place.at(sub)), term })
}

fn bounded(text: &str) -> Result<&str, Refusal> {
    if text.len() <= FILTER_BYTES_MAX {
        return Ok(text);
    }
    Err(invalid_filter(format!("a filter has {} bytes; send at most {FILTER_BYTES_MAX}", text.len())))
}

fn find(kind: &ResourceType, path: &AttrPath) -> Option<Place> {
    Place::named(kind, path.uri.as_deref(), &path.name, path.sub_attr.as_deref())
}

struct Reader<'a> {
    kinds: &'a [&'static ResourceType],
    kind: &'static ResourceType,
    mode: Mode,
    left: usize,
}

impl Reader<'_> {
    fn filter(&mut self, filter: Filter, depth: usize) -> Result<Term, Refusal> {
        within(depth)?;
        match filter {
            Filter::Attr(expression) => self.outside(expression),
            Filter::Not(inner) => Ok(Term::Not(Box::new(self.filter(*inner, depth + 1)?))),
            Filter::And(terms) => self.each(terms.into_vec(), depth).map(Term::All),
            Filter::Or(terms) => self.each(terms.into_vec(), depth).map(Term::Any),
            Filter::ValuePath(path) => {
                let Some(place) = self.find(&path.attr)? else { return Ok(Term::Elsewhere) };
                if !place.attribute().multi || place.sub().is_some() {
                    let detail = format!("`{place}` has one value, so brackets select nothing");
                    return Err(invalid_filter(format!("{detail}; compare it without them")));
                }
                Ok(Term::Has(place, Box::new(self.inside(place, *path.filter, depth + 1)?)))
            }
        }
    }

    fn each(&mut self, terms: Vec<Filter>, depth: usize) -> Result<Vec<Term>, Refusal> {
        terms.into_iter().map(|term| self.filter(term, depth + 1)).collect()
    }

    /// An expression about a resource.
    fn outside(&mut self, expression: AttrExp) -> Result<Term, Refusal> {
        let (path, compared) = taken_apart(expression);
        let Some(place) = self.find(&path)? else { return Ok(Term::Elsewhere) };
        self.term(place, compared)
    }

    /// A filter about one value of an attribute.
    fn inside(&mut self, place: Place, filter: ValFilter, depth: usize) -> Result<Term, Refusal> {
        within(depth)?;
        match filter {
            ValFilter::Not(inner) => Ok(Term::Not(Box::new(self.inside(place, *inner, depth + 1)?))),
            ValFilter::And(terms) => self.each_inside(place, terms.into_vec(), depth).map(Term::All),
            ValFilter::Or(terms) => self.each_inside(place, terms.into_vec(), depth).map(Term::Any),
            ValFilter::Attr(expression) => {
                let (path, compared) = taken_apart(expression);
                let plain = path.uri.is_none() && path.sub_attr.is_none();
                let sub = place.attribute().sub(&path.name).filter(|_| plain);
                let unknown = || {
                    let name = quoted(&path.to_string());
                    invalid_filter(format!("{name} is no part of `{place}`; see `/Schemas`"))
                };
                self.term(place.at(sub.ok_or_else(unknown)?), compared)
            }
        }
    }

    fn each_inside(
        &mut self,
        place: Place,
        terms: Vec<ValFilter>,
        depth: usize,
    ) -> Result<Vec<Term>, Refusal> {
        terms.into_iter().map(|term| self.inside(place, term, depth + 1)).collect()
    }

    /// Where a path leads; `None` when only other types of resources have it.
    fn find(&self, path: &AttrPath) -> Result<Option<Place>, Refusal> {
        let found = find(self.kind, path);
        if found.is_some() || self.kinds.iter().any(|kind| find(kind, path).is_some()) {
            return Ok(found);
        }
        let (name, kind) = (quoted(&path.to_string()), self.kind.name);
        Err(invalid_filter(format!("{name} is no attribute of a {kind}; see `/Schemas`")))
    }

    fn term(&mut self, place: Place, compared: Option<(Operator, CompValue)>) -> Result<Term, Refusal> {
        self.left = self.left.checked_sub(1).ok_or_else(too_many_terms)?;
        if place.attribute().returned == Returned::Never {
            return Err(invalid_filter(format!(
                "`{place}` is never shown, so nothing is found by it; leave it out"
            )));
        }
        let Some((operator, value)) = compared else { return Ok(Term::Present(place)) };
        let place = place.compared();
        if !is_comparable(place.target(), operator, &value) {
            let kind = place.target().kind.name();
            return Err(invalid_filter(format!(
                "`{place}` is a {kind}, which does not compare so; use another operator"
            )));
        }
        Ok(Term::Compare(place, operator, Literal::read(place, operator, self.mode, value)?))
    }
}

fn too_many_terms() -> Refusal {
    invalid_filter(format!("the filter compares more than {FILTER_TERMS_MAX} times; split it"))
}

fn within(depth: usize) -> Result<(), Refusal> {
    if depth <= FILTER_DEPTH_MAX {
        return Ok(());
    }
    Err(invalid_filter(format!("the filter is nested more than {FILTER_DEPTH_MAX} deep; make it flatter")))
}

fn is_comparable(target: &Attribute, operator: Operator, value: &CompValue) -> bool {
    match target.kind {
        Type::Complex => *value == CompValue::Null && !operator.is_of_orders() && !operator.is_of_texts(),
        Type::Boolean | Type::Binary => !operator.is_of_orders() && !operator.is_of_texts(),
        Type::Integer | Type::Decimal => !operator.is_of_texts(),
        Type::String | Type::DateTime | Type::Reference => true,
    }
}

/// The path, and what it is compared with; nothing when it need only be there.
fn taken_apart(expression: AttrExp) -> (AttrPath, Option<(Operator, CompValue)>) {
    match expression {
        AttrExp::Present(path) => (path, None),
        AttrExp::Comparison(path, operator, value) => (path, Some((Operator::from(operator), value))),
    }
}

impl From<CompareOp> for Operator {
    fn from(operator: CompareOp) -> Self {
        match operator {
            CompareOp::Eq => Self::Equal,
            CompareOp::Ne => Self::Different,
            CompareOp::Co => Self::Contains,
            CompareOp::Sw => Self::Starts,
            CompareOp::Ew => Self::Ends,
            CompareOp::Gt => Self::Greater,
            CompareOp::Ge => Self::GreaterOrEqual,
            CompareOp::Lt => Self::Less,
            CompareOp::Le => Self::LessOrEqual,
        }
    }
}
