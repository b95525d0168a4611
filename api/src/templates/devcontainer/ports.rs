//! Ports, which become apps.

use super::Reading;
use ledger::event::workspaces::{App, Sharing};
use serde_json::Value;

/// A list of ports, or one.
pub(super) fn forwarded(reading: &mut Reading<'_>, construct: &str, value: &Value) {
    let one = std::slice::from_ref(value);
    let ports = value.as_array().map_or(one, Vec::as_slice);
    if ports.is_empty() {
        return reading.ignore(construct, "it is empty");
    }
    for (place, port) in ports.iter().enumerate() {
        let construct = if value.is_array() { format!("{construct}.{place}") } else { construct.to_owned() };
        match number(port) {
            Ok(port) => {
                app(reading, port);
                reading.map(&construct, format!("apps.port-{port}"));
            }
            Err(why) => reading.refuse(&construct, why),
        }
    }
}

fn app(reading: &mut Reading<'_>, port: u16) {
    if reading.draft.apps.iter().any(|app| app.port == port) {
        return;
    }
    let attributes = reading.document.root.get("portsAttributes").and_then(|all| all.get(port.to_string()));
    let label = attributes.and_then(|all| all.get("label")).and_then(Value::as_str);
    let name = label.map_or_else(|| format!("Port {port}"), str::to_owned).into();
    let slug = format!("port-{port}").into();
    let sharing_max = Sharing::Owner;
    reading.draft.apps.push(App { command: None, health: None, name, path: None, port, sharing_max, slug });
}

/// A number, or a text of a host and a port.
fn number(value: &Value) -> Result<u16, String> {
    let port = match value {
        Value::Number(number) => number.as_u64().and_then(|port| u16::try_from(port).ok()),
        Value::String(text) => {
            let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
            let own = ["localhost", "127.0.0.1"].contains(&host) || host == port;
            if !own {
                return Err(format!("`{host}` is not the workspace: only its own ports are apps"));
            }
            port.parse().ok()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let port = port.ok_or("a port is a number up to 65535")?;
    if port < 1024 { Err("an app's port is 1024 or above".to_owned()) } else { Ok(port) }
}

/// What is said about ports.
pub(super) fn attributes(reading: &mut Reading<'_>, construct: &str, value: &Value) {
    for (port, attributes) in value.as_object().into_iter().flatten() {
        let construct = format!("{construct}.{port}");
        let known = |app: &App| app.port.to_string() == *port;
        if !reading.draft.apps.iter().any(known) {
            reading.ignore(&construct, "no app has this port: name it in `forwardPorts` to have one");
            continue;
        }
        for (name, value) in attributes.as_object().into_iter().flatten() {
            let construct = format!("{construct}.{name}");
            match (name.as_str(), value.as_str()) {
                ("label", Some(_)) => reading.map(&construct, format!("apps.port-{port}.name")),
                ("protocol", Some("https")) => reading.refuse(
                    &construct,
                    "Deed speaks HTTP to apps, within the workspace; let it listen without TLS",
                ),
                _ => reading.ignore(&construct, "it is about the editor on the developer's machine"),
            }
        }
    }
}
