//! A server with an engine, its owner at a terminal and in a browser, and templates of a tiny image.

use crate::common::client::{Answer, Client};
use crate::common::people::{Member, claim, text};
use crate::common::server::{Place, Server};
use fixtures::engine::Engine;
use fixtures::identity::browser::encode;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// A server with an owner.
pub(crate) struct House {
    pub(crate) place: Place,
    pub(crate) server: Option<Server>,
    pub(crate) owner: Member,
    pub(crate) terminal: Terminal,
    engine: Engine,
}

/// Somebody at a terminal.
pub(crate) struct Terminal {
    server: String,
    credential: PathBuf,
}

/// What one run of the program said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Terminal {
    pub(crate) fn run(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deed"));
        command.args(words).env("DEED_SERVER", &self.server).env_remove("RUST_LOG");
        command.env("DEED_CREDENTIAL_FILE", &self.credential).env("XDG_CONFIG_HOME", "/nonexistent");
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs words that are done.
    pub(crate) fn done(&self, words: &[&str]) -> Said {
        let said = self.run(words);
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        said
    }

    pub(crate) fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.done(words).out).unwrap()
    }

    /// Runs words that are refused, and gives the one line that says why.
    pub(crate) fn refused(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{words:?}: {said:?}");
        let last = said.err.lines().last().unwrap_or_default();
        last.strip_prefix("deed: ").unwrap_or_else(|| panic!("{words:?}: {said:?}")).to_owned()
    }
}

impl House {
    pub(crate) fn new() -> Self {
        let (place, engine) = (Place::new(), Engine::shared());
        let socket = engine.socket().display().to_string();
        let mut server = place.serve(&["--engine", &socket]);
        let owner = claim(&mut server);
        let terminal = terminal(&place, &server, "owner", owner.secret());
        Self { place, server: Some(server), owner, terminal, engine }
    }

    /// Somebody else at a terminal.
    pub(crate) fn terminal_of(&self, member: &Member, name: &str) -> Terminal {
        terminal(&self.place, self.server(), name, member.secret())
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Writes a template of a tiny image, with a script that it starts with and more lines.
    pub(crate) fn file(&self, script: &str, more: &str) -> String {
        let image = self.engine.tiny_image();
        let path = self.place.dir.join("template.toml");
        let script = serde_json::to_string(script).unwrap();
        let text = format!(
            "[container]\nimage = \"{image}\"\nuser = \"1000:1000\"\n\n[limits]\ncpu_millis = 200\nmemory_mib = 64\n\
             processes = 32\n\n[startup]\nscript = {script}\ntimeout_seconds = 60\n\n{more}"
        );
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Publishes and promotes such a template.
    pub(crate) fn publish(&self, name: &str, script: &str, more: &str) {
        let file = self.file(script, more);
        self.terminal.done(&["template", "publish", &file, "--name", name, "--promote"]);
    }

    /// The owner in a browser.
    pub(crate) fn browser(&self) -> Browser {
        let made = self.owner.client.done("codes", "identity.make_recovery_codes", &json!({}));
        let codes = text(&made["result"]["codes"]);
        let base = format!("http://{}", self.server().address);
        let mut browser = Browser { client: self.server().client(), base, cookie: String::new() };
        let came = browser.post("/recovery", &[("code", codes.split(' ').next().unwrap())]);
        let cookie = came.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        browser.cookie = cookie.unwrap_or_else(|| panic!("{came}")).to_owned();
        browser
    }
}

fn terminal(place: &Place, server: &Server, name: &str, secret: &str) -> Terminal {
    let credential = place.dir.join(name);
    std::fs::write(&credential, secret).unwrap();
    Terminal { server: format!("http://{}", server.address), credential }
}

impl Drop for House {
    fn drop(&mut self) {
        let client = &self.owner.client;
        let head = client.head("GET", "/api/v1/workspaces?limit=1000");
        let rows = client.raw(format!("{head}\r\n").as_bytes());
        drop(self.server.take());
        // What a test that failed left behind.
        let rows = rows.and_then(|rows| serde_json::from_slice::<Value>(&rows.body).ok()).unwrap_or_default();
        for row in rows["rows"].as_array().into_iter().flatten() {
            let name = format!("name={}", row["workspace"].as_str().unwrap_or_default());
            let found = self.engine.try_docker(&["ps", "-aq", "--filter", &name]).unwrap_or_default();
            found.lines().for_each(|id| drop(self.engine.try_docker(&["rm", "-f", id])));
        }
    }
}

/// A browser that shows a session's cookie, and comes from our own pages.
pub(crate) struct Browser {
    pub(crate) client: Client,
    pub(crate) base: String,
    pub(crate) cookie: String,
}

impl Browser {
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, &format!("Cookie: {}\r\n", self.cookie), b"")
    }

    pub(crate) fn page(&self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{answer}");
        answer.text()
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(&self.base, path, fields)
    }

    pub(crate) fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let headers = format!("Cookie: {}\r\nOrigin: {origin}\r\n{kind}\r\n", self.cookie);
        self.client.send("POST", path, &headers, encode(fields).as_bytes())
    }
}
