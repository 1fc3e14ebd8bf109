//! A server in this process, and a client that holds every answer against the contract.

use crate::contract::Contract;
use crate::model_executor::{Model, World};
use crate::small_book;
use placer::api::auth::mint;
use placer::api::{Carry, Server, Settings, carry_out};
use placer::control::SystemClock;
use placer::control::carrying::Carrier;
use placer::store::{Role, Store, TokenRow};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// Lets steps through, or holds them up.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<Option<String>>, Condvar)>);

impl Gate {
    /// Holds up the step of this name from now on.
    pub fn shut(&self, step: &str) {
        *self.0.0.lock().unwrap() = Some(step.to_owned());
    }

    pub fn open(&self) {
        *self.0.0.lock().unwrap() = None;
        self.0.1.notify_all();
    }

    fn pass(&self, step: &str) {
        let mut shut = self.0.0.lock().unwrap();
        while shut.as_deref() == Some(step) {
            shut = self.0.1.wait(shut).unwrap();
        }
    }
}

/// What an in-process server is made of.
pub struct Making {
    pub folder: Arc<TempDir>,
    pub world: Arc<Mutex<World>>,
    pub gate: Gate,
    pub trouble: Option<(String, crate::model_executor::Trouble)>,
    pub change: fn(Settings) -> Settings,
}

impl Default for Making {
    fn default() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            world: Arc::default(),
            gate: Gate::default(),
            trouble: None,
            change: |settings| settings,
        }
    }
}

/// A server that runs until it is dropped.
pub struct Running {
    pub address: SocketAddr,
    pub folder: Arc<TempDir>,
    pub world: Arc<Mutex<World>>,
    pub gate: Gate,
    contract: Contract,
    agent: ureq::Agent,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The answer, which has this status.
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A request's body: media type and bytes.
pub type Body<'a> = Option<(&'a str, &'a [u8])>;

impl Running {
    pub fn start() -> Self {
        Self::make(Making::default())
    }

    pub fn make(making: Making) -> Self {
        let Making { folder, world, gate, trouble, change } = making;
        let settings = change(Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            carry: Some(carry(&world, &gate, trouble)),
            prepare: Arc::new(|book| *book = small_book::book()),
            look_every: Duration::from_millis(20),
            stop_within: Duration::from_secs(5),
            ..Settings::of(folder.path().join("store"))
        });
        let server = Server::open(settings).expect("the server opens");
        let (address, (stop, stopped)) = (server.address(), oneshot::channel());
        let thread = std::thread::spawn(move || {
            let stopped = async { stopped.await.unwrap_or_default() };
            server.run(stopped).expect("the server runs");
        });
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(Duration::from_secs(60)))
            .max_redirects(0)
            .build();
        let contract = Contract::new();
        Self { address, folder, world, gate, contract, agent: agent.into(), stop: Some(stop), thread: Some(thread) }
    }

    /// The store beside the server.
    pub fn store(&self) -> Store {
        Store::open(&self.folder.path().join("store")).unwrap()
    }

    /// A token in the server's store.
    pub fn token(&self, role: Role, change: impl FnOnce(TokenRow) -> TokenRow) -> String {
        let (token, row) = mint(role, "", 0, None).unwrap();
        self.store().put_token(&change(row)).unwrap();
        token
    }

    /// Sends a request with headers.
    pub fn send_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body<'_>) -> Answer {
        let uri = format!("http://{}{path}", self.address);
        let mut request = ureq::http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match body {
            None => self.agent.run(request.body(()).unwrap()),
            Some((media, bytes)) => {
                let request = if media.is_empty() { request } else { request.header("content-type", media) };
                self.agent.run(request.body(bytes.to_vec()).unwrap())
            }
        };
        let mut answer = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap();
        let answer = Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body };
        self.contract.hold(method, path, &answer);
        answer
    }

    pub fn send(&self, method: &str, path: &str, body: Body<'_>) -> Answer {
        self.send_with(method, path, &[], body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(("application/json", body.to_string().as_bytes())))
    }

    pub fn put_app(&self, name: &str, text: &str) -> Answer {
        self.send("PUT", &format!("/v1/apps/{name}"), Some(("application/toml", text.as_bytes())))
    }

    /// Sends bytes as they are and gives what comes back until the server closes, or for at most so long.
    pub fn raw(&self, bytes: &[u8], within: Duration) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(within)).unwrap();
        // The server may close before all is sent.
        let _ = stream.write_all(bytes);
        let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(read) = stream.read(&mut buffer) {
            if read == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Ends the server in an orderly way.
    pub fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ends without a panic");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.gate.open();
        self.end();
    }
}

fn carry(
    world: &Arc<Mutex<World>>,
    gate: &Gate,
    trouble: Option<(String, crate::model_executor::Trouble)>,
) -> Arc<Carry> {
    let (world, gate) = (Arc::clone(world), gate.clone());
    Arc::new(move |store, errand, cancel, tell| {
        let mut model = Model::new(&world);
        if let Some((step, trouble)) = &trouble {
            model = model.troubled(step, *trouble);
        }
        let gate = gate.clone();
        model.before = Box::new(move |step| gate.pass(step));
        let retry_wait = Duration::from_millis(1);
        carry_out(&Carrier { store, executor: &model, clock: &SystemClock, cancel, tell, retry_wait }, errand)
    })
}

/// Asks again and again until something holds.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{what} did not come to pass");
        std::thread::sleep(Duration::from_millis(20));
    }
}
