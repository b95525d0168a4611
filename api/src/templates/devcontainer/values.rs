//! Variables within texts: `${containerWorkspaceFolder}` and its like.

use crate::templates::draft::escaped;
use std::collections::BTreeMap;

/// What the variables of a text stand for.
pub(super) struct Variables<'a> {
    pub(super) folder: &'a str,
    /// The environment that `${containerEnv:…}` looks into; absent where it may not stand.
    pub(super) environment: Option<&'a BTreeMap<Box<str>, Box<str>>>,
    /// Whether the text may hold references, in which `${` has to be written otherwise.
    pub(super) references: bool,
}

impl Variables<'_> {
    /// The text with every variable resolved, or why one cannot be.
    pub(super) fn resolve(&self, text: &str) -> Result<String, String> {
        let (mut resolved, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or("a variable does not end")?;
            resolved.push_str(before);
            resolved.push_str(&self.value(name)?);
            rest = after;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    fn value(&self, name: &str) -> Result<String, String> {
        let (kind, rest) = name.split_once(':').unwrap_or((name, ""));
        match kind {
            "containerWorkspaceFolder" => Ok(self.text(self.folder)),
            "containerWorkspaceFolderBasename" => {
                Ok(self.text(self.folder.rsplit('/').next().unwrap_or_default()))
            }
            "devcontainerId" if self.references => Ok("${workspace.id}".to_owned()),
            "containerEnv" => self.inner(rest),
            "localEnv" | "env" => {
                Err(format!("`${{{name}}}` is of the machine of one developer: make it a parameter"))
            }
            "localWorkspaceFolder" | "localWorkspaceFolderBasename" => {
                Err(format!("`${{{name}}}` is a folder on the machine of one developer"))
            }
            _ => Err(format!("`${{{name}}}` stands for nothing here")),
        }
    }

    fn text(&self, text: &str) -> String {
        if self.references { escaped(text) } else { text.to_owned() }
    }

    fn inner(&self, rest: &str) -> Result<String, String> {
        let (name, default) = rest.split_once(':').map_or((rest, None), |(name, rest)| (name, Some(rest)));
        let known = self.environment.and_then(|known| known.get(name)).map(|value| value.to_string());
        let known = known.or_else(|| default.map(|default| self.text(default)));
        known.ok_or_else(|| format!("what the image says of `{name}` is not known before it runs"))
    }
}
