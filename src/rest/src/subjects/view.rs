use crate::moment::rfc3339;
use plenum_schema::SubjectId;
use plenum_schema::entities::Subject;
use serde::Serialize;

/// Something that people learn.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Subject)]
pub(crate) struct SubjectAnswer {
    #[schema(value_type = String, format = Uuid)]
    id: SubjectId,
    /// What it is called.
    name: String,
    /// Kind of subject.
    category: Option<String>,
    /// What it is about.
    description: Option<String>,
    /// Address of its picture.
    icon_url: Option<String>,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: i64,
}

impl From<Subject> for SubjectAnswer {
    fn from(row: Subject) -> Self {
        let Subject { subject_id: id, name, category, description, icon_url, created_at, .. } = row;
        Self { id, name, category, description, icon_url, created_at }
    }
}
