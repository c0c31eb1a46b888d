//! Numbers with six decimals: exact, so that a recount is the same on every machine.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// A decimal number between −10⁹ and 10⁹ with at most six decimals. Written as a plain number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Number(i64);

const SCALE: i64 = 1_000_000;
const MOST: i64 = 1_000_000_000;

impl Number {
    /// A whole number, or the nearest that can be written.
    #[must_use]
    pub fn whole(value: i64) -> Self {
        Self(value.clamp(-MOST, MOST) * SCALE)
    }

    /// From millionths, or the nearest that can be written.
    #[must_use]
    pub fn from_millionths(value: i128) -> Self {
        let most = i128::from(MOST) * i128::from(SCALE);
        Self(i64::try_from(value.clamp(-most, most)).unwrap_or(0))
    }

    /// In millionths.
    #[must_use]
    pub fn millionths(self) -> i64 {
        self.0
    }

    /// The whole number it is; `None` when it has decimals.
    #[must_use]
    pub fn as_whole(self) -> Option<i64> {
        (self.0 % SCALE == 0).then_some(self.0 / SCALE)
    }

    /// `sum / count`, rounded to six decimals; 0 for a count of 0.
    #[must_use]
    pub fn mean(sum_of_millionths: i128, count: u64) -> Self {
        let count = i128::from(count.max(1));
        Self::from_millionths((sum_of_millionths * 2 + count).div_euclid(count * 2))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "checked against the bounds first"
    )]
    fn from_f64(value: f64) -> Option<Self> {
        let scaled = value * SCALE as f64;
        (value.is_finite() && value.abs() <= MOST as f64).then(|| Self(scaled.round() as i64))
    }
}

impl Serialize for Number {
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_whole() {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(self.0 as f64 / SCALE as f64),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Plain;
        impl Visitor<'_> for Plain {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number between -1000000000 and 1000000000")
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
                if value.unsigned_abs() > MOST.unsigned_abs() {
                    return Err(E::invalid_value(de::Unexpected::Signed(value), &self));
                }
                Ok(Number(value * SCALE))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
                match i64::try_from(value) {
                    Ok(value) => self.visit_i64(value),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Unsigned(value), &self)),
                }
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
                Number::from_f64(value).ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
            }
        }
        deserializer.deserialize_f64(Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codec, decode, encode, restore, store};

    #[test]
    fn a_number_comes_back_from_every_codec() {
        for millionths in [0, 1, -1, 12_500_000, 3_000_000, -1_000_000_000_000_000, 999_999_999_999_999] {
            let number = Number::from_millionths(millionths);
            for codec in [Codec::Json, Codec::MessagePack] {
                assert_eq!(decode::<Number>(codec, &encode(codec, &number).unwrap()), Ok(number));
            }
            assert_eq!(restore::<Number>(&[1], &store(1, &number).unwrap()), Ok(number));
        }
    }

    #[test]
    fn what_is_no_such_number_is_refused() {
        for bad in ["1e300", "1000000001", "-1000000001", "18446744073709551615", "\"1\"", "null"] {
            assert!(decode::<Number>(Codec::Json, bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_mean_is_rounded_to_six_decimals() {
        assert_eq!(Number::mean(2_000_000, 3), Number::from_millionths(666_667));
        assert_eq!(Number::mean(-2_000_000, 3), Number::from_millionths(-666_667));
        assert_eq!(Number::mean(5, 0), Number::from_millionths(5));
    }
}
