//! Accounts, what makes their names unique, and their signed-in devices.

use crate::entity;
use crate::{SessionId, SubjectId, UserId};
use bytes::Bytes;

entity! {
    /// A person. Everything a client may see of it is chosen by a list of fields in the accounts service.
    pub struct Account in "accounts" {
        partition { /// Who.
            user_id: UserId }
        clustering { }
        columns {
            /// E-mail address, trimmed and in lower case. Unique by its [`AccountKey`].
            email: Option<String>,
            /// Telephone number: `+` and digits. Unique by its [`AccountKey`].
            phone: Option<String>,
            /// Name to sign in and be found with, lower case. Unique by its [`AccountKey`].
            username: Option<String>,
            /// PHC string (Argon2id) or an imported bcrypt hash; without one nobody signs in by password.
            password_hash: Option<String>,
            /// Grows with every change of the password: sessions of an older one end.
            credential: i64,
            /// Full name as the person writes it.
            full_name: Option<String>,
            /// First name.
            first_name: Option<String>,
            /// Last name.
            last_name: Option<String>,
            /// URL of the picture.
            avatar: Option<String>,
            /// URL of the wide picture.
            cover_photo: Option<String>,
            /// As the person writes it.
            gender: Option<String>,
            /// About the person.
            bio: Option<String>,
            /// Where the person is.
            location: Option<String>,
            /// What the person does.
            occupation: Option<String>,
            /// Field of study; the allowed ones are configured.
            field: Option<String>,
            /// Year of study; the allowed ones are configured.
            year: Option<i64>,
            /// Role in a student body.
            coordination: Option<String>,
            /// Why the person takes part.
            motivation: Option<String>,
            /// What the person has made.
            projects: Option<String>,
            /// JSON array of texts.
            skills: Option<String>,
            /// Level of education.
            education_level: Option<String>,
            /// School or employer.
            institution: Option<String>,
            /// JSON object that belongs to the client.
            preferences: Option<String>,
            /// `user` or `admin`; never set by its owner.
            role: String,
            /// Whether the account may sign in.
            is_active: bool,
            /// Milliseconds since 1970.
            created_at: i64,
            /// Milliseconds since 1970.
            updated_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64,
            /// When a code sent there, or the house that keeps it, proved the e-mail address, milliseconds since 1970.
            email_verified_at: Option<i64>,
            /// When a code sent there proved the telephone number, milliseconds since 1970.
            phone_verified_at: Option<i64>,
            /// When the account was deleted, milliseconds since 1970: nothing else of it is left but its id.
            erased_at: Option<i64>,
            /// What the person has earned; absent: none. Given by admins.
            points: Option<i64>,
            /// As `points`.
            stars: Option<i64>,
            /// Whether the person is of the board of the house.
            is_bureau: Option<bool>,
            /// Whether the person has paid for more.
            is_premium: Option<bool>,
            /// Word for what the person has paid for.
            subscription: Option<String>,
            /// Whether the person does not want to stand in lists of people.
            is_unlisted: Option<bool>,
            /// Whether the person does not want to be found by e-mail address.
            is_unfindable: Option<bool>,
            /// Issuer and subject of the Google account that opens this one. Unique by its [`AccountKey`].
            google_id: Option<String>,
            /// What the account is for: `host`, `speaker`, `university`; absent: a person in the community.
            kind: Option<String>
        }
    }
}

entity! {
    /// An account whose deletion was asked for and is not finished. Written before anything is erased, removed when nothing is left.
    pub struct Erasure in "erasures" {
        partition { /// Whose.
            user_id: UserId }
        clustering { }
        columns { /// Since when, milliseconds since 1970.
            since: i64 }
    }
}

entity! {
    /// Somebody's place among those with points. Written before the account has them and removed after it has others: a row that does not
    /// agree with its account is skipped.
    pub struct Rank in "ranks" {
        partition { /// Always 0: there is one order.
            board: i64 }
        clustering {
            /// Points.
            points: i64,
            /// Whose.
            user_id: UserId }
        columns { /// Since when, milliseconds since 1970.
            since: i64 }
    }
}

entity! {
    /// Something that people learn: rooms, notes and courses are about one. Its id is made of its name, so that there is one of each.
    pub struct Subject in "subjects" {
        partition { /// Always 0: there are few.
            shelf: i64 }
        clustering { /// Which.
            subject_id: SubjectId }
        columns {
            /// What it is called.
            name: String,
            /// Kind of subject.
            category: Option<String>,
            /// What it is about.
            description: Option<String>,
            /// Address of its picture.
            icon_url: Option<String>,
            /// Who made it.
            created_by: UserId,
            /// Milliseconds since 1970.
            created_at: i64
        }
    }
}

entity! {
    /// An e-mail address, telephone number or user name, and whose it is.
    ///
    /// A key is claimed, then the account that carries it is written, then the key is confirmed. Each step is a
    /// compare-and-set on `version`; a claim that never came to an account may be taken over.
    pub struct AccountKey in "account_keys" {
        partition { /// Kind and value: `email:ada@example.org`, `phone:+4930…`, `username:ada`, `google:` with issuer and subject.
            key: String }
        clustering { }
        columns {
            /// Whose; the nil id when the key was given back.
            user_id: UserId,
            /// Whether the account was written after the claim.
            confirmed: bool,
            /// When it was claimed, milliseconds since 1970. Decides only how long others wait for an unfinished claim.
            claimed_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64
        }
    }
}

entity! {
    /// A signed-in device. The row's existence is what makes its access tokens valid; ending a session removes it.
    pub struct Session in "sessions" {
        partition { /// Whose.
            user_id: UserId }
        clustering { /// Which.
            session_id: SessionId }
        columns {
            /// What the device calls itself.
            device: String,
            /// Milliseconds since 1970.
            created_at: i64,
            /// The last sign-in or refresh, milliseconds since 1970.
            last_used_at: i64,
            /// The end whatever happens, milliseconds since 1970.
            expires_at: i64,
            /// The account's `credential` when the session was made or confirmed.
            credential: i64,
            /// Random bytes that the chain of refresh secrets of this session is derived with.
            family: Bytes,
            /// SHA-256 of the refresh secret that is valid now.
            current_hash: Bytes,
            /// SHA-256 of the one before; empty when there was none.
            previous_hash: Bytes,
            /// When `current_hash` replaced `previous_hash`, milliseconds since 1970.
            rotated_at: i64,
            /// Grows with every change: the condition of compare-and-set.
            version: i64,
            /// What its tokens are for, as `kind` of an account; absent: a person in the community.
            audience: Option<String>
        }
    }
}
