//! Reading blocks: each attribute is evaluated where it is asked for, and the sheet says what became of it.

use super::evaluate::{Machine, Scope};
use super::instances;
use super::rules::{Rule, Rules};
use super::source::{Sheet, Site};
use super::value::{Evaluated, Failure, Text, Value};
use super::world::Entry;
use crate::templates::Options;
use crate::templates::draft::Draft;
use crate::templates::report::Outcome;
use hcl::edit::structure::{Attribute, Block, Structure};
use std::collections::BTreeMap;

/// One of a block, with the names that hold in it.
#[derive(Clone)]
pub(super) struct View<'a> {
    pub(super) file: usize,
    pub(super) block: &'a Block,
    pub(super) scope: Scope,
    /// What follows the name of the block in that of this one.
    pub(super) suffix: String,
}

impl<'a> View<'a> {
    pub(super) fn site(&self) -> Site {
        Site::of_block(self.file, self.block)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&'a Attribute> {
        self.block.body.get_attribute(name)
    }

    pub(super) fn site_of(&self, attribute: &Attribute) -> Site {
        Site::of_attribute(self.file, attribute)
    }

    /// The last label of the block.
    pub(super) fn label(&self) -> &'a str {
        self.block.labels.last().map_or("", |label| label.as_str())
    }
}

/// A volume that the files declare.
pub(super) struct Declared {
    pub(super) protected: bool,
    pub(super) used: bool,
}

/// The import of one template.
pub(super) struct Work<'a> {
    pub(super) machine: Machine<'a>,
    pub(super) sheet: Sheet,
    pub(super) options: &'a Options,
    pub(super) draft: Draft,
    /// By resource and suffix.
    pub(super) volumes: BTreeMap<String, Declared>,
    /// The order of each parameter among the others.
    pub(super) orders: BTreeMap<Box<str>, i64>,
    /// Parameters whose options became images by their digests, and where.
    pub(super) rewritten: Vec<(String, Site)>,
    pub(super) has_container: bool,
    pub(super) has_agent: bool,
}

impl<'a> Work<'a> {
    pub(super) fn refuse(&mut self, site: Site, why: impl Into<Box<str>>) {
        self.sheet.mark(site, Outcome::refused(why));
    }

    pub(super) fn map(&mut self, site: Site, to: impl Into<Box<str>>) {
        self.sheet.mark(site, Outcome::mapped(to));
    }

    pub(super) fn ignore(&mut self, site: Site, why: impl Into<Box<str>>) {
        self.sheet.mark(site, Outcome::ignored(why));
    }

    pub(super) fn value(&self, view: &View<'_>, attribute: &Attribute) -> Evaluated {
        self.machine.value(&attribute.value, &view.scope)
    }

    /// The value of an attribute, where it has one that can be used.
    pub(super) fn read<T>(
        &mut self,
        view: &View<'a>,
        name: &str,
        to: &str,
        of: impl Fn(&Value) -> Result<T, Failure>,
    ) -> Option<T> {
        let attribute = view.attribute(name)?;
        let site = view.site_of(attribute);
        match self.value(view, attribute) {
            Ok(Value::Null) => {
                self.ignore(site, "it is null");
                None
            }
            Ok(value) => match of(&value) {
                Ok(value) => {
                    self.map(site, to);
                    Some(value)
                }
                Err(failure) => {
                    self.refuse(site, failure.words());
                    None
                }
            },
            Err(failure) => {
                self.refuse(site, failure.words());
                None
            }
        }
    }

    pub(super) fn literal(&mut self, view: &View<'a>, name: &str, to: &str) -> Option<String> {
        self.read(view, name, to, Value::literal)
    }

    pub(super) fn text(&mut self, view: &View<'a>, name: &str, to: &str) -> Option<Text> {
        self.read(view, name, to, Value::to_text)
    }

    pub(super) fn whole(&mut self, view: &View<'a>, name: &str, to: &str) -> Option<i64> {
        self.read(view, name, to, |value| {
            let number = value.to_number()?.whole();
            number.ok_or_else(|| Failure::Wrong("it is a whole number".to_owned()))
        })
    }

    pub(super) fn bool(&mut self, view: &View<'a>, name: &str, to: &str) -> Option<bool> {
        self.read(view, name, to, Value::to_bool)
    }

    /// Each of a block, `count` and `for_each` resolved.
    pub(super) fn each(&mut self, entry: Entry<'a>, mut of: impl FnMut(&mut Self, &View<'a>)) {
        let Entry { file, block } = entry;
        let meta = |name: &str| block.body.get_attribute(name).map(|one| Site::of_attribute(file, one));
        let sites: Vec<Site> = ["count", "for_each"].into_iter().filter_map(meta).collect();
        match instances::of(&self.machine, block, &Scope::new()) {
            Err(failure) => {
                for site in &sites {
                    self.refuse(*site, failure.words());
                }
                let why = "how many there are of it is not known";
                self.sheet.mark_all(file, block, &Outcome::ignored(why));
            }
            Ok(all) => {
                for site in &sites {
                    self.map(*site, format!("{} of it", all.len()));
                }
                if all.is_empty() {
                    self.sheet.mark_all(file, block, &Outcome::ignored("there is none of it"));
                }
                for one in all {
                    let suffix = one.suffix();
                    of(self, &View { file, block, scope: one.scope, suffix });
                }
            }
        }
        self.sheet.mark_new(entry.site(), &Outcome::mapped("its parts"));
    }

    /// The blocks of a name in another, with those that `dynamic` makes.
    pub(super) fn blocks(&mut self, view: &View<'a>, name: &str) -> Vec<View<'a>> {
        let mut found = Vec::new();
        for block in view.block.body.blocks() {
            let dynamic = block.ident.as_str() == "dynamic"
                && block.labels.first().is_some_and(|label| label.as_str() == name);
            if dynamic {
                self.dynamic(view, block, name, &mut found);
            } else if block.ident.as_str() == name {
                self.sheet.mark_new(Site::of_block(view.file, block), &Outcome::mapped("its parts"));
                found.push(View { block, ..view.clone() });
            }
        }
        found
    }

    fn dynamic(&mut self, view: &View<'a>, block: &'a Block, name: &str, found: &mut Vec<View<'a>>) {
        let site = Site::of_block(view.file, block);
        let scopes = match instances::dynamic(&self.machine, block, name, &view.scope) {
            Ok(scopes) => scopes,
            Err(failure) => {
                self.refuse(site, failure.words());
                return self.sheet.mark_all(
                    view.file,
                    block,
                    &Outcome::ignored("how many there are of it is not known"),
                );
            }
        };
        let content = block.body.get_blocks("content").next();
        let Some(content) = content else { return self.refuse(site, "it has no `content`") };
        if scopes.is_empty() {
            return self.sheet.mark_all(view.file, block, &Outcome::ignored("there is none of it"));
        }
        let evaluated = format!("{} of it", scopes.len());
        for attribute in block.body.attributes() {
            self.map(view.site_of(attribute), &*evaluated);
        }
        self.map(site, &*evaluated);
        self.map(Site::of_block(view.file, content), &*evaluated);
        let one = |scope| View { block: content, scope, ..view.clone() };
        found.extend(scopes.into_iter().map(one));
    }

    /// What nobody asked for yet, by the rules for such a block.
    pub(super) fn rest(&mut self, view: &View<'a>, rules: Rules) {
        let rule = |name: &str| {
            let known = rules.iter().chain(super::rules::META).find(|(one, _)| *one == name);
            known.map(|(_, rule)| *rule)
        };
        for structure in &view.block.body {
            match structure {
                Structure::Attribute(attribute) => {
                    let site = view.site_of(attribute);
                    if !self.sheet.is_marked(site)
                        && let Some(rule) = rule(attribute.key.as_str())
                    {
                        let outcome = self.ruled(view, attribute, rule);
                        self.sheet.mark(site, outcome);
                    }
                }
                Structure::Block(block) => {
                    let name = match block.labels.first() {
                        Some(label) if block.ident.as_str() == "dynamic" => label.as_str(),
                        _ => block.ident.as_str(),
                    };
                    if let Some(Rule::Ignore(why)) = rule(name) {
                        self.sheet.mark_all(view.file, block, &Outcome::ignored(why));
                    } else if let Some(Rule::Refuse(why) | Rule::Off(why)) = rule(name) {
                        self.sheet.mark_all(view.file, block, &Outcome::refused(why));
                    }
                }
            }
        }
    }

    fn ruled(&self, view: &View<'a>, attribute: &Attribute, rule: Rule) -> Outcome {
        match rule {
            Rule::Ignore(why) => Outcome::ignored(why),
            Rule::Refuse(why) => Outcome::refused(why),
            Rule::Off(why) => match self.value(view, attribute) {
                Ok(value) if is_off(&value) => Outcome::ignored("it asks for nothing"),
                _ => Outcome::refused(why),
            },
        }
    }
}

/// Whether a value asks for nothing.
fn is_off(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.whole() == Some(0),
        Value::Text(text) => text.literal().is_ok_and(|text| text.is_empty() || text == "false"),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
    }
}
