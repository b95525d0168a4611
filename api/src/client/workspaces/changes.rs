//! Who else may open a workspace, when it runs by itself, and whose it is.

use super::super::asking::{Asking, Stop, text};
use super::super::show::told;
use super::shown::plain;
use super::{id, named, word};
use clap::ArgMatches;
use serde_json::{Map, Value, json};

pub(super) async fn share(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let found = named(asking, words).await?;
    let arguments =
        json!({ "workspace": id(&found)?, "app": plain(words, "app"), "sharing": plain(words, "with") });
    let answer = asking.order("workspaces.share_app", &arguments).await?;
    let who = match word(words, "with") {
        "owner" => "its owner alone",
        "organization" => "whoever has a role in its organization",
        "authenticated" => "whoever signed in",
        _ => "everybody",
    };
    let sentence = format!("`{}` of {} is open to {who}", word(words, "app"), text(&found, "handle")?);
    Ok(told(&answer, asking.json, &sentence))
}

pub(super) async fn schedule(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let found = named(asking, words).await?;
    let mut arguments = Map::new();
    arguments.insert("workspace".to_owned(), id(&found)?.into());
    for name in ["days", "start", "stop", "zone"] {
        let given = words.get_one::<String>(name);
        let given = given.map(|given| if name == "days" { days(given) } else { given.clone() });
        arguments.extend(given.map(|given| (name.to_owned(), Value::from(given))));
    }
    let answer = asking.order("workspaces.set_schedule", &arguments.into()).await?;
    let name = text(&found, "handle")?;
    let sentence = match words.get_flag("none") {
        true => format!("{name} has no schedule any more"),
        false => format!("{name} has its schedule"),
    };
    Ok(told(&answer, asking.json, &sentence))
}

/// Days as the server writes them: in the order of the week, with a space between two.
fn days(given: &str) -> String {
    let all = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let parts: Vec<&str> = given.split([',', ' ']).filter(|part| !part.is_empty()).collect();
    if !parts.iter().all(|part| all.contains(part)) {
        // The server says what is wrong.
        return given.to_owned();
    }
    all.into_iter().filter(|day| parts.contains(day)).collect::<Vec<_>>().join(" ")
}

pub(super) async fn transfer(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let found = named(asking, words).await?;
    let arguments = json!({ "workspace": id(&found)?, "to": plain(words, "to") });
    let answer = asking.order("workspaces.transfer_workspace", &arguments).await?;
    let sentence = format!("{} belongs to {}", text(&found, "handle")?, word(words, "to"));
    Ok(told(&answer, asking.json, &sentence))
}

#[cfg(test)]
mod tests {
    use super::days;

    #[test]
    fn days_come_in_the_order_of_the_week() {
        assert_eq!(days("fri,mon"), "mon fri");
        assert_eq!(days("mon tue"), "mon tue");
        assert_eq!(days("mon,someday"), "mon,someday");
    }
}
