//! Store in, store out, in virtual time.
