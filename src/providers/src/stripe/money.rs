//! Stripe's units of money where they are not those of ISO 4217: <https://docs.stripe.com/currencies>.

/// What an amount in the minor unit of ISO 4217 is for Stripe; `None`: it cannot be said.
pub(super) fn to_stripe(amount: i64, currency: &str) -> Option<i64> {
    match currency {
        // No decimals by ISO, two for Stripe.
        "ISK" | "UGX" => amount.checked_mul(100),
        // Two decimals by ISO, none for Stripe.
        "MGA" => (amount % 100 == 0).then_some(amount / 100),
        // Three decimals, of which the last is 0.
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => (amount % 10 == 0).then_some(amount),
        _ => Some(amount),
    }
}

/// The other way round. What is less than a minor unit is lost: it is nothing that we have asked for.
pub(super) fn from_stripe(amount: i64, currency: &str) -> i64 {
    match currency {
        "ISK" | "UGX" => amount / 100,
        "MGA" => amount.saturating_mul(100),
        _ => amount,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_come_back_as_they_went() {
        for (amount, currency, stripe) in [
            (990, "EUR", Some(990)),
            (500, "JPY", Some(500)),
            (500, "ISK", Some(50_000)),
            (500, "UGX", Some(50_000)),
            (500, "MGA", Some(5)),
            (550, "MGA", None),
            (1_230, "KWD", Some(1_230)),
            (1_234, "KWD", None),
            (i64::MAX, "ISK", None),
        ] {
            assert_eq!(to_stripe(amount, currency), stripe, "{amount} {currency}");
            if let Some(stripe) = stripe {
                assert_eq!(from_stripe(stripe, currency), amount, "{amount} {currency}");
            }
        }
    }
}
