//! Which state of an order may follow which, and who may bring it about. Pure.

use plenum_schema::wire::OrderState;

/// Who wants a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Actor {
    /// The one who ordered.
    Buyer,
    /// The one who sells, or an admin.
    Seller,
    /// The server itself: time has run out, or there was not enough.
    House,
    /// Money that has come, or has gone back.
    Money,
}

/// Whether `actor` may bring an order from one state to another.
pub(super) fn may(actor: Actor, from: OrderState, to: OrderState) -> bool {
    use OrderState::{Cancelled, Created, Delivered, Expired, Paid, Refunded, Reserving, Shipped};
    match (from, to) {
        (Reserving, Created | Cancelled) | (Created, Expired) => actor == Actor::House,
        // Whoever has ordered may think again until it is paid, and so may the seller.
        (Created, Cancelled) => matches!(actor, Actor::Buyer | Actor::Seller),
        (Paid, Shipped) | (Shipped, Delivered) => actor == Actor::Seller,
        (Created, Paid) | (Paid | Shipped | Delivered, Refunded) => matches!(actor, Actor::Seller | Actor::Money),
        _ => false,
    }
}

/// What becomes of the held parts of an order's stock in a state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parts {
    /// They stay held.
    Held,
    /// They leave the stock.
    TakenOut,
    /// They are free again.
    LetGo,
}

/// See [`Parts`].
pub(super) fn parts(state: OrderState) -> Parts {
    use OrderState::{Cancelled, Created, Delivered, Expired, Paid, Refunded, Reserving, Shipped};
    match state {
        Reserving | Created => Parts::Held,
        // What was given back lies on somebody's table: the seller counts it in when it is there.
        Paid | Shipped | Delivered | Refunded => Parts::TakenOut,
        Cancelled | Expired => Parts::LetGo,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderState::{Cancelled, Created, Delivered, Expired, Paid, Refunded, Reserving, Shipped};

    #[test]
    fn exactly_these_steps_are_allowed() {
        use Actor::{Buyer, House, Money, Seller};
        let allowed = [
            (House, Reserving, Created),
            (House, Reserving, Cancelled),
            (House, Created, Expired),
            (Buyer, Created, Cancelled),
            (Seller, Created, Cancelled),
            (Seller, Created, Paid),
            (Seller, Paid, Shipped),
            (Seller, Shipped, Delivered),
            (Seller, Paid, Refunded),
            (Seller, Shipped, Refunded),
            (Seller, Delivered, Refunded),
            (Money, Created, Paid),
            (Money, Paid, Refunded),
            (Money, Shipped, Refunded),
            (Money, Delivered, Refunded),
        ];
        for actor in [Buyer, Seller, House, Money] {
            for from in OrderState::ALL {
                for to in OrderState::ALL {
                    let wanted = allowed.contains(&(actor, *from, *to));
                    assert_eq!(may(actor, *from, *to), wanted, "{actor:?} {from:?} {to:?}");
                }
            }
        }
    }

    #[test]
    fn no_step_leads_back_from_taken_out_or_let_go() {
        for from in OrderState::ALL {
            for to in OrderState::ALL {
                let reachable =
                    [Actor::Buyer, Actor::Seller, Actor::House, Actor::Money].iter().any(|one| may(*one, *from, *to));
                if reachable && parts(*from) != Parts::Held {
                    assert_eq!(parts(*from), parts(*to), "{from:?} {to:?}");
                }
            }
        }
    }
}
