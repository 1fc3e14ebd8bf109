//! The OpenAPI document as a judge of answers.

use crate::client::Answer;
use jsonschema::Validator;
use placer::api::{document, routes};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Schemas by method, path and status; `None`: no body.
pub struct Contract {
    paths: Vec<(String, String)>,
    told: BTreeMap<(String, String, u16), Option<(String, Validator)>>,
}

impl Contract {
    pub fn new() -> Self {
        let document = document(&routes(), false);
        let mut contract = Self { paths: Vec::new(), told: BTreeMap::new() };
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let method = method.to_uppercase();
                contract.paths.push((method.clone(), path.clone()));
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let key = (method.clone(), path.clone(), status.parse().unwrap());
                    contract.told.insert(key, body(&document, response));
                }
            }
        }
        contract
    }

    /// Panics when an answer is not one that the document promises.
    pub fn hold(&self, method: &str, path: &str, answer: &Answer) {
        let path = path.split('?').next().unwrap();
        let Some((_, template)) = self.paths.iter().find(|(of, template)| of == method && fits(template, path)) else {
            return;
        };
        let key = (method.to_owned(), template.clone(), answer.status);
        let Some(told) = self.told.get(&key) else {
            panic!("{method} {template} does not tell of {}: {}", answer.status, answer.text());
        };
        let Some((media, validator)) = told else {
            assert!(answer.body.is_empty(), "{method} {template} {}: a body", answer.status);
            return;
        };
        assert_eq!(answer.header("content-type"), media, "{method} {template} {}", answer.status);
        let value = if media.ends_with("json") { answer.json() } else { Value::String(answer.text()) };
        let faults: Vec<String> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{method} {template} {}: {}\n{value:#}", answer.status, faults.join("\n"));
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(wanted, part)| wanted == part || (wanted.starts_with('{') && !part.is_empty()))
}

fn body(document: &Value, response: &Value) -> Option<(String, Validator)> {
    let response = match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => response,
    };
    let (media, content) = response["content"].as_object()?.iter().next()?;
    // References lead to the document's components, which therefore stand beside the schema.
    let schema = json!({ "allOf": [content["schema"]], "components": document["components"] });
    let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema);
    Some((media.clone(), validator.expect("the schema is one")))
}

#[test]
fn the_document_is_what_openapi_3_1_wants() {
    let document = document(&routes(), false);
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with('/'), "{path}");
        for (method, operation) in operations.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(["get", "put", "post", "delete"].contains(&method.as_str()), "{at}");
            assert!(operation["operationId"].is_string() && operation["summary"].is_string(), "{at}");
            let mut names: Vec<&str> = Vec::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["schema"].is_object() && parameter["description"].is_string(), "{at}: {parameter}");
                let name = parameter["name"].as_str().unwrap();
                if parameter["in"] == "path" {
                    assert!(parameter["required"] == true && path.contains(&format!("{{{name}}}")), "{at}: {name}");
                    names.push(name);
                }
            }
            assert_eq!(names.len(), path.matches('{').count(), "{at}: every part of the path is told");
            let schemas = [operation.pointer("/requestBody/content"), Some(&operation["responses"])];
            assert!(schemas.iter().flatten().all(|value| value.is_object()), "{at}");
            assert!(operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2')), "{at}");
        }
    }
    // Every schema is a schema.
    let schema = json!({ "$defs": document["components"]["schemas"] });
    assert!(jsonschema::meta::is_valid(&schema));
}
