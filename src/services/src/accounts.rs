//! Accounts: who somebody is, how they prove it, and which of their devices are signed in.
//!
//! [`Accounts`] is the whole service. It speaks [`Refusal`](plenum_schema::Refusal)s, so that every protocol answers alike,
//! and knows neither HTTP nor a database driver.

mod admin;
mod attempt;
mod audit;
mod codes;
mod conference_token;
mod config;
mod directory;
mod erase;
mod given;
mod google;
mod keyring;
mod kinds;
mod login;
mod names;
mod password;
mod profile;
mod profile_update;
mod reauthenticate;
mod refresh;
mod refresh_token;
mod register;
mod requests;
mod roles;
mod secret;
mod service;
mod sessions;
mod sheet;
mod throttle;
mod ticket;
mod token;

pub use admin::{AccountFilter, AccountPage, Minted, NewAccount};
pub use codes::{CodeSent, CodeSignIn, Codes, CodesConfig, Confirmation};
pub use config::{AccountsConfig, ConfigProblem, ErasureConfig, PasswordConfig, ThrottleConfig, TokenConfig};
pub use given::RankedPage;
pub use google::{Google, GoogleBegun, GoogleConfig, GoogleEnd, GoogleReturn, GoogleSignIn};
pub use keyring::{KeyError, KeyRing};
pub use names::normal_email;
pub use plenum_actors::identity::{AccountKind, Authenticator, ConferenceRole, Identity, Scope, SessionEnder};
pub use profile::{Member, Privacy, Profile, PublicProfile};
pub use profile_update::FULL_NAME_CHARS;
pub use requests::{
    Given, Login, Logout, PasswordChange, PrivacyUpdate, ProfileUpdate, Registration, SessionInfo, SignedIn,
};
pub use roles::{Role, RoleError};
pub use secret::Secret;
pub use service::{Accounts, OpenError};
pub use sheet::{BadSignature, verify_sheet};
pub use ticket::{GivenTicket, SocketAuthenticator};
