//! The files as blocks, and a sheet that has a line for each block and attribute in them.

use crate::templates::Files;
use crate::templates::report::{Finding, Outcome, Place, Problem};
use hcl::edit::Span;
use hcl::edit::structure::{Attribute, Block, Body, Structure};
use std::collections::{BTreeMap, BTreeSet};

/// Most blocks and attributes.
const CONSTRUCTS_MAX: usize = 10_000;
/// Why a construct is refused that nobody asked about.
const UNKNOWN: &str = "it is nothing that is known here";

/// A file.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
    pub(super) body: Body,
}

/// The Terraform files, by name.
pub(super) fn read(files: &Files) -> Result<Vec<Source<'_>>, Problem> {
    let own = |name: &str| name.ends_with(".tf") && !name.contains('/');
    let mut sources = Vec::new();
    for (name, text) in files.iter().filter(|(name, _)| own(name)) {
        let body = hcl::edit::parser::parse_body(text).map_err(|cause| Problem {
            file: name.clone(),
            place: Some(Place { line: cause.location().line(), column: cause.location().column() }),
            what: cause.message().into(),
        })?;
        sources.push(Source { name, text, body });
    }
    if sources.is_empty() { Err(Problem::of("", "there is no `.tf` file")) } else { Ok(sources) }
}

/// Where a construct is: a file, and the first byte in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Site(usize, usize);

impl Site {
    pub(super) fn of_block(file: usize, block: &Block) -> Self {
        Self(file, block.ident.span().map_or(0, |span| span.start))
    }

    pub(super) fn of_attribute(file: usize, attribute: &Attribute) -> Self {
        Self(file, attribute.key.span().map_or(0, |span| span.start))
    }
}

struct Line {
    construct: String,
    outcomes: Vec<Outcome>,
}

/// What became of each block and attribute.
pub(super) struct Sheet {
    lines: BTreeMap<Site, Line>,
    more: Vec<(Site, String, Outcome)>,
}

impl Sheet {
    /// A line for everything.
    pub(super) fn new(sources: &[Source<'_>]) -> Result<Self, Problem> {
        let mut sheet = Self { lines: BTreeMap::new(), more: Vec::new() };
        for (file, source) in sources.iter().enumerate() {
            sheet.body(file, &source.body, "");
            if sheet.lines.len() > CONSTRUCTS_MAX {
                let what = format!("a template has at most {CONSTRUCTS_MAX} blocks and attributes");
                return Err(Problem::of(source.name, what));
            }
        }
        Ok(sheet)
    }

    fn body(&mut self, file: usize, body: &Body, above: &str) {
        let below = |name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    self.line(Site::of_attribute(file, attribute), below(attribute.key.as_str()));
                }
                Structure::Block(block) => {
                    let name = below(&name(block));
                    self.body(file, &block.body, &name);
                    self.line(Site::of_block(file, block), name);
                }
            }
        }
    }

    fn line(&mut self, site: Site, construct: String) {
        self.lines.insert(site, Line { construct, outcomes: Vec::new() });
    }

    /// Says what became of a construct. Of several things that are said, the worst holds.
    pub(super) fn mark(&mut self, site: Site, outcome: Outcome) {
        if let Some(line) = self.lines.get_mut(&site)
            && !line.outcomes.contains(&outcome)
        {
            line.outcomes.push(outcome);
        }
    }

    /// Says what became of a part of a construct.
    pub(super) fn add(&mut self, site: Site, part: &str, outcome: Outcome) {
        self.more.push((site, part.to_owned(), outcome));
    }

    pub(super) fn is_marked(&self, site: Site) -> bool {
        self.lines.get(&site).is_some_and(|line| !line.outcomes.is_empty())
    }

    /// Says the same of a block and of all in it of which nothing is said yet.
    pub(super) fn mark_all(&mut self, file: usize, block: &Block, outcome: &Outcome) {
        self.mark_new(Site::of_block(file, block), outcome);
        for structure in &block.body {
            match structure {
                Structure::Attribute(attribute) => {
                    self.mark_new(Site::of_attribute(file, attribute), outcome);
                }
                Structure::Block(block) => self.mark_all(file, block, outcome),
            }
        }
    }

    pub(super) fn mark_new(&mut self, site: Site, outcome: &Outcome) {
        if !self.is_marked(site) {
            self.mark(site, outcome.clone());
        }
    }

    /// Every construct once, in the order of the files.
    pub(super) fn findings(self, sources: &[Source<'_>]) -> Vec<Finding> {
        let constructs: BTreeMap<Site, String> =
            self.lines.iter().map(|(site, line)| (*site, line.construct.clone())).collect();
        let own = self.lines.into_iter().map(|(site, line)| (site, line.construct, worst(line.outcomes)));
        let more = self.more.into_iter().map(|(site, part, outcome)| {
            let above = constructs.get(&site).map_or("", String::as_str);
            (site, format!("{above}.{part}"), outcome)
        });
        let mut told = BTreeSet::new();
        let mut all: Vec<_> = own.chain(more).collect();
        all.sort_by(|(one, a, _), (other, b, _)| (one, a).cmp(&(other, b)));
        all.retain(|(site, construct, _)| told.insert((*site, construct.clone())));
        all.into_iter().map(|(site, construct, outcome)| finding(sources, site, construct, outcome)).collect()
    }
}

fn finding(sources: &[Source<'_>], site: Site, construct: String, outcome: Outcome) -> Finding {
    let source = sources.get(site.0);
    Finding {
        file: source.map_or("", |source| source.name).into(),
        line: source.map_or(0, |source| Place::at(source.text, site.1).line),
        construct: construct.into(),
        outcome,
    }
}

/// A refusal, else all the places to which it is mapped, else a reason.
fn worst(outcomes: Vec<Outcome>) -> Outcome {
    if let Some(refused) = outcomes.iter().find(|outcome| outcome.is_refused()) {
        return refused.clone();
    }
    let to = |outcome: &Outcome| match outcome {
        Outcome::Mapped { to } => Some(to.clone()),
        Outcome::Ignored { .. } | Outcome::Refused { .. } => None,
    };
    let places: Vec<Box<str>> = outcomes.iter().filter_map(to).collect();
    if !places.is_empty() {
        return Outcome::mapped(places.join(", "));
    }
    outcomes.into_iter().next().unwrap_or_else(|| Outcome::refused(UNKNOWN))
}

/// What a block is called: `docker_container.workspace`, `data.coder_parameter.cpu`, `volumes`.
pub(super) fn name(block: &Block) -> String {
    let labels = block.labels.iter().map(|label| label.as_str());
    let kind = block.ident.as_str();
    let first = if kind == "resource" { None } else { Some(kind) };
    first.into_iter().chain(labels).collect::<Vec<_>>().join(".")
}
