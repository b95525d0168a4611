//! Terraform: each construct with its outcome.

use crate::kit::{container, digest, digests, file, image, outcome, refused, spec, terraform};
use api::templates::report::Outcome;
use api::templates::{Files, Format, Options, import};
use ledger::event::workspaces::{Kind, Sharing};

const DATA: &str = "data \"coder_workspace\" \"me\" {}\ndata \"coder_workspace_owner\" \"me\" {}\n";
const SIZE: &str = r#"
data "coder_parameter" "size" {
  name = "Size"
  default = "small"
  option {
    name = "Small"
    value = "small"
  }
  option {
    name = "Large"
    value = "large"
  }
}
"#;

fn variable(expression: &str, blocks: &str) -> String {
    let text = container(&format!("  env = [\"X=${{{expression}}}\"]"), &format!("{DATA}{blocks}"));
    spec(&terraform(&text)).container.environment["X"].to_string()
}

#[test]
fn what_each_workspace_has_stays_a_reference() {
    for (expression, value) in [
        ("data.coder_workspace.me.name", "${workspace.handle}"),
        ("data.coder_workspace.me.id", "${workspace.id}"),
        ("lower(data.coder_workspace_owner.me.name)", "${owner.handle}"),
        ("data.coder_workspace_owner.me.id", "${owner.id}"),
        ("coalesce(data.coder_workspace_owner.me.full_name, \"x\")", "${owner.handle}"),
        ("data.coder_workspace.me.start_count", "1"),
        ("data.coder_parameter.size.value", "${parameter.size}"),
        ("\"a-${data.coder_parameter.size.value}-$${b}\"", "a-${parameter.size}-$${b}"),
        ("data.coder_parameter.size.value == \"medium\" ? 1 : 2", "2"),
        ("data.coder_workspace.me.name == \"\" ? 1 : 2", "2"),
        ("trimspace(data.coder_parameter.size.value)", "${parameter.size}"),
        ("length(data.coder_parameter.size.value)", "5"),
        ("contains([\"small\", \"large\"], data.coder_parameter.size.value)", "true"),
        ("join(\"-\", [\"a\", data.coder_workspace.me.name])", "a-${workspace.handle}"),
        ("[for x in [data.coder_parameter.size.value] : \"${x == \"medium\"}\"][0]", "false"),
    ] {
        assert_eq!(variable(expression, SIZE), value, "{expression}");
    }
}

#[test]
fn what_differs_by_workspace_is_refused_where_a_value_is_needed() {
    for (line, construct) in [
        (
            "  memory = data.coder_parameter.size.value == \"small\" ? 1024 : 2048",
            "docker_container.w.memory",
        ),
        ("  env = [\"X=${upper(data.coder_workspace.me.name)}\"]", "docker_container.w.env"),
        ("  count = data.coder_parameter.size.value == \"small\" ? 0 : 1", "docker_container.w.count"),
        ("  working_dir = \"/x/${data.coder_workspace_owner.me.name}\"", "docker_container.w.working_dir"),
        ("  env = [\"X=${data.coder_workspace_owner.me.session_token}\"]", "docker_container.w.env.X"),
        (
            "  env = [\"X=${base64encode(data.coder_workspace_owner.me.ssh_private_key)}\"]",
            "docker_container.w.env.X",
        ),
    ] {
        let imported = terraform(&container(line, &format!("{DATA}{SIZE}")));
        assert!(refused(&imported).contains(&construct), "{line}: {:?}", imported.report);
        assert!(imported.spec.is_none());
    }
}

#[test]
fn what_an_agent_needs_is_left_out() {
    let agent = "resource \"coder_agent\" \"main\" {\n  os = \"linux\"\n  arch = \"amd64\"\n  env = {\n    EMAIL = data.coder_workspace_owner.me.email\n    EDITOR = \"vi\"\n  }\n  startup_script = <<-EOT\n    #!/bin/bash\n    echo '${data.coder_parameter.size.value}' \"${data.coder_workspace.me.name}\" ${data.coder_parameter.size.value}\n  EOT\n  metadata {\n    key = \"x\"\n    script = \"y\"\n    interval = 1\n  }\n}\n";
    let lines = "  entrypoint = [\"sh\", \"-c\", replace(coder_agent.main.init_script, \"/localhost/\", \"x\")]\n  env = [\"CODER_AGENT_TOKEN=${coder_agent.main.token}\", \"A=b=c\"]\n  hostname = data.coder_workspace.me.name\n  name = \"coder-${data.coder_workspace.me.id}\"\n  host {\n    host = \"host.docker.internal\"\n    ip = \"host-gateway\"\n  }";
    let imported = terraform(&container(lines, &format!("{DATA}{SIZE}{agent}")));
    let spec = spec(&imported);
    assert_eq!(&*spec.container.command[0], "/bin/sh");
    assert!(spec.container.command[2].contains("sleep"));
    let environment: Vec<_> =
        spec.container.environment.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(environment, [("A", "b=c"), ("EDITOR", "vi"), ("WORKSPACE_HANDLE", "${workspace.handle}")]);
    let script = spec.startup.unwrap().script;
    assert!(script.starts_with("bash -c "), "{script}");
    // The script stands in quotes once more.
    let inner = script.replace("'\\''", "'");
    assert!(
        inner.contains(
            "echo ''\"${DEED_PARAMETER_SIZE}\"'' \"${WORKSPACE_HANDLE}\" \"${DEED_PARAMETER_SIZE}\""
        ),
        "{inner}"
    );
    for ignored in [
        "docker_container.w.env.CODER_AGENT_TOKEN",
        "coder_agent.main.env.EMAIL",
        "coder_agent.main.metadata.key",
    ] {
        assert!(matches!(outcome(&imported, ignored), Outcome::Ignored { .. }), "{ignored}");
    }
}

#[test]
fn parameters_keep_what_they_allow() {
    let blocks = r#"
data "coder_parameter" "cpu" {
  name         = "cpu-count"
  type         = "number"
  default      = 2
  mutable      = true
  order        = 2
  description  = "How many"
  display_name = "CPU"
  icon         = "/x.svg"
  validation {
    min       = 1
    max       = 8
    monotonic = "increasing"
  }
}
data "coder_parameter" "tools" {
  name    = "tools"
  type    = "list(string)"
  default = jsonencode(["git", "vim"])
  order   = 1
}
data "coder_parameter" "word" {
  name = "word"
  validation {
    regex = "^[a-z]+$"
    error = "no"
  }
}
data "coder_parameter" "on" {
  name    = "on"
  type    = "bool"
  default = false
}
"#;
    let imported = terraform(&container("", blocks));
    // A value may not only grow.
    assert_eq!(refused(&imported), ["data.coder_parameter.cpu.validation.monotonic"]);
    let spec = spec(&terraform(&container("", &blocks.replace("monotonic = \"increasing\"", ""))));
    let names: Vec<&str> = spec.parameters.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["word", "on", "tools", "cpu_count"]);
    let cpu = spec.parameter("cpu_count").unwrap();
    assert_eq!(
        (cpu.kind, cpu.default.as_deref(), cpu.min, cpu.max, cpu.mutable),
        (Kind::Number, Some("2"), Some(1), Some(8), true)
    );
    assert_eq!(spec.parameter("tools").unwrap().default.as_deref(), Some("[\"git\",\"vim\"]"));
    let word = spec.parameter("word").unwrap();
    assert_eq!((word.default.as_deref(), word.pattern.as_deref()), (None, Some("[a-z]+")));
    assert_eq!(spec.parameter("on").unwrap().kind, Kind::Bool);
}

#[test]
fn an_image_may_depend_on_one_parameter() {
    let images = digests(&[("base:small", 'b'), ("base:large", 'c')]);
    let text = format!(
        "{SIZE}resource \"docker_image\" \"i\" {{\n  name = \"base:${{data.coder_parameter.size.value}}\"\n}}\nresource \"docker_container\" \"w\" {{\n  image = docker_image.i.image_id\n}}\n"
    );
    let imported = import(Format::Terraform, &file("main.tf", &text), &images).unwrap();
    let made = spec(&imported);
    assert_eq!(&*made.container.image, "${parameter.size}");
    let options: Vec<_> =
        made.parameters[0].options.iter().map(|one| (&*one.name, one.value.to_string())).collect();
    assert_eq!(
        options,
        [("Small", format!("base@{}", digest('b'))), ("Large", format!("base@{}", digest('c')))]
    );
    assert_eq!(made.parameters[0].default.as_deref(), Some(&*format!("base@{}", digest('b'))));
    let used = text.replace("image_id", "image_id\n  env = [\"S=${data.coder_parameter.size.value}\"]");
    let imported = import(Format::Terraform, &file("main.tf", &used), &images).unwrap();
    assert_eq!(refused(&imported), ["docker_container.w.image"]);
    let imported = import(Format::Terraform, &file("main.tf", &text), &Options::default()).unwrap();
    assert_eq!(refused(&imported), ["docker_container.w.image"]);
}

#[test]
fn volumes_may_be_counted_named_and_dynamic() {
    let blocks = "locals {\n  dirs = { cache = \"/cache\", src = \"/src\" }\n}\nresource \"docker_volume\" \"home_volume\" {\n  name = \"coder-home\"\n  lifecycle {\n    prevent_destroy = true\n    ignore_changes = all\n  }\n}\nresource \"docker_volume\" \"more\" {\n  for_each = local.dirs\n  name = \"x-${each.key}\"\n}\nresource \"docker_volume\" \"none\" {\n  count = 0\n  name = \"y\"\n}\n";
    let lines = "  volumes {\n    container_path = \"/data\"\n    volume_name = docker_volume.home_volume.name\n    read_only = false\n  }\n  dynamic \"volumes\" {\n    for_each = local.dirs\n    iterator = it\n    content {\n      container_path = it.value\n      volume_name = docker_volume.more[it.key].name\n    }\n  }\n  tmpfs = { \"/fast\" = \"size=64m\" }\n  mounts {\n    type = \"tmpfs\"\n    target = \"/fast2\"\n    tmpfs_options {\n      size_bytes = 1048576\n    }\n  }";
    let imported = terraform(&container(lines, blocks));
    let spec = spec(&imported);
    let volumes: Vec<_> = spec.volumes.iter().map(|one| (&*one.name, &*one.path, one.protected)).collect();
    assert_eq!(
        volumes,
        [("home", "/data", true), ("more-cache", "/cache", false), ("more-src", "/src", false)]
    );
    let scratch: Vec<_> = spec.container.scratch.iter().map(|one| (&*one.path, one.size_mib)).collect();
    assert_eq!(scratch, [("/fast", 64), ("/fast2", 1), ("/run", 256), ("/tmp", 256)]);
    assert!(matches!(outcome(&imported, "docker_volume.none.name"), Outcome::Ignored { .. }));
}

#[test]
fn apps_and_modules_become_apps() {
    let blocks = r#"
resource "coder_app" "web" {
  agent_id     = "x"
  slug         = "web"
  display_name = "Web"
  url          = "http://localhost:3000/start?x=1"
  share        = "authenticated"
  subdomain    = true
  healthcheck {
    url       = "http://localhost:3000/health"
    interval  = 5
    threshold = 6
  }
}
resource "coder_app" "link" {
  slug     = "link"
  url      = "https://a.example"
  external = true
}
resource "coder_app" "top" {
  slug    = "top"
  command = "top"
}
module "code-server" {
  count   = 1
  source  = "registry.coder.com/coder/code-server/coder"
  version = "~> 1.0"
  share   = "organization"
}
module "jupyterlab" {
  source = "registry.coder.com/modules/jupyterlab/coder"
}
module "cursor" {
  source = "registry.coder.com/coder/cursor/coder"
}
module "dotfiles" {
  source = "registry.coder.com/coder/dotfiles/coder"
}
module "git-clone" {
  source = "registry.coder.com/coder/git-clone/coder"
  url    = "https://git.example/a/b.git"
}
"#;
    let imported = terraform(&container("", blocks));
    let spec = spec(&imported);
    let apps: Vec<_> = spec.apps.iter().map(|app| (&*app.slug, app.port, app.sharing_max)).collect();
    assert_eq!(
        apps,
        [
            ("code-server", 8080, Sharing::Organization),
            ("jupyter", 8888, Sharing::Owner),
            ("web", 3000, Sharing::Authenticated)
        ]
    );
    assert_eq!(spec.app("web").unwrap().path.as_deref(), Some("/start?x=1"));
    assert_eq!(spec.app("web").unwrap().health.as_deref(), Some("/health"));
    assert_eq!(spec.app("code-server").unwrap().command.as_deref(), Some("deed-ide"));
    assert!(spec.parameter("dotfiles_uri").is_some());
    assert!(spec.startup.unwrap().script.contains("https://git.example/a/b.git"));
    for ignored in ["coder_app.link", "coder_app.top", "module.cursor", "module.cursor.source"] {
        let found = outcome(&imported, ignored);
        assert!(!found.is_refused(), "{ignored}: {found:?}");
    }
}

#[test]
fn files_are_those_of_the_folder() {
    let text = container(
        "  env = [\"A=${file(\"${path.module}/a.txt\")}\", \"B=${templatefile(\"t.tpl\", { x = [1, 2] })}\"]",
        "",
    );
    let files: Files =
        [("main.tf", text.as_str()), ("a.txt", "hello"), ("t.tpl", "%{ for i in x }${i};%{ endfor }")]
            .map(|(name, text)| (name.into(), text.into()))
            .into();
    let spec = spec(&import(Format::Terraform, &files, &Options::default()).unwrap());
    assert_eq!((&*spec.container.environment["A"], &*spec.container.environment["B"]), ("hello", "1;2;"));
    for path in ["../a.txt", "/etc/passwd", "b.txt"] {
        let imported = terraform(&container(&format!("  env = [\"A=${{file(\"{path}\")}}\"]"), ""));
        assert_eq!(refused(&imported), ["docker_container.w.env"], "{path}");
    }
}

#[test]
fn defaults_are_told() {
    let imported = terraform(&container(
        "  user = \"1001\"\n  memory = 1024\n  cpus = \"1.5\"\n  read_only = false",
        "",
    ));
    let spec = spec(&imported);
    assert_eq!((spec.limits.cpu_millis, spec.limits.memory_mib, spec.limits.processes), (1500, 1024, 512));
    assert_eq!((&*spec.container.user, spec.container.writable_root), ("1001:1001", true));
    assert_eq!(&*spec.container.image, image());
    let told = imported.report.iter().filter(|one| &*one.construct == "default").count();
    assert_eq!(told, 3);
}

#[test]
fn try_and_can_look_at_one_argument_after_the_other() {
    for (expression, value) in [
        ("try(local.absent, local.also_absent, \"x\")", "x"),
        ("try(\"first\", tonumber(\"x\"))", "first"),
        ("can(local.absent)", "false"),
        ("can(1 + 1)", "true"),
    ] {
        assert_eq!(variable(expression, ""), value, "{expression}");
    }
}
