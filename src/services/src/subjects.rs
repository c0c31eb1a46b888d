//! Subjects: what people learn. Rooms say which one they are about.
//!
//! A subject's id is a hash of its name, so one conditional write makes it the only one of that name, on whichever node.

use crate::rows::Rows;
use crate::text;
use plenum_actors::clock::SharedClock;
use plenum_actors::store::{Direction, SharedStore};
use plenum_schema::entities::Subject;
use plenum_schema::id::derived;
use plenum_schema::table::FieldValue;
use plenum_schema::{Refusal, RefusalCode, SubjectId, UserId};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;

/// There are few: all stand together.
const SHELF: i64 = 0;
const NAME_CHARS: usize = 80;
const CATEGORY_CHARS: usize = 60;
const DESCRIPTION_CHARS: usize = 1_000;
const ICON_CHARS: usize = 1_000;

/// Settings of subjects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SubjectsConfig {
    /// Most subjects, about, 1 to 10,000 (default 1,000).
    pub most: usize,
}

impl Default for SubjectsConfig {
    fn default() -> Self {
        Self { most: 1_000 }
    }
}

impl SubjectsConfig {
    /// Everything that is wrong: the key and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let fine = (1..=10_000).contains(&self.most);
        if fine { Vec::new() } else { vec![("most", "must be 1 to 10000".to_owned())] }
    }
}

/// A subject to make.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewSubject {
    /// What it is called, 1 to 80 characters; unique whatever the case.
    pub name: String,
    /// Kind of subject, at most 60 characters.
    pub category: Option<String>,
    /// What it is about, at most 1,000 characters.
    pub description: Option<String>,
    /// Address of its picture: http(s), or a path on this server.
    pub icon_url: Option<String>,
}

/// Subjects. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct Subjects {
    rows: Rows,
    clock: SharedClock,
    config: Arc<SubjectsConfig>,
}

impl fmt::Debug for Subjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subjects").field("config", &self.config).finish_non_exhaustive()
    }
}

fn invalid(field: &str, message: String) -> Refusal {
    Refusal::field(RefusalCode::Invalid, field, message)
}

/// Something said in a few words; empty is nothing.
fn said(field: &str, text: Option<String>, most: usize) -> Result<Option<String>, Refusal> {
    let Some(text) = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else { return Ok(None) };
    let is_fine = |c: char| c == '\n' || text::is_allowed(c);
    if text.chars().count() > most || !text.chars().all(is_fine) {
        return Err(invalid(field, format!("at most {most} characters, none of them invisible")));
    }
    Ok(Some(text))
}

fn icon(text: Option<String>) -> Result<Option<String>, Refusal> {
    let text = said("iconUrl", text, ICON_CHARS)?;
    let is_link = |text: &String| {
        let is_path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
        is_path || text.starts_with("https://") || text.starts_with("http://")
    };
    match text {
        Some(text) if !is_link(&text) || text.contains(char::is_whitespace) => {
            Err(invalid("iconUrl", "an http(s) URL or a path on this server".to_owned()))
        }
        other => Ok(other),
    }
}

impl Subjects {
    /// The service.
    #[must_use]
    pub fn new(store: SharedStore, clock: SharedClock, config: SubjectsConfig) -> Self {
        Self { rows: Rows(store), clock, config: Arc::new(config) }
    }

    /// All subjects by their names.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn list(&self) -> Result<Vec<Subject>, Refusal> {
        let (mut all, mut after): (Vec<Subject>, Option<SubjectId>) = (Vec::new(), None);
        loop {
            let behind = after.map(|id| vec![id.to_value()]);
            let rows: Vec<Subject> = self.rows.scan(vec![SHELF.to_value()], behind, Direction::Forward, 1_000).await?;
            let is_end = rows.len() < 1_000;
            after = rows.last().map(|row| row.subject_id);
            all.extend(rows);
            if is_end {
                break;
            }
        }
        all.sort_by_cached_key(|row| row.name.to_lowercase());
        Ok(all)
    }

    /// Makes a subject.
    ///
    /// # Errors
    /// `invalid` naming the member, `conflict` naming `name` when there is one of this name, `limitReached`, `unavailable`.
    pub async fn create(&self, by: UserId, new: NewSubject) -> Result<Subject, Refusal> {
        let name = text::name("name", &new.name)?;
        if name.is_empty() || name.chars().count() > NAME_CHARS {
            return Err(invalid("name", format!("a name has 1 to {NAME_CHARS} characters")));
        }
        let row = Subject {
            shelf: SHELF,
            subject_id: SubjectId(derived("plenum.subject", &[text::folded(&name).as_bytes()])),
            name,
            category: said("category", new.category, CATEGORY_CHARS)?,
            description: said("description", new.description, DESCRIPTION_CHARS)?,
            icon_url: icon(new.icon_url)?,
            created_by: by,
            created_at: self.clock.wall(),
        };
        if self.list().await?.len() >= self.config.most {
            return Err(Refusal::new(RefusalCode::LimitReached, format!("at most {} subjects", self.config.most)));
        }
        match self.rows.insert(&row).await? {
            Ok(()) => Ok(row),
            Err(_) => Err(Refusal::field(RefusalCode::Conflict, "name", "there is a subject of this name")),
        }
    }

    /// Removes a subject: who made it, or an admin. Rooms that name it keep its name.
    ///
    /// # Errors
    /// `notFound`, `forbidden`, `unavailable`.
    pub async fn remove(&self, id: SubjectId, by: UserId, is_admin: bool) -> Result<(), Refusal> {
        let key = vec![SHELF.to_value(), id.to_value()];
        let absent = || Refusal::new(RefusalCode::NotFound, "there is no such subject");
        let row = self.rows.get::<Subject>(key.clone()).await?.ok_or_else(absent)?;
        if row.created_by != by && !is_admin {
            return Err(Refusal::new(RefusalCode::Forbidden, "somebody else made this subject"));
        }
        self.rows.delete::<Subject>(vec![key]).await
    }
}
