//! Passwords: which are accepted, and how they are hashed.

mod pool;

use super::config::PasswordConfig;
use super::secret::Secret;
use argon2::password_hash::phc::{ParamsString, PasswordHash};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use plenum_schema::{Refusal, RefusalCode};
use std::collections::HashSet;
use std::sync::LazyLock;

pub(super) use pool::HashPool;

/// The most memory that a stored (imported) hash may ask for, KiB.
const MAX_STORED_MEMORY_KIB: u32 = 256 * 1024;
/// bcrypt looks at this many bytes of a password; systems that used it cut longer ones.
const BCRYPT_BYTES: usize = 72;
/// Costs of bcrypt hashes that are accepted for import; 10 is the least that was ever sound, 15 takes seconds.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 10..=14;
/// What must be left of a password, letters and digits, when the words everybody tries first are taken out.
const MIN_REMAINDER: usize = 5;

/// Digits at the end of a telephone number that are taken for the number.
const MIN_NUMBER: usize = 6;

static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("password/frequent.txt").lines().collect());

/// Beginnings that people decorate with digits.
const BASES: &[&str] = &[
    "password",
    "passwort",
    "motdepasse",
    "contrasena",
    "qwerty",
    "azerty",
    "qwertz",
    "welcome",
    "letmein",
    "iloveyou",
    "admin",
    "administrator",
    "football",
    "baseball",
    "dragon",
    "monkey",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "abcdef",
    "123456",
    "654321",
    "changeme",
    "secret",
    "login",
    "master",
    "hello",
];

fn weak(field: &str, message: impl Into<String>) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

/// Whether a new password may be used. `field` is the member of the request; `context` are words about the person (the e-mail
/// address and its local part, telephone number, user name, names), longer ones first. No rules about kinds of characters.
pub(super) fn check(config: &PasswordConfig, field: &str, password: &Secret, context: &[&str]) -> Result<(), Refusal> {
    let chars = password.expose().chars().count();
    if chars < config.min_chars {
        return Err(weak(field, format!("a password has at least {} characters", config.min_chars)));
    }
    if chars > config.max_chars {
        return Err(weak(field, format!("a password has at most {} characters", config.max_chars)));
    }
    let lower = zeroize::Zeroizing::new(password.expose().to_lowercase());
    if COMMON.contains(lower.as_str()) || repeats(&lower) {
        return Err(weak(field, "this password is one of those that everybody tries first"));
    }
    if context.iter().any(|word| is_same(&lower, word)) {
        return Err(weak(field, "this password is your own name, e-mail address or telephone number"));
    }
    let mut rest = lower;
    for word in
        config.context_words.iter().map(String::as_str).chain(context.iter().copied()).chain(BASES.iter().copied())
    {
        let word = word.to_lowercase();
        if word.chars().count() >= 4 {
            rest = zeroize::Zeroizing::new(rest.replace(&word, ""));
        }
    }
    if rest.chars().filter(|c| c.is_alphanumeric()).count() < MIN_REMAINDER && rest.chars().count() < config.min_chars {
        return Err(weak(field, "this password is too close to your name, the service's name or a well-known word"));
    }
    Ok(())
}

/// Whether a password is a name of the person: whatever the case, the width and the punctuation, and for numbers with or
/// without the prefix that calls the country.
fn is_same(lower: &str, word: &str) -> bool {
    let kept = |text: &str| -> zeroize::Zeroizing<String> {
        crate::text::folded(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>().into()
    };
    let (password, word) = (kept(lower), kept(word));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let national = password.trim_start_matches('0');
    let is_number = digits(&password) && digits(&word) && national.len() >= MIN_NUMBER && word.ends_with(national);
    is_number || (!word.is_empty() && password == word)
}

/// One or two characters again and again, or a run through the alphabet or the digits.
fn repeats(lower: &str) -> bool {
    let chars: Vec<u32> = lower.chars().map(u32::from).collect();
    let distinct: HashSet<u32> = chars.iter().copied().collect();
    let step = |by: i64| chars.windows(2).all(|pair| i64::from(pair[1]) - i64::from(pair[0]) == by);
    distinct.len() <= 2 || step(1) || step(-1)
}

/// Hashes with the configured parameters, and checks against stored hashes of any accepted kind.
#[derive(Clone)]
pub(super) struct Hasher {
    argon2: Argon2<'static>,
    /// A hash of nothing anybody knows: checking against it costs what a real check costs.
    dummy: String,
}

/// What checking a password found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Checked {
    Right,
    /// Right, and stored with parameters that are not the configured ones.
    RightButOld,
    Wrong,
}

impl Hasher {
    /// `None` when the parameters are impossible.
    pub fn new(config: &PasswordConfig) -> Option<Self> {
        let params = Params::new(config.memory_kib, config.passes, config.lanes, None).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut hasher = Self { argon2, dummy: String::new() };
        let nobody: [u8; 32] = super::keyring::random().ok()?;
        hasher.dummy = hasher.argon2.hash_password(&nobody).ok()?.to_string();
        Some(hasher)
    }

    /// A PHC string with a salt of its own. `None` only when the system gives no memory or random numbers.
    fn hash(&self, password: &Secret) -> Option<String> {
        self.argon2.hash_password(password.expose().as_bytes()).ok().map(|hash| hash.to_string())
    }

    /// Checks a password. Without a stored hash it takes as long and is wrong.
    fn check(&self, password: &Secret, stored: Option<&str>) -> Checked {
        let Some(stored) = stored else {
            let dummy = PasswordHash::new(&self.dummy);
            let _ = dummy.map(|dummy| self.argon2.verify_password(password.expose().as_bytes(), &dummy));
            return Checked::Wrong;
        };
        if is_bcrypt(stored) {
            let bytes = password.expose().as_bytes();
            let seen = &bytes[..bytes.len().min(BCRYPT_BYTES)];
            return if bcrypt::verify(seen, stored).unwrap_or(false) { Checked::RightButOld } else { Checked::Wrong };
        }
        let Ok(hash) = PasswordHash::new(stored) else { return Checked::Wrong };
        if self.argon2.verify_password(password.expose().as_bytes(), &hash).is_err() {
            return Checked::Wrong;
        }
        if self.is_present(&hash) { Checked::Right } else { Checked::RightButOld }
    }

    fn is_present(&self, hash: &PasswordHash) -> bool {
        let present = ParamsString::try_from(self.argon2.params());
        hash.algorithm == Algorithm::Argon2id.ident() && present.is_ok_and(|present| hash.params == present)
    }
}

fn is_bcrypt(stored: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| stored.starts_with(prefix))
}

/// Whether a hash from another system can be checked here: bcrypt of a cost from 10 to 14, or Argon2id.
pub(super) fn importable(stored: &str) -> bool {
    if is_bcrypt(stored) {
        let cost = stored.get(4..6).and_then(|cost| cost.parse().ok());
        return stored.len() == 60 && cost.is_some_and(|cost| BCRYPT_COSTS.contains(&cost));
    }
    PasswordHash::new(stored).is_ok_and(|hash| {
        let sound = Params::try_from(&hash).is_ok_and(|params| params.m_cost() <= MAX_STORED_MEMORY_KIB);
        hash.algorithm == Algorithm::Argon2id.ident() && hash.hash.is_some() && sound
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(password: &str) -> Result<(), Refusal> {
        let context = ["ada.lovelace@analytical.example", "ada.lovelace", "+493012345678", "Lovelace", "Ada"];
        check(&PasswordConfig::default(), "password", &password.into(), &context)
    }

    #[test]
    fn long_pass_phrases_of_any_characters_are_accepted() {
        for fine in ["korrekt pferd batterie", "ⴰⵣⵓⵍ ⴰⵎⴰⴹⴰⵍ", "xkr7-wq!", &"long pass phrase ".repeat(7)]
        {
            assert_eq!(checked(fine), Ok(()), "{fine}");
        }
    }

    #[test]
    fn short_and_endless_passwords_are_refused_and_characters_are_counted_not_bytes() {
        for wrong in ["", "seven77", "ääääööö", &"x1".repeat(65)] {
            assert_eq!(checked(wrong).unwrap_err().field.as_deref(), Some("password"), "{wrong}");
        }
    }

    #[test]
    fn passwords_everybody_tries_first_are_refused() {
        for wrong in [
            "password",
            "Password1",
            "12345678",
            "qwertyuiop",
            "aaaaaaaa",
            "abababab",
            "abcdefgh",
            "hgfedcba",
            "iloveyou!",
        ] {
            checked(wrong).unwrap_err();
        }
    }

    #[test]
    fn words_about_the_person_and_the_service_are_refused() {
        for wrong in ["plenum123", "Plenum2026!", "ada.lovelace", "LOVELACE99", "passwordplenum"] {
            checked(wrong).unwrap_err();
        }
        checked("lovelace likes engines").unwrap();
    }

    #[test]
    fn the_own_email_address_telephone_number_or_name_is_no_password() {
        for wrong in [
            "ada.lovelace@analytical.example",
            "Ada.Lovelace@Analytical.Example",
            "ada.lovelace@analytical.example1!",
            "+49 30 12345678",
            "493012345678",
            "00493012345678",
            "030 1234 5678",
            "12345678",
            "ada lovelace",
        ] {
            assert_eq!(checked(wrong).unwrap_err().field.as_deref(), Some("password"), "{wrong}");
        }
        checked("ada.lovelace has 3 engines").unwrap();
    }

    #[test]
    fn the_list_of_common_passwords_is_clean() {
        let list = include_str!("password/frequent.txt");
        let lines: Vec<&str> = list.lines().collect();
        assert_eq!(lines.len(), COMMON.len(), "every line once");
        for line in lines {
            assert!(line.chars().count() >= 8 && *line == line.to_lowercase(), "{line}");
        }
    }

    #[test]
    fn only_sound_hashes_can_be_imported() {
        let bcrypt = |cost: u32| format!("$2b${cost:02}$abcdefghijklmnopqrstuuN5zW5rJ3hT3v7hFhxqk6n1m2b3c4d5e");
        assert_eq!(bcrypt(10).len(), 60);
        assert!(importable(&bcrypt(10)) && importable(&bcrypt(14)));
        assert!(!importable(&bcrypt(9)) && !importable(&bcrypt(15)));
        assert!(!importable("5f4dcc3b5aa765d61d8327deb882cf99") && !importable(""));
        assert!(!importable("$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo"));
    }

    #[test]
    fn a_password_is_stored_with_its_parameters_and_its_own_salt() {
        let hasher = Hasher::new(&PasswordConfig { memory_kib: 64, passes: 1, ..PasswordConfig::default() }).unwrap();
        let (a, b) = (hasher.hash(&"same".into()).unwrap(), hasher.hash(&"same".into()).unwrap());
        assert!(a.starts_with("$argon2id$v=19$m=64,t=1,p=1$") && a != b);
        assert_eq!(hasher.check(&"same".into(), Some(&a)), Checked::Right);
        assert_eq!(hasher.check(&"other".into(), Some(&a)), Checked::Wrong);
        assert_eq!(hasher.check(&"same".into(), None), Checked::Wrong);
    }

    #[test]
    fn a_hash_of_other_parameters_and_an_imported_bcrypt_hash_are_right_but_old() {
        let old = Hasher::new(&PasswordConfig { memory_kib: 32, passes: 1, ..PasswordConfig::default() }).unwrap();
        let new = Hasher::new(&PasswordConfig { memory_kib: 64, passes: 1, ..PasswordConfig::default() }).unwrap();
        assert_eq!(new.check(&"same".into(), old.hash(&"same".into()).as_deref()), Checked::RightButOld);
        let bcrypt = bcrypt::hash("a password of long ago", 10).unwrap();
        assert_eq!(new.check(&"a password of long ago".into(), Some(&bcrypt)), Checked::RightButOld);
        assert_eq!(new.check(&"another password".into(), Some(&bcrypt)), Checked::Wrong);
    }

    #[test]
    fn a_password_that_bcrypt_had_cut_still_opens() {
        let hasher = Hasher::new(&PasswordConfig { memory_kib: 64, passes: 1, ..PasswordConfig::default() }).unwrap();
        let long = "x1y2".repeat(25);
        let stored = bcrypt::hash(&long[..72], 10).unwrap();
        assert_eq!(hasher.check(&long.as_str().into(), Some(&stored)), Checked::RightButOld);
    }
}
