//! The world seen from outside, by the clients it is made for.

mod suite {
    mod kubectl;
    mod parity;
    mod support;
    mod trouble;
    mod watching;
}
