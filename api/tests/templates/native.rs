//! Templates in TOML.

use crate::kit::{digest, image, read, spec};
use api::templates::{Format, print};

const WHOLE: &str = r#"
prebuilt = 2
[container]
image = "IMAGE"
user = "1000:1000"
scratch = [{ path = "/tmp", size_mib = 64 }, { path = "/run", size_mib = 8 }]
[container.environment]
EDITOR = "vi"
[limits]
cpu_millis = 500
memory_mib = 512
processes = 64
[[apps]]
slug = "web"
name = "Web"
port = 8081
[[apps]]
slug = "code"
name = "Code"
port = 8080
[network]
allow = [{ host = "b.example", ports = [443, 80] }, { host = "a.example" }]
[[volumes]]
name = "home"
path = "/data"
size_mib = 64
[times]
idle_stop_seconds = 3600
"#;

#[test]
fn lists_may_stand_in_any_order() {
    let imported = read(Format::Native, "t.toml", &WHOLE.replace("IMAGE", &image())).unwrap();
    let spec = spec(&imported);
    let slugs: Vec<&str> = spec.apps.iter().map(|app| &*app.slug).collect();
    assert_eq!(slugs, ["code", "web"]);
    assert_eq!(&*spec.network.allow[0].host, "a.example");
    assert_eq!(spec.network.allow[1].ports, [80, 443]);
    assert_eq!(&*spec.container.scratch[0].path, "/run");
    assert!(imported.report.iter().all(|finding| !finding.outcome.is_refused() && finding.line > 0));
}

#[test]
fn what_is_printed_reads_back_as_the_same_spec() {
    let first = spec(&read(Format::Native, "t.toml", &WHOLE.replace("IMAGE", &image())).unwrap());
    let printed = print(&first).unwrap();
    let second = spec(&read(Format::Native, "t.toml", &printed).unwrap());
    assert_eq!(first.digest(), second.digest(), "{printed}");
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let whole = WHOLE.replace("IMAGE", &image());
    for (old, new, place, word) in [
        ("prebuilt = 2", "prebuilds = 2", "t.toml:2:1", "prebuilds"),
        ("port = 8081", "port = 70000", "t.toml:16:8", "70000"),
        ("[limits]", "[limits", "t.toml:9:8", ""),
        ("user = \"1000:1000\"", "user = \"0:0\"", "t.toml: ", "container.user"),
        (&image(), "ide:latest", "t.toml: ", "digest"),
    ] {
        let problem = read(Format::Native, "t.toml", &whole.replace(old, new)).unwrap_err().to_string();
        assert!(problem.starts_with(place) && problem.contains(word), "{new}: {problem}");
    }
}

#[test]
fn a_large_or_deep_file_is_refused() {
    let large = format!("# {}\n", "x".repeat(300_000));
    let problem = read(Format::Native, "t.toml", &large).unwrap_err();
    assert!(problem.to_string().contains("262144 bytes"), "{problem}");
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(read(Format::Native, "t.toml", &deep).is_err());
    assert_eq!(digest('a').len(), 71);
}

mod properties {
    use super::*;
    use ledger::event::workspaces::{Choice, Kind, Parameter, Startup};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_texts_survive_being_printed(
            script in "[^\0]{0,80}",
            value in "[^\0$]{0,40}",
            label in "[a-z\"' =#\\[\\].]{1,20}",
            protected: bool,
            idle in proptest::option::of(1_u64..1000),
            memory in 16_u64..4096,
        ) {
            let mut spec = spec(&read(Format::Native, "t.toml", &WHOLE.replace("IMAGE", &image())).unwrap());
            spec.startup = Some(Startup { script: script.into(), timeout_seconds: 5 });
            spec.container.environment.insert("VALUE".into(), value.into());
            spec.container.command = vec![label.as_str().into(), "\u{7f}\n".into()];
            spec.times.idle_stop_seconds = idle;
            spec.limits.memory_mib = memory;
            spec.volumes[0].protected = protected;
            spec.parameters.push(Parameter {
                default: Some("a".into()), description: None, kind: Kind::Text, max: None, min: None,
                mutable: protected, name: "p".into(),
                options: vec![Choice { name: label.into(), value: "a".into() }], pattern: None,
            });
            spec.check().unwrap();
            let printed = print(&spec).unwrap();
            let again = super::spec(&read(Format::Native, "t.toml", &printed).unwrap());
            prop_assert_eq!(again.digest(), spec.digest());
        }
    }
}
