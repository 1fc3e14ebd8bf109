//! The messages between placer and a plugin, as docs/executor-protocol.md has them: JSON-RPC 2.0, one object a line.
//!
//! What placer sends is written by these types; what a plugin sends is read by them. Members that are not known are passed
//! over, so that either side may learn more within a version.

use crate::app::Kind;
use crate::exec::FailureKind;
use crate::plan::{KindWord, PlanFile, SeatFile, StepFile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the protocol that is spoken here.
pub const PROTOCOL: u32 = 1;

/// `code` of the errors of this protocol; what is wrong stands in `data`.
pub const FAILURE_CODE: i64 = -32_000;

/// Any line, in either direction.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Line {
    /// To the plugin: something is wanted, and is answered by [`Line::Result`] or [`Line::Error`].
    Request(Request),
    /// To the plugin: stop; not answered itself.
    Cancel(CancelNotice),
    /// From the plugin: what is going on; not answered.
    Progress(ProgressNotice),
    /// From the plugin: the answer to a request that went wrong.
    Error(ErrorAnswer),
    /// From the plugin: the answer to a request.
    Result(ResultAnswer),
}

/// `2.0`, always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum JsonRpc {
    /// JSON-RPC 2.0.
    #[default]
    #[serde(rename = "2.0")]
    V2,
}

/// A request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// `2.0`.
    pub jsonrpc: JsonRpc,
    /// What the answer has to carry.
    pub id: u64,
    /// What is wanted.
    #[serde(flatten)]
    pub call: Call,
}

/// What is wanted.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", content = "params", rename_all = "snake_case")]
pub enum Call {
    /// The first request: who is there. Answered by [`Info`].
    Initialize(Initialize),
    /// Is everything there that a plan needs? Answered by an empty object, or an error that names all that is missing.
    Ready(Box<Ready>),
    /// Carry a step out. Answered by [`DoneNote`].
    Apply(Box<StepOrder>),
    /// Take a step back. Answered by [`DoneNote`].
    Undo(Box<StepOrder>),
    /// What is there of an application? Answered by [`Observed`].
    Observe(Observe),
}

impl Call {
    /// Its word.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Initialize(_) => "initialize",
            Self::Ready(_) => "ready",
            Self::Apply(_) => "apply",
            Self::Undo(_) => "undo",
            Self::Observe(_) => "observe",
        }
    }
}

/// Parameters of `initialize`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Initialize {
    /// The version of the protocol that placer speaks.
    pub protocol: u32,
    /// placer's own version.
    pub placer: String,
}

/// Result of `initialize`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Info {
    /// The version of the protocol that the plugin speaks.
    pub protocol: u32,
    /// Its name.
    pub name: String,
    /// Its own version.
    #[serde(default)]
    pub version: String,
    /// Kinds that it can make.
    pub(crate) kinds: Vec<KindWord>,
    /// Whether it can take steps back. Without it, nothing is carried out.
    pub undo: bool,
    /// Whether it can say what is there. Without it, nothing is carried out.
    pub observe: bool,
}

impl Info {
    /// Kinds that it can make.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        self.kinds.iter().map(|word| Kind::from(*word))
    }
}

/// Parameters of `ready`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Ready {
    /// Name of the application.
    pub app: String,
    /// Its components.
    pub components: Vec<Component>,
    /// Who calls whom.
    pub links: Vec<Link>,
    /// The plan, as plan.json has it.
    pub(crate) plan: PlanFile,
}

/// A component of the application: what it is and what it runs. Of one that was taken out of the application and goes, only
/// name and kind are known.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// Its name. In `apply` and `undo` with the replica, where it is spread: `web#2`.
    pub name: String,
    /// What it is.
    pub(crate) kind: KindWord,
    /// Container image.
    pub image: Option<String>,
    /// Program and arguments, instead of what the image starts; empty: what the image starts.
    pub command: Vec<String>,
    /// The TCP port on which it answers; services only.
    pub port: Option<u16>,
    /// Environment variables with their values.
    pub env: BTreeMap<String, String>,
    /// Names of environment variables whose values are secret: the plugin finds them in its own environment.
    pub secrets: Vec<String>,
    /// vCPUs of one replica in the busiest month, as a decimal.
    pub cpu: String,
    /// GiB of memory of one replica in the busiest month, as a decimal.
    pub memory_gib: String,
    /// GB of disk of one replica, or of data of a store, in the busiest month, as a decimal.
    pub disk_gb: String,
    /// Whether it is reached from the internet.
    pub public: bool,
}

/// A link between two components.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Who opens the connection.
    pub from: String,
    /// Who answers.
    pub to: String,
}

/// One side of a component: where and how it runs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// Tells the sides of a component apart; what `observe` calls `seat`.
    pub id: String,
    /// Where and how, as plan.json has it.
    pub(crate) seat: SeatFile,
}

/// A component that the step's one calls, or that calls it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Neighbour {
    /// Its name, with its replica.
    pub component: String,
    /// What it is.
    pub(crate) kind: KindWord,
    /// The TCP port on which it answers; services only.
    pub port: Option<u16>,
    /// Where it is when the plan begins.
    pub from: Option<Side>,
    /// Where it is when the plan is done; the same side when it stays.
    pub to: Option<Side>,
}

/// Parameters of `apply` and `undo`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct StepOrder {
    /// Name of the application.
    pub app: String,
    /// The run that the step belongs to, for names and tags.
    pub run: String,
    /// Grows with every holder of the application's lock: a smaller one than was seen is to be refused as `fenced`.
    pub fence: u64,
    /// The step's component.
    pub component: Component,
    /// Components that it calls.
    pub calls: Vec<Neighbour>,
    /// Components that call it.
    pub called_by: Vec<Neighbour>,
    /// Its old side; `null`: it is new.
    pub from: Option<Side>,
    /// Its new side; `null`: it goes.
    pub to: Option<Side>,
    /// The step, as plan.json has it: what to do, how it is undone, its key and its deadline.
    pub(crate) step: StepFile,
}

/// Result of `apply` and `undo`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DoneNote {
    /// What was done, in one line; the same whenever the same is done.
    pub note: String,
}

/// Parameters of `observe`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Observe {
    /// Name of the application.
    pub app: String,
}

/// Result of `observe`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// All sides of all components that are there, in any order; empty: nothing is.
    pub sightings: Vec<Sighting>,
}

/// One side of a component that is really there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// Name of the component, with its replica.
    pub component: String,
    /// `id` of the side.
    pub seat: String,
    /// Provider name.
    pub provider: String,
    /// Region code.
    pub region: String,
    /// How it is.
    pub health: HealthWord,
    /// Percent of the component's traffic that it gets.
    #[schemars(range(max = 100))]
    pub percent: u8,
    /// Whether it takes writes; `null`: it is no store.
    #[serde(default)]
    pub writable: Option<bool>,
    /// Where it answers, when that is known: `host:port` or a URL. Never with a password.
    #[serde(default)]
    pub address: Option<String>,
}

/// `cancel`, to the plugin.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CancelNotice {
    /// `2.0`.
    pub jsonrpc: JsonRpc,
    /// `cancel`.
    pub method: CancelWord,
    /// Which request, and why.
    pub params: Cancel,
}

/// The method of a [`CancelNotice`].
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelWord {
    /// `cancel`.
    #[default]
    Cancel,
}

/// Parameters of `cancel`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Cancel {
    /// The request that is to end.
    pub id: u64,
    /// `deadline` or `cancelled`: the kind of the error with which the request is then answered.
    pub why: FailureWord,
}

/// `progress`, from the plugin.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProgressNotice {
    /// `2.0`.
    pub jsonrpc: JsonRpc,
    /// `progress`.
    pub method: ProgressWord,
    /// What is going on.
    pub params: Progress,
}

/// The method of a [`ProgressNotice`].
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProgressWord {
    /// `progress`.
    #[default]
    Progress,
}

/// Parameters of `progress`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// One line for whoever waits.
    pub text: String,
}

/// The answer to a request that went well.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ResultAnswer {
    /// `2.0`.
    pub jsonrpc: JsonRpc,
    /// The request's.
    pub id: u64,
    /// What it gives.
    pub result: Outcome,
}

/// A result.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Outcome {
    /// Of `initialize`.
    Initialize(Info),
    /// Of `observe`.
    Observe(Observed),
    /// Of `apply` and `undo`.
    Done(DoneNote),
    /// Of `ready`: an empty object.
    Ready(Empty),
}

/// Nothing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// The answer to a request that went wrong.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorAnswer {
    /// `2.0`.
    pub jsonrpc: JsonRpc,
    /// The request's.
    pub id: u64,
    /// What went wrong.
    pub error: ErrorObject,
}

/// What went wrong.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorObject {
    /// -32000, or one of JSON-RPC's own.
    pub code: i64,
    /// In one line, for whoever reads JSON-RPC and nothing else.
    pub message: String,
    /// What placer acts on. Without it, the error counts as `passing`, or as `refused` by JSON-RPC's own codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<FailureData>,
}

/// What placer acts on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct FailureData {
    /// What sort.
    pub kind: FailureWord,
    /// What happened, and what is left, in one sentence or a few.
    pub what: String,
    /// What to do about it; empty: nothing that is known.
    #[serde(default)]
    pub help: String,
}

/// Words of a document and domain values that mean the same, in both directions.
macro_rules! words {
    ($($(#[$doc:meta])* $word:ident <=> $domain:path { $($(#[$what:meta])* $name:ident),* $(,)? })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $word { $($(#[$what])* $name),* }
        impl From<$domain> for $word {
            fn from(value: $domain) -> Self {
                use $domain as Domain;
                match value { $(Domain::$name => Self::$name),* }
            }
        }
        impl From<$word> for $domain {
            fn from(value: $word) -> Self {
                match value { $($word::$name => Self::$name),* }
            }
        }
    )* };
}

words! {
    /// Why a request went wrong.
    FailureWord <=> FailureKind {
        /// Something that is needed is not there: a program, credentials, a permission. Trying again does not help.
        Missing,
        /// The order cannot be carried out as it stands. Trying again does not help.
        Refused,
        /// Something went wrong that may pass. Trying again may help.
        Passing,
        /// It was asked to stop because of the deadline.
        Deadline,
        /// It was asked to stop because somebody cancelled.
        Cancelled,
        /// A greater fence was seen.
        Fenced,
    }
    /// How a side is.
    HealthWord <=> crate::exec::Health {
        /// It answers.
        Ready,
        /// It is there and does not answer, or not yet.
        Starting,
        /// It is there and does not run.
        Stopped,
    }
}
