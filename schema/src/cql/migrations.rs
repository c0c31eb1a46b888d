//! The numbered steps, compiled in.

use sha2::{Digest, Sha256};

/// One step: a file with one statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Migration {
    /// Its place in the order, from 1, without holes.
    pub number: u32,
    /// What it does, in snake case: the rest of the file's name.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

/// What a statement does, as far as repeating it after a crash needs to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Says itself that it may be repeated (`IF NOT EXISTS`, `IF EXISTS`).
    Repeatable,
    /// Adds a column: done when the column is there.
    AddColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Removes a column: done when the column is gone.
    DropColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
}

impl Migration {
    /// The statement without comments and the semicolon.
    #[must_use]
    pub fn statement(&self) -> String {
        let lines = self.text.lines().filter(|line| !line.trim_start().starts_with("--"));
        let text = lines.collect::<Vec<_>>().join("\n");
        text.trim().trim_end_matches(';').trim_end().to_owned()
    }

    /// SHA-256 of the statement, hexadecimal: a step that was applied anywhere may not change any more. Comments may.
    #[must_use]
    pub fn checksum(&self) -> String {
        let words = self.statement().split_whitespace().collect::<Vec<_>>().join(" ");
        Sha256::digest(words.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// How it can be repeated; `None` for a statement that a migration may not be.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        let statement = self.statement().replace('"', "");
        let words: Vec<&str> = statement.split_whitespace().collect();
        let upper: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        let upper: Vec<&str> = upper.iter().map(String::as_str).collect();
        match (upper.as_slice(), words.as_slice()) {
            (["CREATE", "TABLE", "IF", "NOT", "EXISTS", ..] | ["DROP", "TABLE", "IF", "EXISTS", _], _) => {
                Some(Step::Repeatable)
            }
            (["ALTER", "TABLE", _, "ADD", _, _], [_, _, table, _, column, _]) => {
                Some(Step::AddColumn { table: (*table).to_owned(), column: (*column).to_owned() })
            }
            (["ALTER", "TABLE", _, "DROP", _], [_, _, table, _, column]) => {
                Some(Step::DropColumn { table: (*table).to_owned(), column: (*column).to_owned() })
            }
            _ => None,
        }
    }
}

macro_rules! migration {
    ($file:literal, $number:literal, $name:literal) => {
        Migration { number: $number, name: $name, text: include_str!(concat!("../../cql/", $file, "_", $name, ".cql")) }
    };
}

/// All steps in their order.
pub const MIGRATIONS: &[Migration] = &[
    migration!("0001", 1, "logs"),
    migration!("0002", 2, "log_entries"),
    migration!("0003", 3, "log_ids"),
    migration!("0004", 4, "snapshots"),
    migration!("0005", 5, "memberships"),
    migration!("0006", 6, "marks"),
    migration!("0007", 7, "accounts"),
    migration!("0008", 8, "account_keys"),
    migration!("0009", 9, "sessions"),
    migration!("0010", 10, "idempotency_keys"),
    migration!("0011", 11, "last_seen"),
    migration!("0012", 12, "message_states"),
    migration!("0013", 13, "rooms"),
    migration!("0014", 14, "conversation_settings"),
    migration!("0015", 15, "blocks"),
    migration!("0016", 16, "conference_codes"),
    migration!("0017", 17, "conferences"),
    migration!("0018", 18, "hosted_conferences"),
    migration!("0019", 19, "conference_questions"),
    migration!("0020", 20, "conference_results"),
    migration!("0021", 21, "participants"),
    migration!("0022", 22, "api_keys"),
    migration!("0023", 23, "brands"),
    migration!("0024", 24, "status_domains"),
    migration!("0025", 25, "status_names"),
    migration!("0026", 26, "status_periods"),
    migration!("0027", 27, "conference_invitations"),
    migration!("0028", 28, "participants_team"),
    migration!("0029", 29, "key_rings"),
    migration!("0030", 30, "conference_expiries"),
    migration!("0031", 31, "participants_weight"),
    migration!("0032", 32, "conference_invitations_weight"),
    migration!("0033", 33, "conference_rosters"),
    migration!("0034", 34, "one_time_codes"),
    migration!("0035", 35, "accounts_email_verified_at"),
    migration!("0036", 36, "accounts_phone_verified_at"),
    migration!("0037", 37, "products"),
    migration!("0038", 38, "stocks"),
    migration!("0039", 39, "orders"),
    migration!("0040", 40, "open_orders"),
    migration!("0041", 41, "orders_of"),
    migration!("0042", 42, "cart_items"),
    migration!("0043", 43, "seller_applications"),
    migration!("0044", 44, "events"),
    migration!("0045", 45, "event_seats"),
    migration!("0046", 46, "accounts_erased_at"),
    migration!("0047", 47, "erasures"),
    migration!("0048", 48, "accounts_points"),
    migration!("0049", 49, "accounts_stars"),
    migration!("0050", 50, "accounts_is_bureau"),
    migration!("0051", 51, "accounts_is_premium"),
    migration!("0052", 52, "accounts_subscription"),
    migration!("0053", 53, "accounts_is_unlisted"),
    migration!("0054", 54, "accounts_is_unfindable"),
    migration!("0055", 55, "ranks"),
    migration!("0056", 56, "subjects"),
    migration!("0057", 57, "store_marks"),
    migration!("0058", 58, "images"),
    migration!("0059", 59, "images_of"),
    migration!("0060", 60, "accounts_google_id"),
    migration!("0061", 61, "spent_tokens"),
    migration!("0062", 62, "payments"),
    migration!("0063", 63, "open_payments"),
    migration!("0064", 64, "payments_of"),
    migration!("0065", 65, "payment_events"),
    migration!("0066", 66, "accounts_kind"),
    migration!("0067", 67, "sessions_audience"),
    migration!("0068", 68, "conference_hooks"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &'static str) -> Migration {
        Migration { number: 1, name: "test", text }
    }

    #[test]
    fn comments_and_white_space_are_no_part_of_the_checksum() {
        let one = with("-- why\nCREATE TABLE IF NOT EXISTS t (a uuid PRIMARY KEY);\n");
        let other = with("CREATE TABLE IF NOT EXISTS t\n  (a uuid PRIMARY KEY)");
        assert_eq!(one.checksum(), other.checksum());
        assert_eq!(one.statement(), "CREATE TABLE IF NOT EXISTS t (a uuid PRIMARY KEY)");
        assert_ne!(one.checksum(), with("CREATE TABLE IF NOT EXISTS t (b uuid PRIMARY KEY)").checksum());
    }

    #[test]
    fn only_statements_that_can_be_repeated_are_steps() {
        let column = |table: &str, column: &str| (table.to_owned(), column.to_owned());
        let (table, name) = column("accounts", "nickname");
        let added = Some(Step::AddColumn { table: table.clone(), column: name.clone() });
        assert_eq!(with("ALTER TABLE accounts ADD \"nickname\" text;").step(), added);
        assert_eq!(with("alter table accounts drop nickname").step(), Some(Step::DropColumn { table, column: name }));
        assert_eq!(with("DROP TABLE IF EXISTS t").step(), Some(Step::Repeatable));
        for text in
            ["CREATE TABLE t (a uuid PRIMARY KEY)", "DROP TABLE t", "TRUNCATE t", "INSERT INTO t (a) VALUES (1)", ""]
        {
            assert_eq!(with(text).step(), None, "{text}");
        }
    }
}
