//! What the provider says, told to a payment's row. Pure; in whatever order and however often it is told, the same comes of it.

use super::provider::{Intent, IntentState, Refund, RefundState};
use plenum_schema::entities::Payment;
use plenum_schema::{OrderId, PaymentId, Refusal, RefusalCode, UserId};
use serde::{Deserialize, Serialize};

/// Most refunds that a payment remembers.
const MOST_REFUNDS: usize = 100;

/// The reason of a payment that brought something else than was owed.
pub(crate) const AMOUNT_DIFFERS: &str = "amountDiffers";

/// Where a payment's row stands. A later one of these never becomes an earlier one again within one attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stage {
    /// Whether there is an intent is not known.
    Creating,
    /// There is an intent; the payer is to pay.
    Pending,
    /// It was called off. Money may come nevertheless: it is given back then.
    Canceled,
    /// The money has come.
    Succeeded,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Pending => "pending",
            Self::Canceled => "canceled",
            Self::Succeeded => "succeeded",
        }
    }

    pub fn of(row: &Payment) -> Self {
        match row.state.as_str() {
            "creating" => Self::Creating,
            "pending" => Self::Pending,
            "canceled" => Self::Canceled,
            _ => Self::Succeeded,
        }
    }
}

/// How far a refund is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Step {
    /// The provider has not answered yet that it knows of it.
    Wanted,
    Pending,
    Succeeded,
    Failed,
}

impl From<RefundState> for Step {
    fn from(state: RefundState) -> Self {
        match state {
            RefundState::Pending => Self::Pending,
            RefundState::Succeeded => Self::Succeeded,
            RefundState::Failed => Self::Failed,
        }
    }
}

/// A refund in a row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct RefundLine {
    /// Our name for it; empty for one that was made with the provider.
    pub key: String,
    /// The provider's id, as soon as it is known.
    pub id: Option<String>,
    pub intent: String,
    pub amount: i64,
    pub step: Step,
}

fn damaged(_: impl std::fmt::Debug) -> Refusal {
    tracing::error!("a stored payment does not read back");
    Refusal::new(RefusalCode::Internal, "the server could not carry this out; it has been logged")
}

pub(crate) fn refunds(row: &Payment) -> Result<Vec<RefundLine>, Refusal> {
    serde_json::from_str(&row.refunds).map_err(damaged)
}

pub(crate) fn with_refunds(row: &Payment, lines: &[RefundLine]) -> Result<Payment, Refusal> {
    Ok(Payment { refunds: serde_json::to_string(lines).map_err(damaged)?, ..row.clone() })
}

fn sum<'a>(lines: impl Iterator<Item = &'a RefundLine>) -> i64 {
    lines.fold(0, |sum, line| sum.saturating_add(line.amount))
}

/// What was given back of this attempt's money, or is on its way back.
pub(crate) fn given_back(row: &Payment, lines: &[RefundLine]) -> i64 {
    let is_own = |line: &&RefundLine| Some(&line.intent) == row.intent.as_ref();
    sum(lines.iter().filter(is_own).filter(|line| matches!(line.step, Step::Pending | Step::Succeeded)))
}

/// What of this attempt's money is not promised back yet.
fn kept(row: &Payment, lines: &[RefundLine]) -> i64 {
    let is_own = |line: &&RefundLine| Some(&line.intent) == row.intent.as_ref();
    row.received.saturating_sub(sum(lines.iter().filter(is_own).filter(|line| line.step != Step::Failed)))
}

/// The row as it is when all its money is to be given back; `None`: there is nothing to add.
pub(crate) fn wanting_all_back(row: &Payment, why: Option<&str>) -> Result<Option<Payment>, Refusal> {
    let lines = refunds(row)?;
    let (amount, intent) = (kept(row, &lines), row.intent.clone().unwrap_or_default());
    if Stage::of(row) != Stage::Succeeded || amount <= 0 {
        return Ok(None);
    }
    let wanted = wanting(row, lines, intent, amount)?;
    Ok(wanted.map(|wanted| Payment { reason: why.map(str::to_owned).or(wanted.reason), ..wanted }))
}

fn wanting(row: &Payment, mut lines: Vec<RefundLine>, intent: String, amount: i64) -> Result<Option<Payment>, Refusal> {
    if lines.len() >= MOST_REFUNDS {
        tracing::error!(payment = %row.payment_id, "too many refunds of one payment: the rest is the operator's to do");
        return Ok(None);
    }
    let key = format!("{}-{}", row.payment_id, lines.len() + 1);
    lines.push(RefundLine { key, id: None, intent, amount, step: Step::Wanted });
    with_refunds(row, &lines).map(Some)
}

/// Tells the row how an intent stands; `None`: that is nothing new.
pub(crate) fn told_intent(row: &Payment, intent: &Intent) -> Result<Option<Payment>, Refusal> {
    let attempt = intent.belongs.map(|belongs| belongs.attempt);
    let is_known = row.intent.as_ref() == Some(&intent.id);
    let is_own = is_known || (row.intent.is_none() && attempt == Some(row.attempt));
    if !is_own {
        return told_stray(row, intent);
    }
    let wanted = match intent.state {
        IntentState::Waiting | IntentState::Processing => Stage::Pending,
        IntentState::Canceled => Stage::Canceled,
        IntentState::Succeeded => Stage::Succeeded,
    };
    let stands = Stage::of(row);
    let stage = stands.max(wanted);
    let mut told = Payment { intent: Some(intent.id.clone()), state: stage.as_str().to_owned(), ..row.clone() };
    if stage == Stage::Succeeded && stands != Stage::Succeeded {
        told.reason = None;
        told.received = intent.received;
        if intent.received != row.amount || !intent.currency.eq_ignore_ascii_case(&row.currency) {
            tracing::error!(payment = %row.payment_id, "what was paid is not what was owed: it is given back");
            told.reason = Some(AMOUNT_DIFFERS.to_owned());
        }
    } else if stage == Stage::Pending && intent.failure.is_some() {
        told.reason.clone_from(&intent.failure);
    }
    Ok((told != *row).then_some(told))
}

/// Money that came by an intent which the payment has given up is given back, once.
fn told_stray(row: &Payment, intent: &Intent) -> Result<Option<Payment>, Refusal> {
    let lines = refunds(row)?;
    let is_known = lines.iter().any(|line| line.intent == intent.id);
    if intent.state != IntentState::Succeeded || intent.received <= 0 || is_known {
        return Ok(None);
    }
    tracing::warn!(payment = %row.payment_id, "money came by an intent that was given up: it is given back");
    wanting(row, lines, intent.id.clone(), intent.received)
}

/// Tells the row how a refund stands; `None`: that is nothing new.
pub(crate) fn told_refund(row: &Payment, refund: &Refund) -> Result<Option<Payment>, Refusal> {
    let mut lines = refunds(row)?;
    let by_id = lines.iter().position(|line| line.id.as_ref() == Some(&refund.id));
    let by_key = || lines.iter().position(|line| line.id.is_none() && Some(&line.key) == refund.key.as_ref());
    let (place, has_room) = (by_id.or_else(by_key), lines.len() < MOST_REFUNDS);
    match place.and_then(|place| lines.get_mut(place)) {
        Some(line) => {
            line.id = Some(refund.id.clone());
            line.amount = refund.amount;
            line.step = line.step.max(refund.state.into());
        }
        None if has_room => lines.push(RefundLine {
            key: String::new(),
            id: Some(refund.id.clone()),
            intent: refund.intent.clone(),
            amount: refund.amount,
            step: refund.state.into(),
        }),
        None => return Ok(None),
    }
    let told = with_refunds(row, &lines)?;
    Ok((told != *row).then_some(told))
}

/// Whether what has come is what was owed.
pub(crate) fn is_enough(row: &Payment) -> bool {
    row.received == row.amount && row.reason.as_deref() != Some(AMOUNT_DIFFERS)
}

/// Whether all of the money went back.
pub(crate) fn is_all_back(row: &Payment) -> Result<bool, Refusal> {
    Ok(Stage::of(row) == Stage::Succeeded && row.received > 0 && given_back(row, &refunds(row)?) >= row.received)
}

/// Where a payment stands, for who pays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaymentState {
    /// It is to be paid.
    Pending,
    /// It is paid.
    Succeeded,
    /// It was called off.
    Canceled,
    /// A part was given back.
    PartiallyRefunded,
    /// All was given back.
    Refunded,
}

impl PaymentState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
            Self::PartiallyRefunded => "partiallyRefunded",
            Self::Refunded => "refunded",
        }
    }
}

/// A payment, for who pays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentView {
    /// Which.
    pub id: PaymentId,
    /// Who pays.
    pub user: UserId,
    /// What for: `order`.
    pub purpose: String,
    /// The order that is paid, where it is one.
    pub order: Option<OrderId>,
    /// `manual` or `stripe`.
    pub provider: String,
    /// What is owed, in the currency's minor unit.
    pub amount: i64,
    /// What was given back, or is on its way back.
    pub refunded: i64,
    /// ISO 4217.
    pub currency: String,
    /// Where it stands.
    pub state: PaymentState,
    /// Why it did not go on or was given back: `orderOver`, `amountDiffers`, or a word of the provider's.
    pub reason: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

impl TryFrom<Payment> for PaymentView {
    type Error = Refusal;

    fn try_from(row: Payment) -> Result<Self, Refusal> {
        let refunded = given_back(&row, &refunds(&row)?);
        let state = match Stage::of(&row) {
            Stage::Creating | Stage::Pending => PaymentState::Pending,
            Stage::Canceled => PaymentState::Canceled,
            Stage::Succeeded if refunded <= 0 => PaymentState::Succeeded,
            Stage::Succeeded if refunded < row.received => PaymentState::PartiallyRefunded,
            Stage::Succeeded => PaymentState::Refunded,
        };
        Ok(Self {
            id: row.payment_id,
            user: row.user_id,
            purpose: row.purpose,
            order: row.order_id,
            provider: row.provider,
            amount: row.amount,
            refunded,
            currency: row.currency,
            state,
            reason: row.reason,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}
