//! The OpenAPI 3.1 document, made of the routes and their types.

use super::problem::{Body, Kind, MEDIA};
use super::route::{Access, Route, inline};
use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The version of OpenAPI.
const VERSION: &str = "3.1.0";

const ABOUT: &str = "placer treats the choice of cloud as an auction: every region asks a price for every component of an \
application, and the cheapest placement that keeps all requirements is proven. Money is an exact decimal string in US \
dollars, never a number; times are RFC 3339 in UTC. Every problem is told as RFC 9457 `application/problem+json`.";

/// What an answer leads to: the operation it is of, the next operation, its parameter, and where that is found.
const LINKS: &[(&str, &[&str], &str, &str)] = &[
    (
        "putApp",
        &["getApp", "getAppFile", "recommend", "drawBill", "drawMap", "deleteApp"],
        "name",
        "$request.path.name",
    ),
    ("listApps", &["getApp", "recommend"], "name", "$response.body#/items/0/name"),
    ("makePlan", &["getPlan", "approvePlan", "rejectPlan"], "digest", "$response.body#/digest"),
    ("listPlans", &["getPlan", "approvePlan", "rejectPlan"], "digest", "$response.body#/items/0/digest"),
    ("listRuns", &["getRun", "rollbackRun", "resumeRun"], "run", "$response.body#/items/0/id"),
    ("putPolicy", &["getPolicy", "deletePolicy"], "name", "$request.path.name"),
];

/// The document. `open`: no token is needed at the moment.
#[must_use]
pub fn document(routes: &[Route], open: bool) -> Value {
    let mut answers = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.contract = Contract::Serialize;
            settings.meta_schema = None;
        })
        .into_generator();
    let mut requests = inline();
    let problem = answers.subschema_for::<Body>();
    let mut paths = Map::new();
    for route in routes {
        let operation = operation(route, open, (&mut requests, &mut answers));
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation;
    }
    let problems = Kind::ALL.map(|kind| (word(kind), told(kind, &problem)));
    json!({
        "openapi": VERSION,
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "placer",
            "summary": "The package manager for the cloud",
            "description": ABOUT,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags(routes),
        "paths": paths,
        "components": {
            "schemas": answers.take_definitions(true),
            "responses": Map::from_iter(problems),
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token that `placer token create` has made.",
                },
            },
        },
    })
}

fn tags(routes: &[Route]) -> Value {
    let mut names: Vec<&str> = routes.iter().map(|route| route.tag).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

fn operation(route: &Route, open: bool, (requests, answers): (&mut SchemaGenerator, &mut SchemaGenerator)) -> Value {
    let doc = route.doc(requests, answers);
    let mut all = parameters("path", &doc.path);
    all.extend(parameters("query", &doc.query));
    let mut responses = Map::new();
    for answer in doc.answers {
        let mut told = json!({ "description": answer.says });
        if let Some((media, schema)) = answer.body {
            told["content"] = json!({ media: { "schema": schema } });
        }
        for (name, says) in answer.headers {
            told["headers"][name] = json!({ "description": says, "schema": { "type": "string" } });
        }
        if let Some(links) = links(route.id) {
            told["links"] = links;
        }
        responses.insert(answer.status.as_u16().to_string(), told);
    }
    for kind in route.problems() {
        let reference = json!({ "$ref": format!("#/components/responses/{}", word(kind)) });
        responses.insert(kind.status().as_u16().to_string(), reference);
    }
    let mut operation = json!({
        "operationId": route.id,
        "tags": [route.tag],
        "summary": route.says,
        "responses": responses,
    });
    match route.access {
        Access::Open => operation["security"] = json!([]),
        Access::Needs(role) => {
            let needed = json!({ "bearer": [role.as_str()] });
            operation["security"] = if open { json!([{}, needed]) } else { json!([needed]) };
            operation["x-placer-role"] = json!(role.as_str());
        }
    }
    if !all.is_empty() {
        operation["parameters"] = Value::Array(all);
    }
    if let Some(body) = doc.body {
        let media = body.media.into_iter().map(|(media, schema)| (media.to_owned(), json!({ "schema": schema })));
        operation["requestBody"] = json!({ "required": true, "content": media.collect::<Map<_, _>>() });
    }
    operation
}

/// What an operation's answer leads to.
fn links(id: &str) -> Option<Value> {
    let (_, targets, parameter, place) = LINKS.iter().find(|(from, ..)| *from == id)?;
    let link =
        |target: &&str| ((*target).to_owned(), json!({ "operationId": target, "parameters": { *parameter: place } }));
    Some(Value::Object(targets.iter().map(link).collect()))
}

/// The fields of an object's schema as parameters.
fn parameters(place: &str, schema: &Schema) -> Vec<Value> {
    let empty = Map::new();
    let fields = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    let required = schema.get("required").and_then(Value::as_array);
    let parameter = |(name, field): (&String, &Value)| {
        let mut field = without_null(field.clone());
        let says = field.as_object_mut().and_then(|field| field.remove("description"));
        let needed = place == "path" || required.is_some_and(|names| names.iter().any(|needed| needed == name));
        let mut parameter = json!({ "name": name, "in": place, "required": needed, "schema": field });
        if let Some(says) = says {
            parameter["description"] = says;
        }
        parameter
    };
    fields.iter().map(parameter).collect()
}

/// A parameter that is not there is left out; it is never `null`.
fn without_null(mut schema: Value) -> Value {
    let Some(map) = schema.as_object_mut() else { return schema };
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(words)) = map.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(variants)) = map.get_mut("anyOf") {
        variants.retain(|variant| variant.get("type").is_none_or(|word| word != "null"));
        if variants.len() == 1
            && let Some(Value::Object(only)) = variants.pop()
        {
            map.remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
        }
    }
    map.retain(|key, value| key != "default" || !value.is_null());
    schema
}

/// The name of a problem among the components.
fn word(kind: Kind) -> String {
    format!("{kind:?}")
}

fn told(kind: Kind, problem: &Schema) -> Value {
    let mut told = json!({ "description": kind.title(), "content": { MEDIA: { "schema": problem } } });
    let header = match kind {
        Kind::Unauthorized => Some(("WWW-Authenticate", "How to come in.")),
        Kind::Unavailable | Kind::TooMany => Some(("Retry-After", "Seconds to wait.")),
        _ => None,
    };
    if let Some((name, says)) = header {
        told["headers"][name] = json!({ "description": says, "schema": { "type": "string" } });
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::routes;
    use std::collections::BTreeSet;

    #[test]
    fn links_lead_to_operations_that_there_are() {
        let routes = routes();
        let ids: BTreeSet<&str> = routes.iter().map(|route| route.id).collect();
        assert_eq!(ids.len(), routes.len(), "every operation has a name of its own");
        for (from, targets, parameter, _) in LINKS {
            assert!(ids.contains(from), "{from}");
            for target in *targets {
                let route = routes.iter().find(|route| route.id == *target).unwrap_or_else(|| panic!("{target}"));
                assert!(route.path.contains(&format!("{{{parameter}}}")), "{target} has no {parameter}");
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document(&routes(), false);
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap_or_default();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn what_needs_no_token_says_so() {
        let security = |open| document(&routes(), open)["paths"]["/v1/apps"]["get"]["security"].clone();
        assert_eq!(security(false), json!([{ "bearer": ["viewer"] }]));
        assert_eq!(security(true), json!([{}, { "bearer": ["viewer"] }]));
    }
}
