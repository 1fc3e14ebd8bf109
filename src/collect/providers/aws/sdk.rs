//! The Price List API through AWS's own SDK (`aws-sdk-pricing`): it writes the requests and reads the answers.
//!
//! The SDK's client is given a wire that leads nowhere: one that keeps the request that it is given, or hands over an
//! answer that is already here. The bytes travel through the runner as those of every other source do, with its limits,
//! retries, records and fault tests; no second HTTP stack and no executor is needed.

use crate::collect::source::{ParseError, shorten};
use aws_sdk_pricing::Client;
use aws_sdk_pricing::config::http::{HttpRequest, HttpResponse};
use aws_sdk_pricing::config::retry::RetryConfig;
use aws_sdk_pricing::config::timeout::TimeoutConfig;
use aws_sdk_pricing::config::{
    BehaviorVersion, Config, Credentials, IdentityCache, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_pricing::error::DisplayErrorContext;
use aws_sdk_pricing::operation::get_products::GetProductsOutput;
use aws_sdk_pricing::operation::get_products::builders::GetProductsFluentBuilder;
use aws_sdk_pricing::types::{Filter, FilterType};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// Polls after which a call is given up: nothing in it waits for anything, so a few are enough.
const POLLS_MAX: usize = 1000;

/// A request as the SDK writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The body.
    pub body: Vec<u8>,
    /// `x-amz-target`.
    pub target: String,
    /// `content-type`.
    pub content_type: String,
}

/// A wire that leads nowhere.
#[derive(Clone, Debug, Default)]
struct Wire {
    answer: Option<Vec<u8>>,
    written: Arc<Mutex<Written>>,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        let written = Written {
            body: request.body().bytes().unwrap_or_default().to_vec(),
            target: header("x-amz-target"),
            content_type: header("content-type"),
        };
        if let Ok(mut kept) = self.written.lock() {
            *kept = written;
        }
        HttpConnectorFuture::ready(match (&self.answer, 200_u16.try_into()) {
            (Some(bytes), Ok(status)) => Ok(HttpResponse::new(status, SdkBody::from(bytes.clone()))),
            _ => Err(ConnectorError::user("this wire leads nowhere".into())),
        })
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

fn client(wire: &Wire) -> Client {
    // The runner signs what it sends; what the SDK signs with goes nowhere.
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("unused", "unused", None, None, "placer"))
        .http_client(wire.clone())
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// Runs a call to its end, which is one poll away where the wire answers at once.
fn call(products: GetProductsFluentBuilder) -> Result<GetProductsOutput, ParseError> {
    let mut sent = pin!(products.send());
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(result) = sent.as_mut().poll(&mut context) {
            let told = |error| ParseError::form(shorten(&DisplayErrorContext(&error).to_string()));
            return result.map_err(told);
        }
    }
    Err(ParseError::form("the SDK waits for something that does not come"))
}

/// The request for products of a service that have these attributes, from the beginning or from a token on.
///
/// # Errors
/// [`ParseError::Form`] when the SDK does not write it.
pub fn write(service: &str, filters: &[(&str, &str)], token: Option<&str>) -> Result<Written, ParseError> {
    let wire = Wire::default();
    let mut products = client(&wire).get_products().service_code(service).format_version("aws_v1").max_results(100);
    for (field, value) in filters {
        let filter = Filter::builder().r#type(FilterType::TermMatch).field(*field).value(*value).build();
        products = products.filters(filter.map_err(|error| ParseError::form(error.to_string()))?);
    }
    if let Some(token) = token {
        products = products.next_token(token);
    }
    let failure = call(products).err();
    let written = wire.written.lock().map(|written| written.clone()).unwrap_or_default();
    match failure {
        Some(failure) if written.body.is_empty() => Err(failure),
        _ => Ok(written),
    }
}

/// The products of an answer, each a JSON document of its own, and the token of the next page.
///
/// # Errors
/// [`ParseError::Form`] when it is not an answer.
pub fn read(answer: Vec<u8>) -> Result<(Vec<String>, Option<String>), ParseError> {
    let wire = Wire { answer: Some(answer), ..Wire::default() };
    let output = call(client(&wire).get_products().service_code("AmazonEC2"))?;
    let products = output.price_list.ok_or_else(|| ParseError::form("the answer has no `PriceList`"))?;
    Ok((products, output.next_token))
}
