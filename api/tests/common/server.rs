//! The program `deed` itself, on a directory of its own.

use super::client::Client;
use fixtures::temp_dir::TempDir;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A running server, killed when it is dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where the door to its workspaces listens.
    pub(crate) door: SocketAddr,
    /// The key that auditors pin.
    pub(crate) key: String,
    child: Child,
    out: BufReader<ChildStdout>,
}

/// A place for one ledger, with the server's own words beside it.
pub(crate) struct Place {
    /// The directory.
    pub(crate) dir: TempDir,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Puts a secret among the server's.
    pub(crate) fn put_secret(&self, name: &str, secret: &str) {
        let folder = self.data().join("secrets");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, format!("{secret}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The command that serves it.
    pub(crate) fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deed"));
        self.arguments(&mut command, flags);
        command
    }

    /// Adds the words that serve this place.
    pub(crate) fn arguments(&self, command: &mut Command, flags: &[&str]) {
        // Files so small that they change often, unless a test says otherwise.
        let small = ["--segment-bytes", "65536"].iter().filter(|_| !flags.contains(&"--segment-bytes"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(self.data()).args(small).args(flags);
        if !flags.contains(&"--requests-per-second") {
            command.args(["--requests-per-second", "0"]);
        }
        command.env_remove("RUST_LOG");
    }

    /// Starts a server.
    pub(crate) fn serve(&self, flags: &[&str]) -> Server {
        self.launch(self.command(flags)).unwrap_or_else(|| panic!("no start: {}", self.log()))
    }

    /// Starts what will become a server; `None` when it ended before it listened.
    pub(crate) fn launch(&self, mut command: Command) -> Option<Server> {
        let log = File::options().create(true).append(true).open(self.dir.join("stderr")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).stdin(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut place = || line(&mut out).and_then(|line| line.rsplit_once("http://")?.1.parse().ok());
        let (address, door) = (place(), place());
        let key =
            line(&mut out).and_then(|line| Some(line.strip_prefix("auditors pin this key: ")?.to_owned()));
        let (Some(address), Some(door), Some(key)) = (address, door, key) else {
            child.wait().unwrap();
            return None;
        };
        Some(Server { address, door, key, child, out })
    }

    /// Serves under `strace`, which does as it is told to some system calls of each thread. The server stays our child.
    pub(crate) fn serve_with_fault(&self, calls: &str, inject: &str, flags: &[&str]) -> Option<Server> {
        let found = Command::new("strace").arg("-V").output();
        assert!(
            found.is_ok_and(|found| found.status.success()),
            "`strace` is missing: run `fixtures/setup.sh`"
        );
        let mut command = Command::new("strace");
        command.args(["-D", "-f", "-qqq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
        command.args(["-e", inject, env!("CARGO_BIN_EXE_deed")]);
        self.arguments(&mut command, flags);
        self.launch(command)
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, flags: &[&str]) -> Ended {
        let output = self.command(flags).stdin(Stdio::null()).output().unwrap();
        Ended {
            status: output.status,
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What the servers here have written to their logs.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("stderr")).unwrap_or_default()
    }
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How.
    pub(crate) status: ExitStatus,
    /// What it said.
    pub(crate) out: String,
    /// What it complained about.
    pub(crate) err: String,
}

fn line(out: &mut BufReader<ChildStdout>) -> Option<String> {
    let mut line = String::new();
    let bytes = out.read_line(&mut line).unwrap();
    (bytes > 0).then(|| line.trim_end().to_owned())
}

impl Server {
    /// A client that shows nothing.
    pub(crate) fn client(&self) -> Client {
        Client::anonymous(self.address)
    }

    /// The token of the claim link, which a server prints while nobody owns it.
    pub(crate) fn claim_token(&mut self) -> String {
        let line = line(&mut self.out).unwrap();
        line.rsplit_once("/claim#token=").unwrap_or_else(|| panic!("no claim link: {line}")).1.to_owned()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        signal(self.pid(), "TERM");
        self.wait()
    }

    /// Asks it to stop unless it has ended, and waits until it has.
    pub(crate) fn terminate_or_ended(mut self) {
        if !self.has_ended() {
            // It may end just now.
            drop(Command::new("kill").args(["-TERM", &self.pid().to_string()]).output());
        }
        self.wait();
    }

    /// Waits until it ends by itself.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.wait()
    }

    fn wait(&mut self) -> ExitStatus {
        super::until("the server's end", || self.child.try_wait().unwrap())
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended long ago.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(sent.success(), "kill -{name} {pid}");
}
