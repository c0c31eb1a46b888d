//! How many messages a member has not seen. Nothing is counted up: the number follows from positions.

use plenum_schema::UserId;
use plenum_schema::conversation::{DIGEST_AUTHORS, Digest};

/// Messages above both what was marked as read and the member's own last message (who writes has seen what stood before).
pub(super) fn unread(messages: u64, read_number: u64, own_number: u64) -> u64 {
    messages.saturating_sub(read_number.max(own_number))
}

/// The `number` of the member's own last message as far as the digest knows it: 0 when they never wrote, `None` when other
/// authors may have pushed them out of the digest.
pub(super) fn own_number(digest: &Digest, user: UserId) -> Option<u64> {
    let named = digest.authors.iter().find(|known| known.author == user).map(|known| known.number);
    named.or((digest.authors.len() < DIGEST_AUTHORS).then_some(0))
}

/// Whether the user is a member, as far as the digest knows: `None` when it does not name all members.
pub(super) fn is_member(digest: &Digest, user: UserId) -> Option<bool> {
    let named = digest.members.contains(&user);
    let names_all = digest.members.len() as u64 >= digest.member_count;
    (named || names_all).then_some(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plenum_schema::conversation::AuthorNumber;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn digest(authors: u128, members: u128, count: u64) -> Digest {
        let author = |n| AuthorNumber { author: user(n), number: u64::try_from(n).expect("small") };
        Digest {
            authors: (1..=authors).map(author).collect(),
            members: (1..=members).map(user).collect(),
            member_count: count,
            ..Digest::default()
        }
    }

    #[test]
    fn unread_is_what_stands_above_both_the_mark_and_the_own_last_message() {
        assert_eq!(unread(10, 0, 0), 10);
        assert_eq!(unread(10, 4, 7), 3);
        assert_eq!(unread(10, 9, 7), 1);
        assert_eq!(unread(10, 10, 7), 0);
        // A mark can be newer than the head that was read before it.
        assert_eq!(unread(10, 12, 0), 0);
    }

    #[test]
    fn a_digest_with_room_knows_that_somebody_never_wrote() {
        assert_eq!(own_number(&digest(3, 3, 3), user(2)), Some(2));
        assert_eq!(own_number(&digest(3, 3, 3), user(9)), Some(0));
        assert_eq!(own_number(&digest(8, 10, 12), user(9)), None);
    }

    #[test]
    fn a_digest_that_names_all_members_knows_who_is_none() {
        assert_eq!(is_member(&digest(0, 3, 3), user(4)), Some(false));
        assert_eq!(is_member(&digest(0, 10, 11), user(4)), Some(true));
        assert_eq!(is_member(&digest(0, 10, 11), user(40)), None);
    }
}
