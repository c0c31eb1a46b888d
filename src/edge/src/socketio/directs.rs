//! Which conversations are direct ones.

use super::vocabulary::outgoing::Directs;
use dashmap::DashSet;
use plenum_schema::ConversationId;
use std::sync::LazyLock;

/// A fact about a conversation that never changes, so that one set serves the process. Framing is a plain function and has no
/// other place to look.
static KNOWN: LazyLock<DashSet<ConversationId>> = LazyLock::new(DashSet::new);

/// What this process knows: the direct conversations that its clients follow.
pub(super) struct Known;

impl Directs for Known {
    fn is_direct(&self, id: ConversationId) -> bool {
        KNOWN.contains(&id)
    }
}

/// Remembers a direct conversation. Beyond `limit` everything is forgotten first; whoever connects next tells it again.
pub(super) fn remember(id: ConversationId, limit: usize) {
    if KNOWN.len() >= limit && !KNOWN.contains(&id) {
        KNOWN.clear();
    }
    KNOWN.insert(id);
}
