//! Templates that want what no workspace has, or too much.

use crate::kit::{container, read, refused, terraform};
use api::templates::Format;
use std::time::{Duration, Instant};

#[test]
fn each_way_out_of_a_container_is_refused() {
    for (lines, construct) in [
        ("  privileged = true", "privileged"),
        ("  network_mode = \"host\"", "network_mode"),
        ("  pid_mode = \"host\"", "pid_mode"),
        ("  ipc_mode = \"host\"", "ipc_mode"),
        ("  userns_mode = \"host\"", "userns_mode"),
        ("  gpus = \"all\"", "gpus"),
        ("  security_opts = [\"seccomp=unconfined\"]", "security_opts"),
        ("  group_add = [\"docker\"]", "group_add"),
        ("  user = \"root\"", "user"),
        ("  user = \"0:0\"", "user"),
        ("  sysctls = { a = \"b\" }", "sysctls"),
        ("  capabilities {\n    add = [\"SYS_ADMIN\"]\n  }", "capabilities"),
        ("  devices {\n    host_path = \"/dev/kvm\"\n  }", "devices"),
        ("  volumes {\n    container_path = \"/x\"\n    host_path = \"/etc\"\n  }", "volumes.host_path"),
        (
            "  volumes {\n    container_path = \"/var/run/docker.sock\"\n    host_path = \"/var/run/docker.sock\"\n  }",
            "volumes.host_path",
        ),
        (
            "  volumes {\n    container_path = \"/x\"\n    volume_name = \"shared\"\n  }",
            "volumes.volume_name",
        ),
        ("  mounts {\n    type = \"bind\"\n    target = \"/x\"\n    source = \"/\"\n  }", "mounts"),
        ("  ports {\n    internal = 80\n  }", "ports"),
        ("  networks_advanced {\n    name = \"x\"\n  }", "networks_advanced"),
        ("  upload {\n    file = \"/x\"\n    content = \"y\"\n  }", "upload"),
        ("  host {\n    host = \"db\"\n    ip = \"10.0.0.1\"\n  }", "host"),
        ("  provisioner \"local-exec\" {\n    command = \"id\"\n  }", "provisioner.local-exec"),
        ("  provisioner \"remote-exec\" {\n    inline = [\"id\"]\n  }", "provisioner.remote-exec"),
        ("  unheard_of = 1", "unheard_of"),
        ("  env = [\"A=${regex(\"a\", \"b\")}\"]", "env"),
    ] {
        let imported = terraform(&container(lines, ""));
        let construct = format!("docker_container.w.{construct}");
        assert!(refused(&imported).contains(&construct.as_str()), "{lines}: {:?}", imported.report);
        assert!(imported.spec.is_none(), "{lines}");
    }
}

#[test]
fn what_reaches_outside_is_refused() {
    for (block, construct) in [
        ("data \"external\" \"x\" {\n  program = [\"id\"]\n}\n", "data.external.x"),
        ("data \"http\" \"x\" {\n  url = \"http://169.254.169.254\"\n}\n", "data.http.x"),
        (
            "resource \"null_resource\" \"x\" {\n  provisioner \"local-exec\" {\n    command = \"id\"\n  }\n}\n",
            "null_resource.x",
        ),
        ("resource \"aws_instance\" \"x\" {\n}\n", "aws_instance.x"),
        ("resource \"docker_network\" \"x\" {\n  name = \"x\"\n}\n", "docker_network.x"),
        ("data \"coder_external_auth\" \"x\" {\n  id = \"github\"\n}\n", "data.coder_external_auth.x"),
        ("module \"x\" {\n  source = \"./x\"\n}\n", "module.x"),
        ("module \"x\" {\n  source = \"git::https://a.example/x.git\"\n}\n", "module.x"),
        ("variable \"x\" {\n}\n", "variable.x"),
        (
            "resource \"docker_volume\" \"x\" {\n  driver_opts = {\n    type = \"none\"\n    device = \"/\"\n    o = \"bind\"\n  }\n}\n",
            "docker_volume.x.driver_opts",
        ),
        (
            "resource \"docker_image\" \"x\" {\n  name = \"x\"\n  build {\n    context = \".\"\n  }\n}\n",
            "docker_image.x.build",
        ),
        ("resource \"docker_container\" \"second\" {\n  image = \"x\"\n}\n", "docker_container.w"),
        ("whatever \"x\" {\n}\n", "whatever.x"),
    ] {
        let imported = terraform(&container("", block));
        assert!(refused(&imported).contains(&construct), "{block}: {:?}", imported.report);
        assert!(imported.spec.is_none(), "{block}");
    }
}

#[test]
fn every_block_and_attribute_is_told_once() {
    let text = container(
        "  privileged = true\n  labels {\n    label = \"a\"\n    value = \"b\"\n  }\n  labels {\n    label = \"c\"\n    value = \"d\"\n  }",
        "locals {\n  a = 1\n}\nunknown {\n  b = 2\n}\n",
    );
    let imported = terraform(&text);
    let mut places: Vec<_> = imported
        .report
        .iter()
        .filter(|one| one.line > 0)
        .map(|one| (one.line, one.construct.to_string()))
        .collect();
    // Each line of the text but those with a closing brace alone has one construct.
    let lines = text.lines().filter(|line| !["}", ""].contains(&line.trim())).count();
    assert_eq!(places.len(), lines, "{places:?}");
    places.dedup();
    assert_eq!(places.len(), lines);
}

#[test]
fn what_takes_too_much_ends_soon() {
    let nine = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let nested = format!(
        "length([for a in {nine} : [for b in {nine} : [for c in {nine} : [for d in {nine} : [for e in {nine} : [for f in {nine} : a]]]]]])"
    );
    let doubling: String = (1..40)
        .map(|place| format!("  l{place} = \"${{local.l{}}}${{local.l{}}}\"\n", place - 1, place - 1))
        .collect();
    let chain: String = (1..300).map(|place| format!("  l{place} = local.l{}\n", place - 1)).collect();
    let lists: String = (1..40)
        .map(|place| format!("  l{place} = concat(local.l{}, local.l{})\n", place - 1, place - 1))
        .collect();
    for locals in [
        format!("  x = {nested}\n"),
        format!("  l0 = \"aaaaaaaaaaaaaaaa\"\n{doubling}  x = local.l39\n"),
        format!("  l0 = 1\n{chain}  x = local.l299\n"),
        format!("  l0 = [1]\n{lists}  x = length(local.l39)\n"),
        "  x = local.y\n  y = local.x\n".to_owned(),
        "  x = try(local.x, local.x, local.x)\n".to_owned(),
        format!(
            "  x = length({}range(1000){})\n",
            "flatten([for z in ".repeat(12),
            " : range(1000)])".repeat(12)
        ),
    ] {
        let begun = Instant::now();
        let imported =
            terraform(&container("  env = [\"X=${local.x}\"]", &format!("locals {{\n{locals}}}\n")));
        assert_eq!(refused(&imported), ["docker_container.w.env"], "{locals}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{locals}");
    }
}

#[test]
fn what_is_nested_too_deep_is_said_with_its_place() {
    let deep = format!("locals {{\n  x = {}1{}\n}}\n", "(".repeat(5_000), ")".repeat(5_000));
    let problem = read(Format::Terraform, "main.tf", &deep).unwrap_err().to_string();
    assert!(problem.starts_with("main.tf:2:"), "{problem}");
    for text in ["resource {", "a = ", "locals {\n a = 1\n a = 2\n}", "\u{0}"] {
        let problem = read(Format::Terraform, "main.tf", text).unwrap_err().to_string();
        assert!(problem.starts_with("main.tf:"), "{problem}");
    }
    let many: String = (0..11_000).map(|place| format!("a{place} {{}}\n")).collect();
    assert!(read(Format::Terraform, "main.tf", &many).unwrap_err().to_string().contains("10000"));
    assert!(read(Format::Terraform, "x.txt", "").is_err());
}

#[test]
fn names_cannot_steer_a_terminal() {
    let imported = terraform(&container("", "module \"x\\u001b[2J\" {\n  source = \"./x\"\n}\n"));
    assert!(!api::templates::report::text(&imported.report).contains('\u{1b}'));
}
