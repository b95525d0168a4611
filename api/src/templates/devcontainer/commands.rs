//! Commands of the lifecycle, as parts of one startup script.

use super::Reading;
use super::values::Variables;
use crate::templates::draft::quoted;
use serde_json::Value;

/// When a command runs, in the order in which they do, and whether it does so at each start.
pub(super) const MOMENTS: [(&str, bool); 5] = [
    ("onCreateCommand", false),
    ("updateContentCommand", false),
    ("postCreateCommand", false),
    ("postStartCommand", true),
    ("postAttachCommand", true),
];

/// What runs, moment by moment: of features first, then of the file itself.
#[derive(Debug, Default)]
pub(super) struct Lifecycle {
    commands: Vec<(&'static str, String)>,
}

impl Lifecycle {
    /// The parts of the script.
    pub(super) fn scripts(&self, folder: &str) -> Vec<String> {
        if self.commands.is_empty() {
            return Vec::new();
        }
        let marks = quoted(&format!("{folder}/.deed"));
        let mut scripts = vec![format!("cd {}\nmkdir -p {marks}\n", quoted(folder))];
        for (moment, always) in MOMENTS {
            let of_moment: Vec<&str> =
                self.commands.iter().filter(|(when, _)| *when == moment).map(|(_, what)| &**what).collect();
            if of_moment.is_empty() {
                continue;
            }
            let run: String =
                of_moment.iter().map(|what| format!("/bin/sh -c {} || exit 1\n", quoted(what))).collect();
            scripts.push(if always {
                format!("# {moment}\n{run}")
            } else {
                // Once for each life of the volume: the mark is made when the command went well.
                let mark = quoted(&format!("{folder}/.deed/{moment}"));
                format!("# {moment}\nif [ ! -e {mark} ]; then\n{run}: > {mark}\nfi\n")
            });
        }
        scripts
    }
}

/// A property that says what runs at a moment.
pub(super) fn command(reading: &mut Reading<'_>, construct: &str, moment: &'static str, value: &Value) {
    let variables = Variables { folder: &reading.folder, environment: None, references: false };
    match lines(value, &variables) {
        Ok(lines) => {
            reading.lifecycle.commands.extend(lines.into_iter().map(|line| (moment, line)));
            let always = MOMENTS.iter().any(|(name, always)| *name == moment && *always);
            let when = if always { "at each start" } else { "once for each life of the volume" };
            reading.map(construct, format!("startup.script, {when}"));
        }
        Err(why) => reading.refuse(construct, why),
    }
}

/// A command is a line for a shell, a list of words, or an object of several of either.
fn lines(value: &Value, variables: &Variables<'_>) -> Result<Vec<String>, String> {
    if let Some(several) = value.as_object() {
        return several.values().map(|one| line(one, variables)).collect();
    }
    line(value, variables).map(|line| vec![line])
}

fn line(value: &Value, variables: &Variables<'_>) -> Result<String, String> {
    let shape = || "a command is a text, a list of texts, or an object of either".to_owned();
    if let Some(text) = value.as_str() {
        return shell(text, variables);
    }
    let words = value.as_array().ok_or_else(shape)?;
    let word = |word: &Value| {
        let word = word.as_str().ok_or_else(shape)?;
        variables.resolve(word).map(|word| quoted(&word))
    };
    let words: Result<Vec<_>, _> = words.iter().map(word).collect();
    Ok(words?.join(" "))
}

/// In a line for a shell, `${NAME}` is the shell's unless it is a variable of the format.
fn shell(text: &str, variables: &Variables<'_>) -> Result<String, String> {
    const OURS: [&str; 5] =
        ["containerWorkspaceFolder", "localWorkspaceFolder", "localEnv:", "containerEnv:", "devcontainerId"];
    let (mut line, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        line.push_str(before);
        let ours = OURS.iter().any(|name| after.starts_with(name));
        let Some((name, behind)) = after.split_once('}').filter(|_| ours) else {
            line.push_str("${");
            rest = after;
            continue;
        };
        line.push_str(&variables.resolve(&format!("${{{name}}}"))?);
        rest = behind;
    }
    line.push_str(rest);
    Ok(line)
}
