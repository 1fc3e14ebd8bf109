//! The plan as JSON: versioned, sealed by a digest, exact. Money is a decimal string in US dollars, never a number.

use super::{Action, DataMethod, Moved, Placement, Plan, Seat, Step, Undo, moves};
use crate::app::Kind;
use crate::problem::{Above, Form};
use crate::units::{Money, Purchase, Quantity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use thiserror::Error;

/// Value of the member `format`.
const FORMAT: &str = "placer-plan";
/// The version that is written and read.
pub const VERSION: u32 = 1;
/// Most bytes of a plan.
const BYTES_MAX: usize = 64 << 20;

/// Why a document is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// Larger than any plan.
    #[error("the plan is larger than {} MiB", BYTES_MAX >> 20)]
    TooLarge,
    /// Not the form, with its place.
    #[error("this is no plan that can be read: {0}; `placer plan APP -o FILE` writes one")]
    Form(String),
    /// Another version or format.
    #[error("the plan has format `{format}` version {version}; this is `{FORMAT}` version {VERSION}")]
    Version {
        /// What it says of its format.
        format: String,
        /// What it says of its version.
        version: u32,
    },
    /// Changed after it was made.
    #[error("the plan was changed after it was made: its digest does not fit; make a new one with `placer plan`")]
    Digest,
    /// Steps that cannot stand so.
    #[error("steps[{step}]: {message}")]
    Step {
        /// Ordinal.
        step: usize,
        /// What is wrong.
        message: &'static str,
    },
}

/// A plan as a document.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// `placer-plan`.
    format: String,
    /// 1.
    version: u32,
    /// Name of the application.
    app: String,
    /// The application's file, word for word; empty: not known, and the plan cannot be carried out.
    app_toml: String,
    /// What is there when the plan begins; a plan is refused when something else is.
    from: PlacementFile,
    /// What is there when it is done.
    to: PlacementFile,
    /// What it costs once, at most; `null`: a price is not known.
    cost_usd: Option<String>,
    /// What it saves a month; negative when the new placement is dearer.
    saving_usd_month: Option<String>,
    /// The steps, each after those that it needs.
    steps: Vec<StepFile>,
    /// SHA-256 of this document with an empty digest.
    digest: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PlacementFile {
    /// SHA-256 of the seats without their prices.
    digest: String,
    usd_month: Option<String>,
    seats: Vec<SeatFile>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeatFile {
    component: String,
    kind: KindWord,
    provider: String,
    region: String,
    offer: String,
    purchase: Purchase,
    count: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    above: Vec<AboveFile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<FormWord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    machine_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usd_month: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AboveFile {
    purchase: Purchase,
    count: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepFile {
    name: String,
    component: String,
    action: ActionFile,
    undo: UndoFile,
    /// Ordinals of steps that come before.
    after: Vec<usize>,
    deadline_s: u64,
    /// Idempotency key.
    key: String,
    cost_usd: Option<String>,
    moves_gb: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum ActionFile {
    Provision { seat: SeatFile },
    Verify,
    Copy { method: MethodWord },
    VerifyData,
    Shift { percent: u8 },
    Drain,
    Keep { hours: u32 },
    Retire { seat: SeatFile },
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum UndoFile {
    Nothing,
    RetireNew,
    StopCopy,
    ShiftBack { percent: u8 },
    Resume,
    Never,
}

/// Words of a document and domain values that mean the same, in both directions.
macro_rules! words {
    ($($word:ident <=> $domain:ident { $($name:ident),* $(,)? })*) => { $(
        #[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $word { $($name),* }
        impl From<$domain> for $word {
            fn from(value: $domain) -> Self {
                match value { $($domain::$name => Self::$name),* }
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
    KindWord <=> Kind {
        Service, Worker, Job, StaticSite, Postgres, Mysql, Redis, Kafka, ObjectStorage, LoadBalancer,
    }
    FormWord <=> Form { Machines, Serverless, Managed, Packaged }
    MethodWord <=> DataMethod { LogicalReplication, Replica, Mirror, Sync }
}

/// SHA-256, in hexadecimal digits, of where and how everything runs; prices do not count.
#[must_use]
pub fn digest(placement: &Placement) -> String {
    let seats: Vec<SeatFile> =
        placement.seats.iter().map(|seat| SeatFile { usd_month: None, ..SeatFile::from(seat) }).collect();
    hash(&serde_json::to_vec(&seats).unwrap_or_default())
}

/// The plan as one run of it carries it out: each step's key is this run's own, so that a plan that is carried out a second
/// time, after the way back, is not taken for done.
#[must_use]
pub fn keyed(plan: &Plan, run: &str) -> Plan {
    let mut plan = plan.clone();
    for step in &mut plan.steps {
        let digits = step.key.len();
        step.key = hash(format!("{run}\n{}", step.key).as_bytes());
        step.key.truncate(digits);
    }
    plan
}

/// SHA-256 in hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// SHA-256, in hexadecimal digits, of a plan: the name under which it is kept, decided about and carried out.
///
/// # Errors
/// Those of the JSON writer, of which none is known.
pub fn plan_digest(plan: &Plan) -> Result<String, serde_json::Error> {
    Ok(hash(serde_json::to_string(&PlanFile::from(plan))?.as_bytes()))
}

/// The document of a plan, with its digest.
///
/// # Errors
/// Those of the JSON writer, of which none is known.
pub fn to_json(plan: &Plan) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&sealed(plan)?)? + "\n")
}

/// The document of a plan, with its digest, for documents that contain it.
pub(crate) fn sealed(plan: &Plan) -> Result<PlanFile, serde_json::Error> {
    Ok(PlanFile { digest: plan_digest(plan)?, ..PlanFile::from(plan) })
}

/// Reads a plan.
///
/// # Errors
/// [`FileError`]; a plan that was changed is refused as a whole.
pub fn read(bytes: &[u8]) -> Result<Plan, FileError> {
    if bytes.len() > BYTES_MAX {
        return Err(FileError::TooLarge);
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut file: PlanFile =
        serde_path_to_error::deserialize(&mut json).map_err(|error| FileError::Form(error.to_string()))?;
    json.end().map_err(|error| FileError::Form(error.to_string()))?;
    if (file.format.as_str(), file.version) != (FORMAT, VERSION) {
        return Err(FileError::Version { format: file.format, version: file.version });
    }
    let sealed = std::mem::take(&mut file.digest);
    let text = serde_json::to_string(&file).map_err(|error| FileError::Form(error.to_string()))?;
    if hash(text.as_bytes()) != sealed {
        return Err(FileError::Digest);
    }
    domain(file)
}

/// The document of a placement alone.
///
/// # Errors
/// Those of the JSON writer, of which none is known.
pub fn placement_to_json(placement: &Placement) -> Result<String, serde_json::Error> {
    serde_json::to_string(&PlacementFile::from(placement))
}

/// Reads a placement; its digest must fit.
///
/// # Errors
/// [`FileError`].
pub fn read_placement(text: &str) -> Result<Placement, FileError> {
    let file: PlacementFile = serde_json::from_str(text).map_err(|error| FileError::Form(error.to_string()))?;
    let sealed = file.digest.clone();
    let placement = placement(file)?;
    if digest(&placement) == sealed { Ok(placement) } else { Err(FileError::Digest) }
}

fn placement(file: PlacementFile) -> Result<Placement, FileError> {
    let seats = file.seats.into_iter().map(seat).collect::<Result<_, _>>()?;
    Ok(Placement { seats, usd_month: file.usd_month.as_deref().map(money).transpose()? })
}

fn domain(file: PlanFile) -> Result<Plan, FileError> {
    let (from, to) = (placement(file.from)?, placement(file.to)?);
    let moved: Vec<Moved> = moves::between(&from, &to);
    let mut steps = Vec::with_capacity(file.steps.len());
    for (ordinal, row) in file.steps.into_iter().enumerate() {
        let said = |message| FileError::Step { step: ordinal, message };
        if row.after.iter().any(|&before| before >= ordinal) {
            return Err(said("it comes after a step that stands behind it"));
        }
        if !moved.iter().any(|m| m.component == row.component) {
            return Err(said("it is about a component that does not move"));
        }
        steps.push(step(row)?);
    }
    Ok(Plan { app: file.app, app_toml: file.app_toml, from, to, moved, steps })
}

fn money(text: &str) -> Result<Money, FileError> {
    Money::parse(text).map_err(|error| FileError::Form(format!("`{text}` is no sum of money: {error}")))
}

fn step(row: StepFile) -> Result<Step, FileError> {
    let action = match row.action {
        ActionFile::Provision { seat: row } => Action::Provision(seat(row)?),
        ActionFile::Verify => Action::Verify,
        ActionFile::Copy { method } => Action::Copy(method.into()),
        ActionFile::VerifyData => Action::VerifyData,
        ActionFile::Shift { percent } => Action::Shift { percent },
        ActionFile::Drain => Action::Drain,
        ActionFile::Keep { hours } => Action::Keep { hours },
        ActionFile::Retire { seat: row } => Action::Retire(seat(row)?),
    };
    let undo = match row.undo {
        UndoFile::Nothing => Undo::Nothing,
        UndoFile::RetireNew => Undo::RetireNew,
        UndoFile::StopCopy => Undo::StopCopy,
        UndoFile::ShiftBack { percent } => Undo::ShiftBack { percent },
        UndoFile::Resume => Undo::Resume,
        UndoFile::Never => Undo::Never,
    };
    let moves = Quantity::parse(&row.moves_gb);
    let moves = moves.map_err(|error| FileError::Form(format!("`{}` are no GB: {error}", row.moves_gb)))?;
    Ok(Step {
        name: row.name,
        component: row.component,
        action,
        undo,
        after: row.after,
        deadline_s: row.deadline_s,
        key: row.key,
        cost: row.cost_usd.as_deref().map(money).transpose()?,
        moves,
    })
}

fn seat(row: SeatFile) -> Result<Seat, FileError> {
    Ok(Seat {
        component: row.component,
        kind: row.kind.into(),
        provider: row.provider,
        region: row.region,
        offer: row.offer,
        purchase: row.purchase,
        count: row.count,
        above: row.above.into_iter().map(|above| Above { purchase: above.purchase, count: above.count }).collect(),
        form: row.form.map(Form::from),
        machine_of: row.machine_of,
        usd_month: row.usd_month.as_deref().map(money).transpose()?,
    })
}

impl From<&Plan> for PlanFile {
    fn from(plan: &Plan) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            app: plan.app.clone(),
            app_toml: plan.app_toml.clone(),
            from: PlacementFile::from(&plan.from),
            to: PlacementFile::from(&plan.to),
            cost_usd: plan.cost().map(Money::to_decimal),
            saving_usd_month: plan.saving_month().map(Money::to_decimal),
            steps: plan.steps.iter().map(StepFile::from).collect(),
            digest: String::new(),
        }
    }
}

impl From<&Placement> for PlacementFile {
    fn from(placement: &Placement) -> Self {
        Self {
            digest: digest(placement),
            usd_month: placement.usd_month.map(Money::to_decimal),
            seats: placement.seats.iter().map(SeatFile::from).collect(),
        }
    }
}

impl From<&Seat> for SeatFile {
    fn from(seat: &Seat) -> Self {
        Self {
            component: seat.component.clone(),
            kind: seat.kind.into(),
            provider: seat.provider.clone(),
            region: seat.region.clone(),
            offer: seat.offer.clone(),
            purchase: seat.purchase,
            count: seat.count,
            above: seat.above.iter().map(|a| AboveFile { purchase: a.purchase, count: a.count }).collect(),
            form: seat.form.map(FormWord::from),
            machine_of: seat.machine_of.clone(),
            usd_month: seat.usd_month.map(Money::to_decimal),
        }
    }
}

impl From<&Step> for StepFile {
    fn from(step: &Step) -> Self {
        let action = match &step.action {
            Action::Provision(seat) => ActionFile::Provision { seat: seat.into() },
            Action::Verify => ActionFile::Verify,
            Action::Copy(method) => ActionFile::Copy { method: (*method).into() },
            Action::VerifyData => ActionFile::VerifyData,
            Action::Shift { percent } => ActionFile::Shift { percent: *percent },
            Action::Drain => ActionFile::Drain,
            Action::Keep { hours } => ActionFile::Keep { hours: *hours },
            Action::Retire(seat) => ActionFile::Retire { seat: seat.into() },
        };
        let undo = match step.undo {
            Undo::Nothing => UndoFile::Nothing,
            Undo::RetireNew => UndoFile::RetireNew,
            Undo::StopCopy => UndoFile::StopCopy,
            Undo::ShiftBack { percent } => UndoFile::ShiftBack { percent },
            Undo::Resume => UndoFile::Resume,
            Undo::Never => UndoFile::Never,
        };
        Self {
            name: step.name.clone(),
            component: step.component.clone(),
            action,
            undo,
            after: step.after.clone(),
            deadline_s: step.deadline_s,
            key: step.key.clone(),
            cost_usd: step.cost.map(Money::to_decimal),
            moves_gb: step.moves.to_decimal(),
        }
    }
}
