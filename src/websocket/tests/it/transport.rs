//! Plain and TLS streams behave the same behind the trait; what only TLS can get wrong.

mod both;
mod support;
mod tls;
