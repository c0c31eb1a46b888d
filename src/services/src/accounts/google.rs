//! Signing in with Google, by a token of identity that an app has got, or by sending the browser there and back.
//!
//! Google is known as an issuer of OpenID Connect behind a port, whose addresses are configured.

mod config;
mod flow;
mod keys;
mod link;
mod token;

pub use config::GoogleConfig;

use super::audit;
use super::requests::SignedIn;
use super::secret::Secret;
use super::service::{Accounts, Inner, millis, unauthenticated};
use super::sessions::internal;
use crate::issuer::{CodeGrant, Issuer, IssuerError, form};
use crate::messenger::Messenger;
use crate::rows::Rows;
use flow::{Flow, Ticket};
use keys::Keys;
use plenum_schema::entities::{Account, SpentToken};
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, RefusalCode};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use token::{Proof, Rejected, Verifier, Wanted};
use uuid::Uuid;

/// When to come back after Google did not answer, milliseconds.
const RETRY_MS: u64 = 5_000;
/// The longest code, bytes; Google's have about 80.
const LONGEST_CODE: usize = 2_048;
/// What the list of devices shows for the redirect flow.
const DEVICE: &str = "browser";
const EVENT: &str = "login_by_google";

/// A token of identity.
#[derive(Clone, Debug)]
pub struct GoogleSignIn {
    /// The token.
    pub token: Secret,
    /// The nonce that the client has sent to Google, where it has sent one.
    pub nonce: Option<String>,
    /// What the device calls itself.
    pub device: Option<String>,
    /// Where the request comes from, when known; decides how fast it may try.
    pub address: Option<IpAddr>,
}

/// The beginning of the redirect flow.
#[derive(Clone, Debug)]
pub struct GoogleBegun {
    /// Where the browser goes.
    pub location: String,
    /// What it keeps meanwhile.
    pub cookie: Secret,
}

/// What the browser brings back.
#[derive(Clone, Debug, Default)]
pub struct GoogleReturn {
    /// `state`.
    pub state: Option<String>,
    /// `code`.
    pub code: Option<Secret>,
    /// `error`: Google, or the person there, said no.
    pub error: Option<String>,
    /// `iss` (RFC 9207).
    pub issuer: Option<String>,
    /// What it kept.
    pub cookie: Option<Secret>,
    /// Where the request comes from, when known.
    pub address: Option<IpAddr>,
}

/// The end of the redirect flow.
#[derive(Debug)]
pub enum GoogleEnd {
    /// Signed in.
    SignedIn(Box<SignedIn>),
    /// The page at this address goes on, with a ticket or an error in the fragment.
    Page(String),
}

/// The service. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Google {
    accounts: Accounts,
    rows: Rows,
    issuer: Arc<dyn Issuer>,
    messenger: Arc<dyn Messenger>,
    verifier: Arc<Verifier>,
    config: Arc<GoogleConfig>,
}

impl fmt::Debug for Google {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Google").field("config", &self.config).finish_non_exhaustive()
    }
}

fn not_set_up() -> Refusal {
    Refusal::new(RefusalCode::Unavailable, "signing in with Google is not set up here")
}

fn invalid(field: &str, message: &str) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

/// The one answer to all that does not belong to a flow that was begun in this browser.
fn no_flow() -> Refusal {
    invalid("state", "this sign-in was not begun in this browser, is over, or was used: begin again")
}

/// What the issuer's failure means for the caller. What happened is for the log.
fn failed(error: &IssuerError) -> Refusal {
    tracing::warn!(%error, "a code of Google's could not be changed into a token");
    match error {
        IssuerError::Code(_) => invalid("code", "Google does not know this code: begin again"),
        IssuerError::Provider(_) => {
            Refusal::new(RefusalCode::Unavailable, "Google does not answer now").retry_after(RETRY_MS)
        }
    }
}

impl Google {
    /// The service.
    #[must_use]
    pub fn new(
        accounts: Accounts,
        issuer: Arc<dyn Issuer>,
        messenger: Arc<dyn Messenger>,
        config: GoogleConfig,
    ) -> Self {
        let config = Arc::new(config);
        let keys = Keys::new(issuer.clone(), accounts.0.clock.clone(), &config);
        let verifier = Arc::new(Verifier::new(config.clone(), keys));
        let rows = Rows(accounts.0.store.clone());
        Self { accounts, rows, issuer, messenger, verifier, config }
    }

    /// Whether the redirect flow's cookie travels by TLS only: not where the flow leads back to plain HTTP on this machine.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.config.redirect_url.starts_with("https://")
    }

    /// How long somebody may take at Google, seconds.
    #[must_use]
    pub fn flow_s(&self) -> u64 {
        self.config.flow_s
    }

    fn inner(&self) -> &Inner {
        &self.accounts.0
    }

    /// Signs in whoever has a token of identity for one of our clients; makes or links the account the first time.
    ///
    /// # Errors
    /// `invalid` naming `idToken` or `email`, `conflict` naming `email` when the address is an account's that must not be linked,
    /// `forbidden` when the account is switched off, `rateLimited`, `busy`, `unavailable`.
    pub async fn sign_in(&self, request: GoogleSignIn) -> Result<SignedIn, Refusal> {
        if !self.config.enabled {
            return Err(not_set_up());
        }
        let wanted = Wanted::AnyClient { nonce: request.nonce.as_deref() };
        let tried = self.tried(request.address, async {
            let proof = self.proof(&request.token, &wanted, "idToken").await?;
            self.account_of(&proof).await
        });
        let account = tried.await?;
        self.start(account, request.device.as_deref()).await
    }

    /// The beginning of the redirect flow. Nothing is kept here.
    ///
    /// # Errors
    /// `unavailable` where it is not set up.
    pub fn begin(&self) -> Result<GoogleBegun, Refusal> {
        if !self.config.redirects() {
            return Err(not_set_up());
        }
        let ring = self.inner().ring();
        let key = ring.refresh_key();
        let flow = Flow::begin(self.inner().now().saturating_add(millis(self.config.flow_s))).map_err(internal)?;
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", &self.config.redirect_url),
            ("scope", "openid email profile"),
            ("state", &flow.state(key)),
            ("nonce", flow.nonce(key).expose()),
            ("code_challenge", &flow.challenge(key)),
            ("code_challenge_method", "S256"),
        ]);
        let url = &self.config.authorization_url;
        let joint = if url.contains('?') { '&' } else { '?' };
        Ok(GoogleBegun { location: format!("{url}{joint}{query}"), cookie: flow.cookie() })
    }

    /// The end of the redirect flow. Where a page goes on, it is told of refusals, too.
    ///
    /// # Errors
    /// `invalid` naming `state`, `code` or `email`, `conflict` naming `email`, `forbidden`, `rateLimited`, `busy`, `unavailable`.
    pub async fn finish(&self, back: GoogleReturn) -> Result<GoogleEnd, Refusal> {
        if !self.config.redirects() {
            return Err(not_set_up());
        }
        let page = &self.config.return_url;
        let account = self.tried(back.address, self.returned(&back)).await;
        if page.is_empty() {
            return self.start(account?, Some(DEVICE)).await.map(|signed_in| GoogleEnd::SignedIn(Box::new(signed_in)));
        }
        let fragment = match account {
            Ok(account) => {
                let until = self.inner().now().saturating_add(millis(self.config.ticket_s));
                let ticket = Ticket::new(account.user_id, account.credential, until).map_err(internal)?;
                format!("ticket={}", ticket.text(self.inner().ring().refresh_key()).expose())
            }
            Err(refusal) => format!("error={}", refusal.code.as_str()),
        };
        Ok(GoogleEnd::Page(format!("{page}#{fragment}")))
    }

    /// Signs in whoever came back from Google a moment ago, for the ticket that the page was given, once.
    ///
    /// # Errors
    /// `invalid` naming `ticket`, `forbidden`, `rateLimited`, `busy`, `unavailable`.
    pub async fn redeem(
        &self,
        ticket: &Secret,
        device: Option<&str>,
        address: Option<IpAddr>,
    ) -> Result<SignedIn, Refusal> {
        let wrong = || invalid("ticket", "the ticket is wrong, over, or was used: begin again");
        let tried = self.tried(address, async {
            let inner = self.inner();
            let ticket = Ticket::read(inner.ring().refresh_key(), ticket.expose(), inner.now()).ok_or_else(wrong)?;
            self.spend(ticket.key(), ticket.expires_at, wrong).await?;
            let account = inner.account(ticket.user).await?.filter(|account| account.credential == ticket.credential);
            account.filter(|account| account.is_active).ok_or_else(wrong)
        });
        let account = tried.await?;
        self.start(account, device).await
    }

    /// A try that counts against its address when it was a wrong one.
    async fn tried(
        &self,
        address: Option<IpAddr>,
        work: impl Future<Output = Result<Account, Refusal>>,
    ) -> Result<Account, Refusal> {
        let tried = self.inner().try_once(EVENT, None, address).await?;
        let outcome = work.await;
        match &outcome {
            Ok(_) => tried.forgive(),
            Err(refusal) if refusal.code.is_retryable() => tried.forgive(),
            Err(refusal) => audit::denied(EVENT, None, address, refusal.code),
        }
        outcome
    }

    /// Whose browser came back.
    async fn returned(&self, back: &GoogleReturn) -> Result<Account, Refusal> {
        let inner = self.inner();
        let ring = inner.ring();
        let key = ring.refresh_key();
        let (state, cookie) = (back.state.as_deref(), back.cookie.as_ref().map(Secret::expose));
        let flow = Flow::resume(key, state.unwrap_or_default(), cookie.unwrap_or_default(), inner.now());
        let flow = flow.ok_or_else(no_flow)?;
        self.spend(flow.key(), flow.expires_at, no_flow).await?;
        if back.issuer.as_ref().is_some_and(|issuer| *issuer != self.config.issuer) {
            return Err(no_flow());
        }
        if back.error.is_some() {
            return Err(invalid("error", "the sign-in was called off at Google"));
        }
        let code = back.code.clone().filter(|code| (1..=LONGEST_CODE).contains(&code.expose().len()));
        let code = code.ok_or_else(|| invalid("code", "a code is needed"))?;
        let grant = CodeGrant { code, verifier: flow.verifier(key) };
        let token = self.issuer.exchange(grant).await.map_err(|error| failed(&error))?;
        let nonce = flow.nonce(key);
        let proof = self.proof(&token, &Wanted::ThisServer { nonce: nonce.expose() }, "code").await?;
        self.account_of(&proof).await
    }

    async fn proof(&self, token: &Secret, wanted: &Wanted<'_>, field: &str) -> Result<Proof, Refusal> {
        self.verifier.verify(token.expose().trim(), wanted, self.inner().now()).await.map_err(|rejected| match rejected
        {
            Rejected::Refusal(refusal) => refusal,
            Rejected::Fault(fault) => {
                tracing::debug!(%fault, "token of identity refused");
                invalid(field, "Google's token is not valid here, or no longer: sign in with Google again")
            }
        })
    }

    /// Marks a token of one use as used; `again` is the refusal for whoever comes second.
    async fn spend(&self, key: Uuid, expires_at: i64, again: fn() -> Refusal) -> Result<(), Refusal> {
        self.rows.insert(&SpentToken { key, expires_at }).await?.map_err(|_| again())
    }

    async fn start(&self, account: Account, device: Option<&str>) -> Result<SignedIn, Refusal> {
        let signed_in = self.inner().start_session(account, device, None).await.map_err(|refusal| {
            // Its credentials changed in this moment: to the caller that is a wrong token, not a wrong access token.
            if refusal == unauthenticated() { no_flow() } else { refusal }
        })?;
        audit::done(EVENT, signed_in.profile.id, Some(signed_in.session));
        Ok(signed_in)
    }

    /// Removes marks of tokens that have ended, from up to `most` rows behind `after`; answers where to go on, `None` at the end.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn purge(&self, after: Option<Uuid>, most: usize) -> Result<Option<Uuid>, Refusal> {
        let rows = self.rows.sweep::<SpentToken>(after.map(|key| vec![key.to_value()]), most).await?;
        let (is_last, last) = (rows.len() < most, rows.last().map(|row| row.key));
        // Clocks of nodes differ: a mark stays for a while after its token has ended on this one.
        let ended = self.inner().now().saturating_sub(millis(3_600));
        for row in rows.iter().filter(|row| row.expires_at < ended) {
            self.rows.delete::<SpentToken>(vec![vec![row.key.to_value()]]).await?;
        }
        Ok(last.filter(|_| !is_last))
    }
}
