//! The router, and the server around it: connections, time limits, the log, and an orderly end.

use super::events;
use super::problem::{Kind, Problem};
use super::routes::routes;
use super::settings::Settings;
use super::state::{Api, StartError};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;

/// Most bytes of a request's head.
const HEAD_MAX: usize = 32 << 10;
/// Pause after a connection could not be taken: no more files can be opened.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Threads for what blocks.
const BLOCKING_MAX: usize = 64;

/// The router over all routes.
pub fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let (Ok(filter), path) = (MethodFilter::try_from(route.method.clone()), route.path) else { continue };
        let answer =
            move |State(api): State<Arc<Api>>, request: Request| async move { route.answer(api, request).await };
        router = router.route(path, on(filter, answer));
    }
    router
        .merge(super::dashboard::pages())
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "see `Allow` for the methods of this path")
        })
        .fallback(|| async {
            Problem::new(Kind::NotFound, "there is nothing at this path; /openapi.json lists what there is")
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&api), front))
        .with_state(api)
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request made the program fail");
    Problem::new(Kind::Internal, "a fault of placer; the server's log says which").into_response()
}

/// What every request goes through: the host, the time limit, headers that browsers keep to, the counts and the log.
async fn front(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let (parts, body) = request.into_parts();
    let mut response = if let Err(problem) = api.hosts.check(&parts) {
        problem.into_response()
    } else {
        let answer = next.run(Request::from_parts(parts, body));
        let late =
            |_| Problem::unavailable("the answer took too long; it may be there the next time", 10).into_response();
        tokio::time::timeout(api.settings.answer_within, answer).await.unwrap_or_else(late)
    };
    guard(&mut response);
    let (status, took) = (response.status().as_u16(), began.elapsed());
    // Whatever word comes as a method is none of a known few: what is counted must have an end.
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
    let word = known.into_iter().find(|word| *word == method.as_str()).unwrap_or("other");
    api.metrics.answered(word, &route, status, took);
    let ms = took.as_secs_f64() * 1e3;
    tracing::info!(target: "access", method = %method, path, status, ms);
    response
}

/// Headers that every answer has.
fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, nothing);
    }
}

/// A server that listens.
pub struct Server {
    api: Arc<Api>,
    listener: std::net::TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Opens the store and the price book, and listens.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn open(settings: Settings) -> Result<Self, StartError> {
        let address = settings.listen;
        let failed = |source| StartError::Listen { address, source };
        let api = Arc::new(Api::open(settings)?);
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { api, listener, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the routes share.
    #[must_use]
    pub fn api(&self) -> Arc<Api> {
        Arc::clone(&self.api)
    }

    /// Answers requests until `stop` is done; then lets what is under way come to an end.
    ///
    /// # Errors
    /// [`StartError`] when the runtime cannot begin.
    pub fn run(self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        let failed = |error: std::io::Error| StartError::Other(format!("the server cannot begin: {error}"));
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime =
            runtime.enable_all().max_blocking_threads(BLOCKING_MAX).thread_name("api").build().map_err(failed)?;
        let supervisor = self.api.errands.supervise(&self.api);
        let (api, within) = (Arc::clone(&self.api), self.api.settings.stop_within);
        let served = runtime.block_on(self.serve(stop)).map_err(failed);
        api.errands.rest(within);
        if let Some(supervisor) = supervisor {
            let _ = supervisor.join();
        }
        runtime.shutdown_timeout(within);
        served
    }

    async fn serve(self, stop: impl Future<Output = ()>) -> std::io::Result<()> {
        let Self { api, listener, .. } = self;
        let listener = TcpListener::from_std(listener)?;
        let router = router(Arc::clone(&api));
        let (seats, graceful) = (Arc::new(Semaphore::new(api.settings.connections_max)), GracefulShutdown::new());
        let look = tokio::spawn(events::look(Arc::clone(&api)));
        let mut stop = std::pin::pin!(stop);
        loop {
            let taken = tokio::select! {
                taken = listener.accept() => taken,
                () = &mut stop => break,
            };
            match taken {
                Ok((stream, _)) => connection(stream, &router, &seats, &graceful, &api.settings),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        tracing::info!("ending: waiting for what is under way");
        drop(listener);
        api.stopping.send_replace(true);
        api.errands.stop().store(true, std::sync::atomic::Ordering::Relaxed);
        let _ = tokio::time::timeout(api.settings.stop_within, graceful.shutdown()).await;
        let _ = look.await;
        Ok(())
    }
}

/// Answers the requests of a connection; one too many is closed at once.
fn connection(
    stream: TcpStream,
    router: &Router,
    seats: &Arc<Semaphore>,
    graceful: &GracefulShutdown,
    settings: &Settings,
) {
    let Ok(seat) = Arc::clone(seats).try_acquire_owned() else {
        tracing::warn!("a connection too many was closed");
        return;
    };
    let _ = stream.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(settings.head_within).max_buf_size(HEAD_MAX.max(8192));
    let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
    let served = graceful.watch(served);
    tokio::spawn(async move {
        // A client that goes away in the middle is nobody's fault.
        if let Err(error) = served.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(seat);
    });
}
