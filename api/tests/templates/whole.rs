//! A whole template in the shape of those that people have.

use crate::kit::{digests, file, spec};
use api::templates::{Format, import};

const WHOLE: &str = r#"
terraform {
  required_providers {
    coder  = { source = "coder/coder" }
    docker = { source = "kreuzwerker/docker" }
  }
}

variable "docker_socket" {
  description = "Where the engine listens"
  type        = string
  default     = ""
}

provider "docker" {
  host = var.docker_socket != "" ? var.docker_socket : null
}

locals {
  username = data.coder_workspace_owner.me.name
  languages = {
    go   = { image = "dev-go:1", port = 6060 }
    rust = { image = "dev-rust:1", port = 8000 }
  }
  caches = toset(["cargo", "go"])
}

data "coder_provisioner" "me" {}
data "coder_workspace" "me" {}
data "coder_workspace_owner" "me" {}

data "coder_parameter" "language" {
  name         = "language"
  display_name = "Language"
  default      = "go"
  icon         = "/icon/code.svg"
  option {
    name  = "Go"
    value = "go"
  }
  option {
    name  = "Rust"
    value = "rust"
  }
}

data "coder_parameter" "region" {
  name    = "region"
  default = "eu"
  mutable = true
}

resource "coder_agent" "main" {
  arch           = data.coder_provisioner.me.arch
  os             = "linux"
  dir            = "/workspaces"
  startup_script = <<-EOT
    set -e
    if [ ! -f ~/.init_done ]; then
      cp -rT /etc/skel ~
      touch ~/.init_done
    fi
    echo "${data.coder_parameter.region.value}"
  EOT
  env = {
    GIT_AUTHOR_NAME  = coalesce(data.coder_workspace_owner.me.full_name, data.coder_workspace_owner.me.name)
    GIT_AUTHOR_EMAIL = data.coder_workspace_owner.me.email
  }
  metadata {
    display_name = "CPU"
    key          = "cpu"
    script       = "coder stat cpu"
    interval     = 10
    timeout      = 1
  }
}

module "code-server" {
  count    = data.coder_workspace.me.start_count
  source   = "registry.coder.com/coder/code-server/coder"
  version  = "~> 1.0"
  agent_id = coder_agent.main.id
}

module "dotfiles" {
  source   = "registry.coder.com/coder/dotfiles/coder"
  agent_id = coder_agent.main.id
}

resource "coder_app" "docs" {
  agent_id     = coder_agent.main.id
  slug         = "docs"
  display_name = "Docs"
  url          = "http://localhost:${6000 + 60}"
}

resource "docker_volume" "home_volume" {
  name = "coder-${data.coder_workspace.me.id}-home"
  lifecycle {
    ignore_changes = all
  }
  dynamic "labels" {
    for_each = { owner = local.username }
    content {
      label = "coder.${labels.key}"
      value = labels.value
    }
  }
}

resource "docker_volume" "cache" {
  for_each = local.caches
  name     = "coder-${data.coder_workspace.me.id}-${each.key}"
}

resource "docker_image" "main" {
  name = local.languages[data.coder_parameter.language.value].image
}

resource "docker_container" "workspace" {
  count      = data.coder_workspace.me.start_count
  image      = docker_image.main.name
  name       = "coder-${local.username}-${lower(data.coder_workspace.me.name)}"
  hostname   = data.coder_workspace.me.name
  entrypoint = ["sh", "-c", replace(coder_agent.main.init_script, "/localhost|127\\.0\\.0\\.1/", "host.docker.internal")]
  env        = concat(["CODER_AGENT_TOKEN=${coder_agent.main.token}"], [for k, v in { REGION = data.coder_parameter.region.value } : "${k}=${v}"])
  dns        = ["1.1.1.1"]
  host {
    host = "host.docker.internal"
    ip   = "host-gateway"
  }
  volumes {
    container_path = "/workspaces"
    volume_name    = docker_volume.home_volume.name
    read_only      = false
  }
  dynamic "volumes" {
    for_each = docker_volume.cache
    content {
      container_path = "/cache/${volumes.key}"
      volume_name    = volumes.value.name
    }
  }
  labels {
    label = "coder.owner"
    value = data.coder_workspace_owner.me.name
  }
}

resource "coder_metadata" "info" {
  resource_id = docker_container.workspace[0].id
  item {
    key   = "image"
    value = docker_image.main.name
  }
}

output "name" {
  value = local.username
}
"#;

#[test]
fn a_usual_template_comes_in_whole() {
    let images = digests(&[("dev-go:1", 'a'), ("dev-rust:1", 'b')]);
    let imported = import(Format::Terraform, &file("main.tf", WHOLE), &images).unwrap();
    let spec = spec(&imported);
    assert_eq!(&*spec.container.image, "${parameter.language}");
    assert_eq!(&*spec.container.environment["REGION"], "${parameter.region}");
    assert_eq!(&*spec.container.environment["GIT_AUTHOR_NAME"], "${owner.handle}");
    let volumes: Vec<_> = spec.volumes.iter().map(|one| (&*one.name, &*one.path)).collect();
    assert_eq!(
        volumes,
        [("cache-cargo", "/cache/cargo"), ("cache-go", "/cache/go"), ("home", "/workspaces")]
    );
    let apps: Vec<_> = spec.apps.iter().map(|one| (&*one.slug, one.port)).collect();
    assert_eq!(apps, [("code-server", 8080), ("docs", 6060)]);
    let names: Vec<_> = spec.parameters.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["language", "region", "dotfiles_uri"]);
    assert!(spec.startup.unwrap().script.contains("echo \"${DEED_PARAMETER_REGION}\""));
}
