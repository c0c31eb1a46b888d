//! The list of public rooms.

use super::{Conversations, log_of};
use crate::unavailable::{damaged, unavailable};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use plenum_actors::owner::recent::Span;
use plenum_actors::publication::Body;
use plenum_actors::store::Direction;
use plenum_schema::conversation::ConversationEvent;
use plenum_schema::entities::{ROOM_SHARDS, RoomRow, room_shard};
use plenum_schema::table::{Entity, FieldValue};
use plenum_schema::wire::Event;
use plenum_schema::{ConversationId, Refusal, RefusalCode, UserId};

/// A room in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedRoom {
    /// What the list says.
    pub row: RoomRow,
    /// How many members there are.
    pub member_count: u64,
}

/// A page of rooms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomListing {
    /// Rooms in a fixed order that means nothing.
    pub items: Vec<ListedRoom>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
}

/// Which rooms are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RoomFilter {
    /// Only those of this subject.
    pub subject: Option<String>,
    /// Only those whose name or description holds this text, whatever its case.
    pub text: Option<String>,
}

/// Rows looked at for one page: a filter that fits little gets short pages, not long waits.
const LOOK: usize = 2_000;
/// Rows read at a time.
const SCAN: usize = 200;

impl RoomFilter {
    fn fits(&self, row: &RoomRow) -> bool {
        let lower = |text: &str| text.to_lowercase();
        let holds = |wanted: &String| {
            let wanted = lower(wanted);
            lower(&row.title).contains(&wanted)
                || row.description.as_deref().is_some_and(|text| lower(text).contains(&wanted))
        };
        row.is_public
            && !row.is_closed
            && row.revision > 0
            && self.subject.as_ref().is_none_or(|wanted| row.subject.as_ref() == Some(wanted))
            && self.text.as_ref().is_none_or(holds)
    }
}

impl Conversations {
    /// Public rooms behind `cursor`, at most `limit`; perhaps fewer though more follow.
    ///
    /// # Errors
    /// `invalid` for a cursor that is none, `unavailable`.
    pub async fn rooms(&self, filter: &RoomFilter, limit: usize, cursor: Option<&str>) -> Result<RoomListing, Refusal> {
        let wrong = |_| Refusal::field(RefusalCode::Invalid, "cursor", "this is no cursor of this list");
        let mut after: Option<ConversationId> = cursor.map(|text| text.parse().map_err(wrong)).transpose()?;
        let mut shard = after.map_or(0, room_shard);
        let (mut found, mut looked, mut last, mut next) = (Vec::new(), 0, after, None);
        'shards: while shard < ROOM_SHARDS {
            let from = after.map(|id| vec![id.to_value()]);
            let partition = vec![shard.to_value()];
            let rows = self.parts.store.scan(RoomRow::TABLE, partition, from, Direction::Forward, SCAN).await;
            let rows = rows.map_err(unavailable)?;
            let is_end = rows.len() < SCAN;
            for row in rows {
                if found.len() == limit || looked >= LOOK {
                    next = last.map(|id| id.to_string());
                    break 'shards;
                }
                let row = RoomRow::from_row(row).map_err(|error| damaged(&error))?;
                looked += 1;
                (after, last) = (Some(row.room_id), Some(row.room_id));
                if filter.fits(&row) {
                    found.push(row);
                }
            }
            if is_end {
                shard += 1;
                // The last room of a shard is a cursor too, of which nothing follows in that shard.
                if shard < ROOM_SHARDS && found.len() == limit {
                    next = last.map(|id| id.to_string());
                    break;
                }
                after = None;
            }
        }
        let counted = found.into_iter().map(|row| async move {
            let head = self.parts.store.head(log_of(row.room_id)).await.map_err(unavailable)?;
            let member_count = self.digest_at(row.room_id, &head).await?.member_count;
            Ok::<_, Refusal>(ListedRoom { row, member_count })
        });
        let items = stream::iter(counted).buffered(self.config.concurrent_reads).try_collect().await?;
        Ok(RoomListing { items, next })
    }

    /// Who made a room, and when: its first event says.
    pub(super) async fn origin(&self, id: ConversationId) -> Result<(UserId, i64), Refusal> {
        let page = self.page(id, Span::After(0), 1, 1).await?;
        match page.publications.first().map(|publication| publication.body()) {
            Some(Body::Event { at, event: Event::Conversation(ConversationEvent::Created(created)), .. }) => {
                Ok((created.by, *at))
            }
            // Retention has removed it.
            _ => Ok((UserId(uuid::Uuid::nil()), 0)),
        }
    }
}
