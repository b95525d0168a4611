//! The program `deed`: serve, and what only the operator of the machine does.

use api::door::DoorAddress;
use api::evidence::{self, ExportError};
use api::http::sign_in::Origin;
use api::limits::Limits;
use api::secret::Secret;
use api::serve::{Config, Opened, ServeError, listen, open, start};
use api::templates;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use commands::custody::RotateKey;
use commands::engine::{Answer, by_operator, chain};
use ledger::signature::{Purpose, SigningKey};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A control plane whose only memory is a signed ledger.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    order: Order,
}

#[derive(Subcommand)]
enum Order {
    /// Serve a data directory; an empty one becomes a new ledger
    Serve {
        #[command(flatten)]
        folders: FolderArguments,
        /// Address to listen on
        #[arg(long, env = "DEED_LISTEN", default_value = "127.0.0.1:7331")]
        listen: SocketAddr,
        /// Sign a checkpoint after so many events
        #[arg(long, env = "DEED_CHECKPOINT_EVENTS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
        checkpoint_events: u64,
        /// And after so many seconds, when there is something new
        #[arg(long, env = "DEED_CHECKPOINT_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        checkpoint_seconds: u64,
        /// Requests a second that a credential may send, or an address without one; 0 for any number
        #[arg(long, env = "DEED_REQUESTS_PER_SECOND", default_value_t = Limits::default().requests_per_second)]
        requests_per_second: u32,
        /// Where browsers find this server, such as `https://deed.example` [default: the address it listens on]
        #[arg(long, env = "DEED_PUBLIC_URL", value_parser = Origin::parse)]
        public_url: Option<Origin>,
        /// A folder of secrets that policies name, one file each [default: `secrets` in the data directory]
        #[arg(long, env = "DEED_SECRETS")]
        secrets: Option<PathBuf>,
        /// The socket of the Docker engine in which workspaces run [default: /var/run/docker.sock, if it is there]
        #[arg(long, env = "DEED_ENGINE")]
        engine: Option<PathBuf>,
        /// Address on which the door to workspaces listens [default: the one after `--listen`]
        #[arg(long, env = "DEED_DOOR")]
        door: Option<SocketAddr>,
        /// Where browsers find the door, such as `https://*.apps.deed.example` [default: `*.localhost` at its port]
        #[arg(long, env = "DEED_DOOR_URL", value_parser = DoorAddress::parse)]
        door_url: Option<DoorAddress>,
    },
    /// Make a new claim link while the server is stopped; the one before no longer works
    ClaimLink {
        #[command(flatten)]
        folders: FolderArguments,
        /// Address that the server will listen on
        #[arg(long, env = "DEED_LISTEN", default_value = "127.0.0.1:7331")]
        listen: SocketAddr,
    },
    /// Write the log as a C2SP tiles directory, up to the newest checkpoint
    Tiles {
        /// The data directory, which is only read
        #[arg(long, env = "DEED_DATA", default_value = "data")]
        data: PathBuf,
        /// A new directory
        #[arg(long)]
        to: PathBuf,
    },
    /// Write some events with their proofs, the checkpoint and the keys as one file for an auditor
    Evidence {
        /// The data directory, which is only read
        #[arg(long, env = "DEED_DATA", default_value = "data")]
        data: PathBuf,
        /// A position; may be given several times
        #[arg(long = "seq", required = true)]
        seqs: Vec<u64>,
        /// A new file
        #[arg(long)]
        to: PathBuf,
    },
    /// Change a signing key while the server is stopped
    RotateKey {
        #[command(flatten)]
        folders: FolderArguments,
        /// What the key signs
        #[arg(long, value_enum)]
        purpose: PurposeArgument,
    },
    /// Work on templates of workspaces
    Template {
        #[command(subcommand)]
        order: templates::cli::Order,
    },
}

#[derive(Args)]
struct FolderArguments {
    /// Log, sealed payloads, checkpoints, index
    #[arg(long, env = "DEED_DATA", default_value = "data")]
    data: PathBuf,
    /// Secret keys; best on another volume, never in a backup of the data [default: `keys` in the data directory]
    #[arg(long, env = "DEED_KEYS")]
    keys: Option<PathBuf>,
    /// The newest checkpoint once more; best on another volume than the data [default: `head.lock` in the data directory]
    #[arg(long, env = "DEED_HEAD_LOCK")]
    head_lock: Option<PathBuf>,
    /// Go on although the head lock is missing; recorded in the ledger
    #[arg(long)]
    accept_missing_head_lock: bool,
    /// Bytes of a file of the log
    #[arg(long, hide = true, default_value_t = ledger::log::SEGMENT_BYTES)]
    segment_bytes: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum PurposeArgument {
    /// Events
    Events,
    /// Checkpoints
    Checkpoints,
}

impl FolderArguments {
    fn config(self, listen: SocketAddr) -> Config {
        Config {
            keys: self.keys.unwrap_or_else(|| self.data.join("keys")),
            head_lock: self.head_lock.unwrap_or_else(|| self.data.join("head.lock")),
            secrets: self.data.join("secrets"),
            data: self.data,
            listen,
            checkpoint_events: 10_000,
            checkpoint_seconds: 10,
            accept_missing_head_lock: self.accept_missing_head_lock,
            segment_bytes: self.segment_bytes,
            limits: Limits::default(),
            public_url: None,
            engine: Some(PathBuf::from(ENGINE)).filter(|socket| socket.exists()),
            door: after(listen),
            door_url: None,
        }
    }
}

/// Where Docker's engine listens on most machines.
const ENGINE: &str = "/var/run/docker.sock";

/// The address after another; any free one after any free one.
fn after(listen: SocketAddr) -> SocketAddr {
    let port = if listen.port() == 0 { 0 } else { listen.port().wrapping_add(1) };
    SocketAddr::new(listen.ip(), port)
}

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(std::io::stderr().is_terminal()).init();
    let matches = api::client::extend(Cli::command()).get_matches();
    if let Some(code) = api::client::run(&matches) {
        return code;
    }
    let order = Cli::from_arg_matches(&matches).unwrap_or_else(|cause| cause.exit()).order;
    let done = match order {
        Order::Serve {
            folders,
            listen,
            checkpoint_events,
            checkpoint_seconds,
            requests_per_second,
            public_url,
            secrets,
            engine,
            door,
            door_url,
        } => {
            let limits = Limits { requests_per_second, ..Limits::default() };
            let config = folders.config(listen);
            let secrets = secrets.unwrap_or_else(|| config.secrets.clone());
            let (engine, door) = (engine.or_else(|| config.engine.clone()), door.unwrap_or(config.door));
            let more = Config { limits, public_url, secrets, engine, door, door_url, ..config };
            serve(Config { checkpoint_events, checkpoint_seconds, ..more })
        }
        Order::ClaimLink { folders, listen } => claim_link(&folders.config(listen)),
        Order::Tiles { data, to } => tiles(&data, &to),
        Order::Evidence { data, seqs, to } => bundle(&data, seqs, &to),
        Order::Template { order } => templates::cli::run(order, wants_json(&matches)).map_err(Into::into),
        Order::RotateKey { folders, purpose } => rotate_key(&folders.config(NO_ADDRESS), purpose),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("deed: {}", one_line(&chain(cause.as_ref())));
            ExitCode::FAILURE
        }
    }
}

/// Whether `--json` stands before or after the words of the order.
fn wants_json(matches: &clap::ArgMatches) -> bool {
    let below = matches.subcommand().is_some_and(|(_, words)| wants_json(words));
    below || matches.try_get_one::<bool>("json").ok().flatten().is_some_and(|json| *json)
}

/// A path may hold a line break; a message does not.
fn one_line(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// For orders that do not listen.
const NO_ADDRESS: SocketAddr = SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0));

type Done = Result<(), Box<dyn std::error::Error>>;

fn serve(config: Config) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before the ledger is opened: a signal that comes early is obeyed once the start is recorded.
        let mut signals = StopSignals::listen()?;
        let listener = listen(config.listen, "--listen").await?;
        let door = listen(config.door, "--door").await?;
        let mut opened = open(&config)?;
        let claim = if opened.is_claimed() { None } else { Some(opened.open_claim()?) };
        let event_key = opened.engine().writer().genesis().event_key().to_string();
        let mut running = start(opened, listener, door)?;
        say(&format!("deed serves {} on http://{}", config.data.display(), running.address));
        say(&format!("its door to workspaces is on http://{}", running.door));
        say(&format!("auditors pin this key: {event_key}"));
        if let Some(token) = claim {
            say(&claim_words(running.address, &token));
        }
        let reason = tokio::select! {
            reason = signals.next() => reason,
            () = running.failed() => "the ledger failed",
        };
        tracing::info!("stopping: {reason}");
        running.stop(reason).await?;
        say("deed has stopped; everything is recorded");
        Ok(())
    })
}

/// The machine's ways to ask the server to stop.
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// From here on a signal no longer ends the process at once.
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "terminated",
            _ = self.interrupt.recv() => "interrupted",
        }
    }
}

fn tiles(data: &Path, to: &Path) -> Done {
    let size = evidence::tiles(data, to)?;
    say(&format!("{} holds {size} events; check it with `deed-verify {}`", to.display(), to.display()));
    Ok(())
}

fn bundle(data: &Path, seqs: Vec<u64>, to: &Path) -> Done {
    let bundle = evidence::bundle(data, &seqs.into_iter().collect())?;
    let written = std::fs::File::create_new(to).and_then(|mut file| file.write_all(&bundle));
    written.map_err(|cause| ExportError::File { path: to.to_path_buf(), cause })?;
    say(&format!("{} holds the evidence; check it with `deed-verify {}`", to.display(), to.display()));
    Ok(())
}

fn claim_link(config: &Config) -> Done {
    let mut opened = open(config)?;
    let token = opened.open_claim()?;
    stop(&mut opened, "claim link made")?;
    say(&claim_words(config.listen, &token));
    Ok(())
}

fn claim_words(address: SocketAddr, token: &Secret) -> String {
    format!("claim this Deed within a day: http://{address}/claim#token={}", token.reveal())
}

/// Says something to whoever started the program. That nobody listens any more is no reason to stop serving.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

fn stop(opened: &mut Opened, reason: &str) -> Result<(), ServeError> {
    let engine = opened.engine();
    engine.stop(reason);
    if engine.is_dead() { Err(ServeError::Ledger) } else { Ok(()) }
}

fn rotate_key(config: &Config, purpose: PurposeArgument) -> Done {
    let purpose = match purpose {
        PurposeArgument::Events => Purpose::Events,
        PurposeArgument::Checkpoints => Purpose::Checkpoints,
    };
    let mut opened = open(config)?;
    let engine = opened.engine();
    let rotated = engine.writer().rotation(purpose, &SigningKey::generate()?)?;
    let key = rotated.key.clone();
    let (answered, answer) = std::sync::mpsc::channel();
    let reply = Box::new(move |answer| drop(answered.send(answer)));
    engine.turn([by_operator(RotateKey(rotated).into(), reply)]);
    let done = matches!(answer.try_recv(), Ok(Answer::Done(Some(_))));
    stop(&mut opened, "key rotated")?;
    if !done {
        return Err(ServeError::Ledger.into());
    }
    say(&format!("from here on {} are signed by {key}", purpose.as_str()));
    Ok(())
}
