//! Expressions to values: lazily, within a bounded number of steps, and for each option where a value depends on one.

use super::number::Decimal;
use super::template;
use super::value::{Evaluated, Failure, Part, Reference, Text, Value, wrong};
use super::world::World;
use hcl::edit::expr::{
    BinaryOp, BinaryOperator, Expression, ForExpr, FuncCall, Object, ObjectKey, UnaryOp, UnaryOperator,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// Most steps of one import; a usual template takes some hundreds.
const STEPS_MAX: u64 = 400_000;
/// Deepest expression, with the locals that it leads to.
const DEPTH_MAX: usize = 100;
/// Most combinations of options that an expression is evaluated for.
const CHOICES_MAX: usize = 64;

/// Names that hold within a block or a `for`.
pub(super) type Scope = BTreeMap<String, Value>;

/// Evaluates the expressions of one template.
pub(super) struct Machine<'a> {
    pub(super) world: World<'a>,
    steps: Cell<u64>,
    depth: Cell<usize>,
    /// What is assumed of parameters, while an expression is evaluated for each option.
    assumed: RefCell<BTreeMap<String, String>>,
    /// Globals that are evaluated right now, and those that were, by what was assumed.
    active: RefCell<Vec<String>>,
    known: RefCell<BTreeMap<String, Evaluated>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(world: World<'a>) -> Self {
        Self {
            world,
            steps: Cell::new(0),
            depth: Cell::new(0),
            assumed: RefCell::default(),
            active: RefCell::default(),
            known: RefCell::default(),
        }
    }

    /// The value of an expression.
    pub(super) fn value(&self, expression: &Expression, scope: &Scope) -> Evaluated {
        self.spend(1)?;
        if self.depth.get() >= DEPTH_MAX {
            return Err(Failure::Exhausted(format!("it is nested more than {DEPTH_MAX} times")));
        }
        self.depth.set(self.depth.get() + 1);
        let value = match self.at_once(expression, scope) {
            Err(Failure::Depends(on)) => self.for_each_option(expression, scope, on),
            done => done,
        };
        self.depth.set(self.depth.get() - 1);
        value
    }

    pub(super) fn spend(&self, steps: u64) -> Result<(), Failure> {
        let spent = self.steps.get().saturating_add(steps);
        self.steps.set(spent);
        if spent <= STEPS_MAX {
            return Ok(());
        }
        Err(Failure::Exhausted(format!("the template takes more than {STEPS_MAX} steps to evaluate")))
    }

    fn at_once(&self, expression: &Expression, scope: &Scope) -> Evaluated {
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(value) => Ok(Value::Bool(*value.value())),
            Expression::Number(number) => decimal(&number.value().to_string()),
            Expression::String(text) => Ok(Value::text(text.value().clone())),
            Expression::Array(array) => {
                let values: Result<Vec<_>, _> = array.iter().map(|one| self.value(one, scope)).collect();
                values.map(Value::List)
            }
            Expression::Object(object) => self.object(object, scope),
            Expression::StringTemplate(text) => template::quoted(self, text, scope),
            Expression::HeredocTemplate(text) => template::heredoc(self, text, scope),
            Expression::Parenthesis(inner) => self.value(inner.inner(), scope),
            Expression::Variable(name) => self.named(name.as_str(), &[], scope),
            Expression::Conditional(one) => {
                let holds = self.value(&one.cond_expr, scope)?.to_bool()?;
                self.value(if holds { &one.true_expr } else { &one.false_expr }, scope)
            }
            Expression::FuncCall(call) => self.call(call, scope),
            Expression::Traversal(traversal) => {
                let operators = traversal.operators.as_slice();
                if let Expression::Variable(name) = &traversal.expr {
                    return self.named(name.as_str(), operators, scope);
                }
                super::traverse::follow(self, &self.value(&traversal.expr, scope)?, operators, scope)
            }
            Expression::UnaryOp(operation) => self.unary(operation, scope),
            Expression::BinaryOp(operation) => self.binary(operation, scope),
            Expression::ForExpr(one) => self.for_expression(one, scope),
        }
    }

    fn object(&self, object: &Object, scope: &Scope) -> Evaluated {
        let mut map = BTreeMap::new();
        for (key, value) in object {
            let key = match key {
                ObjectKey::Ident(name) => name.as_str().to_owned(),
                ObjectKey::Expression(Expression::Variable(name)) => name.as_str().to_owned(),
                ObjectKey::Expression(key) => self.value(key, scope)?.literal()?,
            };
            map.insert(key, self.value(value.expr(), scope)?);
        }
        Ok(Value::Map(map))
    }

    fn call(&self, call: &FuncCall, scope: &Scope) -> Evaluated {
        if call.name.is_namespaced() {
            return wrong("functions of providers are not known here");
        }
        super::functions::call(self, call.name.name.as_str(), &call.args, scope)
    }

    fn unary(&self, operation: &UnaryOp, scope: &Scope) -> Evaluated {
        let value = self.value(&operation.expr, scope)?;
        match operation.operator.value() {
            UnaryOperator::Neg => Ok(Value::Number(value.to_number()?.negated())),
            UnaryOperator::Not => Ok(Value::Bool(!value.to_bool()?)),
        }
    }

    fn binary(&self, operation: &BinaryOp, scope: &Scope) -> Evaluated {
        use BinaryOperator as Op;
        let left = self.value(&operation.lhs_expr, scope)?;
        let right = || self.value(&operation.rhs_expr, scope);
        let numbers = || Ok((left.to_number()?, right()?.to_number()?));
        let exact = |number: Option<Decimal>| {
            let what = "the result is no number with at most nine decimal places";
            number.map(Value::Number).ok_or_else(|| Failure::Wrong(what.to_owned()))
        };
        let calculate = |of: fn(Decimal, Decimal) -> Option<Decimal>| {
            let (left, right) = numbers()?;
            exact(of(left, right))
        };
        let compare = |of: fn(&Decimal, &Decimal) -> bool| {
            let (left, right) = numbers()?;
            Ok(Value::Bool(of(&left, &right)))
        };
        match *operation.operator.value() {
            Op::And => Ok(Value::Bool(left.to_bool()? && right()?.to_bool()?)),
            Op::Or => Ok(Value::Bool(left.to_bool()? || right()?.to_bool()?)),
            Op::Eq => equal(&left, &right()?).map(Value::Bool),
            Op::NotEq => equal(&left, &right()?).map(|equal| Value::Bool(!equal)),
            Op::Plus => calculate(Decimal::plus),
            Op::Minus => calculate(|left, right| left.plus(right.negated())),
            Op::Mul => calculate(Decimal::times),
            Op::Div => calculate(Decimal::over),
            Op::Mod => calculate(Decimal::rest),
            Op::Less => compare(Decimal::lt),
            Op::LessEq => compare(Decimal::le),
            Op::Greater => compare(Decimal::gt),
            Op::GreaterEq => compare(Decimal::ge),
        }
    }

    fn for_expression(&self, one: &ForExpr, scope: &Scope) -> Evaluated {
        let collection = self.value(&one.intro.collection_expr, scope)?;
        let (mut list, mut map) = (Vec::new(), BTreeMap::new());
        let mut inner = scope.clone();
        for (key, value) in collection.entries()? {
            if let Some(name) = &one.intro.key_var {
                inner.insert(name.as_str().to_owned(), key);
            }
            inner.insert(one.intro.value_var.as_str().to_owned(), value);
            let kept =
                one.cond.as_ref().map_or(Ok(true), |cond| self.value(&cond.expr, &inner)?.to_bool())?;
            if !kept {
                continue;
            }
            let value = self.value(&one.value_expr, &inner)?;
            self.spend(value.weight())?;
            match &one.key_expr {
                None => list.push(value),
                Some(key) => insert(&mut map, self.value(key, &inner)?.literal()?, value, one.grouping)?,
            }
        }
        Ok(if one.key_expr.is_some() { Value::Map(map) } else { Value::List(list) })
    }

    fn named(
        &self,
        name: &str,
        operators: &[hcl::edit::Decorated<hcl::edit::expr::TraversalOperator>],
        scope: &Scope,
    ) -> Evaluated {
        if let Some(value) = scope.get(name) {
            self.spend(value.weight())?;
            return super::traverse::follow(self, &self.grounded(value), operators, scope);
        }
        super::traverse::global(self, name, operators, scope)
    }

    /// A global that is evaluated once for each set of assumptions.
    pub(super) fn global(&self, name: &str, evaluate: impl FnOnce() -> Evaluated) -> Evaluated {
        let key = format!("{name} {:?}", self.assumed.borrow());
        let known = self.known.borrow().get(&key).cloned();
        if let Some(value) = known {
            self.spend(value.as_ref().map_or(1, Value::weight))?;
            return value;
        }
        if self.active.borrow().iter().any(|one| one == name) {
            return wrong(format!("`{name}` depends on itself"));
        }
        self.active.borrow_mut().push(name.to_owned());
        let value = evaluate();
        self.active.borrow_mut().pop();
        if !matches!(value, Err(Failure::Exhausted(_))) {
            self.known.borrow_mut().insert(key, value.clone());
        }
        value
    }

    /// What a parameter is assumed to be.
    pub(super) fn assumption(&self, parameter: &str) -> Option<String> {
        self.assumed.borrow().get(parameter).cloned()
    }

    /// Evaluates while a parameter is assumed to have a value.
    pub(super) fn assuming<T>(&self, parameter: &str, value: &str, evaluate: impl FnOnce() -> T) -> T {
        let before = self.assumed.borrow_mut().insert(parameter.to_owned(), value.to_owned());
        let result = evaluate();
        match before {
            Some(before) => drop(self.assumed.borrow_mut().insert(parameter.to_owned(), before)),
            None => drop(self.assumed.borrow_mut().remove(parameter)),
        }
        result
    }

    /// A value from before an assumption, as it is under it.
    fn grounded(&self, value: &Value) -> Value {
        if self.assumed.borrow().is_empty() {
            return value.clone();
        }
        match value {
            Value::Text(text) => Value::Text(self.grounded_text(text)),
            Value::List(list) => Value::List(list.iter().map(|one| self.grounded(one)).collect()),
            Value::Map(map) => {
                Value::Map(map.iter().map(|(key, one)| (key.clone(), self.grounded(one))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn grounded_text(&self, text: &Text) -> Text {
        let mut grounded = Text::default();
        for part in text.parts() {
            let assumed = match part {
                Part::Reference(Reference::Parameter(name)) => self.assumption(name),
                Part::Literal(_) | Part::Reference(_) | Part::Volume(_) | Part::Withheld(_) => None,
            };
            grounded.push(assumed.map_or_else(|| Text::part(part.clone()), Text::of));
        }
        grounded
    }

    /// Evaluates what depends on parameters for each of their options. It has a value when it has the same one for all, or when it is what was chosen.
    fn for_each_option(&self, expression: &Expression, scope: &Scope, on: BTreeSet<Reference>) -> Evaluated {
        let Some(cases) = self.cases(&on) else { return Err(Failure::Depends(on)) };
        let mut values: Vec<Value> = Vec::new();
        for case in &cases {
            let value = self.in_case(case, || self.at_once(expression, scope));
            match value {
                Err(Failure::Depends(more)) => return Err(Failure::Depends(&more | &on)),
                value => values.push(value?),
            }
        }
        let first = values.first().cloned().unwrap_or(Value::Null);
        if values.iter().all(|value| *value == first) {
            return Ok(first);
        }
        let itself = |(value, case): (&Value, &Vec<(String, String)>)| matches!((value, case.as_slice()), (Value::Text(text), [(_, chosen)]) if *text == Text::of(chosen.clone()));
        match on.first() {
            Some(one) if values.iter().zip(&cases).all(itself) => Ok(Value::reference(one.clone())),
            _ => Err(Failure::Depends(on)),
        }
    }

    fn in_case<T>(&self, case: &[(String, String)], evaluate: impl FnOnce() -> T) -> T {
        let before = self.assumed.borrow().clone();
        self.assumed.borrow_mut().extend(case.iter().cloned());
        let result = evaluate();
        *self.assumed.borrow_mut() = before;
        result
    }

    /// Every combination of options, when all of these are parameters with options and there are not too many.
    fn cases(&self, on: &BTreeSet<Reference>) -> Option<Vec<Vec<(String, String)>>> {
        let mut cases: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for reference in on {
            let Reference::Parameter(name) = reference else { return None };
            let options = self.world.options(name).filter(|options| !options.is_empty())?;
            if self.assumption(name).is_some() || cases.len().saturating_mul(options.len()) > CHOICES_MAX {
                return None;
            }
            let with = |case: &Vec<(String, String)>| {
                let add = |option: &String| [case.clone(), vec![(name.clone(), option.clone())]].concat();
                options.iter().map(add).collect::<Vec<_>>()
            };
            cases = cases.iter().flat_map(with).collect();
        }
        Some(cases)
    }
}

fn decimal(text: &str) -> Evaluated {
    let number = Decimal::parse(text).map(Value::Number);
    number.ok_or_else(|| Failure::Wrong(format!("`{text}` is no number with at most nine decimal places")))
}

fn insert(map: &mut BTreeMap<String, Value>, key: String, value: Value, group: bool) -> Result<(), Failure> {
    if !group {
        return match map.insert(key, value) {
            None => Ok(()),
            Some(_) => wrong("a `for` makes the same key twice"),
        };
    }
    let group = map.entry(key).or_insert_with(|| Value::List(Vec::new()));
    if let Value::List(list) = group {
        list.push(value);
    }
    Ok(())
}

/// Whether two values are the same. Values of two kinds never are.
pub(super) fn equal(one: &Value, other: &Value) -> Result<bool, Failure> {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => {
            let nothing = Text::of("");
            if one == other && one.withheld().is_none() {
                return Ok(true);
            }
            if *one == nothing && other.has_something() || *other == nothing && one.has_something() {
                return Ok(false);
            }
            Ok(one.literal()? == other.literal()?)
        }
        (Value::List(one), Value::List(other)) => all_equal(one.iter(), other.iter()),
        (Value::Map(one), Value::Map(other)) => {
            Ok(one.keys().eq(other.keys()) && all_equal(one.values(), other.values())?)
        }
        (one, other) => Ok(one == other),
    }
}

fn all_equal<'v>(
    one: impl ExactSizeIterator<Item = &'v Value>,
    other: impl ExactSizeIterator<Item = &'v Value>,
) -> Result<bool, Failure> {
    if one.len() != other.len() {
        return Ok(false);
    }
    one.zip(other).try_fold(true, |same, (one, other)| Ok(equal(one, other)? && same))
}
