//! How components find one another: environment variables named after what is called, and who may call whom.
//!
//! `DB_HOST`, `DB_PORT` and `DB_URL` for everything; `DB_USER`, `DB_PASSWORD`, `DB_DATABASE` for stores; `FILES_BUCKET` and
//! `FILES_ENDPOINT` for object storage. What the application sets itself under such a name stays as it is.

use super::hcl::{Expr, quoted, raw, text};
use super::model::{Draft, Gap, Part, Side, View, Wanted, port};
use super::names;
use crate::app::{Component, Kind};
use std::collections::BTreeMap;

/// User and database of every store that is made.
pub const USER: &str = "app";

/// How a side of this module is reached; all are expressions of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// The host of its own, where it has one: a managed service's.
    pub host: Option<String>,
    /// A list of the addresses inside the provider's network.
    pub private: Option<String>,
    /// A list of the addresses at which the internet finds it.
    pub public: Option<String>,
    /// A list of the addresses that it goes out by.
    pub outgoing: Option<String>,
    /// The port, when it is not the kind's own.
    pub port: Option<u16>,
    /// The password.
    pub password: Option<String>,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// Bucket or container.
    pub bucket: Option<String>,
    /// Label of the load balancer that it is found at, where that has a name instead of an address (AWS).
    pub balancer: Option<String>,
}

/// Endpoints of a module's sides, by label.
pub type Endpoints = BTreeMap<String, Endpoint>;

/// What a component finds in its environment.
pub fn environment(
    view: &View,
    draft: &mut Draft,
    (side, ordinal): (&Side, usize),
    known: &Endpoints,
    named: bool,
) -> Vec<(String, Expr)> {
    let component = &view.app.components[ordinal];
    let mut all: Vec<(String, Expr)> = Vec::new();
    if component.kind == Kind::Service {
        all.push(("PORT".to_owned(), text(component.port.to_string())));
    }
    for called in view.called(ordinal) {
        all.extend(told(view, draft, side, called, known, named));
    }
    for (name, value) in &component.env {
        all.retain(|(other, _)| other != name);
        all.push((name.clone(), text(value)));
    }
    for secret in &component.secrets {
        all.retain(|(other, _)| other != secret);
        let variable = format!("{}_{}", names::identifier(&component.name), secret.to_ascii_lowercase());
        let about = format!("Secret {secret} of {}; its value stands in no file.", component.name);
        draft.secret(&variable, secret, &about);
        all.push((secret.clone(), raw(format!("var.{variable}"))));
    }
    all
}

/// What a side is told of a component that it calls.
fn told(
    view: &View,
    draft: &mut Draft,
    side: &Side,
    called: usize,
    known: &Endpoints,
    named: bool,
) -> Vec<(String, Expr)> {
    let component = &view.app.components[called];
    let prefix = names::variable(&component.name);
    let near = view.serving(called).into_iter().find_map(|side| known.get(&side.label()));
    if matches!(component.kind, Kind::ObjectStorage | Kind::StaticSite) {
        let Some(near) = near else { return unreachable(view, draft, side, component) };
        let host = near.host.as_ref().map(|host| (format!("{prefix}_ENDPOINT"), raw(template("https://", host, ""))));
        let bucket = near.bucket.as_ref().map(|bucket| (format!("{prefix}_BUCKET"), raw(bucket)));
        return bucket.into_iter().chain(host).collect();
    }
    if component.kind.is_data_store() && near.is_none() {
        return unreachable(view, draft, side, component);
    }
    let own = near.and_then(|near| near.host.clone());
    let name = named.then(|| quoted(&view.host_name(called)));
    let host = own.or(name).unwrap_or_else(|| match near.and_then(|near| near.private.clone()) {
        Some(private) => format!("element({private}, 0)"),
        None => format!("try(var.{}[0], \"\")", away(draft, component)),
    });
    let port = near.and_then(|near| near.port).unwrap_or_else(|| port(component));
    let entry = |name: &str, value: Expr| (format!("{prefix}_{name}"), value);
    let mut all = vec![entry("HOST", raw(&host)), entry("PORT", text(port.to_string()))];
    match near {
        Some(near) if component.kind.is_data_store() => all.extend(credentials(component, near, &host, port, &entry)),
        _ => all.push(entry("URL", raw(template("http://", &host, &format!(":{port}"))))),
    }
    all
}

/// A literal with an expression in it: `"https://${host}"`; a literal host is written plainly.
fn template(before: &str, host: &str, after: &str) -> String {
    format!("\"{before}{}{after}\"", inside(host))
}

/// An expression as a part of a string.
fn inside(expression: &str) -> String {
    match expression.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(literal) => literal.to_owned(),
        None => format!("${{{expression}}}"),
    }
}

fn credentials(
    component: &Component,
    near: &Endpoint,
    host: &str,
    port: u16,
    entry: &dyn Fn(&str, Expr) -> (String, Expr),
) -> Vec<(String, Expr)> {
    let (scheme, ending) = match (component.kind, near.tls) {
        (Kind::Postgres, true) => ("postgres", "/app?sslmode=require"),
        (Kind::Postgres, false) => ("postgres", "/app"),
        (Kind::Mysql, _) => ("mysql", "/app"),
        (Kind::Redis, true) => ("rediss", ""),
        (Kind::Redis, false) => ("redis", ""),
        _ => ("kafka", ""),
    };
    let user = USER;
    let mut all = Vec::new();
    let login = match &near.password {
        Some(password) => {
            let name = if component.kind == Kind::Redis { "" } else { user };
            if component.kind != Kind::Redis {
                all.push(entry("USER", text(user)));
                all.push(entry("DATABASE", text("app")));
            }
            all.push(entry("PASSWORD", raw(password)));
            format!("{name}:${{{password}}}@")
        }
        None => String::new(),
    };
    all.push(entry("URL", raw(format!("\"{scheme}://{login}{}:{port}{ending}\"", inside(host)))));
    all
}

/// The URL of a store, as an expression.
#[must_use]
pub fn url(component: &Component, near: &Endpoint, host: &str) -> Option<Expr> {
    let port = near.port.unwrap_or_else(|| port(component));
    let entry = |name: &str, value: Expr| (name.to_owned(), value);
    credentials(component, near, host, port, &entry).into_iter().find(|(name, _)| name == "URL").map(|(_, url)| url)
}

fn unreachable(view: &View, draft: &mut Draft, side: &Side, called: &Component) -> Vec<(String, Expr)> {
    let sides = view.app.components.iter().position(|component| component.name == called.name);
    let places: Vec<String> = sides
        .into_iter()
        .flat_map(|ordinal| view.serving(ordinal))
        .map(|side| format!("{}:{}", side.seat.provider, side.seat.region))
        .collect();
    let prefix = names::variable(&called.name);
    let what = format!("{} -> {}", side.seat.component, called.name);
    let here = places.iter().any(|place| place.starts_with(&format!("{}:", view.provider)));
    let why = if here {
        format!("{} is not generated, so {prefix}_... is not set", called.name)
    } else {
        let at = if places.is_empty() { "no place".to_owned() } else { places.join(", ") };
        let reached = "a store is reached inside its provider's private network only. No connection is made, and";
        format!("{} is at {at}; {reached} {prefix}_... is not set", called.name)
    };
    let place = format!("{}:{}", side.seat.provider, side.seat.region);
    let gap = Gap { what, place, why };
    if !draft.module.gaps.contains(&gap) {
        draft.module.gaps.push(gap);
    }
    Vec::new()
}

/// The variable with the addresses of a component that other providers' modules have.
pub fn away(draft: &mut Draft, component: &Component) -> String {
    let name = format!("address_of_{}", names::identifier(&component.name));
    let about = format!("Addresses of {} at other providers: outputs of their modules.", component.name);
    wanted(draft, &name, &about, &component.name, None, false);
    name
}

/// The variable with the public addresses of one side at another provider.
pub fn away_side(draft: &mut Draft, side: &Side) -> String {
    let name = format!("address_of_{}", side.label());
    let Side { seat, .. } = side;
    let about = format!("Addresses of {} at {}:{}.", seat.component, seat.provider, seat.region);
    wanted(draft, &name, &about, &seat.component, Some(side.label()), false);
    name
}

/// The variable with the addresses that callers at other providers go out by.
pub fn callers_away(draft: &mut Draft, view: &View, called: usize) -> Option<String> {
    let component = &view.app.components[called];
    let elsewhere = |caller: usize| view.sides_of(caller).any(|side| side.seat.provider != view.provider);
    let callers: Vec<&str> =
        view.callers(called).filter(|&c| elsewhere(c)).map(|c| view.app.components[c].name.as_str()).collect();
    if callers.is_empty() || component.kind.is_data_store() {
        return None;
    }
    let name = format!("callers_of_{}", names::identifier(&component.name));
    let about = format!(
        "Addresses that {} at other providers go out by: they may reach {}. Outputs of their modules.",
        callers.join(", "),
        component.name
    );
    for caller in callers {
        wanted(draft, &name, &about, caller, None, true);
    }
    Some(name)
}

fn wanted(draft: &mut Draft, name: &str, about: &str, component: &str, label: Option<String>, outgoing: bool) {
    draft.variable(name, "list(string)", about, Some("[]"));
    let entry = Wanted { variable: name.to_owned(), component: component.to_owned(), label, outgoing };
    if !draft.module.addresses.contains(&entry) {
        draft.module.addresses.push(entry);
    }
}

/// Whether something at another provider calls a component that is no store.
#[must_use]
pub fn called_from_away(view: &View, ordinal: usize) -> bool {
    !view.app.components[ordinal].kind.is_data_store()
        && view.callers(ordinal).any(|caller| view.sides_of(caller).any(|side| side.seat.provider != view.provider))
}

/// The output of a side: where it answers, and what `placer status` reads back.
pub fn output(draft: &mut Draft, part: &Part, near: &Endpoint) {
    let seat = &part.side.seat;
    let or_none = |list: &Option<String>| raw(list.clone().unwrap_or_else(|| "[]".to_owned()));
    let port = near.port.unwrap_or_else(|| part.port());
    let mut value: Vec<(&str, Expr)> = vec![
        ("component", text(&seat.component)),
        ("kind", text(part.component.kind.as_str())),
        ("seat", text(seat.id())),
        ("region", text(&seat.region)),
        ("percent", Expr::Number(if part.side.drained { 0 } else { i64::from(part.side.percent) })),
        ("port", Expr::Number(i64::from(port))),
        ("private", or_none(&near.private)),
        ("public", or_none(&near.public)),
        ("outgoing", or_none(&near.outgoing)),
    ];
    if let Some(host) = &near.host {
        value.push(("host", raw(host)));
    }
    if let Some(bucket) = &near.bucket {
        value.push(("bucket", raw(bucket)));
    }
    let about = format!("Where {} at {} answers.", seat.component, seat.region);
    let block = super::hcl::block("output", [part.label.as_str()]).set("description", about);
    draft.outputs.insert(part.label.clone(), block.set("value", super::hcl::object(value)));
    let host = near.host.clone().or_else(|| near.private.as_ref().map(|private| format!("element({private}, 0)")));
    if let (Some(_), Some(host)) = (&near.password, host)
        && let Some(url) = url(part.component, near, &host)
    {
        let name = format!("{}_url", part.label);
        let about = format!("How to connect to {}, with its password.", seat.component);
        let block = super::hcl::block("output", [name.as_str()]).set("description", about);
        draft.outputs.insert(name.clone(), block.set("value", url).set("sensitive", true));
    }
}
