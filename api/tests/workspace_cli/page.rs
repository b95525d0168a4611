//! The page of one's workspaces: its forms, what it shows, and what it refuses.

use crate::common::client::Client;
use crate::common::until;
use crate::house::{Browser, House};
use serde_json::Value;

const FIELDS: &str = "[[apps]]\nslug = \"web\"\nname = \"<b>Web</b>\"\nport = 8080\n\
     command = \"exec httpd -f -p 127.0.0.1:8080 -h /home/coder\"\n\n\
     [[parameters]]\nname = \"colour\"\nkind = \"text\"\ndescription = \"<i>Which</i>\"\noptions = [{ name = \"Red\", value = \"red\" }, { name = \"Blue\", value = \"blue\" }]\n\n\
     [[parameters]]\nname = \"count\"\nkind = \"number\"\ndefault = \"2\"\nmin = 1\nmax = 9\n\n\
     [[parameters]]\nname = \"fast\"\nkind = \"bool\"\ndefault = \"true\"\n\n\
     [[parameters]]\nname = \"names\"\nkind = \"list\"\ndefault = '[\"a\",\"b\"]'\n\n\
     [[parameters]]\nname = \"word\"\nkind = \"text\"\ndefault = \"<x>\"\n";

fn template(house: &House) -> String {
    let list = house.owner.client.read("/api/v1/templates");
    list["rows"][0]["template"].as_str().unwrap().to_owned()
}

/// The only workspace there is.
fn only(house: &House) -> Value {
    let rows = house.owner.client.read("/api/v1/workspaces")["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1, "{rows}");
    let id = rows[0]["workspace"].as_str().unwrap();
    house.owner.client.read(&format!("/api/v1/workspaces/{id}"))
}

fn page_with(browser: &Browser, what: &str) -> String {
    until(what, || Some(browser.page("/workspaces")).filter(|page| page.contains(what)))
}

#[test]
fn a_workspace_is_created_from_a_form_and_ordered_by_buttons() {
    let house = House::new();
    let browser = house.browser();
    assert!(browser.page("/sessions").contains("href=\"/workspaces\""));
    assert!(browser.page("/workspaces").contains("You have no workspace yet."));
    house.publish("tiny", "true", FIELDS);
    let template = template(&house);
    let choose = browser.page("/workspaces/new");
    assert!(choose.contains(&format!("/workspaces/new?template={template}")), "{choose}");
    let form = browser.page(&format!("/workspaces/new?template={template}"));
    for part in [
        "<select id=\"parameter.colour\" name=\"parameter.colour\">\n<option value=\"\">choose one</option>",
        "&lt;i&gt;Which&lt;/i&gt;",
        "<input type=\"number\" step=\"1\" id=\"parameter.count\" name=\"parameter.count\" min=\"1\" max=\"9\" value=\"2\">",
        "<input type=\"checkbox\" id=\"parameter.fast\" name=\"parameter.fast\" value=\"true\" checked>",
        "name=\"parameter.names\" rows=\"4\">\na\nb</textarea>",
        "value=\"&lt;x&gt;\"",
        "<input type=\"hidden\" name=\"scope\" value=\"site\">",
    ] {
        assert!(form.contains(part), "{part}: {form}");
    }
    let mut fields = vec![("template", template.as_str()), ("name", "one"), ("scope", "site")];
    fields.extend([
        ("parameter.count", "3"),
        ("parameter.names", "x\r\ny\r\n"),
        ("parameter.word", "\"><script>"),
    ]);
    // Nothing was chosen that must be: the form comes again, as it was filled in.
    let wrong = browser.post("/workspaces", &fields);
    let text = wrong.text();
    assert_eq!(wrong.status, 422, "{text}");
    assert!(text.contains("role=\"alert\"") && text.contains("colour"), "{text}");
    assert!(text.contains("value=\"&quot;&gt;&lt;script&gt;\"") && text.contains("value=\"3\""), "{text}");
    assert!(!text.contains("value=\"true\" checked") && text.contains("\nx\r\ny\r\n</textarea>"), "{text}");
    fields.push(("parameter.colour", "blue"));
    let made = browser.post("/workspaces", &fields);
    assert_eq!((made.status, made.header("location")), (303, Some("/workspaces")), "{made}");
    let values = only(&house)["values"].clone();
    let expected = [
        ("colour", "blue"),
        ("count", "3"),
        ("fast", "false"),
        ("names", "[\"x\",\"y\"]"),
        ("word", "\"><script>"),
    ];
    assert!(expected.iter().all(|(name, value)| values[name] == *value), "{values}");
    let page = page_with(&browser, "<td>running</td>");
    let found = only(&house);
    let (id, url) = (found["workspace"].as_str().unwrap(), found["apps"][0]["url"].as_str().unwrap());
    let link = format!("<a href=\"{url}\" target=\"_blank\" rel=\"noopener\">&lt;b&gt;Web&lt;/b&gt;</a>");
    assert!(page.contains(&link) && page.contains("<td>tiny, version 1</td>"), "{page}");
    assert!(
        !page.contains("data-moving") && page.contains("<script src=\"/workspaces.js\" defer>"),
        "{page}"
    );
    assert!(!page.contains(&format!("/workspaces/{id}/start")), "{page}");
    assert_eq!(browser.post(&format!("/workspaces/{id}/stop"), &[]).status, 303);
    let page = page_with(&browser, "<td>stopped</td>");
    assert!(!page.contains("target=\"_blank\""), "{page}");
    assert_eq!(browser.post(&format!("/workspaces/{id}/start"), &[]).status, 303);
    page_with(&browser, "<td>running</td>");
    let asked = browser.post(&format!("/workspaces/{id}/delete"), &[]);
    assert!(
        asked.status == 200 && asked.text().contains("Delete the workspace <strong>one</strong>?"),
        "{asked}"
    );
    assert_eq!(only(&house)["wish"], "run");
    assert_eq!(browser.post(&format!("/workspaces/{id}/delete"), &[("sure", "yes")]).status, 303);
    page_with(&browser, "You have no workspace yet.");
}

#[test]
fn a_build_that_failed_shows_what_it_said_last() {
    let house = House::new();
    let browser = house.browser();
    house.publish("broken", "seq 1 40; echo '<script>broken'; exit 3", "");
    let template = template(&house);
    let fields = [("template", template.as_str()), ("name", "one"), ("scope", "site")];
    assert_eq!(browser.post("/workspaces", &fields).status, 303);
    assert!(browser.page("/workspaces").contains("<td>one</td>"));
    let page = page_with(&browser, "<td>failed at startup</td>");
    assert!(page.contains("&lt;script&gt;broken\n") && page.contains("\n40\n"), "{page}");
    assert!(!page.contains("\n5\n") && !page.contains("<script>broken"), "{page}");
    let id = only(&house)["workspace"].as_str().unwrap().to_owned();
    assert!(page.contains(&format!("/workspaces/{id}/start")), "{page}");
    assert_eq!(browser.post(&format!("/workspaces/{id}/delete"), &[("sure", "yes")]).status, 303);
    page_with(&browser, "You have no workspace yet.");
}

#[test]
fn problems_are_said_on_the_page_and_strangers_order_nothing() {
    let house = House::new();
    let browser = house.browser();
    house.publish("tiny", "true", "");
    let template = template(&house);
    let fields = [("template", template.as_str()), ("name", "No Name"), ("scope", "site")];
    let wrong = browser.post("/workspaces", &fields);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("role=\"alert\">`handle` is 1 to 20 lower-case letters"), "{wrong}");
    let nobody = "wsp_01a1ee565e7b7fffbfffffffffffffff";
    for (path, status) in [
        (format!("/workspaces/{nobody}/start"), 404),
        (format!("/workspaces/{nobody}/delete"), 404),
        ("/workspaces/x/stop".to_owned(), 400),
    ] {
        let said = browser.post(&path, &[]);
        assert!(said.status == status && said.text().contains("role=\"alert\""), "{path}: {said}");
    }
    let missing = browser.get("/workspaces/new?template=tpl_01a1ee565e7b7fffbfffffffffffffff");
    assert!(missing.status == 404 && missing.text().contains("There is no such template"), "{missing}");

    let fields = [("template", template.as_str()), ("name", "one"), ("scope", "site")];
    for path in ["/workspaces".to_owned(), format!("/workspaces/{nobody}/delete")] {
        let strange = browser.post_from("https://evil.example", &path, &fields);
        assert_eq!((strange.status, strange.problem().as_str()), (403, "cross_site"), "{strange}");
        let unknown =
            Browser { cookie: "x=y".to_owned(), client: browser.client.clone(), base: browser.base.clone() };
        let away = unknown.post(&path, &fields);
        assert_eq!(
            (away.status, away.header("location")),
            (303, Some("/sign-in?return_to=/workspaces")),
            "{away}"
        );
    }
    let anonymous = Client::anonymous(house.server().address);
    for path in ["/workspaces", "/workspaces/new"] {
        let away = anonymous.get(path);
        assert_eq!(
            (away.status, away.header("location")),
            (303, Some("/sign-in?return_to=/workspaces")),
            "{away}"
        );
    }
    assert_eq!(
        anonymous.get("/workspaces.js").header("content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert_eq!(house.owner.client.read("/api/v1/workspaces")["rows"], serde_json::json!([]));
}
