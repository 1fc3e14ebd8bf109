//! The dashboard: a page and its files, all within the program. It uses the API as everybody does, with a token that the
//! user gives; the page itself tells nothing.

use super::state::Api;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// A page may load and ask this server only, runs no text as a program, and makes no markup of text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The files: path, media type, content.
const FILES: &[(&str, &str, &str)] = &[
    ("/", "text/html; charset=utf-8", include_str!("assets/index.html")),
    ("/assets/dashboard.css", "text/css; charset=utf-8", include_str!("assets/dashboard.css")),
    ("/assets/dashboard.js", "text/javascript; charset=utf-8", include_str!("assets/dashboard.js")),
    ("/assets/api.js", "text/javascript; charset=utf-8", include_str!("assets/api.js")),
    ("/assets/dom.js", "text/javascript; charset=utf-8", include_str!("assets/dom.js")),
    ("/assets/icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// The routes of the page.
pub fn pages() -> Router<Arc<Api>> {
    FILES.iter().fold(Router::new(), |router, &(path, media, text)| {
        let tag = super::answer::tag(&super::auth::hash(text));
        router.route(path, get(move |headers: HeaderMap| async move { file(&headers, media, text, &tag) }))
    })
}

fn file(headers: &HeaderMap, media: &'static str, text: &'static str, tag: &HeaderValue) -> Response {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, tag.clone()),
    ];
    if super::answer::has(headers, tag) {
        return (axum::http::StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    (fixed, [(header::CONTENT_TYPE, media)], text).into_response()
}
