//! A route: one place that says its path, who may use it, what it takes and what it gives. The router, the access check and
//! the OpenAPI document are all made of it, so that none can forget a route or disagree about it.

use super::Api;
use super::answer::{Answer, AnswerDoc};
use super::call::{self, BodyDoc, Call, FromBody, Params};
use super::problem::{Kind, Problem};
use crate::store::Role;
use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use schemars::generate::{Contract, SchemaSettings};
use schemars::{Schema, SchemaGenerator};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Most bytes of a body where a route says nothing else.
const BODY_MAX: usize = 64 << 10;

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody: it tells nothing about applications.
    Open,
    /// Whoever has this role or a greater one.
    Needs(Role),
}

/// What a route takes and gives.
pub struct RouteDoc {
    /// Parts of the path, as the schema of an object.
    pub path: Schema,
    /// The query, as the schema of an object.
    pub query: Schema,
    /// The body.
    pub body: Option<BodyDoc>,
    /// Every success.
    pub answers: Vec<AnswerDoc>,
}

type Running = Pin<Box<dyn Future<Output = Response> + Send>>;
type Handler = Arc<dyn Fn(Arc<Api>, Request) -> Running + Send + Sync>;
type Describe = fn(&mut SchemaGenerator, &mut SchemaGenerator) -> RouteDoc;

/// A route.
#[derive(Clone)]
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with `{names}`.
    pub path: &'static str,
    /// Its name for generated clients.
    pub id: &'static str,
    /// The group it is listed in.
    pub tag: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it does, in a sentence.
    pub says: &'static str,
    /// Problems of its own, besides those that every route can have.
    pub fails: &'static [Kind],
    /// Whether it takes a body.
    pub takes_body: bool,
    /// Whether it has a query or parts of the path that can be wrong.
    pub takes_words: bool,
    describe: Describe,
    handler: Handler,
}

/// What a route is, before it is known what it does.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Its path, with `{names}`.
    pub path: &'static str,
    /// Its name for generated clients.
    pub id: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it does, in a sentence.
    pub says: &'static str,
    /// Problems of its own.
    pub fails: &'static [Kind],
    /// Most bytes of a body; 0: the usual limit.
    pub body_max: usize,
}

impl Route {
    /// A route that a function answers.
    pub fn new<P, Q, B, A, F, T>(method: Method, head: Head, answer: F) -> Self
    where
        P: Params,
        Q: Params,
        B: FromBody,
        A: Answer + 'static,
        F: Fn(Arc<Api>, Call<P, Q, B>) -> T + Clone + Send + Sync + 'static,
        T: Future<Output = Result<A, Problem>> + Send,
    {
        let (access, writes) = (head.access, method != Method::GET);
        let bytes_max = if head.body_max == 0 { BODY_MAX } else { head.body_max };
        let doc = describe::<P, Q, B, A>(&mut inline(), &mut inline());
        let takes_body = doc.body.is_some();
        let handler: Handler = Arc::new(move |api, request| {
            let answer = answer.clone();
            Box::pin(async move {
                let answered = async {
                    let (mut parts, body) = request.into_parts();
                    let caller = api.admit(&parts, access, writes).await?;
                    let path = call::path(&mut parts).await?;
                    let query = call::query(&parts)?;
                    let body = if takes_body {
                        let media = call::media(&parts.headers);
                        B::read(&media, &call::bytes(body, bytes_max, api.settings.body_within).await?)?
                    } else {
                        B::read("", &axum::body::Bytes::new())?
                    };
                    answer(api, Call { path, query, body, caller, headers: parts.headers }).await
                };
                answered.await.map_or_else(IntoResponse::into_response, Answer::respond)
            })
        });
        let tag = head.path.trim_start_matches("/v1/").split('/').next().unwrap_or_default();
        Self {
            method,
            path: head.path,
            id: head.id,
            tag: if head.path.starts_with("/v1/") { tag } else { "server" },
            access,
            says: head.says,
            fails: head.fails,
            takes_body,
            takes_words: head.path.contains('{') || has_properties(&doc.query),
            describe: describe::<P, Q, B, A>,
            handler,
        }
    }

    /// What it takes and gives. Types of requests and of answers are described by generators of their own.
    #[must_use]
    pub fn doc(&self, requests: &mut SchemaGenerator, answers: &mut SchemaGenerator) -> RouteDoc {
        (self.describe)(requests, answers)
    }

    /// Answers a request.
    pub fn answer(&self, api: Arc<Api>, request: Request) -> Running {
        (self.handler)(api, request)
    }

    /// Every problem that it may answer with.
    #[must_use]
    pub fn problems(&self) -> Vec<Kind> {
        let mut kinds = vec![Kind::Misdirected, Kind::Internal, Kind::Unavailable];
        if self.takes_words {
            kinds.push(Kind::BadRequest);
        }
        if self.path.contains('{') {
            kinds.push(Kind::NotFound);
        }
        if self.access != Access::Open {
            kinds.extend([Kind::Unauthorized, Kind::Forbidden]);
        }
        if self.takes_body {
            kinds.extend([Kind::BadRequest, Kind::TooSlow, Kind::TooLarge, Kind::UnsupportedMedia, Kind::Invalid]);
        }
        kinds.extend(self.fails);
        kinds.sort_by_key(|kind| kind.status().as_u16());
        kinds.dedup();
        kinds
    }
}

fn describe<P: Params, Q: Params, B: FromBody, A: Answer>(
    requests: &mut SchemaGenerator,
    answers: &mut SchemaGenerator,
) -> RouteDoc {
    RouteDoc {
        path: requests.subschema_for::<P>(),
        query: requests.subschema_for::<Q>(),
        body: B::doc(requests),
        answers: A::docs(answers),
    }
}

/// Schemas of requests stand where they are used.
#[must_use]
pub fn inline() -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.contract = Contract::Deserialize;
        settings.meta_schema = None;
    });
    settings.into_generator()
}

fn has_properties(schema: &Schema) -> bool {
    schema.get("properties").is_some()
}
