//! The browser of the person at this machine.

use std::io::IsTerminal;
use std::process::Stdio;

/// Opens a browser, if there is one. That there is none is no failure: the address stands on the screen.
pub(super) fn open(place: &str) {
    let program = std::env::var("BROWSER").ok().filter(|name| !name.is_empty());
    let program = program.as_deref().unwrap_or("xdg-open");
    let started = std::process::Command::new(program)
        .arg(place)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if started.is_err() {
        eprintln!("no browser could be started (`{program}`)");
    }
}

/// Whether somebody sits here who could see a browser.
pub(super) fn is_there() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    std::io::stdout().is_terminal() && (set("DISPLAY") || set("WAYLAND_DISPLAY"))
}
