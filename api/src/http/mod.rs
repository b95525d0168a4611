//! The HTTP interface: routes, who asks, and the way to the engine.

mod access;
pub mod answering;
mod as_of;
mod asking;
pub mod audit;
mod body;
mod budgets;
mod commands;
mod custody;
pub mod doors;
mod expiring;
mod fields;
mod html;
mod identity;
mod keys;
pub mod oauth;
pub mod openapi;
mod pages;
mod policy;
mod problem;
mod provisioning;
pub mod rates;
pub mod scim;
pub mod sign_in;
mod stream;
mod tags;
mod texts;
mod workspaces;

pub use asking::{Asker, Deed};
pub use commands::COMMANDS;
pub use problem::{Kind, Problem, status};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// Tells the OpenAPI document about a route.
type Describe = fn(&mut openapi::Operation<'_>);

macro_rules! routes {
    ($($method:ident $path:literal => $handler:path;)*) => {
        /// Every route: its method and its path.
        pub const ROUTES: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        /// Each route with its handler's name and what that says about it.
        fn described() -> Vec<(&'static str, &'static str, &'static str, Describe)> {
            vec![$((
                stringify!($method),
                $path,
                stringify!($handler),
                |operation: &mut openapi::Operation<'_>| openapi::describe(&$handler, operation),
            )),*]
        }

        fn routes() -> Router<Deed> {
            Router::new()$(.route($path, $method($handler)))*
        }
    };
}

routes! {
    post "/api/v1/commands" => commands::command;
    get "/api/v1/me" => identity::me;
    get "/api/v1/users" => identity::users;
    get "/api/v1/service-accounts" => identity::service_accounts;
    get "/api/v1/agents" => identity::agents;
    get "/api/v1/groups" => identity::groups;
    get "/api/v1/groups/{group}/members" => identity::members;
    get "/api/v1/credentials" => identity::credentials;
    get "/api/v1/sessions" => sign_in::sessions;
    get "/api/v1/organizations" => access::organizations;
    get "/api/v1/projects" => access::projects;
    get "/api/v1/roles" => access::roles;
    get "/api/v1/grants" => access::grants;
    get "/api/v1/requests" => access::requests;
    get "/api/v1/duties" => access::duties;
    get "/api/v1/mappings" => access::mappings;
    get "/api/v1/keys" => keys::keys;
    get "/api/v1/budgets" => budgets::budgets;
    get "/api/v1/policies" => policy::policies;
    get "/api/v1/templates" => workspaces::templates;
    get "/api/v1/templates/{template}/versions" => workspaces::versions;
    get "/api/v1/templates/{template}/versions/{number}" => workspaces::version;
    post "/api/v1/templates/{template}/plan" => workspaces::plan;
    get "/api/v1/workspaces" => workspaces::workspaces;
    get "/api/v1/workspaces/{workspace}" => workspaces::workspace;
    get "/api/v1/workspaces/{workspace}/log" => workspaces::build_log;
    get "/api/v1/access" => access::access;
    get "/api/v1/access/diff" => access::diff;
    get "/api/v1/access/explain" => access::explain;
    post "/api/v1/authcheck" => access::authcheck;
    get "/api/v1/audit" => audit::audit;
    get "/api/v1/provisioning/changes" => provisioning::changes;
    get "/api/v1/events" => custody::events;
    get "/api/v1/events/{seq}" => custody::event;
    get "/api/v1/events/{seq}/proof" => custody::proof;
    get "/api/v1/ledger" => custody::ledger;
    get "/api/v1/checkpoint" => custody::checkpoint;
    get "/api/v1/openapi.json" => openapi::openapi;
    get "/healthz" => health;
    get "/claim" => pages::claim;
    get "/claim.js" => pages::claim_script;
    get "/claim.css" => pages::claim_style;
}

macro_rules! pages {
    ($($method:ident $path:literal => $handler:path;)*) => {
        /// What browsers open and OAuth clients find by RFC 8414 besides: its method and its path. The OpenAPI document leaves these out.
        pub const PAGES: &[(&str, &str)] = &[$((stringify!($method), $path)),*];

        fn pages() -> Router<Deed> {
            Router::new()$(.route($path, $method($handler)))*
        }
    };
}

pages! {
    get "/sign-in" => sign_in::sign_in;
    post "/sign-out" => sign_in::sign_out;
    get "/auth/{provider}/start" => sign_in::start;
    get "/auth/{provider}/callback" => sign_in::callback;
    post "/auth/{provider}/logout" => sign_in::provider_logout;
    get "/.well-known/oauth-authorization-server" => oauth::metadata;
    get "/oauth/authorize" => oauth::authorize;
    post "/oauth/authorize" => oauth::consent;
    post "/oauth/token" => oauth::token;
    post "/oauth/device_authorization" => oauth::device_authorization;
    post "/oauth/introspect" => oauth::introspect;
    post "/oauth/revoke" => oauth::revoke;
    get "/device" => oauth::device;
    post "/device" => oauth::type_code;
    post "/device/decide" => oauth::decide;
    get "/recovery" => sign_in::recovery;
    post "/recovery" => sign_in::recover;
    get "/sessions" => sign_in::own;
    post "/sessions/{session}/end" => sign_in::end;
    get "/sessions/watch" => sign_in::watch;
    get "/sessions.js" => sign_in::script;
    get "/deed.css" => sign_in::style;
    get "/workspaces" => workspaces::page::own;
    post "/workspaces" => workspaces::page::create;
    get "/workspaces/new" => workspaces::page::new;
    post "/workspaces/{workspace}/start" => workspaces::page::start;
    post "/workspaces/{workspace}/stop" => workspaces::page::stop;
    post "/workspaces/{workspace}/delete" => workspaces::page::delete;
    get "/workspaces.js" => workspaces::page::script;
    get "/open" => doors::open;
}

/// All routes, within the limits.
pub fn router(deed: Deed) -> Router {
    routes()
        .merge(pages())
        .merge(scim::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn(tags::unless_same))
        .layer(from_fn_with_state(deed.clone(), rates::limited))
        .layer(from_fn_with_state(deed.clone(), in_time))
        .layer(from_fn(scim::in_its_words))
        .with_state(deed)
}

async fn in_time(State(deed): State<Deed>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(deed.limits.answer, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let seconds = deed.limits.answer.as_secs();
        let detail = format!(
            "there was no answer within {seconds} seconds; a command may still be done, send it again with the same `id`"
        );
        Problem::new(Kind::Late, detail).into_response()
    })
}

async fn health(State(deed): State<Deed>) -> Result<Response, Problem> {
    if deed.grown.has_changed().is_err() {
        return Err(::commands::engine::Failure::Stopped.into());
    }
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], "ok\n").into_response())
}

async fn not_found() -> Problem {
    Problem::new(Kind::NoSuchRoute, "there is nothing at this path; paths begin with `/api/v1/`")
}

async fn wrong_method() -> Problem {
    Problem::new(Kind::WrongMethod, "this path does not take this method; the header `Allow` says which")
}
